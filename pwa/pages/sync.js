// /sync: the page behind the badge. What waits, what was refused, what two people said differently.

import { bar } from '../view/bar.js';
import { h, icon, listening } from '../view/dom.js';
import { standing } from '../view/standing.js';
import { unsentSections } from '../view/unsent.js';
import { count, problem, when } from '../view/words.js';

export async function show(page, { replica }) {
  const ears = listening();
  const head = h('div', { role: 'status' });
  const facts = h('dl.facts');
  const notes = h('div.stack');
  const said = h('p.error', { role: 'alert' });
  const now = h('button.button', { type: 'button' }, 'Sync now');
  const places = h('div.stack');
  const draw = (status) => {
    head.replaceChildren(headline(status));
    facts.replaceChildren(...lines(status));
    notes.replaceChildren(...explain(status, replica.me()));
  };
  now.addEventListener('click', async () => {
    now.disabled = true;
    said.textContent = '';
    try {
      await replica.sync();
    } catch (error) {
      said.textContent = problem(error);
    }
    now.disabled = false;
  });
  page.replaceChildren(
    bar({ title: 'What has been sent', back: '/', words: 'To the buildings' }),
    h('div.column', {}, head, facts, notes, said, h('div.row', {}, now), places));
  draw(replica.status());
  let known = tally(replica.status());
  ears.on(replica, 'status', (event) => {
    draw(event.detail);
    if (tally(event.detail) !== known) showPlaces(places, replica);
    known = tally(event.detail);
  });
  await showPlaces(places, replica);
  return ears.stop;
}

/** The lists below are read again when one of these moves. */
function tally({ pending, rejected, conflicts }) {
  return `${pending} ${rejected} ${conflicts}`;
}

function headline(status) {
  const { mark, text, tone } = standing(status);
  return h(`p.callout.${tone}`, {}, icon(mark), h('strong', {}, text));
}

function lines(status) {
  const line = (term, value) => [h('dt', {}, term), h('dd', {}, value)];
  return [
    ...line('Waiting to be sent', count(status.pending, 'change')),
    ...line('Rejected by the server', count(status.rejected, 'change')),
    ...line('Conflicts to decide', String(status.conflicts)),
    ...line('Last sent', status.at ? when(status.at) : 'not yet'),
  ];
}

function explain(status, me) {
  const notes = [];
  if (status.problem) notes.push(h('p.callout.bad', {}, icon('warning'), h('span', {}, typeof status.problem === 'string' ? status.problem : problem(status.problem))));
  if (status.state === 'login' || !me) notes.push(h('p.callout.warn', {}, icon('person'), h('span', {}, 'Nobody is logged in on this device. What was recorded stays here and is sent after logging in. ', h('a', { href: '/login?next=/sync' }, 'Log in'))));
  if (status.memory) notes.push(h('p.callout.bad', {}, icon('warning'), 'This browser lets us keep nothing: what you record is lost when the page closes, unless it is sent first.'));
  if (status.state === 'offline') notes.push(h('p.soft', {}, 'No network. Everything you record is kept on this device and goes out by itself when the network is back.'));
  return notes;
}

/** Under the totals: what to decide, what was refused, what waits. */
async function showPlaces(place, replica) {
  try {
    const here = (await replica.buildings()).filter((building) => building.here);
    const found = await Promise.all(here.map(async (building) => [building, (await replica.conflicts(building.id)).length]));
    const open = found.filter(([, number]) => number > 0);
    const sections = await unsentSections(replica, here, () => showPlaces(place, replica));
    place.replaceChildren(...(open.length ? [contested(open)] : []), ...sections);
  } catch (error) {
    place.replaceChildren(h('p.error', { role: 'alert' }, problem(error)));
  }
}

function contested(open) {
  const link = ([building, number]) => h('li', {},
    h('a.button.plain', { href: `/b/${building.id}/conflicts` }, icon('split'), `${building.name}: ${count(number, 'conflict')}`));
  return h('section.stack', {}, h('h2', {}, 'Conflicts'), h('ul.stack', {}, open.map(link)));
}
