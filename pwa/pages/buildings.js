// /: the buildings a person may open, as a list and on a map.

import { bar } from '../view/bar.js';
import { h, icon, listening } from '../view/dom.js';
import { count, problem, say } from '../view/words.js';
import '../elements/arxos-account.js';
import '../elements/arxos-map.js';

export async function show(page, { replica, go }) {
  const ears = listening();
  const map = h('arxos-map', { label: 'Map of the buildings' });
  const list = h('ul.places');
  const summary = h('p.soft.small', { role: 'status' }, 'Looking for buildings…');
  const search = h('input', { type: 'search', id: 'search', placeholder: 'Name or address', autocomplete: 'off' });
  let buildings = [];
  const draw = () => {
    const found = buildings.filter((one) => matches(one, search.value));
    list.replaceChildren(...found.map((one) => place(one, replica, read)));
    summary.textContent = describe(buildings, found, replica.me());
  };
  const read = async () => {
    try {
      buildings = await replica.buildings();
      draw();
      map.show(buildings);
    } catch (error) {
      summary.textContent = problem(error);
    }
  };
  search.addEventListener('input', draw);
  map.addEventListener('pick', (event) => go(`/b/${event.detail.id}`));
  let state = replica.status().state;
  ears.on(replica, 'status', (event) => {
    const back = state === 'offline' && event.detail.state !== 'offline';
    state = event.detail.state;
    if (back) read();
  });
  page.replaceChildren(
    bar({ title: 'Buildings', beside: [h('arxos-account', { on: { left: read } })] }),
    h('div.places-page', {},
      h('section.places-side', { 'aria-label': 'Buildings' },
        h('div.field', {}, h('label', { for: 'search' }, 'Find a building'), h('div.search', {}, icon('search'), search)),
        summary, list),
      map));
  await read();
  return ears.stop;
}

function matches(building, text) {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const where = `${building.name} ${building.address ?? ''}`.toLocaleLowerCase();
  return words.every((word) => where.includes(word));
}

function describe(all, found, me) {
  if (!all.length) return me ? 'No building has been shared with you yet.' : 'No public building is here. Log in to see yours.';
  if (!found.length) return 'No building matches.';
  const here = all.filter((one) => one.here).length;
  return `${count(found.length, 'building')}${here ? `, ${here} on this device` : ''}`;
}

function place(building, replica, read) {
  const facts = [building.address, say(building.role === 'anonymous' ? 'read only' : building.role)].filter(Boolean).join(' · ');
  return h('li.place', {},
    h('a', { href: `/b/${building.id}` }, h('strong', {}, building.name), h('span.soft.small', {}, facts)),
    building.here ? onDevice(building, replica, read) : keepButton(building, replica, read));
}

function onDevice(building, replica, read) {
  const mark = h('span.here', {}, icon('device'), 'On this device');
  const remove = h('button.quiet.small', { type: 'button', 'aria-label': `Remove ${building.name} from this device` }, 'Remove');
  remove.addEventListener('click', () => attempt(remove, 'Removing…', () => replica.remove(building.id), read));
  return h('div.place-side', {}, mark, remove);
}

function keepButton(building, replica, read) {
  const button = h('button.button.plain.slim', { type: 'button', 'aria-label': `Keep ${building.name} on this device` }, icon('download'), 'Keep');
  button.addEventListener('click', () => attempt(button, 'Fetching…', () => replica.keep(building.id), read));
  return h('div.place-side', {}, button);
}

async function attempt(button, words, does, read) {
  button.disabled = true;
  button.textContent = words;
  try {
    await does();
    await read();
  } catch (error) {
    button.disabled = false;
    button.textContent = 'Try again';
    button.closest('.place').append(h('p.error', { role: 'alert' }, problem(error)));
  }
}
