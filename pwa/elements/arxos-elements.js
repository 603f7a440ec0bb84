// <arxos-elements>: the same elements as the plan, as a list that a keyboard and a screen reader can use. Its filter is
// the plan's. Tells `filter` with a function thing -> boolean, `filtered` with the filter as the person changed it, `view`
// with the query of a saved view, `pick` with an element's id, `clear` of the space.

import { h, icon, keep } from '../view/dom.js';
import { facetsOf, FACETS, fitting, nothingChosen, toggled, TROUBLES } from '../view/filters.js';
import { GLOW_MS, Glows } from '../view/glowing.js';
import { amount, KINDS, say, sayClass } from '../view/words.js';
import { number as digits, t } from '../words/language.js';
import './arxos-filter.js';
import './arxos-history.js';

const ROWS_AT_ONCE = 120;
const TYPED_MS = 300; // until what is typed stands in the address

export class ArxosElements extends HTMLElement {
  found = [];
  #things = [];
  #space = null;
  #filter = nothingChosen();
  #shown = ROWS_AT_ONCE;
  #selected = null;
  #glows = new Glows();
  #unseen = new Set(); // kinds that the plan leaves out
  #typed = 0;

  connectedCallback() {
    this.search = h('input', { id: 'find-element', type: 'search', placeholder: t('elements.hint'), autocomplete: 'off', 'aria-label': t('elements.find'), on: { input: () => this.#type() } });
    this.chips = h('div.chips.strip', { role: 'group', 'aria-label': t('elements.only') });
    this.more = h('button.button.plain', { type: 'button', hidden: true, on: { click: () => this.#showMore() } }, t('elements.more'));
    this.choosing = h('arxos-filter', { on: {
      filter: ({ detail }) => this.#choose(detail),
      view: ({ detail }) => this.dispatchEvent(new CustomEvent('view', { detail })),
    } });
    this.where = h('div.where', { hidden: true });
    this.summary = h('p.soft.small', { role: 'status' });
    this.nothing = h('div.nothing', { hidden: true },
      h('button.button.plain', { type: 'button', on: { click: () => this.#clear() } }, t('filters.clear')));
    this.drawing = h('p.soft.small.beneath', { hidden: true });
    this.list = h('ul.elements');
    this.replaceChildren(h('div.search', {}, icon('search'), this.search), this.chips, this.choosing, this.where, this.summary, this.drawing, this.nothing, this.list, this.more);
  }

  disconnectedCallback() {
    clearTimeout(this.#typed);
  }

  show(things) {
    this.#things = things;
    this.#filtered(this.#shown);
  }

  get filter() {
    return this.#filter;
  }

  set filter(filter) {
    this.#filter = filter;
    if (this.search.value.trim() !== filter.text.trim()) this.search.value = filter.text;
    this.#filtered();
  }

  get space() {
    return this.#space;
  }

  /** {id, number, name, usage, area_m2} or null. Its history is `past`, which whoever sets it shows. */
  set space(space) {
    this.#space = space;
    this.where.hidden = !space;
    this.past?.remove();
    this.past = null;
    if (space) {
      const clear = () => this.dispatchEvent(new CustomEvent('clear'));
      const area = space.area_m2 ? amount(Math.round(space.area_m2 * 10) / 10, 'm²') : null;
      this.where.replaceChildren(
        h('div', {}, h('strong', {}, [space.number, space.name].filter(Boolean).join(' ')), h('p.soft.small', {}, [say(space.usage), area].filter(Boolean).join(' · '))),
        h('button.round', { type: 'button', 'aria-label': t('elements.whole'), on: { click: clear } }, icon('close')));
      this.past = h('arxos-history');
      this.where.after(this.past);
    }
    this.#filtered();
  }

  set selected(id) {
    this.#selected = id;
    for (const button of this.list.querySelectorAll('button')) button.setAttribute('aria-current', String(button.dataset.id === id));
  }

  /** The plan's layers that are left out: a line says so of what is not on the plan. */
  layers(hidden) {
    this.#unseen = hidden;
    this.#draw();
  }

  /** What lies beneath the plan, in words, or null. */
  set beneath(words) {
    this.drawing.textContent = words ? t('elements.beneath', { words }) : '';
    this.drawing.hidden = !words;
  }

  /** id → colour of those that light up for a moment. */
  glow(colours) {
    this.#glows.put(colours);
    this.#light();
    setTimeout(() => this.#light(), GLOW_MS);
  }

  #light() {
    const lit = this.#glows.lit();
    for (const button of this.list.querySelectorAll('button.element')) {
      const glow = lit.get(button.dataset.id);
      button.classList.toggle('lit', Boolean(glow));
      if (glow) button.style.setProperty('--who', glow.colour);
    }
  }

  focusOn(id) {
    this.list.querySelector(`[data-id="${CSS.escape(id)}"]`)?.focus();
  }

  #drawChips() {
    const tally = new Map([...this.#filter.chosen.kind].map((kind) => [kind, 0]));
    for (const thing of this.#things) for (const kind of facetsOf(thing).kind) tally.set(kind, (tally.get(kind) ?? 0) + 1);
    const order = FACETS.kind.filter((kind) => tally.has(kind));
    keep(this.chips, order.map((kind) => [kind, tally.get(kind), () => this.#chip(kind, tally.get(kind))]));
    for (const chip of this.chips.children) chip.setAttribute('aria-pressed', String(this.#filter.chosen.kind.has(chip.dataset.kind)));
    this.choosing.show(this.#things, this.#filter);
  }

  #chip(kind, number) {
    const press = () => this.#choose(toggled(this.#filter, 'kind', kind));
    const mark = kind === 'attention' ? icon('warning') : kindMark(kind);
    return h('button.chip', { type: 'button', data: { kind }, on: { click: press } },
      mark, kind === 'attention' ? t('elements.attention') : say(kind), h('span.soft', {}, digits(number)));
  }

  #type() {
    this.#filter = { ...this.#filter, text: this.search.value };
    this.#filtered();
    clearTimeout(this.#typed);
    this.#typed = setTimeout(() => this.#tell(), TYPED_MS);
  }

  #choose(filter) {
    this.#filter = filter;
    this.#filtered();
    this.#tell();
  }

  #clear() {
    if (this.#space) this.dispatchEvent(new CustomEvent('clear'));
    this.search.value = '';
    this.#choose(nothingChosen());
    this.search.focus();
  }

  #tell() {
    clearTimeout(this.#typed);
    this.dispatchEvent(new CustomEvent('filtered', { detail: this.#filter }));
  }

  #filtered(shown = ROWS_AT_ONCE) {
    this.#shown = shown;
    const space = this.#space?.id, chosen = fitting(this.#filter);
    const fits = (thing) => (!space || thing.space_id === space) && chosen(thing);
    this.found = this.#things.filter(fits);
    this.dispatchEvent(new CustomEvent('filter', { detail: fits }));
    this.#drawChips();
    this.#draw();
  }

  #draw() {
    const all = this.#things.length, found = this.found.length;
    const unseen = this.found.filter((thing) => this.#unseen.has(thing.kind)).length;
    const words = [
      found === all ? t('counts.elements', { n: all }) : t(found ? 'elements.some' : 'elements.none', { found, n: all }),
      unseen ? t('elements.unseen', { n: unseen }) : null,
    ].filter(Boolean).join(' · ');
    if (this.summary.textContent !== words) this.summary.textContent = words; // said once
    this.nothing.hidden = found > 0 || !all;
    const said = (thing) => `${saidOf(thing)}${this.#unseen.has(thing.kind)}`;
    keep(this.list, this.found.slice(0, this.#shown).map((thing) => [thing.id, said(thing), () => this.#line(thing)]));
    this.more.hidden = found <= this.#shown;
    this.#light();
  }

  #showMore() {
    const next = this.found[this.#shown];
    this.#shown += ROWS_AT_ONCE;
    this.#draw();
    if (next) this.focusOn(next.id);
  }

  #line(thing) {
    const click = () => this.dispatchEvent(new CustomEvent('pick', { detail: thing.id }));
    const states = [];
    if (thing.contested) states.push(h('span.state.warn', {}, icon('split'), t('values.conflict')));
    if (TROUBLES.has(thing.status)) states.push(h('span.state.bad', {}, icon('warning'), say(thing.status)));
    if (this.#unseen.has(thing.kind)) states.push(h('span.state.soft', { title: t('elements.notOnPlan') }, icon('unseen'), h('span.sr-only', {}, t('elements.notOnPlan'))));
    return h('li', {}, h('button.element', { type: 'button', data: { id: thing.id }, 'aria-current': String(thing.id === this.#selected), on: { click } },
      kindMark(thing.kind),
      h('span.element-name', {}, h('span', {}, thing.name || thing.tag || sayClass(thing.ifc_class)), h('span.soft.small', {}, [sayClass(thing.ifc_class), thing.name ? thing.tag : null].filter(Boolean).join(' · '))),
      states));
  }
}

function kindMark(kind) {
  return h('span.kind-mark', { data: { kind }, 'aria-hidden': 'true' }, KINDS[kind]);
}

/** All that a line shows. */
function saidOf(thing) {
  return JSON.stringify([thing.name, thing.tag, thing.ifc_class, thing.kind, thing.status, thing.contested]);
}

customElements.define('arxos-elements', ArxosElements);
