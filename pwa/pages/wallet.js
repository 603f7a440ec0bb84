// /wallet: a person's points as their devices have them, with or without a network; what a day still brings, what became
// of an entry, disputes and statements come from the server when they are asked for.

import { ask, askFile } from '../sync/asking.js';
import { h, icon, keep, listening } from '../view/dom.js';
import { isOffline, own, watchOwn } from '../view/own.js';
import { ownPage } from '../view/own_page.js';
import { field, form } from '../view/sure.js';
import { problem, when } from '../view/words.js';
import { known, number, t } from '../words/language.js';

const SHOWN = 30;
const REASON_CHARS_MAX = 2000;
const SUMS = `
  select count(*) as total, coalesce(sum(points) filter (where state = 'posted'), 0) as balance,
    coalesce(sum(points) filter (where state = 'pending'), 0) as pending
  from wallet_entry`;
const ROWS = `
  select id, points, state, reward_rule, reason, validation_id, posts_at, created_at
  from wallet_entry
  order by created_at desc, id desc
  limit ?`;
const NAMES = `
  select validation.id, coalesce(task.title, element.name, element.tag, space.name) as name
  from validation
  left join task on task.id = validation.task_id
  left join element on validation.target_table = 'element' and element.id = validation.target_id
  left join space on validation.target_table = 'space' and space.id = validation.target_id
  where validation.id in (select value from json_each(?))`;

export async function show(page, { replica }) {
  const ears = listening();
  const stay = {
    replica, shown: SHOWN, head: h('section.card'), list: h('ul.entries'), older: h('button.button.plain', { type: 'button' }, t('acts.older')),
    said: h('p', { role: 'status' }),
  };
  const today = h('section.card', { hidden: true });
  const entries = h('section.stack', {}, h('h2', {}, t('wallet.entries')), stay.said, stay.list, h('div.row', {}, stay.older));
  if (!ownPage(page, replica, { title: t('wallet.title'), words: t('wallet.logIn'), address: '/wallet' }, stay.head, entries, today, statement())) return undefined;
  stay.older.addEventListener('click', () => {
    stay.shown += SHOWN;
    draw(stay);
  });
  watchOwn(replica, ears, ['wallet_entry'], () => {
    draw(stay);
    caps(today);
  });
  await draw(stay);
  caps(today);
  return ears.stop;
}

async function draw(stay) {
  const asked = (stay.turn = {});
  try {
    const [sums = null] = (await own(stay.replica, SUMS)) ?? [];
    const rows = sums ? await own(stay.replica, ROWS, [stay.shown]) : [];
    const names = await namesOf(stay.replica, rows);
    if (stay.turn !== asked) return;
    drawHead(stay, sums);
    stay.said.textContent = sums === null ? t('wallet.coming') : rows.length ? '' : t('wallet.nothing');
    keep(stay.list, rows.map((row) => [row.id, `${row.points} ${row.state} ${names.get(row.validation_id)}`, () => item(row, names)]));
    stay.older.hidden = rows.length >= (sums?.total ?? 0);
  } catch (error) {
    if (stay.turn === asked) stay.said.textContent = problem(error);
  }
}

function drawHead({ head, replica }, sums) {
  head.hidden = sums === null;
  head.replaceChildren(...[
    h('p.balance', { data: { balance: sums?.balance } }, h('strong', {}, number(sums?.balance ?? 0)), ` ${t('wallet.balance')}`),
    sums?.pending ? h('p', {}, t('wallet.pending', { n: sums.pending })) : null,
    isOffline(replica) ? h('p.callout.warn', { role: 'status' }, icon('offline'), h('span', {}, t('wallet.offline'))) : null,
  ].filter(Boolean));
}

/** What each was for, where its building is on this device. */
async function namesOf(replica, rows) {
  const wanted = JSON.stringify(rows.map((row) => row.validation_id).filter(Boolean));
  const found = await Promise.all((await replica.here()).map(async ({ id, name }) =>
    (await replica.query(id, NAMES, [wanted])).map((one) => [one.id, [one.name, name].filter(Boolean).join(' · ')])));
  return new Map(found.flat());
}

function ruleWords(rule) {
  return known(`wallet.rules.${rule.replace(/^validation\./, '')}`) ?? rule;
}

function item(row, names) {
  const rule = ruleWords(row.reward_rule);
  const place = h('div.entry-body');
  const state = [t(`wallet.states.${row.state}`), row.state === 'pending' && row.posts_at ? t('wallet.until', { day: when(row.posts_at) }) : ''].filter(Boolean).join(', ');
  const made = h('details.entry', { data: { entry: row.id, state: row.state } },
    h('summary', {},
      h('span', {}, h('strong', {}, names.get(row.validation_id) ?? rule), h('br'),
        h('span.soft.small', {}, [names.has(row.validation_id) ? rule : '', when(row.created_at), state].filter(Boolean).join(' · '))),
      h('span.points', {}, `+${number(row.points)}`)),
    place);
  made.addEventListener('toggle', () => made.open && story(place, row.id));
  return h('li', {}, made);
}

/** What became of an entry, with the form to say that it is wrong. */
async function story(place, id) {
  try {
    const { credit, steps, disputes } = await ask('GET', `/api/v1/wallet/entries/${id}`);
    place.replaceChildren(
      credit.reason ? h('p', {}, credit.reason) : '',
      h('h3.small', {}, t('wallet.history')),
      h('ul.stack', {}, steps.map((one) => h('li', {}, known(`wallet.steps.${one.state}`) ?? one.state, ' ', h('span.soft', {}, when(one.created_at)))),
        disputes.map((one) => h('li', {}, h('strong', {}, t(`wallet.disputes.${one.state}`)), h('br'), h('span.soft', {}, [one.reason, one.decision].filter(Boolean).join(' · '))))),
      disputes.some((one) => one.state === 'open') ? '' : disputing(place, id));
  } catch (error) {
    place.replaceChildren(h('p.error', { role: 'alert' }, problem(error)));
  }
}

function disputing(place, id) {
  return form({
    words: t('wallet.dispute'), kind: 'button.plain', does: async (given) => {
      await ask('POST', `/api/v1/wallet/entries/${id}/dispute`, given);
      await story(place, id);
    },
  }, field(t('wallet.wrong'), { name: 'reason', required: true, maxlength: REASON_CHARS_MAX, autocomplete: 'off' }));
}

function leftOf({ left, daily_cap: cap }) {
  return cap === null ? t('wallet.noBound') : t('wallet.left', { left, cap });
}

/** What a finding brings today: the server's to say, and left out without it. */
async function caps(section) {
  const found = await ask('GET', '/api/v1/wallet').catch(() => null);
  section.hidden = !found?.rules.length;
  section.replaceChildren(h('h2', {}, t('wallet.today')), h('ul.caps', {}, (found?.rules ?? []).map((rule) =>
    h('li', {}, h('span', {}, ruleWords(rule.rule), h('br'), h('span.soft.small', {}, leftOf(rule))), h('strong', {}, t('counts.points', { n: rule.points }))))));
}

function statement() {
  const get = (format) => async ({ from, to }) => {
    const days = new URLSearchParams({ format, ...(from && { from }), ...(to && { to }) });
    await save(await askFile(`/api/v1/wallet/statement?${days}`), `statement.${format}`);
  };
  let format = 'csv';
  const other = h('button.button.plain', { type: 'submit', on: { click: () => { format = 'pdf'; } } }, t('wallet.pdf'));
  const made = form({ words: t('wallet.csv'), kind: 'button.plain', does: (given) => get(format)(given).finally(() => { format = 'csv'; }) },
    h('div.pair', {}, field(t('wallet.from'), { name: 'from', type: 'date' }), field(t('wallet.to'), { name: 'to', type: 'date' })));
  made.lastElementChild.append(other);
  return h('section.card', {}, h('h2', {}, t('wallet.statement')), h('p.soft', {}, t('wallet.statementHint')), made);
}

function save(blob, name) {
  const address = URL.createObjectURL(blob);
  h('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
