// <arxos-history>: what became of a row: who changed what, when and by which way, the last change first; above it what
// this device has not sent yet. `show({replica, scope, table, id})`. It is asked for when it is opened, anew when the
// row changes meanwhile, and without a network it shows what was told last, and says so.

import { TABLES } from '../core/catalogue.js';
import { colourOf } from '../view/colours.js';
import { h, icon, keep, listening } from '../view/dom.js';
import { sayField, sayValue } from '../view/edit_words.js';
import { problem, say, when, whenStamped, whenThere } from '../view/words.js';
import { known, t } from '../words/language.js';
import { face } from './arxos-people.js';

const BORN_MAX = 6; // fields that are told of a new row
const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const SOON_MS = 400; // after a change: the server's list of them is a moment behind

export class ArxosHistory extends HTMLElement {
  #ears = listening();
  #items = [];
  #next = null;
  #turn = null;
  #soon = 0;

  show(about) {
    this.about = about;
    this.#items = [];
    this.#next = this.#turn = null;
    this.count = h('span.soft');
    this.said = h('p.soft.small', { role: 'status' });
    this.list = h('ul.past');
    this.more = h('button.button.plain.slim', { type: 'button', on: { click: () => this.#read(this.#next) } }, t('history.more'));
    this.fold = h('details.fold', { on: { toggle: () => this.fold.open && this.#read() } },
      h('summary', {}, t('history.title'), this.count), this.list, this.said);
    this.replaceChildren(this.fold);
    this.#ears.stop(); // of the row that was shown before
    this.#ears = listening();
    this.#ears.on(about.replica, 'change', ({ detail }) => {
      if (detail.scope !== about.scope || !detail.tables.includes(about.table) || !this.fold.open) return;
      clearTimeout(this.#soon);
      this.#soon = setTimeout(() => this.#read(), SOON_MS);
    });
  }

  disconnectedCallback() {
    this.#ears.stop();
    clearTimeout(this.#soon);
    this.#turn = null;
  }

  /** The first page, or the one after what is here. */
  async #read(next = null) {
    const mine = (this.#turn = {});
    const { replica, scope, table, id } = this.about;
    if (!this.#items.length) this.said.textContent = t('history.looking');
    this.more.disabled = true;
    try {
      const [page, unsent] = await Promise.all([replica.history(scope, table, id, next), replica.unsent(scope)]);
      const items = next ? [...this.#items, ...page.items] : this.#joined(page);
      const names = await namesOf(replica, scope, items);
      if (this.#turn !== mine) return;
      this.#items = items;
      if (next || this.#items.length === page.items.length) this.#next = page.next;
      this.#draw(page, unsent.filter(({ changes }) => changes.some((change) => change.id === id)), names);
    } catch (error) {
      if (this.#turn === mine) this.said.textContent = problem(error);
    } finally {
      if (this.#turn === mine) this.more.disabled = false;
    }
  }

  /** A new first page over what was read before, where they meet. */
  #joined(page) {
    const last = page.items.at(-1)?.sequence;
    const older = page.next && this.#items.some((one) => one.sequence === last) ? this.#items.filter((one) => one.sequence < last) : [];
    return [...page.items, ...older];
  }

  #draw({ total, asked_at: askedAt, away }, unsent, names) {
    const { id } = this.about;
    this.count.textContent = askedAt ? t('counts.edits', { n: total }) : '';
    keep(this.list, [
      ...unsent.toReversed().map((entry) => [`unsent/${entry.key}`, JSON.stringify(entry), () => waits(entry, id)]),
      ...this.#items.map((one) => [String(one.sequence), JSON.stringify(one), () => this.#line(one, names)]),
    ]);
    if (this.#next) this.list.after(this.more);
    else this.more.remove();
    this.said.textContent = !away ? '' : askedAt ? t('history.kept', { time: when(askedAt) }) : t('history.away');
  }

  #line(one, names) {
    const { replica, table } = this.about;
    const member = names.people.get(one.user_id);
    const who = one.user_id && one.user_id === replica.me()?.id ? t('history.you') : one.name ?? member?.name ?? t(one.user_id ? 'history.somebody' : 'history.server');
    const way = one.origin ? known(`history.by.${one.origin}`) ?? say(one.origin) : null;
    const mark = one.user_id ? face({ name: one.name ?? member?.name ?? '?', colour: member?.colour ?? colourOf(one.user_id) }) : h('span.face', {}, icon('turning'));
    return h('li', { data: { sequence: one.sequence } }, mark,
      h('p', {}, h('strong', {}, who), h('span.soft.small', {}, ` ${[whenThere(one.at), way].filter(Boolean).join(' · ')}`)),
      h('ul.past-what', {}, what(one, table, names)));
  }
}

/** An edit of this device that the server does not have yet. */
function waits(entry, id) {
  const said = entry.changes.filter((change) => change.id === id).flatMap(saidOf);
  return h('li', { data: { unsent: '' } }, h('span.face', {}, icon(entry.state === 'rejected' ? 'refused' : 'upload')),
    h('p', {}, h('strong', {}, t(entry.state === 'rejected' ? 'history.refused' : 'history.unsent')), h('span.soft.small', {}, ` ${whenStamped(entry.stamp, whenThere)}`)),
    h('ul.past-what', {}, said.map((text) => h('li', {}, text))));
}

function saidOf({ op, table, set }) {
  if (op !== 'update') return [t(op === 'delete' ? 'history.deleted' : 'history.created')];
  return Object.entries(set).map(([field, value]) => sayField(TABLES[table].columns[field], field, value));
}

function what({ kind, fields }, table, names) {
  const shown = Object.entries(fields).filter(([field]) => field !== 'target_table'); // which table it is in, its name says
  const steps = shown.flatMap(([field, { old, new: now }]) => step(TABLES[table].columns[field], field, old, now, names));
  if (kind === 'updated') return steps.map(turned);
  if (kind === 'deleted') return [h('li', {}, t('history.deleted'))];
  const told = steps.filter(([, , now]) => now).slice(0, BORN_MAX).map(([field, , now]) => t('edits.is', { field, value: now }));
  return [h('li', {}, [t(`history.${kind}`), told.join(', ')].filter(Boolean).join(': '))];
}

/** [field, before, now] in words; of a map one for each key, of what a person cannot read none but that it moved. */
function step(column, field, old, now, names) {
  const name = say(field.replace(/_id$/, ''));
  if (column?.type === 'map') {
    const keys = [...new Set([...Object.keys(old ?? {}), ...Object.keys(now ?? {})])].filter((key) => old?.[key] !== now?.[key]);
    return keys.sort().map((key) => [key, sayValue(null, old?.[key]), sayValue(null, now?.[key])]);
  }
  if (column?.type === 'geometry') return [[t('edits.place'), null, null]];
  if (column?.type === 'set') return [[name, setOf(old), setOf(now)]];
  const told = (value) => (value && names.rows.get(value)) || sayValue(column, value);
  return [[name, told(old), told(now)]];
}

const setOf = (values) => (values?.length ? values.map(say).join(', ') : t('edits.empty'));

function turned([field, before, now]) {
  if (now === null) return h('li', {}, t('history.moved'));
  return h('li', {}, h('span.soft', {}, `${field}: `), h('del', {}, before), h('span', { 'aria-hidden': 'true' }, ' → '), h('ins', {}, now));
}

/** What people and things that are spoken of are called: {people: user → {name, colour}, rows: id → name}. */
async function namesOf(replica, scope, items) {
  const said = items.flatMap(({ fields }) => Object.values(fields).flatMap(({ old, new: now }) => [old, now]));
  const ids = [...new Set(said.filter((value) => typeof value === 'string' && ID.test(value)))];
  const [members, things] = await Promise.all([
    replica.query(scope, 'select user_id, name, colour from member', []), replica.query(scope, CALLED, [JSON.stringify(ids)])]);
  return {
    people: new Map(members.map((member) => [member.user_id, member])),
    rows: new Map([...members.map((member) => [member.user_id, member.name]), ...things.map((thing) => [thing.id, thing.name])]),
  };
}

const CALLED = `
  select id, name
  from (
    select id, name from storey
    union all
    select id, trim(coalesce(number, '') || ' ' || coalesce(name, '')) from space
    union all
    select id, coalesce(name, tag) from element
    union all
    select id, title from task
    union all
    select id, name from attachment)
  where id in (select value from json_each(?))`;

customElements.define('arxos-history', ArxosHistory);
