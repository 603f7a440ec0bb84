// /b/<building>: the plan of a storey, its elements as a list, and one element's sheet. The address says what is
// shown: ?storey=<id>&element=<id>, and what of it (view/filters.js).

import { point } from '../core/geometry.js';
import { bar } from '../view/bar.js';
import { bring } from '../view/bringing.js';
import { withCode } from '../view/codes.js';
import { coloursOf } from '../view/colours.js';
import { h, icon, listening } from '../view/dom.js';
import { readFilter, writeFilter } from '../view/filters.js';
import { changedByOthers } from '../view/glowing.js';
import { makeScene, seenEdges } from '../view/plan_scene.js';
import { northOf, storeyRows, storeys as readStoreys } from '../view/plan_rows.js';
import { may } from '../view/rights.js';
import { offerUndo } from '../view/undoing.js';
import { problem, sayClass } from '../view/words.js';
import { t } from '../words/language.js';
import '../elements/arxos-adder.js';
import '../elements/arxos-drawings.js';
import '../elements/arxos-elements.js';
import '../elements/arxos-find.js';
import '../elements/arxos-layers.js';
import '../elements/arxos-measure.js';
import '../elements/arxos-people.js';
import '../elements/arxos-plan.js';
import '../elements/arxos-sheet.js';
import '../elements/arxos-storeys.js';
import '../elements/arxos-unread.js';

const SHOWN_TABLES = new Set(['building', 'storey', 'space', 'element', 'conflict', 'floor_plan', 'task', 'validation', 'measurement', 'attachment']);
const SHEET_SHARE = 0.68; // of the page's height, as in css/panel.css
let current = null;

export async function show(page, { replica, params, query, go }) {
  const building = await bring(page, replica, params.building);
  if (!building) return undefined;
  const stay = new Stay(page, replica, building, go);
  current = stay;
  await stay.begin(query);
  return () => {
    current = null;
    stay.end();
  };
}

/** Another storey or element of the same building: the page stays. */
export function moved(query) {
  current?.follow(query);
  return current !== null;
}

class Stay {
  #ears = listening();
  #scene = null;
  #storey = null;
  #element = null;
  #reading = Promise.resolve();
  #ended = false;

  constructor(page, replica, building, go) {
    Object.assign(this, { page, replica, building, go, scope: building.id });
  }

  async begin(query) {
    this.#build();
    this.#listen();
    this.storeys = await readStoreys(this.replica, this.scope);
    this.plan.north = await northOf(this.replica, this.scope);
    const place = () => ({ storey: this.#storey, name: this.storeys.find(({ id }) => id === this.#storey)?.name, storeys: this.storeys });
    this.list.choosing.begin({ replica: this.replica, place });
    this.people.begin({ replica: this.replica, scope: this.scope, storeys: () => this.storeys });
    await this.follow(query);
    this.#showLoose();
  }

  end() {
    this.#ended = true;
    this.#ears.stop();
  }

  #build() {
    this.plan = h('arxos-plan', { label: t('building.plan') });
    this.strip = h('arxos-storeys');
    this.list = h('arxos-elements');
    this.sheet = h('arxos-sheet', { hidden: true });
    this.handle = h('button.handle', { type: 'button', 'aria-expanded': 'false', on: { click: () => this.#openPanel(this.panel.dataset.open === undefined) } }, icon('list'), h('span', {}, t('building.list')));
    this.adder = h('arxos-adder', { hidden: true });
    this.find = Object.assign(h('arxos-find'), {
      find: (text) => this.replica.search(this.scope, text),
      byCode: (code) => withCode(this.replica, this.scope, code),
      about: () => (this.#element && may(this.replica, this.scope, 'element', 'update') ? { name: this.sheet.heading.textContent } : null),
      mayAdd: () => Boolean(this.#storey) && may(this.replica, this.scope, 'element', 'insert'),
    });
    this.people = h('arxos-people');
    this.loose = h('div.loose');
    this.panel = h('section.panel', { 'aria-label': t('building.elements') }, this.handle, this.adder, this.list, this.loose, this.sheet);
    this.layers = h('arxos-layers');
    this.measure = Object.assign(h('arxos-measure'), { plan: this.plan });
    this.empty = h('p.plan-empty', { role: 'status', hidden: true });
    const note = h('p.beneath-note', { role: 'status', hidden: true });
    this.drawings = Object.assign(h('arxos-drawings'), { plan: this.plan, note });
    this.page.replaceChildren(
      bar({ title: this.building.name, back: '/', words: t('acts.toBuildings'), beside: [this.people, this.find, h('arxos-unread'), workLink(this.scope)] }),
      h('div.building', {}, this.strip, h('div.plan-place', {}, h('div.plan-tools', {}, this.measure, this.layers, this.drawings, exportLink(this.scope)), this.plan, this.empty, note), this.panel));
  }

  #listen() {
    const on = this.#ears.on;
    on(this.replica, 'change', (event) => this.#changed(event.detail));
    on(this.strip, 'pick', (event) => this.#show({ storey: event.detail, element: null }));
    on(this.list, 'filter', (event) => { this.plan.filter = event.detail; });
    on(this.list, 'filtered', (event) => this.#show({ filter: event.detail }));
    on(this.list, 'view', (event) => this.#take(new URLSearchParams(event.detail)));
    on(this.list, 'pick', (event) => this.#show({ element: event.detail }));
    on(this.list, 'clear', () => this.#chooseSpace(null));
    on(this.plan, 'pick', (event) => this.#picked(event.detail));
    on(this.plan, 'place', (event) => this.#placed(event));
    on(this.layers, 'layers', () => this.#layer());
    on(this.measure, 'measuring', (event) => this.#taken(event.detail, this.drawings));
    on(this.drawings, 'placing', (event) => this.#taken(event.detail, this.measure));
    on(this.drawings, 'beneath', (event) => {
      this.list.beneath = event.detail;
      this.#sayEmpty();
    });
    on(this.find, 'pick', (event) => this.#go(event.detail));
    on(this.find, 'put', (event) => this.#putCode(event.detail));
    on(this.find, 'add', (event) => this.#addWithCode(event.detail));
    on(this.people, 'meet', (event) => this.#show(event.detail));
    on(this.people, 'seen', () => this.sheet.meet(this.people.beside(this.#element)));
    on(this.sheet, 'focusin', (event) => this.#stand(event.target.name || null));
    on(this.sheet, 'focusout', () => this.#stand());
    on(document, 'keydown', (event) => this.#slash(event));
    on(this.adder, 'wanted', (event) => this.#wanted(event.detail));
    on(this.replica, 'status', () => this.#showAdder());
    on(this.sheet, 'close', () => this.#show({ element: null }));
    on(this.page, 'keydown', (event) => {
      if (event.key === 'Escape' && this.#element) this.#show({ element: null });
    });
  }

  #show({ storey = this.#storey, element = this.#element, filter = this.list.filter }) {
    const query = new URLSearchParams([['storey', storey], ...writeFilter(filter)]);
    if (element) query.set('element', element);
    this.go(`/b/${this.scope}?${query}`, { replace: storey === this.#storey });
  }

  /** A saved view, where it was saved for one storey there. */
  #take(query) {
    this.#show({ storey: query.get('storey') ?? this.#storey, element: null, filter: readFilter(query) });
  }

  /** Where something that was found is. */
  async #go({ what, id, storey_id: storey }) {
    const element = what === 'element' ? id : null;
    this.#show({ storey: storey ?? undefined, element });
    await this.#reading;
    if (!element && !this.#ended) this.#chooseSpace(id);
  }

  async #putCode(code) {
    const name = this.sheet.heading.textContent;
    try {
      const key = await this.replica.record(this.scope, [{ table: 'element', id: this.#element, op: 'update', set: { barcode: code } }]);
      offerUndo(t('codes.written', { name, code }), this.replica, this.scope, key);
    } catch (error) {
      this.#say(problem(error));
    }
  }

  async #addWithCode(code) {
    this.#show({ element: null });
    await this.#reading;
    this.adder.ask(code);
  }

  #slash(event) {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.('input, textarea, select, dialog')) return;
    event.preventDefault();
    this.find.open();
  }

  /** The plan's taps are for one thing at a time. */
  #taken(open, other) {
    if (!open) return;
    this.adder.close();
    other.close();
  }

  #showAdder() {
    this.adder.hidden = Boolean(this.#element) || !this.#storey || !may(this.replica, this.scope, 'element', 'insert');
  }

  /** While something is to be added the plan is free to be tapped. */
  #wanted(ifcClass) {
    if (ifcClass) this.measure.close();
    if (ifcClass) this.drawings.close();
    if (ifcClass) this.plan.dataset.placing = '';
    else delete this.plan.dataset.placing;
    if (ifcClass && getComputedStyle(this.panel).position === 'absolute') this.panel.dataset.open = 'add';
  }

  async #placed(event) {
    const { wanted, barcode } = this.adder;
    if (!wanted) return;
    event.preventDefault();
    this.adder.close();
    const [x, y] = event.detail;
    const storey = this.storeys.find((one) => one.id === this.#storey);
    const id = this.replica.newId();
    const set = { ifc_class: wanted, storey_id: this.#storey, status: 'ok', geometry: point(x, y, storey?.elevation_m ?? 0), origin: 'field', ...(barcode === null ? {} : { barcode }) };
    try {
      const key = await this.replica.record(this.scope, [{ table: 'element', id, op: 'insert', set }]);
      offerUndo(t('adder.added', { name: sayClass(wanted) }), this.replica, this.scope, key);
      this.#show({ element: id });
    } catch (error) {
      this.#say(problem(error));
    }
  }

  #picked(what) {
    if (what?.element) this.#show({ element: what.element });
    else this.#chooseSpace(what?.space === this.plan.dataset.space ? null : what?.space ?? null);
  }

  #chooseSpace(id) {
    if (id) this.plan.dataset.space = id;
    else delete this.plan.dataset.space;
    this.list.space = this.#scene?.spaces.find((space) => space.id === id) ?? null;
    if (this.list.space) this.list.past.show({ replica: this.replica, scope: this.scope, table: 'space', id });
  }

  /** Does what the address says: one thing after another, so that quick taps end where the last one pointed. */
  follow(query) {
    const filter = readFilter(query); // at once: what is typed meanwhile stays
    if (String(writeFilter(filter)) !== String(writeFilter(this.list.filter))) this.list.filter = filter;
    this.#reading = this.#reading.then(() => this.#obey(query.get('storey'), query.get('element')));
    return this.#reading;
  }

  async #obey(storey, element) {
    if (this.#ended) return;
    const wanted = storey ?? (element ? await this.#storeyOf(element) : null);
    const chosen = this.storeys.find((one) => one.id === wanted) ?? ground(this.storeys);
    if (chosen?.id !== this.#storey) {
      this.#storey = chosen?.id ?? null;
      this.#chooseSpace(null);
      await this.#read();
    }
    this.strip.show(this.storeys, this.#storey);
    if (element !== this.#element) await this.#openElement(element);
    this.#showAdder();
    this.#stand();
  }

  /** Tell the others where this page is, and which field is being typed in. */
  #stand(editing = null) {
    this.people.at({ storey: this.#storey, element: this.#element, editing });
  }

  async #storeyOf(element) {
    const rows = await this.replica.query(this.scope, 'select storey_id from element where id = ?', [element]);
    return rows[0]?.storey_id ?? null;
  }

  async #read() {
    if (!this.#storey) return this.#say(t('building.noStoreys'));
    const rows = await storeyRows(this.replica, this.scope, this.#storey);
    if (this.#ended) return;
    this.#scene = makeScene(rows);
    const another = this.plan.dataset.storey !== this.#storey;
    this.plan.show(this.#scene, this.#storey);
    this.layers.show(this.scope, this.#scene.things);
    this.list.show(this.#scene.things);
    this.measure.show({ rmsM: rows.rmsM, another });
    this.#layer();
    this.drawings.show({ replica: this.replica, scope: this.scope, storey: this.#storey, scene: this.#scene });
    this.#sayEmpty();
  }

  /** Plan, list and snapping agree on what is left out. */
  #layer() {
    const hidden = this.layers.hiddenKinds;
    this.plan.layers = hidden;
    this.list.layers(hidden);
    this.measure.edges = this.drawings.edges = seenEdges(this.#scene, hidden);
  }

  #sayEmpty() {
    this.#say(this.#scene.bounds || this.drawings.dataset.beneath ? null : t('building.nothingDrawn'));
  }

  #say(text) {
    this.empty.textContent = text ?? '';
    this.empty.hidden = !text;
  }

  /** Photos and notes that belong to nothing, beneath the list of elements. */
  #showLoose() {
    this.loose.replaceChildren(...(this.#element || this.#ended ? [] : [h('arxos-photos'), h('arxos-voice')]));
    for (const kept of this.loose.children) kept.show({ replica: this.replica, scope: this.scope, table: null, id: null });
  }

  async #openElement(id) {
    const before = this.#element;
    this.#element = id;
    this.plan.dataset.selected = id ?? '';
    this.list.selected = id;
    this.list.hidden = Boolean(id);
    this.#showLoose();
    this.#showAdder();
    this.sheet.hidden = !id;
    this.#openPanel(Boolean(id));
    if (!id) {
      this.sheet.close();
      if (before) this.list.focusOn(before);
      return;
    }
    await this.sheet.open({ replica: this.replica, scope: this.scope, id });
    this.sheet.meet(this.people.beside(id));
    this.panel.scrollTop = 0;
    this.plan.reveal(id, this.#covered());
    this.sheet.heading?.focus({ preventScroll: true });
  }

  /** How much of the plan the panel lies over, once it has grown: on a phone most of it, elsewhere nothing. */
  #covered() {
    const grown = getComputedStyle(this.panel).position === 'absolute' ? this.panel.parentElement.clientHeight * SHEET_SHARE : 0;
    const foot = this.panel.parentElement.getBoundingClientRect().bottom - this.plan.getBoundingClientRect().bottom;
    return Math.max(0, grown - foot);
  }

  #openPanel(open) {
    if (open) this.panel.dataset.open = this.#element ? 'sheet' : 'list';
    else delete this.panel.dataset.open;
    this.handle.setAttribute('aria-expanded', String(open));
    this.handle.lastChild.textContent = t(open ? 'values.plan' : 'building.list');
  }

  #changed({ scope, tables }) {
    if (scope !== this.scope || !tables.some((table) => SHOWN_TABLES.has(table))) return;
    this.#reading = this.#reading.then(() => this.#renew(tables));
  }

  async #renew(tables) {
    if (this.#ended) return;
    if (tables.includes('building')) this.plan.north = await northOf(this.replica, this.scope);
    if (tables.includes('storey')) {
      this.storeys = await readStoreys(this.replica, this.scope);
      this.strip.show(this.storeys, this.#storey);
    }
    const before = this.#scene;
    await this.#read();
    this.list.selected = this.#element;
    await this.#glow(before);
  }

  /** What another person has changed since `before` lights up in their colour. */
  async #glow(before) {
    const me = this.replica.me()?.id, scene = this.#scene;
    if (!scene) return;
    const theirs = new Map(['things', 'spaces'].flatMap((what) => [...changedByOthers(before?.[what], scene[what], me, Date.now())]));
    if (!theirs.size) return;
    const colours = await coloursOf(this.replica, this.scope, new Set(theirs.values()));
    const lit = new Map([...theirs].map(([id, user]) => [id, colours.get(user)]));
    this.plan.glow(lit);
    this.list.glow(lit);
  }
}

function workLink(scope) {
  return h('a.bar-link', { href: `/b/${scope}/work` }, icon('tasks'), h('span.wide', {}, t('work.title')));
}

function exportLink(scope) {
  return h('div', {}, h('a.round', { href: `/b/${scope}/exports`, title: t('exports.title'), 'aria-label': t('exports.title') }, icon('download')));
}

/** The storey nearest to the ground. */
function ground(storeys) {
  const height = (storey) => Math.abs(storey.level ?? storey.elevation_m ?? 0);
  return storeys.toSorted((a, b) => height(a) - height(b))[0] ?? null;
}
