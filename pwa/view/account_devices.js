// The devices a person records on and the sessions they are logged in with; this one is marked, the others can be ended.

import { ask, askAll } from '../sync/asking.js';
import { h, icon } from './dom.js';
import { field, form, sure } from './sure.js';
import { when } from './words.js';

const NAME_CHARS_MAX = 200;
const WORDS = {
  devices: 'Devices',
  noDevices: 'Nothing has been recorded on a device yet.',
  here: 'This device',
  nameless: 'A device without a name',
  name: 'Name', rename: 'Name it', save: 'Save', cancel: 'Cancel',
  seen: (at) => `last here ${at}`,
  giveUp: 'Give it up', giveUpNamed: (name) => `Give up ${name}`,
  giveUpSure: 'Its logins end. What it has not sent yet is kept aside with the server’s administrators.',
  sessions: 'Logged in',
  current: 'This login',
  since: (at) => `since ${at}`,
  end: 'End it', endNamed: (name) => `End the login of ${name}`,
  endSure: 'Whoever uses it has to log in again. What was recorded there stays there.',
  endAll: 'End all others', endAllSure: 'Every login but this one ends.', endAllYes: 'End them',
};

export async function devices(replica, again) {
  const [machines, sessions] = await Promise.all([askAll('/api/v1/me/devices'), askAll('/api/v1/me/sessions')]);
  const names = new Map(machines.map((one) => [one.id, one.name]));
  const others = sessions.filter((one) => !one.current);
  return [
    h('section.card', {}, h('h2', {}, WORDS.devices),
      machines.length ? h('ul', {}, first(machines).map((one) => device(one, again))) : h('p.soft', {}, WORDS.noDevices)),
    h('section.card', {}, h('h2', {}, WORDS.sessions), h('ul', {}, first(sessions).map((one) => session(one, names, again))),
      others.length > 1 ? sure({
        words: WORDS.endAll, question: WORDS.endAllSure, yes: WORDS.endAllYes, does: async () => {
          await ask('DELETE', '/api/v1/me/sessions');
          await again();
        },
      }) : null),
  ];
}

/** This one before the others, then who was here last. */
function first(some) {
  return some.toSorted((a, b) => b.current - a.current || b.seen_at.localeCompare(a.seen_at));
}

function device(one, again) {
  const name = one.name ?? WORDS.nameless;
  const path = `/api/v1/me/devices/${one.id}`;
  const acts = h('div.row');
  const rename = () => {
    const made = form({
      words: WORDS.save, does: async (given) => {
        await ask('PATCH', path, given);
        await again();
      },
    }, field(WORDS.name, { name: 'name', required: true, maxlength: NAME_CHARS_MAX, autocomplete: 'off', value: one.name }));
    acts.replaceChildren(made);
    made.querySelector('input').focus();
  };
  acts.append(h('button.button.plain.slim', { type: 'button', 'aria-label': `${WORDS.rename}: ${name}`, on: { click: rename } }, WORDS.rename));
  if (!one.current) {
    acts.append(sure({
      words: WORDS.giveUp, label: WORDS.giveUpNamed(name), question: WORDS.giveUpSure, yes: WORDS.giveUp, does: async () => {
        await ask('DELETE', path);
        await again();
      },
    }));
  }
  const facts = [program(one.client), WORDS.seen(when(one.seen_at)), one.address].filter(Boolean).join(' · ');
  return h('li.owned', { data: { device: one.id } }, h('div', {}, h('strong', {}, name), one.current ? mark(WORDS.here) : null, h('br'), h('span.soft.small', {}, facts)), acts);
}

function session(one, names, again) {
  const name = program(one.client) || WORDS.nameless;
  const facts = [names.get(one.device_id), WORDS.since(when(one.created_at)), WORDS.seen(when(one.seen_at)), one.address].filter(Boolean).join(' · ');
  return h('li.owned', { data: { session: one.id } },
    h('div', {}, h('strong', {}, name), one.current ? mark(WORDS.current) : null, h('br'), h('span.soft.small', {}, facts)),
    one.current ? null : sure({
      words: WORDS.end, label: WORDS.endNamed(name), question: WORDS.endSure, yes: WORDS.end, does: async () => {
        await ask('DELETE', `/api/v1/me/sessions/${one.id}`);
        await again();
      },
    }));
}

function mark(words) {
  return h('span.here', {}, icon('device'), words);
}

const BROWSERS = [[/\bEdg/, 'Edge'], [/\bFirefox\//, 'Firefox'], [/\bChrom(e|ium)\//, 'Chromium'], [/\bSafari\//, 'Safari']];
const SYSTEMS = [[/\b(iPhone|iPad)/, 'iOS'], [/\bAndroid/, 'Android'], [/\bMac OS/, 'macOS'], [/\bWindows/, 'Windows'], [/\bLinux/, 'Linux']];

/** What a User-Agent says in two words; a program's own name as it is. */
function program(client) {
  const of = (some) => some.find(([pattern]) => pattern.test(client ?? ''))?.[1];
  const browser = of(BROWSERS);
  return browser ? [browser, of(SYSTEMS)].filter(Boolean).join(' on ') : (client ?? '').split(/[\s/]/)[0];
}
