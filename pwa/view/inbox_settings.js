// How a person wants to be told: on this browser's screen, by letter and when, and which buildings are quiet. The server
// keeps it, so it is read and set with a network.

import { ask, askAll } from '../sync/asking.js';
import { t } from '../words/language.js';
import { h, icon } from './dom.js';
import { pushState, turnOff, turnOn } from './push.js';
import { act, field, form } from './sure.js';
import { problem } from './words.js';

const PATH = '/api/v1/notifications';
const FREQUENCIES = ['now', 'daily', 'weekly', 'never'];

export async function inboxSettings(place, replica) {
  place.replaceChildren(h('p.soft', { role: 'status' }, '…'));
  try {
    const [push, wishes, mutes, buildings] = await Promise.all([
      pushState(), ask('GET', `${PATH}/preferences`), askAll(`${PATH}/mutes`), replica.buildings(),
    ]);
    place.replaceChildren(pushSection(push), letters(wishes), quiet(mutes, buildings));
  } catch (error) {
    const words = error.code === 'offline' ? t('telling.offline') : problem(error);
    place.replaceChildren(h('p.callout.warn', { role: 'status' }, icon('offline'), h('span', {}, words)),
      h('div.row', {}, h('button.button.plain', { type: 'button', on: { click: () => inboxSettings(place, replica) } }, t('acts.again'))));
  }
}

function pushSection(state) {
  const said = h('p', { role: 'status' });
  const error = h('p.error', { role: 'alert' });
  const button = act('button.plain', '', error, async () => {
    await (section.dataset.push === 'on' ? turnOff() : turnOn());
    draw(await pushState());
  });
  button.setAttribute('role', 'switch');
  const section = h('section.card', {}, h('h2', {}, t('telling.push')), said, h('div.row', {}, button), error);
  const draw = (now) => {
    section.dataset.push = now;
    said.textContent = t(`telling.pushed.${now}`);
    button.hidden = now !== 'on' && now !== 'off';
    button.setAttribute('aria-checked', String(now === 'on'));
    button.textContent = now === 'on' ? t('telling.turnOff') : t('telling.turnOn');
  };
  draw(state);
  return section;
}

function letters(wishes) {
  const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const zones = [...new Set([wishes.timezone, here])].map((zone) => [zone, zone.replaceAll('_', ' ')]);
  const hours = Array.from({ length: 24 }, (_, hour) => [String(hour), `${String(hour).padStart(2, '0')}:00`]);
  const said = h('p.soft', { role: 'status' });
  const often = field(t('telling.often'), { name: 'digest_frequency', options: FREQUENCIES.map((one) => [one, t(`telling.frequency.${one}`)]), value: wishes.digest_frequency });
  const time = h('div.pair', {},
    field(t('telling.hour'), { name: 'hour', options: hours, value: String(wishes.hour) }),
    field(t('telling.zone'), { name: 'timezone', options: zones, value: wishes.timezone }));
  const select = often.querySelector('select');
  const timed = () => {
    time.hidden = !['daily', 'weekly'].includes(select.value);
  };
  select.addEventListener('change', timed);
  timed();
  const made = form({
    words: t('acts.save'), does: async (given) => {
      said.textContent = '';
      await ask('PUT', `${PATH}/preferences`, { ...given, hour: Number(given.hour) });
      said.textContent = t('telling.saved');
    },
  }, often, time);
  return h('section.card', {}, h('h2', {}, t('telling.letters')), made, said);
}

function quiet(mutes, buildings) {
  const muted = new Set(mutes.map((one) => one.building_id));
  const mine = buildings.filter((one) => one.role && one.role !== 'anonymous');
  return h('section.card', {}, h('h2', {}, t('telling.quiet')), h('p.soft', {}, t('telling.quietHint')),
    mine.length ? h('ul.stack', {}, mine.map((one) => h('li', {}, mute(one, muted.has(one.id))))) : h('p', {}, t('telling.noBuildings')));
}

function mute(building, isQuiet) {
  const error = h('p.error', { role: 'alert' });
  const box = h('input', { type: 'checkbox', checked: isQuiet });
  box.addEventListener('change', async () => {
    box.disabled = true;
    error.textContent = '';
    try {
      await ask(box.checked ? 'PUT' : 'DELETE', `${PATH}/mutes/${building.id}`);
    } catch (refused) {
      box.checked = !box.checked;
      error.textContent = problem(refused);
    }
    box.disabled = false;
  });
  return h('div.stack', {}, h('label.chip', {}, box, building.name), error);
}
