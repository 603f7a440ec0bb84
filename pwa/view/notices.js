// What a person should hear of their device: what happened to it, its clock, and how safely it keeps things.

import { h, icon } from './dom.js';
import { age, count, problem, size, when } from './words.js';

const CLOCK_OFF_MS_MAX = 60_000;

/** Callouts for a status, gravest first. */
export function explain(status, replica) {
  const { state, person, storage } = status;
  return [
    status.problem ? callout('bad', 'warning', problem(status.problem)) : null,
    storage.kind === 'memory' ? callout('bad', 'warning', 'This browser lets us keep nothing: what you record is lost when the page closes, unless it is sent first.') : null,
    ...status.notices.map(happened),
    status.notices.length ? h('div.row', {}, h('button.button.plain', { type: 'button', on: { click: () => replica.clearNotices() } }, 'Understood')) : null,
    state === 'login' || !person ? callout('warn', 'person', 'Nobody is logged in on this device. What was recorded stays here and is sent after logging in. ', h('a', { href: '/login?next=/sync' }, 'Log in')) : null,
    clock(status.clock_offset_ms),
    state === 'offline' ? h('p.soft', {}, 'No network. Everything you record is kept on this device and goes out by itself when the network is back.') : null,
  ].filter(Boolean);
}

function callout(tone, mark, ...words) {
  return h(`p.callout.${tone}`, {}, icon(mark), h('span', {}, ...words));
}

function happened({ what, at, name, count: number }) {
  const place = name ?? 'a building';
  const day = when(at);
  switch (what) {
    case 'forked':
      return callout('warn', 'split', `${day}: this device was cloned, or went back to an earlier state. It goes on under a new name of its own. `,
        number ? `${count(number, 'unsent edit')} ${number === 1 ? 'was' : 'were'} kept and will be sent.` : 'Nothing was unsent.');
    case 'revoked':
      return callout('warn', 'refused', `${day}: you can no longer open ${place}, so it was removed from this device. `,
        number ? `${count(number, 'unsent edit')} could not be sent: ${number === 1 ? 'it is' : 'they are'} kept below, and with the administrators of the server.` : 'Nothing was unsent.');
    default:
      return callout('bad', 'warning', `${day}: the browser has cleared what it kept of ${place}. The server has ${count(number, 'edit')} that came from here. What was not sent by then is lost.`);
  }
}

/** A clock that is off is said; nothing is lost by it. */
function clock(offset) {
  if (offset === null || Math.abs(offset) <= CLOCK_OFF_MS_MAX) return null;
  const way = offset > 0 ? 'behind' : 'ahead';
  return callout('warn', 'warning', `The clock of this device is ${age(Math.abs(offset))} ${way}. Times you see here may be wrong; nothing is lost by it. Set the clock in the device’s settings.`);
}

let promised = ''; // what the browser answered, for as long as this page is open

/** How safely the browser keeps it, with the question to ask it. */
export function storageLine({ storage }, replica) {
  if (storage.kind === 'memory') return null;
  const used = storage.used_bytes === null ? '' : `${size(storage.used_bytes)} used${storage.quota_bytes ? ` of ${size(storage.quota_bytes)}` : ''}. `;
  if (storage.persisted) return h('p.soft', {}, `${used}The browser has promised to keep it until you remove it.`);
  const answer = h('p', { role: 'status', 'data-promise': '' }, promised);
  const ask = h('button.button.plain', { type: 'button' }, 'Ask the browser to keep it');
  ask.addEventListener('click', async () => {
    ask.disabled = true;
    const granted = await replica.persist().catch(() => false);
    promised = granted ? 'It has promised to.' : 'It has not promised it: send your work before you put this device away for days.';
    // the page may have been drawn anew meanwhile
    for (const shown of document.querySelectorAll('[data-promise]')) shown.textContent = promised;
    ask.disabled = false;
  });
  return h('div.stack', {},
    callout('warn', 'device', `${used}This browser may clear what is kept here when space runs out, or after a week without a visit. What is sent is safe with the server.`),
    h('div.row', {}, ask), answer);
}
