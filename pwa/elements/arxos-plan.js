// <arxos-plan>: a storey drawn on a canvas. It owns what it looks at, not what it shows: `show(scene)`, `filter`,
// `layers`, data-selected (element), data-space. Tells `place` with [x, y] in metres, which
// may be prevented, then `pick` with {element} or {space} or null. `over(context, look)` draws on top. data-drawn="1" once painted.

import { ArxosCanvas } from './arxos-canvas.js';
import { fit, toDrawing, toScreen } from '../view/camera.js';
import { pick } from '../view/plan_pick.js';
import { paint, readInk } from '../view/plan_paint.js';

const SCALE_MAX = 400; // CSS pixels a metre
const COMFORT_SCALE = 28;
const EDGE_PX = 40;

export class ArxosPlan extends ArxosCanvas {
  static observedAttributes = ['data-selected', 'data-space'];
  #scene = null;
  #shown = () => true;
  #hidden = new Set();
  #toReveal = null; // asked for before there was a size
  #over = null;

  /** A new storey is fitted; the same storey, read again, stays where it is. */
  show(scene, storey) {
    const another = this.dataset.storey !== storey;
    this.#scene = scene;
    this.dataset.storey = storey;
    this.dataset.elements = scene.things.length;
    if (another) delete this.dataset.drawn;
    if (another || !this.camera) this.fit();
    else this.redraw();
  }

  set filter(shown) {
    this.#shown = shown;
    this.redraw();
  }

  /** Kinds that are left out; what is selected is shown whatever it is. */
  set layers(hidden) {
    this.#hidden = hidden;
    this.redraw();
  }

  #seen = (thing) => thing.id === this.dataset.selected || (this.#shown(thing) && !this.#hidden.has(thing.kind));

  set over(paintOver) {
    this.#over = paintOver;
    this.redraw();
  }

  attributeChangedCallback() {
    this.redraw();
  }

  recoloured() {
    this.ink = readInk(this);
    this.redraw();
  }

  home() {
    if (!this.#scene?.bounds || !this.size.width) return null;
    return fit(this.#scene.bounds, this.size.width, this.size.height, { padding: 20, scaleMax: 80 });
  }

  limits() {
    return { min: (this.home()?.scale ?? 1) / 2, max: SCALE_MAX };
  }

  /** Brings an element into sight if it is not; `covered` CSS pixels at the foot lie under something else. */
  reveal(id, covered = 0) {
    const thing = this.#scene?.things.find((one) => one.id === id);
    this.#toReveal = this.camera ? null : [id, covered];
    if (!thing?.at || !this.camera) return;
    const [left, top] = toScreen(this.camera, this.size, ...thing.at);
    const free = this.size.height - covered;
    if (left > EDGE_PX && top > EDGE_PX && left < this.size.width - EDGE_PX && top < free - EDGE_PX) return;
    const scale = Math.max(this.camera.scale, COMFORT_SCALE);
    this.look({ x: thing.at[0], y: thing.at[1] - covered / 2 / scale, scale });
  }

  tapped(left, top) {
    if (!this.#scene) return;
    const place = new CustomEvent('place', { detail: toDrawing(this.camera, this.size, left, top), cancelable: true });
    if (!this.dispatchEvent(place)) return; // somebody took the place itself
    const detail = pick(this.#scene, this.camera, this.size, this.#seen, left, top, this.context);
    this.dispatchEvent(new CustomEvent('pick', { detail }));
  }

  draw(context) {
    if (!this.#scene) return;
    if (this.#toReveal) this.reveal(...this.#toReveal);
    const { camera, size, ratio, ink } = this;
    const { selected, space } = this.dataset;
    paint(context, this.#scene, { camera, size, ratio, ink, selected, space, shown: this.#seen, hidden: this.#hidden });
    this.#over?.(context, { camera, size, ratio, ink });
    this.dataset.drawn = '1';
  }
}

customElements.define('arxos-plan', ArxosPlan);
