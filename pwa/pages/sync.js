// /sync: the page behind the badge. What waits, what was refused, what two people said differently, and what happened.

import { bar } from '../view/bar.js';
import { h, icon, keep, listening } from '../view/dom.js';
import { installing } from '../view/installing.js';
import { explain, storageLine } from '../view/notices.js';
import { proving } from '../view/proof.js';
import { standing } from '../view/standing.js';
import { act } from '../view/sure.js';
import { download, keptAsideSection, unsentSections } from '../view/unsent.js';
import { age, problem, size, when } from '../view/words.js';
import { number, t } from '../words/language.js';

const OLD_MS_MIN = 60_000; // younger work is not spoken of

export async function show(page, { replica }) {
  const ears = listening();
  const head = h('div', { role: 'status' });
  const facts = h('dl.facts');
  const notes = h('div.stack');
  const said = h('p.error', { role: 'alert' });
  const now = act('button', t('sync.now'), said, () => replica.sync());
  const save = act('button.plain', t('sync.save'), said, async () => download('unsent.json', await replica.exportUnsent()));
  const places = h('div.stack');
  const files = h('ul.lines', { 'aria-label': t('sync.files') });
  const storage = h('div');
  const proof = proving(replica);
  const draw = (status) => {
    head.replaceChildren(headline(status));
    facts.replaceChildren(...lines(status));
    notes.replaceChildren(...explain(status, replica));
    proof.button.hidden = !status.person || !status.scopes.length;
    save.hidden = !(status.pending || status.rejected || status.kept_aside);
  };
  const drawStorage = () => storage.replaceChildren(...[storageLine(replica.status(), replica)].filter(Boolean));
  page.replaceChildren(
    bar({ title: t('sync.title'), back: '/', words: t('acts.toBuildings') }),
    h('div.column', {}, head, notes, facts, said, h('div.row', {}, now, proof.button, save), proof.found, files, places,
      h('section.stack', {}, h('h2', {}, t('buildings.onDevice')), storage, installing(ears))));
  draw(replica.status());
  drawStorage();
  let known = tally(replica.status());
  ears.on(replica, 'photos', () => showFiles(files, replica));
  ears.on(replica, 'status', (event) => {
    draw(event.detail);
    if (tally(event.detail) !== known) showPlaces(places, replica);
    known = tally(event.detail);
  });
  await Promise.all([showPlaces(places, replica), showFiles(files, replica)]);
  await replica.freshStatus();
  drawStorage();
  return ears.stop;
}

/** The lists below are read again when one of these moves. */
function tally({ pending, rejected, conflicts, kept_aside }) {
  return `${pending} ${rejected} ${conflicts} ${kept_aside}`;
}

function headline(status) {
  const { mark, text, tone } = standing(status);
  return h(`p.callout.${tone}`, {}, icon(mark), h('strong', {}, text));
}

function lines(status) {
  const line = (term, value) => [h('dt', {}, term), h('dd', {}, value)];
  const { pending, oldest_pending_ms: oldest, attachments } = status;
  const files = attachments.waiting_up + attachments.waiting_down;
  return [
    ...line(t('sync.waiting'), [t('counts.edits', { n: pending }), oldest === null || oldest < OLD_MS_MIN ? '' : t('sync.oldest', { age: age(oldest) })].filter(Boolean).join(', ')),
    ...line(t('sync.rejected'), t('counts.edits', { n: status.rejected })),
    ...line(t('sync.conflicts'), number(status.conflicts)),
    ...(files ? line(t('sync.files'), filesLine(attachments)) : []),
    ...line(t('badge.sent'), status.saved_at ? when(status.saved_at) : t('sync.notYet')),
    ...verified(status.scopes, line),
  ];
}

function filesLine({ waiting_up: up, bytes_up: bytes, waiting_down: down }) {
  return [up ? t('sync.filesUp', { n: up, size: size(bytes) }) : '', down ? t('sync.filesDown', { n: down }) : ''].filter(Boolean).join(', ');
}

/** The files that wait, each by its name. */
async function showFiles(list, replica) {
  const waiting = await replica.waitingFiles();
  keep(list, waiting.map((one, place) => [`${place}`, JSON.stringify(one), () => h('li.line', { data: { file: one.name } },
    h('p', {}, one.name ?? t('values.attachment'), h('span.soft.small', {}, ` ${size(one.byte_size)}`)),
    one.problem ? h('p.error', {}, one.problem) : null)]));
}

/** When everything here was last found to be as the server has it, and how often it was not. */
function verified(scopes, line) {
  const repairs = scopes.reduce((sum, scope) => sum + scope.repairs, 0);
  const times = scopes.map((scope) => scope.verified_at).sort();
  return [
    ...(times.length && !times.includes(null) ? line(t('sync.verified'), when(times[0])) : []),
    ...(repairs ? line(t('sync.mended'), t('counts.times', { n: repairs })) : []),
  ];
}

/** Under the totals: what to decide, what was refused, what waits, what is kept aside. */
async function showPlaces(place, replica) {
  const again = () => showPlaces(place, replica);
  try {
    const here = await replica.here();
    const found = await Promise.all(here.map(async (building) => [building, (await replica.conflicts(building.id)).length]));
    const contested = found.filter(([, fields]) => fields > 0);
    const sections = await unsentSections(replica, [...here, ...own(replica.status())], again);
    const aside = await keptAsideSection(replica, again);
    place.replaceChildren(...[contested.length ? decisions(contested) : null, ...sections, aside].filter(Boolean));
  } catch (error) {
    place.replaceChildren(h('p.error', { role: 'alert' }, problem(error)));
  }
}

/** The person's own scope, where it is here. */
function own({ person, scopes }) {
  const scope = person && `user:${person.id}`;
  return scopes.some((one) => one.scope === scope) ? [{ id: scope, name: t('sync.ownSettings') }] : [];
}

function decisions(contested) {
  const link = ([building, fields]) => h('li', {},
    h('a.button.plain', { href: `/b/${building.id}/conflicts` }, icon('split'), `${building.name}: ${t('counts.conflicts', { n: fields })}`));
  return h('section.stack', {}, h('h2', {}, t('conflicts.title')), h('ul.stack', {}, contested.map(link)));
}
