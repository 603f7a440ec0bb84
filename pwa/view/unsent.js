// What this device still owes the server, and what the server refused: a list a building, with words and ways out.

import { names } from './conflict_words.js';
import { h, icon } from './dom.js';
import { describe } from './edit_words.js';
import { mending } from './mending.js';
import { act } from './sure.js';
import { t } from '../words/language.js';
import { problem } from './words.js';

const SHOWN_MAX = 50;

/**
 * Sections for the scopes {id, name} that have something: buildings, the person's own. `changed` is called when something
 * of it was decided.
 */
export async function unsentSections(replica, buildings, changed) {
  const sections = await Promise.all(buildings.map(async (building) => {
    const entries = await replica.unsent(building.id);
    if (!entries.length) return null;
    const touched = entries.flatMap((entry) => entry.changes.map((change) => ({ row_id: change.id })));
    const { rows } = building.id.startsWith('user:') ? {} : await names(replica, building.id, touched);
    return section({ replica, building, names: rows, changed }, entries);
  }));
  return sections.filter(Boolean);
}

function section(about, entries) {
  const rejected = entries.filter((entry) => entry.state === 'rejected');
  const waiting = entries.filter((entry) => entry.state !== 'rejected');
  return h('section.stack', {},
    h('h2', {}, about.building.name),
    rejected.length ? h('ul.stack', {}, rejected.slice(0, SHOWN_MAX).map((entry) => refusal(about, entry))) : null,
    waiting.length ? h('details.fold', { open: waiting.length <= 5 },
      h('summary', {}, t('sync.waiting'), h('span.soft', {}, t('counts.edits', { n: waiting.length }))),
      h('ul.lines', {}, waiting.toReversed().slice(0, SHOWN_MAX).map((entry) => waits(about, entry)))) : null);
}

/** One edit that waits, with the way back. */
function waits({ replica, building, names: known, changed }, entry) {
  const error = h('p.error', { role: 'alert' });
  const undo = act('quiet.small', t('acts.undo'), error, async () => {
    await replica.undo(building.id, entry.key);
    await changed();
  });
  return h('li.line', { data: { waiting: entry.key } }, h('p', {}, describe(entry, known)), undo, error);
}

function refusal({ replica, building, names: known, changed }, entry) {
  const reason = entry.receipt?.problem;
  const error = h('p.error', { role: 'alert' });
  const done = (does) => async () => {
    await does();
    await changed();
  };
  const place = h('div');
  const mend = () => place.replaceChildren(mending(entry, {
    send: (corrections) => done(() => replica.retry(building.id, entry.key, corrections))(),
    leave: () => place.replaceChildren(buttons),
  }));
  const buttons = h('div.row', {},
    act('button', t('unsent.again'), error, done(() => replica.retry(building.id, entry.key))),
    entry.changes.some((change) => change.set) ? act('button.plain', t('unsent.change'), error, mend) : null,
    act('button.plain', t('unsent.giveUp'), error, done(() => replica.discard(building.id, entry.key))));
  place.append(buttons);
  return h('li.conflict', { data: { rejected: entry.key } },
    h('p', {}, describe(entry, known)),
    h('p.callout.bad', {}, icon('refused'), h('span', {}, reason ? problem(reason) : t('unsent.refused'))),
    error, place);
}

// ---------------------------------------------------------------- what was taken away

/** Unsent work of buildings that may not be read any more: to look at, to take along, to let go. */
export async function keptAsideSection(replica, changed) {
  const kept = await replica.keptAside();
  if (!kept.length) return null;
  return h('section.stack', {},
    h('h2', {}, t('unsent.aside')),
    h('p.soft', {}, t('unsent.asideHint')),
    h('ul.stack', {}, kept.map((one) => aside(replica, one, changed))));
}

function aside(replica, one, changed) {
  const error = h('p.error', { role: 'alert' });
  const forget = async () => {
    await replica.forgetKeptAside(one.key);
    await changed();
  };
  return h('li.conflict', { data: { aside: one.scope } },
    h('h3', {}, one.name ?? t('unsent.building')),
    h('ul', {}, one.transactions.slice(0, SHOWN_MAX).map((entry) => h('li', {}, describe(entry)))),
    error,
    h('div.row', {},
      act('button.plain', t('unsent.save'), error, () => download(`${one.name ?? one.scope}.json`, one)),
      act('button.plain', t('unsent.letGo'), error, forget)));
}

/** Give the person a JSON file. */
export function download(name, content) {
  const address = URL.createObjectURL(new Blob([JSON.stringify(content, null, 1)], { type: 'application/json' }));
  h('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
