// What a person should hear of their device: what happened to it, its clock, and how safely it keeps things.

import { h, icon } from './dom.js';
import { t } from '../words/language.js';
import { age, problem, size, when } from './words.js';

const CLOCK_OFF_MS_MAX = 60_000;
const FULL = 0.8; // of the room: time to say so

/** Callouts for a status, gravest first. */
export function explain(status, replica) {
  const { state, person, storage } = status;
  return [
    status.problem ? callout('bad', 'warning', problem(status.problem)) : null,
    storage.kind === 'memory' ? callout('bad', 'warning', t('notices.memory')) : null,
    ...status.notices.map(happened),
    status.notices.length ? h('div.row', {}, h('button.button.plain', { type: 'button', on: { click: () => replica.clearNotices() } }, t('notices.understood'))) : null,
    state === 'login' || !person ? callout('warn', 'person', t('notices.nobody'), ' ', h('a', { href: '/login?next=/sync' }, t('acts.logIn'))) : null,
    clock(status.clock_offset_ms),
    state === 'offline' ? h('p.soft', {}, t('notices.offline')) : null,
  ].filter(Boolean);
}

function callout(tone, mark, ...words) {
  return h(`p.callout.${tone}`, {}, icon(mark), h('span', {}, ...words));
}

function happened({ what, at, name, count: n }) {
  const place = name ?? t('notices.building');
  const day = when(at);
  switch (what) {
    case 'forked':
      return callout('warn', 'split', t('notices.forked', { day }), ' ', n ? t('notices.kept', { n }) : t('notices.nothingUnsent'));
    case 'revoked':
      return callout('warn', 'refused', t('notices.revoked', { day, place }), ' ', n ? t('notices.notSent', { n }) : t('notices.nothingUnsent'));
    default:
      return callout('bad', 'warning', t('notices.cleared', { day, place, n }));
  }
}

/** A clock that is off is said; nothing is lost by it. */
function clock(offset) {
  if (offset === null || Math.abs(offset) <= CLOCK_OFF_MS_MAX) return null;
  return callout('warn', 'warning', t(offset > 0 ? 'notices.clockBehind' : 'notices.clockAhead', { age: age(Math.abs(offset)) }));
}

/** How much of what the browser lets this site keep is used. */
function room({ used_bytes: used, quota_bytes: quota }) {
  if (used === null) return null;
  if (!quota) return h('p.soft', {}, t('notices.used', { used: size(used) }));
  const words = h('span.soft', { id: 'room-words' }, t('notices.usedOf', { used: size(used), quota: size(quota) }));
  const full = used > FULL * quota ? callout('warn', 'warning', t('notices.full')) : null;
  return h('div.stack', {}, h('div.room', {},
    h('meter', { min: 0, max: quota, high: FULL * quota, value: used, 'aria-labelledby': 'room-words' }), words), full);
}

let promised = ''; // what the browser answered, for as long as this page is open

/** How safely the browser keeps it, with the question to ask it. */
export function storageLine({ storage }, replica) {
  if (storage.kind === 'memory') return null;
  const used = room(storage);
  if (storage.persisted) return h('div.stack', {}, used, h('p.soft', {}, t('notices.persisted')));
  const answer = h('p', { role: 'status', 'data-promise': '' }, promised);
  const ask = h('button.button.plain', { type: 'button' }, t('notices.ask'));
  ask.addEventListener('click', async () => {
    ask.disabled = true;
    const granted = await replica.persist().catch(() => false);
    promised = t(granted ? 'notices.granted' : 'notices.notGranted');
    // the page may have been drawn anew meanwhile
    for (const shown of document.querySelectorAll('[data-promise]')) shown.textContent = promised;
    ask.disabled = false;
  });
  return h('div.stack', {},
    used, callout('warn', 'device', t('notices.mayClear')),
    h('div.row', {}, ask), answer);
}
