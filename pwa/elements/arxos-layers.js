// <arxos-layers>: which kinds of things the plan shows: a button, and a card with a box for each kind there is. Tells `layers`
// with the set of kinds that are left out.

import { h, icon } from '../view/dom.js';
import { hiddenLayers, hideLayers } from '../view/layers.js';
import { KINDS, say } from '../view/words.js';
import { number, t } from '../words/language.js';

export class ArxosLayers extends HTMLElement {
  #hidden = new Set();
  #building = null;

  connectedCallback() {
    this.button = h('button.round', { type: 'button', title: t('layers.title'), 'aria-expanded': 'false', on: { click: () => this.#open(this.card.hidden) } }, icon('layers'));
    this.boxes = h('div.layer-boxes');
    this.all = h('button.button.plain.slim', { type: 'button', on: { click: () => this.#put(new Set()) } }, t('layers.all'));
    this.card = h('section.layers-card', { hidden: true, 'aria-label': t('layers.title') }, this.boxes, this.all);
    this.replaceChildren(this.button, this.card);
    this.onkeydown = (event) => {
      if (event.key !== 'Escape' || this.card.hidden) return;
      event.stopPropagation(); // Escape closes one thing
      this.#open(false);
      this.button.focus();
    };
    this.#say();
  }

  get hiddenKinds() {
    return this.#hidden;
  }

  /** The kinds of a storey's things; those that were left out on another storey stay so, and are offered too. */
  show(building, things) {
    this.#building = building;
    this.#hidden = hiddenLayers(building);
    const tally = new Map();
    for (const thing of things) tally.set(thing.kind, (tally.get(thing.kind) ?? 0) + 1);
    const kinds = Object.keys(KINDS).filter((kind) => tally.has(kind) || this.#hidden.has(kind));
    const held = document.activeElement?.dataset.layer;
    this.boxes.replaceChildren(...kinds.map((kind) => this.#box(kind, tally.get(kind) ?? 0)));
    if (held) this.boxes.querySelector(`[data-layer="${CSS.escape(held)}"]`)?.focus();
    this.#say();
  }

  #box(kind, tally) {
    const change = (event) => {
      const hidden = new Set(this.#hidden);
      if (event.target.checked) hidden.delete(kind);
      else hidden.add(kind);
      this.#put(hidden);
    };
    return h('label.choice', {},
      h('input', { type: 'checkbox', checked: !this.#hidden.has(kind), data: { layer: kind }, on: { change } }),
      h('span.kind-mark', { data: { kind }, 'aria-hidden': 'true' }, KINDS[kind]), h('span', {}, say(kind)), h('span.soft', {}, number(tally)));
  }

  #put(hidden) {
    this.#hidden = hidden;
    hideLayers(this.#building, hidden);
    for (const box of this.boxes.querySelectorAll('input')) box.checked = !hidden.has(box.dataset.layer);
    this.#say();
    this.dispatchEvent(new CustomEvent('layers', { detail: hidden }));
  }

  #open(open) {
    this.card.hidden = !open;
    this.button.setAttribute('aria-expanded', String(open));
    if (open) this.boxes.querySelector('input')?.focus({ preventScroll: true });
  }

  #say() {
    const n = this.#hidden.size;
    this.button.setAttribute('aria-label', n ? t('layers.some', { n }) : t('layers.title'));
    this.button.toggleAttribute('data-some', n > 0);
    this.all.disabled = n === 0;
  }
}

customElements.define('arxos-layers', ArxosLayers);
