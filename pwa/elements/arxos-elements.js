// <arxos-elements>: the same elements as the plan, as a list that a keyboard and a screen reader can use. Its filter
// is the plan's. Tells `filter` with a function thing -> boolean, `pick` with an element's id, `clear` of the space.

import { h, icon, keep } from '../view/dom.js';
import { GLOW_MS, Glows } from '../view/glowing.js';
import { amount, kindOf, KINDS, say, sayClass } from '../view/words.js';
import { number as digits, t } from '../words/language.js';

const ROWS_AT_ONCE = 120;
const TROUBLES = new Set(['faulty', 'out_of_service', 'missing']);

export class ArxosElements extends HTMLElement {
  found = [];
  #things = [];
  #space = null;
  #kinds = new Set();
  #shown = ROWS_AT_ONCE;
  #selected = null;
  #glows = new Glows();
  #unseen = new Set(); // kinds that the plan leaves out

  connectedCallback() {
    this.search = h('input', { id: 'find-element', type: 'search', placeholder: t('elements.hint'), autocomplete: 'off', 'aria-label': t('elements.find'), on: { input: () => this.#filtered() } });
    this.chips = h('div.chips.strip', { role: 'group', 'aria-label': t('elements.only') });
    this.where = h('div.where', { hidden: true });
    this.summary = h('p.soft.small', { role: 'status' });
    this.list = h('ul.elements');
    this.more = h('button.button.plain', { type: 'button', hidden: true, on: { click: () => this.#showMore() } }, t('elements.more'));
    this.replaceChildren(h('div.search', {}, icon('search'), this.search), this.chips, this.where, this.summary, this.list, this.more);
  }

  show(things) {
    this.#things = things;
    for (const kind of this.#kinds) if (!things.some((thing) => groupOf(thing).includes(kind))) this.#kinds.delete(kind);
    this.#drawChips();
    this.#filtered();
  }

  /** {id, number, name, usage, area_m2} or null. */
  set space(space) {
    this.#space = space;
    this.where.hidden = !space;
    if (space) {
      const clear = () => this.dispatchEvent(new CustomEvent('clear'));
      const area = space.area_m2 ? amount(Math.round(space.area_m2 * 10) / 10, 'm²') : null;
      this.where.replaceChildren(
        h('div', {}, h('strong', {}, [space.number, space.name].filter(Boolean).join(' ')), h('p.soft.small', {}, [say(space.usage), area].filter(Boolean).join(' · '))),
        h('button.round', { type: 'button', 'aria-label': t('elements.whole'), on: { click: clear } }, icon('close')));
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
      if (glow?.colour) button.style.setProperty('--who', glow.colour);
    }
  }

  focusOn(id) {
    this.list.querySelector(`[data-id="${CSS.escape(id)}"]`)?.focus();
  }

  #drawChips() {
    const tally = new Map();
    for (const thing of this.#things) for (const group of groupOf(thing)) tally.set(group, (tally.get(group) ?? 0) + 1);
    const order = ['attention', ...Object.keys(KINDS)].filter((group) => tally.has(group));
    keep(this.chips, order.map((group) => [group, tally.get(group), () => this.#chip(group, tally.get(group))]));
  }

  #chip(group, number) {
    const press = (event) => {
      if (!this.#kinds.delete(group)) this.#kinds.add(group);
      event.currentTarget.setAttribute('aria-pressed', String(this.#kinds.has(group)));
      this.#filtered();
    };
    const mark = group === 'attention' ? icon('warning') : kindMark(group);
    return h('button.chip', { type: 'button', 'aria-pressed': String(this.#kinds.has(group)), data: { kind: group }, on: { click: press } },
      mark, group === 'attention' ? t('elements.attention') : say(group), h('span.soft', {}, digits(number)));
  }

  #filtered() {
    this.#shown = ROWS_AT_ONCE;
    const words = this.search.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const kinds = new Set(this.#kinds), space = this.#space?.id;
    const fits = (thing) =>
      (!kinds.size || groupOf(thing).some((group) => kinds.has(group))) &&
      (!space || thing.space_id === space) &&
      (!words.length || words.every((word) => textOf(thing).includes(word)));
    this.found = this.#things.filter(fits);
    this.dispatchEvent(new CustomEvent('filter', { detail: fits }));
    this.#draw();
  }

  #draw() {
    const all = this.#things.length, found = this.found.length;
    const unseen = this.found.filter((thing) => this.#unseen.has(thing.kind)).length;
    const words = [
      found === all ? t('counts.elements', { n: all }) : t('elements.some', { found, n: all }),
      unseen ? t('elements.unseen', { n: unseen }) : null,
    ].filter(Boolean).join(' · ');
    if (this.summary.textContent !== words) this.summary.textContent = words; // said once
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

/** The chips an element answers to: its own kind, every further system, and whether somebody should look. */
function groupOf(thing) {
  thing.groups ??= [...new Set([thing.kind, ...thing.systems.map((system) => kindOf('', [system]))])];
  return thing.contested || TROUBLES.has(thing.status) ? ['attention', ...thing.groups] : thing.groups;
}

function textOf(thing) {
  thing.text ??= [thing.tag, thing.name, thing.ifc_class, sayClass(thing.ifc_class), say(thing.status)].join(' ').toLocaleLowerCase();
  return thing.text;
}

/** All that a line shows. */
function saidOf(thing) {
  return JSON.stringify([thing.name, thing.tag, thing.ifc_class, thing.kind, thing.status, thing.contested]);
}

customElements.define('arxos-elements', ArxosElements);
