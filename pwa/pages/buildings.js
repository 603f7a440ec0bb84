// /: the buildings a person may open, as a list and on a map.

import { bar } from '../view/bar.js';
import { h, icon, listening } from '../view/dom.js';
import { installing } from '../view/installing.js';
import { problem, say } from '../view/words.js';
import { t } from '../words/language.js';
import '../elements/arxos-account.js';
import '../elements/arxos-map.js';

export async function show(page, { replica, go }) {
  const ears = listening();
  const map = h('arxos-map', { label: t('buildings.map') });
  const list = h('ul.places');
  const summary = h('p.soft.small', { role: 'status' }, t('buildings.looking'));
  const helps = h('div', { hidden: true }, installing(ears, { once: true })); // where there is something to keep
  const search = h('input', { type: 'search', id: 'search', placeholder: t('buildings.nameOrAddress'), autocomplete: 'off' });
  let buildings = [];
  const draw = () => {
    const found = buildings.filter((one) => matches(one, search.value));
    list.replaceChildren(...found.map((one) => place(one, replica, read)));
    summary.textContent = describe(buildings, found, replica.me());
    helps.hidden = !buildings.some((one) => one.here);
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
    bar({ title: t('buildings.title'), beside: [h('arxos-account', { on: { left: read } })] }),
    h('div.places-page', {},
      h('section.places-side', { 'aria-label': t('buildings.title') },
        h('div.field', {}, h('label', { for: 'search' }, t('buildings.find')), h('div.search', {}, icon('search'), search)),
        summary, list, helps),
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
  if (!all.length) return t(me ? 'buildings.noneShared' : 'buildings.nonePublic');
  if (!found.length) return t('buildings.noMatch');
  const here = all.filter((one) => one.here).length;
  return [t('counts.buildings', { n: found.length }), here ? t('buildings.here', { n: here }) : ''].filter(Boolean).join(', ');
}

function place(building, replica, read) {
  const facts = [building.address, building.role === 'anonymous' ? t('buildings.readOnly') : say(building.role)].filter(Boolean).join(' · ');
  return h('li.place', {},
    h('a', { href: `/b/${building.id}` }, h('strong', {}, building.name), h('span.soft.small', {}, facts)),
    building.here ? onDevice(building, replica, read) : keepButton(building, replica, read));
}

function onDevice(building, replica, read) {
  const mark = h('span.here', {}, icon('device'), t('buildings.onDevice'));
  const remove = h('button.quiet.small', { type: 'button', 'aria-label': t('buildings.removeNamed', { name: building.name }) }, t('acts.remove'));
  remove.addEventListener('click', () => attempt(remove, t('buildings.removing'), () => replica.remove(building.id), read));
  return h('div.place-side', {}, mark, remove);
}

function keepButton(building, replica, read) {
  const button = h('button.button.plain.slim', { type: 'button', 'aria-label': t('buildings.keepNamed', { name: building.name }) }, icon('download'), t('buildings.keep'));
  button.addEventListener('click', () => attempt(button, t('buildings.fetching'), () => replica.keep(building.id), read));
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
    button.textContent = t('acts.again');
    button.closest('.place').append(h('p.error', { role: 'alert' }, problem(error)));
  }
}
