// What the pages of a person's own have in common: the bar, the way to log in, lists beside each other.

import '../elements/arxos-account.js';
import { number as count, t } from '../words/language.js';
import { bar } from './bar.js';
import { h } from './dom.js';

/** A page of a person's own: its bar, and whether somebody is logged in to see it. Where not, the way there is shown. */
export function ownPage(page, replica, { title, words, address }, ...nodes) {
  const me = replica.me();
  const body = me ? nodes : [h('p', {}, words), h('div.row', {}, h('a.button', { href: `/login?next=${encodeURIComponent(address)}` }, t('acts.logIn')))];
  page.replaceChildren(bar({ title, back: '/', words: t('acts.toBuildings'), beside: [me ? h('arxos-account') : null] }), h('div.column', {}, body));
  return me !== null;
}

/** Lists of one page beside each other: [name, words, number]. The first has the bare address. */
export function tabs(label, address, entries, showing) {
  return h('nav.row', { 'aria-label': label }, entries.map(([name, words, number], place) =>
    h('a.chip', { href: place ? `${address}?show=${name}` : address, 'aria-current': name === showing ? 'page' : null },
      words, number ? h('span.soft', {}, count(number)) : null)));
}
