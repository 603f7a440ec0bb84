// <arxos-plan>: a storey drawn on a canvas. It owns what it looks at, not what it shows: `show(scene)`, `filter`,
// `layers`, data-selected (element), data-space. Tells `place` with [x, y] in metres, which
// may be prevented, then `pick` with {element} or {space} or null. `over(context, look)` draws on top. data-drawn="1" once painted.

import { ArxosCanvas } from './arxos-canvas.js';
import { fit, moved, toDrawing, toScreen, turned } from '../view/camera.js';
import { h, icon } from '../view/dom.js';
import { GLOW_MS, Glows, still } from '../view/glowing.js';
import { cellAt, clustered } from '../view/clusters.js';
import { KeptPicture } from '../view/kept_picture.js';
import { pick } from '../view/plan_pick.js';
import { isLoud, paintDrawing, paintGlows, paintMarking, readInk } from '../view/plan_paint.js';
import { weightOf } from '../view/plan_scene.js';
import { barFor } from '../view/scale_bar.js';
import { inFeet } from '../view/units.js';
import { amount } from '../view/words.js';
import { t } from '../words/language.js';

const SCALE_MAX = 400; // CSS pixels a metre
const COMFORT_SCALE = 28;
const EDGE_PX = 40;
const PAINTED_ANEW_MAX = 3000; // stretches that are drawn within a frame anywhere, so always sharp
const REST_MS = 140;
const BAR_PX_MAX = 120;
const APPROACH_PX = 80;

export class ArxosPlan extends ArxosCanvas {
  static observedAttributes = ['data-selected', 'data-space'];
  #scene = null;
  #shown = () => true;
  #hidden = new Set();
  #toReveal = null; // asked for before there was a size
  #over = null;
  #beneath = null;
  #north = null;
  #picture = new KeptPicture();
  #heavy = false;
  #resting = 0;
  #glows = new Glows();
  #clusters = null; // of the marks that are seen, at one size of cell

  connectedCallback() {
    super.connectedCallback();
    this.compass = h('button.round.compass', { type: 'button', on: { click: () => this.#upright() } }, icon('north'));
    this.bar = h('p.scale-bar');
    this.append(this.bar);
    this.querySelector('.zoom').append(this.compass);
  }

  /** A new storey is fitted; the same storey, read again, stays where it is. */
  show(scene, storey) {
    const another = this.dataset.storey !== storey;
    this.#scene = scene;
    this.#clusters = null;
    this.#heavy = weightOf(scene) > PAINTED_ANEW_MAX;
    this.dataset.storey = storey;
    this.dataset.elements = scene.things.length;
    if (another) {
      this.#beneath = null;
      delete this.dataset.drawn;
    }
    if (another || !this.camera) this.fit();
    else this.redraw();
  }

  set filter(shown) {
    this.#shown = shown;
    this.#clusters = null;
    this.redraw();
  }

  /** Kinds that are left out; what is selected is shown whatever it is. */
  set layers(hidden) {
    this.#hidden = hidden;
    this.#clusters = null;
    this.redraw();
  }

  #seen = (thing) => thing.id === this.dataset.selected || (this.#shown(thing) && !this.#hidden.has(thing.kind));

  /** How far north lies clockwise of the drawing's y, in radians; null where the building does not say. */
  set north(north) {
    this.#north = north;
    this.redraw();
  }

  set over(paintOver) {
    this.#over = paintOver;
    this.redraw();
  }

  /** What lies beneath: {bitmap, affine: of its pixels, share, alone: whether nothing else is drawn, box: its own}, or null. */
  set beneath(beneath) {
    this.#beneath = beneath;
    if (!this.camera) this.camera = this.home();
    this.redraw();
  }

  /** id → colour of those that light up for a moment. */
  glow(colours) {
    this.#glows.put(colours);
    this.redraw();
  }

  attributeChangedCallback() {
    this.#clusters = null;
    this.redraw();
  }

  recoloured() {
    this.ink = readInk(this);
    this.redraw();
  }

  home() {
    const bounds = this.#beneath?.alone ? this.#beneath.box : this.#scene?.bounds ?? this.#beneath?.box;
    if (!bounds || !this.size.width) return null;
    return fit(bounds, this.size.width, this.size.height, { padding: 20, scaleMax: 80, turn: this.camera?.turn ?? 0 });
  }

  turns() {
    return true;
  }

  #upright() {
    if (this.camera) this.look(turned(this.camera, this.size, -this.camera.turn, this.size.width / 2, this.size.height / 2));
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
    this.look(moved({ ...this.camera, x: thing.at[0], y: thing.at[1], scale }, 0, -covered / 2));
  }

  tapped(left, top) {
    if (!this.#scene) return;
    const place = new CustomEvent('place', { detail: toDrawing(this.camera, this.size, left, top), cancelable: true });
    if (!this.dispatchEvent(place)) return; // somebody took the place itself
    const detail = pick(this.#scene, this.#look(), left, top, this.context);
    if (detail?.pin) return this.#approach(detail.pin.box);
    this.dispatchEvent(new CustomEvent('pick', { detail }));
  }

  #look() {
    const { camera, size, ratio, ink } = this;
    const { selected, space } = this.dataset;
    return { camera, size, ratio, ink, selected, space, shown: this.#seen, hidden: this.#hidden, beneath: this.#beneath, ...this.#clustered() };
  }

  /** The ids of what is not left out. */
  get seen() {
    return this.#scene?.things.filter(this.#seen).map(({ id }) => id) ?? [];
  }

  /** What is drawn as one: [{at, n}]. */
  get pins() {
    return this.#clustered().pins.map(({ at, things }) => ({ at, n: things.length }));
  }

  /** Nothing is put together where one cannot come closer. */
  #clustered() {
    const side = this.camera.scale < SCALE_MAX ? cellAt(this.camera.scale) : 0;
    if (this.#clusters?.side !== side) {
      const marks = side ? this.#scene.things.filter((thing) => thing.drawnAs === 'mark' && thing.id !== this.dataset.selected && this.#seen(thing)) : [];
      this.#clusters = { side, ...clustered(marks, side || 1, isLoud) };
    }
    return this.#clusters;
  }

  /** All that a pin stands for comes into sight, and twice as close at least. */
  #approach(box) {
    const { size, camera } = this;
    const near = fit(box, size.width, size.height, { padding: APPROACH_PX, scaleMax: SCALE_MAX, turn: camera.turn });
    this.look({ ...near, scale: Math.min(Math.max(near.scale, camera.scale * 2), SCALE_MAX) });
  }

  draw(context) {
    if (!this.#scene) return;
    if (this.#toReveal) this.reveal(...this.#toReveal);
    const look = this.#look();
    this.#draw(context, look);
    paintMarking(context, this.#scene, look);
    this.#glow(context, look);
    this.dataset.pins = look.pins.length;
    this.#over?.(context, look);
    this.#showFrame();
    this.dataset.drawn = '1';
  }

  /** Drawn anew until the last has gone out; data-glowing: how many are alight. */
  #glow(context, look) {
    const lit = this.#glows.lit();
    this.dataset.glowing = lit.size;
    if (!lit.size || this.#beneath?.alone) return;
    paintGlows(context, this.#scene, look, lit);
    if (still()) setTimeout(() => this.redraw(), GLOW_MS);
    else this.redraw();
  }

  /** While it moves, a kept picture does for a heavy plan, and for one with a drawing beneath. data-kept while what is seen is not as sharp as it could be. */
  #draw(context, look) {
    if (!this.#heavy && !this.#beneath) {
      this.toggleAttribute('data-kept', false);
      paintDrawing(context, this.#scene, look);
      return;
    }
    const key = [this.#scene, this.#hidden, this.ink, this.#beneath, look.space];
    const serves = this.#picture.isOf(key, look) || (this.#resting && this.#picture.serves(key, look));
    if (!serves) this.#picture.take(key, look, (wider, wide) => paintDrawing(wider, this.#scene, wide));
    this.toggleAttribute('data-kept', !this.#picture.isOf(key, look));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = look.ink.paper;
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.#picture.lay(context, look);
  }

  look(camera) {
    clearTimeout(this.#resting);
    this.#resting = setTimeout(() => {
      this.#resting = 0;
      if (this.hasAttribute('data-kept')) this.redraw();
    }, REST_MS);
    super.look(camera);
  }

  disconnectedCallback() {
    clearTimeout(this.#resting);
    this.#resting = 0;
    super.disconnectedCallback();
  }

  /** Scale and north, beside what is drawn. */
  #showFrame() {
    const { metres, px } = barFor(this.camera.scale, inFeet(), BAR_PX_MAX);
    const words = amount(Number(metres.toPrecision(12)), 'm');
    if (this.bar.textContent !== words) this.bar.textContent = words;
    this.bar.style.inlineSize = `${px}px`;
    this.compass.style.setProperty('--north', `${(this.#north ?? 0) - this.camera.turn}rad`);
    const degrees = (Math.round((-this.camera.turn * 180) / Math.PI) + 360) % 360;
    const said = [t(this.#north === null ? 'canvas.upright' : 'canvas.northUpright'), degrees ? t('canvas.turned', { n: degrees }) : null].filter(Boolean).join(' · ');
    if (this.compass.title === said) return;
    this.compass.title = said;
    this.compass.setAttribute('aria-label', said);
    this.compass.toggleAttribute('data-north', this.#north !== null);
    this.dataset.turned = degrees;
  }
}

customElements.define('arxos-plan', ArxosPlan);
