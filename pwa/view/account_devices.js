// The devices a person records on and the sessions they are logged in with; this one is marked, the others can be ended.

import { ask, askAll } from '../sync/asking.js';
import { t } from '../words/language.js';
import { h, icon } from './dom.js';
import { field, form, sure } from './sure.js';
import { when } from './words.js';

const NAME_CHARS_MAX = 200;

export async function devices(replica, again) {
  const [machines, sessions] = await Promise.all([askAll('/api/v1/me/devices'), askAll('/api/v1/me/sessions')]);
  const names = new Map(machines.map((one) => [one.id, one.name]));
  const others = sessions.filter((one) => !one.current);
  return [
    h('section.card', {}, h('h2', {}, t('devices.devices')),
      machines.length ? h('ul', {}, first(machines).map((one) => device(one, again))) : h('p.soft', {}, t('devices.noDevices'))),
    h('section.card', {}, h('h2', {}, t('devices.sessions')), h('ul', {}, first(sessions).map((one) => session(one, names, again))),
      others.length > 1 ? sure({
        words: t('devices.endAll'), question: t('devices.endAllSure'), yes: t('devices.endAllYes'), does: async () => {
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
  const name = one.name ?? t('devices.nameless');
  const path = `/api/v1/me/devices/${one.id}`;
  const acts = h('div.row');
  const rename = () => {
    const made = form({
      words: t('acts.save'), does: async (given) => {
        await ask('PATCH', path, given);
        await again();
      },
    }, field(t('values.name'), { name: 'name', required: true, maxlength: NAME_CHARS_MAX, autocomplete: 'off', value: one.name }));
    acts.replaceChildren(made);
    made.querySelector('input').focus();
  };
  acts.append(h('button.button.plain.slim', { type: 'button', 'aria-label': `${t('devices.rename')}: ${name}`, on: { click: rename } }, t('devices.rename')));
  if (!one.current) {
    acts.append(sure({
      words: t('devices.giveUp'), label: t('devices.giveUpNamed', { name }), question: t('devices.giveUpSure'), yes: t('devices.giveUp'), does: async () => {
        await ask('DELETE', path);
        await again();
      },
    }));
  }
  const facts = [program(one.client), t('devices.seen', { when: when(one.seen_at) }), one.address].filter(Boolean).join(' · ');
  return h('li.owned', { data: { device: one.id } }, h('div', {}, h('strong', {}, name), one.current ? mark(t('devices.here')) : null, h('br'), h('span.soft.small', {}, facts)), acts);
}

function session(one, names, again) {
  const name = program(one.client) || t('devices.nameless');
  const facts = [names.get(one.device_id), t('devices.since', { when: when(one.created_at) }), t('devices.seen', { when: when(one.seen_at) }), one.address].filter(Boolean).join(' · ');
  return h('li.owned', { data: { session: one.id } },
    h('div', {}, h('strong', {}, name), one.current ? mark(t('devices.current')) : null, h('br'), h('span.soft.small', {}, facts)),
    one.current ? null : sure({
      words: t('devices.end'), label: t('devices.endNamed', { name }), question: t('devices.endSure'), yes: t('devices.end'), does: async () => {
        await ask('DELETE', `/api/v1/me/sessions/${one.id}`);
        await again();
      },
    }));
}

function mark(words) {
  return h('span.here', {}, icon('device'), words);
}

const BROWSERS = [[/Edg(A|iOS)?\//, 'Edge'], [/(Firefox|FxiOS)\//, 'Firefox'], [/(Chrom(e|ium)|CriOS)\//, 'Chromium'], [/Safari\//, 'Safari']];
const SYSTEMS = [[/\b(iPhone|iPad)/, 'iOS'], [/\bAndroid/, 'Android'], [/\bMac OS/, 'macOS'], [/\bWindows/, 'Windows'], [/\bLinux/, 'Linux']];

/** What a User-Agent says in two words; a program's own name as it is. */
function program(client) {
  const of = (some) => some.find(([pattern]) => pattern.test(client ?? ''))?.[1];
  const browser = of(BROWSERS), system = of(SYSTEMS);
  return browser ? (system ? t('devices.browserOn', { browser, system }) : browser) : (client ?? '').split(/[\s/]/)[0];
}
