// /b/<building>/work: what to do next, by what a minute of it brings; what was found and waits; for reviewers, to judge
// what others found. ?task=<id> is one task, ?show=review the findings.

import '../elements/arxos-task.js';
import '../elements/arxos-unread.js';
import { bar } from '../view/bar.js';
import { bring } from '../view/bringing.js';
import { h, icon, listening } from '../view/dom.js';
import { roleIn } from '../view/rights.js';
import { reviewing } from '../view/reviewing.js';
import { offerUndo } from '../view/undoing.js';
import { openTasks, taskRow, waitingFindings } from '../view/work_rows.js';
import { day, problem, say } from '../view/words.js';
import { number as digits, t } from '../words/language.js';

const TABLES_SHOWN = ['task', 'validation', 'element', 'member'];
const REVIEWERS = ['reviewer', 'manager', 'owner'];
const SHOWN_MAX = 200;
let current = null;

export async function show(page, { replica, params, query, go }) {
  if (!(await bring(page, replica, params.building))) return undefined;
  const ears = listening();
  const scope = params.building;
  const place = h('div.column');
  const stay = { replica, scope, place, go, query };
  current = stay;
  page.replaceChildren(bar({ title: t('work.title'), back: `/b/${scope}`, words: t('work.toPlan'), beside: [h('arxos-unread')] }), place);
  ears.on(replica, 'change', ({ detail }) => { // before the first look: what comes during it is not missed
    if (detail.scope === scope && detail.tables.some((table) => TABLES_SHOWN.includes(table))) redraw(stay);
  });
  ears.on(place, 'rested', () => redraw(stay));
  await draw(stay);
  return () => {
    current = null;
    ears.stop();
  };
}

/** Another task or list of the same building: the page stays. */
export function moved(query) {
  if (!current) return false;
  current.query = query;
  draw(current).then(() => scrollTo(0, 0)); // of a long list nothing is left to stand at
  return true;
}

/** Something came: drawn, but not over what somebody types, not even what they began while the rows were read. */
function redraw(stay) {
  const typing = () => stay.place.querySelector('arxos-task, .finding form') !== null;
  if (typing()) stay.owed = true;
  else draw(stay, typing);
}

async function draw(stay, busy = () => false) {
  const asked = (stay.turn = {});
  try {
    const nodes = stay.query.get('task') ? await oneTask(stay) : await lists(stay);
    if (stay.turn !== asked) return;
    if (busy()) {
      stay.owed = true;
      return;
    }
    stay.place.replaceChildren(...nodes);
    stay.place.querySelector('h2[tabindex]')?.focus({ preventScroll: true });
  } catch (error) {
    stay.place.replaceChildren(h('p.error', { role: 'alert' }, problem(error)));
  }
  if (stay.owed) {
    stay.owed = false;
    redraw(stay);
  }
}

async function oneTask(stay) {
  const { replica, scope, go, query } = stay;
  const task = await taskRow(replica, scope, query.get('task'));
  const back = h('a', { href: `/b/${scope}/work` }, t('work.allTasks'));
  if (!task) return [h('p', { role: 'status' }, t('work.gone')), back];
  const form = h('arxos-task');
  form.show({ replica, scope, task });
  form.addEventListener('done', ({ detail }) => {
    offerUndo(t('work.kept', { what: detail.words }), replica, scope, detail.key);
    go(`/b/${scope}/work`);
  });
  return [h('p', {}, back), form];
}

async function lists(stay) {
  const { replica, scope, query } = stay;
  const me = replica.me();
  const [tasks, found] = await Promise.all([openTasks(replica, scope), waitingFindings(replica, scope, me?.id ?? '')]);
  const judging = REVIEWERS.includes(roleIn(replica, scope));
  const toJudge = judging ? found.filter((one) => !one.mine) : [];
  const showing = query.get('show') === 'review' ? 'review' : 'todo';
  const tab = (name, words, number) => h('a.chip', { href: `/b/${scope}/work${name === 'todo' ? '' : `?show=${name}`}`, 'aria-current': showing === name ? 'page' : null }, words, h('span.soft', {}, digits(number)));
  const tabs = h('nav.row', { 'aria-label': t('work.title') },
    tab('todo', t('work.toDo'), tasks.length), tab('review', t(judging ? 'work.toReview' : 'work.waiting'), judging ? toJudge.length : found.filter((one) => one.mine).length));
  const body = showing === 'todo' ? todo(stay, tasks, me) : reviewing(stay, judging ? toJudge : found.filter((one) => one.mine), judging);
  return [tabs, ...body];
}

function todo({ scope }, tasks, me) {
  if (!tasks.length) return [h('p', { role: 'status' }, t('work.nothing'))];
  const mine = tasks.filter((task) => me && task.assignee === me.id);
  const others = tasks.filter((task) => !mine.includes(task));
  const section = (title, some) => (some.length ? [h('h2', {}, title), h('ul.tasks', {}, some.slice(0, SHOWN_MAX).map((task) => item(scope, task)))] : []);
  const more = tasks.length - Math.min(mine.length, SHOWN_MAX) - Math.min(others.length, SHOWN_MAX);
  return [
    ...section(t('work.mine'), mine), ...section(t(mine.length ? 'work.anybody' : 'work.mostFirst'), others),
    more ? h('p.soft', {}, t('work.more', { n: more })) : null,
  ].filter(Boolean);
}

function item(scope, task) {
  const facts = [task.storey, say(task.kind), task.effort_min ? t('work.minutes', { n: Math.round(task.effort_min) }) : '', task.due_on ? t('work.due', { day: day(task.due_on) }) : ''].filter(Boolean).join(' · ');
  return h('li', {}, h('a.task', { href: `/b/${scope}/work?task=${task.id}`, data: { kind: task.kind } },
    h('span', {}, h('strong', {}, task.title ?? say(task.kind)), h('br'), h('span.soft.small', {}, facts),
      task.state === 'rejected' ? h('span.small.back', {}, ' ', icon('refused'), ' ', t('work.sentBack')) : null),
    h('span.worth', {}, h('strong', {}, digits(task.worth, { maximumFractionDigits: 0 })), t('work.aMinute'))));
}
