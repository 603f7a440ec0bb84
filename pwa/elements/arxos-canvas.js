// What the plan and the map share: a canvas as large as its element, sharp on every screen, drawn at most once a
// frame, moved by gestures. A subclass has home() -> camera, limits() -> {min, max}, draw(context), tapped(left, top).
// One that may be turned says so by turns(). Where home() is null there is nothing to look at: the canvas is clear and gestures
// do nothing.

import { moved, turned, zoomed } from '../view/camera.js';
import { TURN_STEP, watchGestures } from '../view/gestures.js';
import { h, icon } from '../view/dom.js';
import { t } from '../words/language.js';

const ZOOM_STEP = 1.6;

export class ArxosCanvas extends HTMLElement {
  camera = null;
  size = { width: 0, height: 0 };
  ratio = 1;
  singly = false; // two quick taps are two
  #frame = 0;
  #undo = [];
  #touched = false;

  connectedCallback() {
    this.canvas = h('canvas', { tabindex: '0', role: 'img', 'aria-label': this.getAttribute('label') });
    this.context = this.canvas.getContext('2d');
    this.replaceChildren(this.canvas, this.#buttons());
    const resized = new ResizeObserver(() => this.#resize());
    resized.observe(this);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const recolour = () => this.recoloured();
    dark.addEventListener('change', recolour);
    document.addEventListener('themed', recolour);
    this.#undo = [
      watchGestures(this.canvas, this.#gestures()),
      () => resized.disconnect(),
      () => dark.removeEventListener('change', recolour),
      () => document.removeEventListener('themed', recolour),
      () => cancelAnimationFrame(this.#frame),
    ];
    this.recoloured();
  }

  disconnectedCallback() {
    for (const undo of this.#undo) undo();
    this.#undo = [];
    this.#frame = 0;
  }

  #gestures() {
    return {
      move: (dx, dy) => this.camera && this.look(moved(this.camera, dx, dy)),
      zoom: (factor, left, top) => this.camera && this.look(zoomed(this.camera, this.size, factor, left, top, this.limits())),
      turn: (by, left, top) => this.camera && this.turns() && this.look(turned(this.camera, this.size, by, left, top)),
      tap: (left, top) => this.camera && this.tapped(left, top),
      fit: () => this.fit(),
      singly: () => this.singly,
    };
  }

  #buttons() {
    const middle = (how, by) => () => this.#gestures()[how](by, this.size.width / 2, this.size.height / 2);
    const button = (name, words, click) => h('button.round', { type: 'button', 'aria-label': words, title: words, on: { click } }, icon(name));
    return h('div.zoom', { data: this.turns() ? { turns: '' } : {} },
      button('plus', t('canvas.closer'), middle('zoom', ZOOM_STEP)),
      button('minus', t('canvas.farther'), middle('zoom', 1 / ZOOM_STEP)),
      button('fit', t('canvas.all'), () => this.fit()),
      this.turns() ? [button('turnLeft', t('canvas.turnLeft'), middle('turn', TURN_STEP)), button('turnRight', t('canvas.turnRight'), middle('turn', -TURN_STEP))] : null);
  }

  /** The person's own view stays when the size changes; the first view fits anew. */
  #resize() {
    this.size = { width: this.clientWidth, height: this.clientHeight };
    this.ratio = Math.min(window.devicePixelRatio || 1, 3);
    this.canvas.width = Math.round(this.size.width * this.ratio);
    this.canvas.height = Math.round(this.size.height * this.ratio);
    if (!this.#touched) this.camera = this.home();
    this.redraw();
  }

  turns() {
    return false;
  }

  look(camera) {
    this.#touched = true;
    this.camera = camera;
    this.redraw();
  }

  fit() {
    this.#touched = false;
    this.camera = this.home();
    this.redraw();
  }

  redraw() {
    if (!this.isConnected) return;
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.size.width === 0) return;
      if (this.camera) this.draw(this.context);
      else this.#clear();
    });
  }

  #clear() {
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }
}
