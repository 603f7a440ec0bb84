// <arxos-measure>: measuring on the plan: a button, and while it is pressed a card with what is measured and how exactly. Points
// come by tap, or by a cross that the arrow keys move and Enter sets. Tells `measuring` with true or false.

import { Aim } from '../view/aim.js';
import { h, icon } from '../view/dom.js';
import { KINDS, measured, spreadOf } from '../view/measure.js';
import { paintMeasure } from '../view/measure_paint.js';
import { amount } from '../view/words.js';
import { t } from '../words/language.js';

const PLACES = { m: 1000, 'm²': 100, '°': 10 }; // parts of a unit that are still said

export class ArxosMeasure extends HTMLElement {
  #kind = 'length';
  #points = [];
  #aim = null;
  #edges = [];
  #rms = null;

  connectedCallback() {
    this.start = h('button.round', { type: 'button', 'aria-label': t('measure.start'), title: t('measure.start'), 'aria-pressed': 'false', on: { click: () => this.#turn(!this.open) } }, icon('ruler'));
    this.value = h('output.measured', { role: 'status' });
    this.note = h('p.soft.small', { role: 'status' });
    const act = (name, words, click) => h('button.round', { type: 'button', 'aria-label': words, title: words, on: { click } }, icon(name));
    this.back = act('undo', t('measure.undo'), () => this.#undo());
    this.clear = act('bin', t('measure.clear'), () => this.#forget());
    this.card = h('section.measure-card', { hidden: true, 'aria-label': t('measure.start') },
      h('div.chips', { role: 'group', 'aria-label': t('measure.what') }, Object.keys(KINDS).map((kind) => this.#chip(kind))),
      h('div.measure-acts', {}, this.back, this.clear, act('close', t('measure.leave'), () => this.close())),
      this.value, this.note);
    this.replaceChildren(this.start, this.card);
    this.onkeydown = (event) => {
      if (event.key !== 'Escape' || !this.open) return;
      event.stopPropagation(); // Escape closes one thing
      this.close();
    };
  }

  disconnectedCallback() {
    this.#aim?.stop();
  }

  get open() {
    return this.#aim !== null;
  }

  /** What is drawn, in metres. */
  set edges(edges) {
    this.#edges = edges;
    if (this.open) this.#aim.edges = edges;
  }

  /** Another storey begins anew; the same one, read again, keeps its points. `rmsM` is how exact its plan is, or null. */
  show({ rmsM, another }) {
    this.#rms = rmsM;
    if (another) this.#forget();
    else this.#say();
  }

  close() {
    if (this.open) this.#turn(false);
  }

  #turn(on) {
    this.card.hidden = !on;
    this.start.hidden = on;
    this.#points = [];
    this.#aim?.stop();
    this.#aim = on ? this.#aiming() : null;
    this.plan.over = on ? (context, look) => paintMeasure(context, { kind: this.#kind, points: this.#points, aim: this.#aim.cross }, look) : null;
    this.dispatchEvent(new CustomEvent('measuring', { detail: on }));
    this.#say();
    (on ? this.plan.canvas : this.start).focus({ preventScroll: true });
  }

  #aiming() {
    const aim = new Aim(this.plan, {
      set: (place) => this.#set(place),
      back: () => this.#undo(),
      leave: () => this.close(),
      said: (words) => { this.note.textContent = words; },
    });
    return Object.assign(aim, { edges: this.#edges });
  }

  #chip(kind) {
    const press = () => {
      this.#kind = kind;
      for (const chip of this.querySelectorAll('.chip')) chip.setAttribute('aria-pressed', String(chip.dataset.measure === kind));
      this.#forget();
    };
    return h('button.chip', { type: 'button', data: { measure: kind }, 'aria-pressed': String(kind === this.#kind), on: { click: press } }, t(`measure.${kind}`));
  }

  // ---------------------------------------------------------------- points

  #set({ at, snap }) {
    if (this.#points.length === KINDS[this.#kind].most) this.#points = [];
    this.#points.push({ at, snap, spread: spreadOf(this.#rms, 1 / this.plan.camera.scale, snap !== null) });
    this.#say();
  }

  #undo() {
    this.#points.pop();
    this.#say();
  }

  #forget() {
    this.#points = [];
    this.#say();
  }

  // ---------------------------------------------------------------- words

  #say() {
    const found = measured(this.#kind, this.#points);
    this.value.textContent = found ? said(found) : '';
    this.note.textContent = found ? this.#exactness(found) : t(`measure.how.${this.#kind}`);
    this.back.disabled = this.clear.disabled = this.#points.length === 0;
    this.dataset.points = this.#points.length;
    this.plan?.redraw();
  }

  #exactness({ spread95 }) {
    if (this.#rms !== null) return t('measure.byPlan');
    return t(spread95 ? 'measure.byTap' : 'measure.unknown');
  }
}

/** The value to its smallest part, ± to the next greater, so that it never looks more exact than it is. */
function said({ value, spread95, unit }) {
  const parts = PLACES[unit];
  const spread = spread95 ? ` ± ${amount(Math.ceil(spread95 * parts) / parts, unit)}` : '';
  return `${amount(Math.round(value * parts) / parts, unit)}${spread}`;
}

customElements.define('arxos-measure', ArxosMeasure);
