// The person's own scope on this device: notices and wallet entries come with it, and are here without a network.

import { bar } from './bar.js';
import { h } from './dom.js';
import '../elements/arxos-account.js';

function scopeOf(replica) {
  const me = replica.me();
  const scope = me && `user:${me.id}`;
  return replica.status().scopes.some((one) => one.scope === scope) ? scope : null;
}

/** Rows of it; null where it has not come yet. */
export async function own(replica, sql, parameters = []) {
  const scope = scopeOf(replica);
  return scope && replica.query(scope, sql, parameters);
}

/** Runs `again` when one of the tables moved, when the scope has come, and when the network comes or goes. */
export function watchOwn(replica, ears, tables, again) {
  const state = () => `${scopeOf(replica)} ${replica.status().state === 'offline'}`;
  let known = state();
  ears.on(replica, 'change', ({ detail }) => {
    if (detail.scope === scopeOf(replica) && detail.tables.some((table) => tables.includes(table))) again();
  });
  ears.on(replica, 'status', () => {
    if (state() !== known) again();
    known = state();
  });
}

export const isOffline = (replica) => replica.status().state === 'offline';

/** A page of a person's own: its bar, and whether somebody is logged in to see it. Where not, the way there is shown. */
export function ownPage(page, replica, { title, words, address }, ...nodes) {
  const me = replica.me();
  const body = me ? nodes : [h('p', {}, words), h('div.row', {}, h('a.button', { href: `/login?next=${encodeURIComponent(address)}` }, 'Log in'))];
  page.replaceChildren(bar({ title, back: '/', words: 'To the buildings', beside: [me ? h('arxos-account') : null] }), h('div.column', {}, body));
  return me !== null;
}

/** Lists of one page beside each other: [name, words, number]. The first has the bare address. */
export function tabs(label, address, entries, showing) {
  return h('nav.row', { 'aria-label': label }, entries.map(([name, words, number], place) =>
    h('a.chip', { href: place ? `${address}?show=${name}` : address, 'aria-current': name === showing ? 'page' : null },
      words, number ? h('span.soft', {}, String(number)) : null)));
}
