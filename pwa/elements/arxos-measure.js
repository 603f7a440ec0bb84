// <arxos-measure>: measuring on the plan: a button, and while it is pressed a card with what is measured and how exactly. Points
// come by tap, or by a cross that the arrow keys move and Enter sets. Tells `measuring` with true or false.

import { moved, toDrawing, toScreen } from '../view/camera.js';
import { h, icon, listening } from '../view/dom.js';
import { KINDS, measured, spreadOf } from '../view/measure.js';
import { paintMeasure } from '../view/measure_paint.js';
import { makeSnaps, snapTo } from '../view/snap.js';
import { amount } from '../view/words.js';
import { t } from '../words/language.js';

const REACH_PX = 12;
const STEP_PX = 12;
const EDGE_PX = 24;
const PLACES = { m: 1000, 'm²': 100, '°': 10 }; // parts of a unit that are still said
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class ArxosMeasure extends HTMLElement {
  #kind = 'length';
  #points = [];
  #aim = null;
  #snaps = makeSnaps([]);
  #edges = [];
  #rms = null;
  #ears = null;

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
  }

  disconnectedCallback() {
    this.#ears?.stop();
  }

  get open() {
    return this.#ears !== null;
  }

  /** What is drawn, in metres. */
  set edges(edges) {
    this.#edges = edges;
    if (this.open) this.#snaps = makeSnaps(edges);
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
    this.#aim = null;
    if (on) this.#listen();
    else {
      this.#ears.stop();
      this.#ears = null;
      this.plan.over = null;
    }
    this.dispatchEvent(new CustomEvent('measuring', { detail: on }));
    this.#say();
    (on ? this.plan.canvas : this.start).focus({ preventScroll: true });
  }

  #listen() {
    this.#ears = listening();
    this.#snaps = makeSnaps(this.#edges);
    this.plan.over = (context, look) => paintMeasure(context, { kind: this.#kind, points: this.#points, aim: this.#aim }, look);
    const { on } = this.#ears;
    on(this.plan, 'place', (event) => this.#placed(event));
    on(this.plan, 'keydown', (event) => this.#key(event), { capture: true });
    on(this, 'keydown', (event) => event.key === 'Escape' && this.#leave(event));
    on(this.plan.canvas, 'pointermove', (event) => this.#hover(event));
    on(this.plan.canvas, 'pointerleave', () => this.#point(null));
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

  #placed(event) {
    event.preventDefault();
    this.#set(this.#found(event.detail));
  }

  #found(at) {
    return snapTo(this.#snaps, at, REACH_PX / this.plan.camera.scale) ?? { at, what: null };
  }

  #set({ at, what }) {
    if (this.#points.length === KINDS[this.#kind].most) this.#points = [];
    this.#points.push({ at, snap: what, spread: spreadOf(this.#rms, 1 / this.plan.camera.scale, what !== null) });
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

  #hover(event) {
    if (event.pointerType !== 'mouse' || event.buttons || !this.plan.camera) return;
    this.#point(toDrawing(this.plan.camera, this.plan.size, event.offsetX, event.offsetY));
  }

  #point(at) {
    const found = at && this.#found(at);
    this.#aim = found && { at: found.at, snap: found.what, from: at };
    this.plan.redraw();
  }

  // ---------------------------------------------------------------- keys

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.plan.camera) return;
    if (event.target !== this.plan.canvas && event.key !== 'Escape') return;
    if (event.key === 'Escape') this.#leave(event);
    else if (ARROWS[event.key]) this.#step(ARROWS[event.key], event.shiftKey ? 1 : STEP_PX);
    else if (event.key === 'Enter') this.#set(this.#found(this.#here()));
    else if (event.key === 'Backspace') this.#undo();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #leave(event) {
    event.stopPropagation(); // Escape closes one thing
    this.close();
  }

  /** Where the cross is: not where it snapped to, so that it can get away from there. */
  #here() {
    return this.#aim?.from ?? [this.plan.camera.x, this.plan.camera.y];
  }

  #step([x, y], px) {
    const { size } = this.plan;
    const [left, top] = toScreen(this.plan.camera, size, ...this.#here());
    const to = [left + x * px, top + y * px];
    const over = (at, most) => Math.max(0, at - (most - EDGE_PX)) + Math.min(0, at - EDGE_PX);
    const at = toDrawing(this.plan.camera, size, ...to);
    const [dx, dy] = [over(to[0], size.width), over(to[1], size.height)];
    if (dx || dy) this.plan.look(moved(this.plan.camera, -dx, -dy));
    this.#point(at);
    this.note.textContent = this.#aim.snap ? t(`measure.on.${this.#aim.snap}`) : t('measure.onNothing');
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
