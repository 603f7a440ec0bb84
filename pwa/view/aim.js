// A place on the plan, by tap, or by a cross that the arrow keys move and Enter sets. It snaps to what is drawn within reach.
// `tells`: set({at, snap}), back(), leave(), said(words).

import { moved, toDrawing, toScreen } from './camera.js';
import { listening } from './dom.js';
import { makeSnaps, snapTo } from './snap.js';
import { t } from '../words/language.js';

const REACH_PX = 12;
const STEP_PX = 12;
const EDGE_PX = 24;
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Aim {
  cross = null; // {at, snap, from}
  #snaps = makeSnaps([]);
  #ears = listening();

  constructor(plan, tells) {
    Object.assign(this, { plan, tells });
    const { on } = this.#ears;
    on(plan, 'place', (event) => this.#placed(event));
    on(plan, 'keydown', (event) => this.#key(event), { capture: true });
    on(plan.canvas, 'pointermove', (event) => this.#hover(event));
    on(plan.canvas, 'pointerleave', () => this.#point(null));
  }

  stop() {
    this.#ears.stop();
  }

  /** [[x, y], [x, y]] in metres, of what is drawn. */
  set edges(edges) {
    this.#snaps = makeSnaps(edges);
  }

  /** Out of sight until it is moved again. */
  rest() {
    this.cross = null;
  }

  #placed(event) {
    event.preventDefault();
    this.tells.set(this.#found(event.detail));
  }

  #found(at) {
    const found = snapTo(this.#snaps, at, REACH_PX / this.plan.camera.scale);
    return { at: found?.at ?? at, snap: found?.what ?? null };
  }

  #hover(event) {
    if (event.pointerType !== 'mouse' || event.buttons || !this.plan.camera) return;
    this.#point(toDrawing(this.plan.camera, this.plan.size, event.offsetX, event.offsetY));
  }

  #point(at) {
    this.cross = at && { ...this.#found(at), from: at };
    this.plan.redraw();
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !this.plan.camera) return;
    if (event.target !== this.plan.canvas && event.key !== 'Escape') return;
    if (event.key === 'Escape') this.tells.leave();
    else if (ARROWS[event.key]) this.#step(ARROWS[event.key], event.shiftKey ? 1 : STEP_PX);
    else if (event.key === 'Enter') this.tells.set(this.#found(this.#here()));
    else if (event.key === 'Backspace') this.tells.back();
    else return;
    event.preventDefault();
    event.stopPropagation(); // Escape closes one thing
  }

  /** Where the cross is: not where it snapped to, so that it can get away from there. */
  #here() {
    return this.cross?.from ?? [this.plan.camera.x, this.plan.camera.y];
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
    this.tells.said(this.cross.snap ? t(`measure.on.${this.cross.snap}`) : t('measure.onNothing'));
  }
}
