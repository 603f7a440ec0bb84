// <arxos-placing>: a drawing is laid beneath a plan. Places are tapped first on the drawing, which then lies there alone, and then
// on the plan; two give how it lies, more give how well. Where nothing is drawn yet, a length that is known does. Then it is seen
// beneath the plan, may be nudged, and is kept. `plan` is the <arxos-plan>. Tells `done` when it is over.

import { Aim } from '../view/aim.js';
import {
  affineOf, applied, asRow, byLength, fitted, lacking, missedBy, restOf, scaleOf, seemsMirrored, shifted, turnedAbout, unapplied, within,
} from '../view/calibration.js';
import { h, icon } from '../view/dom.js';
import { toDrawing } from '../view/camera.js';
import { beneath, onPaper, pictureOf, ratioOf } from '../view/drawings.js';
import { paintPlacing } from '../view/placing_paint.js';
import { act } from '../view/sure.js';
import { offerUndo } from '../view/undoing.js';
import { readUnit, unitHere } from '../view/units.js';
import { amount, asFor } from '../view/words.js';
import { t } from '../words/language.js';

const EMPTY_BOX = [0, 0, 20, 20]; // metres a page is shown in before anything is known
const NUDGE_PX = 1;
const NUDGE_TURN = Math.PI / 1800;
const FAINT = 0.35;
const MUCH_M = 0.25; // a rest that is more than a hand's

export class ArxosPlacing extends HTMLElement {
  #edges = [];
  #about = null; // {replica, scope, drawing, page, bounds, share}
  #aim = null;
  #cameras = {};

  set edges(edges) {
    this.#edges = edges;
    if (this.#aim && this.#view === 'plan') this.#aim.edges = edges;
  }

  async begin(about) {
    this.#about = about;
    this.#cameras = {};
    this.number = about.drawing.page;
    this.#anew();
    this.affine = about.drawing.affine;
    this.asking = !this.affine;
    this.former = null;
    this.#build();
    this.hidden = false;
    this.#aim = new Aim(this.plan, {
      set: (place) => this.#set(place), back: () => this.#back(), leave: () => this.close(), said: (words) => { this.note.textContent = words; },
    });
    this.plan.singly = true; // the same place on the drawing and on the plan
    this.plan.over = (context, look) => paintPlacing(context, { points: this.#points(), aim: this.#aim.cross }, look);
    this.#turn();
    this.plan.canvas.focus({ preventScroll: true });
    await this.#findFormer();
  }

  #anew() {
    Object.assign(this, { affine: null, pairs: [], half: null, ends: [], mirrored: false, changed: false, asking: true, byLength: !this.#about.bounds });
  }

  close() {
    this.#aim?.stop();
    this.#aim = null;
    this.plan.over = null;
    this.plan.singly = false;
    this.hidden = true;
    this.replaceChildren();
    this.dispatchEvent(new CustomEvent('done'));
    this.plan.fit();
  }

  disconnectedCallback() {
    this.#aim?.stop();
  }

  /** The revision before lay somewhere: a newer one of the same page most likely lies there too. */
  async #findFormer() {
    const { replica, scope, drawing } = this.#about;
    if (!drawing.supersedes || this.affine) return;
    const [row] = await replica.query(scope, 'select * from floor_plan where id = ?', [drawing.supersedes]);
    this.former = row ? affineOf(row) : null;
    if (!this.hidden && this.former) this.#say();
  }

  // ---------------------------------------------------------------- what is seen

  get #view() {
    if (this.half) return 'plan';
    return this.asking ? 'page' : 'laid';
  }

  /** Where the page lies while it is looked at alone. */
  get desk() {
    return this.affine ?? within(this.#about.page, this.#about.bounds ?? EMPTY_BOX);
  }

  /** Shows what the next tap is for. Before it is known how the page lies, drawing and plan are looked at each by its own camera. */
  #turn() {
    const { page, share } = this.#about, view = this.#view, { plan } = this;
    const shown = { page: () => beneath(this.desk, page, 1, true), plan: () => this.affine && beneath(this.affine, page, FAINT), laid: () => beneath(this.affine, page, share) }[view]();
    if (this.was !== view) {
      this.#cameras[this.was] = plan.camera;
      plan.beneath = shown;
      if (!this.affine && this.#cameras[view]) plan.look(this.#cameras[view]);
      else if (!this.affine || !this.was) plan.fit();
    } else plan.beneath = shown;
    this.was = view;
    this.#aim.edges = view === 'plan' ? this.#edges : [];
    this.#aim.rest();
    this.#say();
  }

  #points() {
    const view = this.#view, on = (page) => applied(this.desk, page);
    if (view === 'plan') return this.pairs.map(({ plan }, i) => ({ n: i + 1, at: plan, missed: null }));
    if (view === 'laid') return this.pairs.map((pair, i) => ({ n: i + 1, at: pair.plan, missed: on(pair.page) }));
    return [...this.pairs.map(({ page }) => page), ...this.ends].map((page, i) => ({ n: i + 1, at: on(page), missed: null }));
  }

  // ---------------------------------------------------------------- places

  #set({ at, snap }) {
    const view = this.#view;
    this.note.textContent = '';
    if (view === 'plan') {
      this.pairs.push({ page: this.half, plan: at, snap });
      this.half = null;
      this.#fit();
    } else if (view === 'page') this.#setOnPage(unapplied(this.desk, at));
  }

  #setOnPage([u, v]) {
    const { width, height } = this.#about.page;
    if (u < 0 || v < 0 || u > width || v > height) {
      this.note.textContent = t('placing.outside');
      return;
    }
    if (!this.byLength) this.half = [u, v];
    else if (this.ends.length < 2) this.ends.push([u, v]);
    this.#turn();
    if (this.ends.length === 2) this.length.focus();
  }

  #fit() {
    const { width, height } = this.#about.page, why = lacking(this.pairs, Math.max(width, height));
    const refused = why === 'samePage' || why === 'samePlan';
    if (refused) this.pairs.pop();
    this.changed = true;
    this.asking = why !== null;
    if (!why) this.affine = fitted(this.pairs, this.mirrored);
    this.#turn();
    if (refused) this.note.textContent = t(`placing.${why}`);
  }

  #back() {
    if (this.half) this.half = null;
    else if (this.ends.length) this.ends.pop();
    else {
      this.pairs.pop();
      this.asking = true;
      if (this.pairs.length < 2) this.affine = this.#about.drawing.affine;
      else return this.#fit();
    }
    return this.#turn();
  }

  #measure() {
    const metres = readUnit(this.length.value, 'm'), [from, to] = this.ends, { width, height } = this.#about.page;
    const near = lacking([{ page: from, plan: from }, { page: to, plan: to }], Math.max(width, height)) === 'samePage';
    if (!(metres > 0) || near) {
      this.note.textContent = near ? t('placing.samePage') : asFor('m');
      return;
    }
    Object.assign(this, { affine: byLength(from, to, metres), ends: [], pairs: [], asking: false, changed: true });
    this.#turn();
    this.plan.fit();
  }

  // ---------------------------------------------------------------- nudging

  #nudge(across, down) {
    const { camera, size } = this.plan, middle = [size.width / 2, size.height / 2];
    const from = toDrawing(camera, size, ...middle), to = toDrawing(camera, size, middle[0] + across * NUDGE_PX, middle[1] + down * NUDGE_PX);
    this.#lay(shifted(this.affine, to[0] - from[0], to[1] - from[1]));
  }

  #spin(by) {
    this.#lay(turnedAbout(this.affine, by, [this.plan.camera.x, this.plan.camera.y]));
  }

  #lay(affine) {
    Object.assign(this, { affine, changed: true, asking: false, half: null });
    this.#turn();
  }

  #mirror() {
    this.mirrored = !this.mirrored;
    this.#fit();
  }

  async #turnPage(number) {
    const { replica, scope, drawing } = this.#about;
    if (!Number.isInteger(number) || number < 1) return;
    const { page } = await pictureOf(replica, scope, drawing, number).catch(() => ({ page: null }));
    if (this.hidden) return;
    if (!page) {
      this.note.textContent = t('placing.noPage', { n: number });
      return;
    }
    this.#about = { ...this.#about, page };
    this.number = number;
    this.was = null;
    this.#anew();
    this.#turn();
  }

  /** What is left of the places, where there are enough to leave something. */
  get #rest() {
    return this.pairs.length > 2 ? restOf(this.affine, this.pairs) : null;
  }

  async #keep() {
    const { replica, scope, drawing } = this.#about;
    const set = { page: this.number, ...asRow(this.affine, this.#rest) };
    const key = await replica.record(scope, [{ table: 'floor_plan', id: drawing.id, op: 'update', set }]);
    offerUndo(t('placing.kept', { name: drawing.name }), replica, scope, key);
    this.close();
  }

  // ---------------------------------------------------------------- the card

  #build() {
    const { drawing } = this.#about, round = (name, words, click) => h('button.round', { type: 'button', 'aria-label': words, title: words, on: { click } }, icon(name));
    this.was = null;
    this.note = h('p.small.placing-note', { role: 'alert' });
    this.step = h('p.placing-step', { role: 'status' });
    this.rest = h('p.small', { role: 'status' });
    this.undo = round('undo', t('placing.back'), () => this.#back());
    this.length = h('input', { id: 'placing-length', autocomplete: 'off', inputmode: 'text' });
    this.measured = h('form.row.placing-length', { hidden: true, on: { submit: (event) => { event.preventDefault(); this.#measure(); } } },
      h('div.field', {}, h('label', { for: 'placing-length' }, t('placing.length', { unit: unitHere('m') })), this.length), h('button.button.slim', {}, t('placing.lay')));
    this.paged = onPaper(drawing) ? h('label.field.placing-page', {}, h('span.label', {}, t('placing.page')),
      h('input', { type: 'number', min: 1, step: 1, value: this.number, on: { change: ({ target }) => this.#turnPage(target.valueAsNumber) } })) : null;
    this.mirror = round('mirror', t('placing.mirror'), () => this.#mirror());
    this.pad = h('div.placing-pad', { role: 'group', 'aria-label': t('placing.nudge') },
      round('left', t('placing.left'), () => this.#nudge(-1, 0)), round('right', t('placing.right'), () => this.#nudge(1, 0)),
      round('up', t('placing.up'), () => this.#nudge(0, -1)), round('down', t('placing.down'), () => this.#nudge(0, 1)),
      round('turnLeft', t('placing.turnLeft'), () => this.#spin(NUDGE_TURN)), round('turnRight', t('placing.turnRight'), () => this.#spin(-NUDGE_TURN)),
      this.mirror);
    this.acts = h('div.row.placing-acts');
    this.replaceChildren(h('section.measure-card.placing-card', { 'aria-label': t('placing.title') },
      this.step, h('div.measure-acts', {}, this.undo, round('close', t('placing.leave'), () => this.close())),
      this.note, this.rest, this.paged, this.measured, this.pad, this.acts));
    this.onkeydown = (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation(); // Escape closes one thing
      this.close();
    };
  }

  #say() {
    const view = this.#view, laid = view === 'laid', waits = this.byLength && this.ends.length === 2;
    this.dataset.view = view;
    this.dataset.pairs = this.pairs.length;
    this.step.textContent = this.#next(view, waits);
    this.rest.textContent = laid ? this.#exactness() : '';
    this.measured.hidden = !waits;
    this.pad.hidden = !laid;
    this.mirror.disabled = this.pairs.length < 2;
    this.mirror.setAttribute('aria-pressed', String(this.mirrored));
    if (this.paged) this.paged.hidden = view !== 'page' || this.pairs.length + this.ends.length > 0;
    this.undo.disabled = !this.half && !this.ends.length && !this.pairs.length;
    const held = document.activeElement?.dataset.act;
    this.acts.replaceChildren(...this.#buttons(view));
    if (held) this.acts.querySelector(`[data-act="${held}"]`)?.focus({ preventScroll: true });
  }

  #next(view, waits) {
    const n = (this.byLength ? this.ends : this.pairs).length + 1;
    if (view === 'laid') return t('placing.laid');
    if (waits) return t('placing.howLong');
    if (this.byLength) return t(n === 1 ? 'placing.lengthFrom' : 'placing.lengthTo');
    return t(view === 'plan' ? 'placing.onPlan' : 'placing.onPage', { n });
  }

  #exactness() {
    const rest = this.#rest, said = (metres) => amount(Math.ceil(metres * 1000) / 1000, 'm');
    const scale = onPaper(this.#about.drawing) ? t('placing.scale', { n: ratioOf(scaleOf(this.affine)) }) : null;
    if (rest === null) return [this.pairs.length ? t('placing.twoFit') : null, scale].filter(Boolean).join(' ');
    const missed = this.pairs.map((pair) => missedBy(this.affine, pair)), most = Math.max(...missed);
    const mirrored = seemsMirrored(this.pairs, this.mirrored) ? t('placing.seemsMirrored') : null;
    const rests = t('placing.rest', { error: said(rest), n: missed.indexOf(most) + 1, most: said(most) });
    return [rests, mirrored ?? (rest > MUCH_M ? t('placing.much') : null), scale].filter(Boolean).join(' ');
  }

  #buttons(view) {
    const button = (name, kind, does) => {
      const made = act(kind, t(`placing.${name}`), this.note, async () => does());
      made.dataset.act = name;
      return made;
    };
    const plain = 'button.plain.slim', none = !this.pairs.length && !this.half;
    if (view === 'laid') {
      const keep = button('keep', 'button.slim', () => this.#keep());
      keep.disabled = !this.changed;
      const more = button('more', plain, () => {
        Object.assign(this, { asking: true, byLength: false });
        this.#turn();
      });
      return [keep, this.#about.bounds ? more : button('otherLength', plain, () => this.#ask(true))];
    }
    return [
      view === 'page' && none && this.#about.bounds ? button(this.byLength ? 'byPoints' : 'byLength', plain, () => this.#ask(!this.byLength)) : null,
      view === 'page' && none && this.former ? button('asFormer', plain, () => this.#lay(this.former)) : null,
      this.affine && view === 'page' ? button('see', plain, () => this.#lay(this.affine)) : null,
    ].filter(Boolean);
  }

  #ask(byLength_) {
    Object.assign(this, { byLength: byLength_, ends: [], asking: true });
    this.#turn();
  }
}

customElements.define('arxos-placing', ArxosPlacing);
