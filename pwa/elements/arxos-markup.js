// <arxos-markup>: a photo, and drawing on it. `show({replica, scope, photo, image})`: `photo` is its row, `image` the picture,
// loaded. Each piece is kept the moment it is drawn; undo and redo are of what was done here. Pieces of others come and go
// meanwhile, and what is under the hand stays. It is looked at closer by two fingers, the wheel, buttons, + and -, and moved by
// dragging beside the pieces or by arrow keys with none chosen.

import { h, icon, keep, listening } from '../view/dom.js';
import { KEY_STEP_PX, Magnifier, STEP } from '../view/magnifying.js';
import { COLOURS, marksOn, moved, nameOf, put, SHAPES, thinned, viewpointOf, whereIs, WORDS_MAX } from '../view/marks.js';
import { draw, layer, placeUnder } from '../view/marks_layer.js';
import { may } from '../view/rights.js';
import { problem, whenThere } from '../view/words.js';
import { number, t } from '../words/language.js';
import './arxos-history.js';

const NUDGE = 0.01; // of the picture, by one press of an arrow key
const SMALL = 0.012; // a tap, not a stroke
const ARROWS = { ArrowLeft: [-NUDGE, 0], ArrowRight: [NUDGE, 0], ArrowUp: [0, -NUDGE], ArrowDown: [0, NUDGE] };
const MIDDLE = { arrow: [[0.35, 0.65], [0.5, 0.5]], box: [[0.35, 0.35], [0.65, 0.65]], line: [[0.35, 0.5], [0.65, 0.5]], text: [[0.4, 0.5]] };
const CHOOSE = 'choose';
const LOOKS = { // by keys on the photo, where they are for nothing else
  '+': (glass) => glass.by(STEP), '=': (glass) => glass.by(STEP), '-': (glass) => glass.by(1 / STEP), 0: (glass) => glass.whole(),
  ArrowLeft: (glass) => glass.move(KEY_STEP_PX, 0), ArrowRight: (glass) => glass.move(-KEY_STEP_PX, 0),
  ArrowUp: (glass) => glass.move(0, KEY_STEP_PX), ArrowDown: (glass) => glass.move(0, -KEY_STEP_PX),
};

export class ArxosMarkup extends HTMLElement {
  #ears = listening();
  #done = []; // [{changes, key}], the last one last
  #undone = [];
  #kept = Promise.resolve(); // what was drawn last is on this device: only then it can be taken back
  #pieces = [];
  #chosen = null;
  #under = null; // what the hand draws or moves: {piece, from, at, fresh}
  #turn = null;

  async show({ replica, scope, photo, image }) {
    Object.assign(this, { replica, scope, photo, image, tool: CHOOSE, colour: COLOURS[0] });
    this.mayDraw = may(replica, scope, 'annotation', 'insert');
    this.mayMove = may(replica, scope, 'annotation', 'update');
    this.mayDelete = may(replica, scope, 'annotation', 'delete');
    this.#build();
    this.#ears.on(replica, 'change', ({ detail }) => {
      if (detail.scope === scope && detail.tables.some((table) => table === 'annotation' || table === 'member')) this.#renew().catch((error) => this.#say('bad', problem(error)));
    });
    await this.#renew();
  }

  disconnectedCallback() {
    this.#ears.stop();
  }

  #build() {
    this.output = h('output.kept', { 'aria-live': 'polite' });
    this.svg = layer({ width: this.image.naturalWidth, height: this.image.naturalHeight });
    this.svg.setAttribute('tabindex', '0');
    this.svg.setAttribute('role', 'group');
    this.svg.setAttribute('aria-label', t(this.mayDraw ? 'marks.surface' : 'marks.seen'));
    const sheet = h('div.photo-sheet', {}, this.image, this.svg), glass = h('div.stage', { dir: 'ltr' }, sheet);
    this.glass = new Magnifier(glass, sheet, () => this.#looked());
    this.svg.addEventListener('wheel', (event) => this.glass.wheel(event), { passive: false });
    for (const [event, does] of [['pointerdown', this.#down], ['pointermove', this.#move], ['pointerup', this.#up], ['pointercancel', this.#cancel], ['keydown', this.#key], ['keyup', this.#keyUp]]) this.svg.addEventListener(event, does);
    this.list = h('ul.pieces', { on: { keydown: this.#key, keyup: this.#keyUp } });
    this.odd = h('p.soft.small', { hidden: true });
    this.words = h('form.piece-words', { hidden: true, novalidate: true, on: { submit: this.#sayWords } });
    this.count = h('span.soft');
    this.past = h('div');
    this.replaceChildren(
      h('div.photo-place', {}, glass, this.#lenses()),
      h('div.markup-side', {},
        this.mayDraw ? this.#tools() : h('p.soft', {}, t('marks.reading')),
        this.words, this.output,
        h('details.fold', { open: true }, h('summary', {}, t('marks.pieces'), this.count), this.list, this.odd,
          this.mayMove ? h('p.soft.small', {}, t('marks.keys')) : null),
        this.past));
    this.dataset.tool = this.tool;
  }

  #lenses() {
    const lens = (mark, words, key, does) => h('button.round', { type: 'button', 'aria-label': words, title: `${words} (${key})`, on: { click: does } }, icon(mark));
    this.near = h('span.near', { role: 'status' });
    return h('div.lenses', {}, this.near,
      lens('plus', t('canvas.closer'), '+', () => this.glass.by(STEP)),
      lens('minus', t('canvas.farther'), '-', () => this.glass.by(1 / STEP)),
      lens('fit', t('marks.whole'), '0', () => this.glass.whole()));
  }

  #looked() {
    const { zoom } = this.glass;
    this.dataset.zoom = zoom.toFixed(2);
    this.near.textContent = zoom > 1 ? number(zoom, { style: 'percent' }) : '';
    this.#redraw();
  }

  #tools() {
    const tool = (name, drawing) => h('label.tool', { title: t(`marks.${name}`) },
      h('input.sr-only', { type: 'radio', name: 'tool', value: name, checked: name === this.tool, on: { change: () => this.#take(name) } }), drawing, h('span', {}, t(`marks.${name}`)));
    const colour = (name) => h('label.tool.swatch', { title: t(`marks.${name}`), data: { colour: name } },
      h('input.sr-only', { type: 'radio', name: 'colour', value: name, checked: name === this.colour, on: { change: () => { this.colour = name; } } }), h('span.sr-only', {}, t(`marks.${name}`)));
    const act = (name, mark, does) => h('button.tool', { type: 'button', disabled: true, title: t(name), on: { click: does } }, icon(mark), h('span', {}, t(name)));
    this.undo = act('acts.undo', 'undo', () => this.#undo());
    this.redo = act('marks.redo', 'redo', () => this.#redo());
    this.bin = act('marks.delete', 'bin', () => this.#delete());
    return h('div.tools', {},
      h('fieldset', {}, h('legend.sr-only', {}, t('marks.tool')), [CHOOSE, ...SHAPES].map((name) => tool(name, icon(name)))),
      h('fieldset', {}, h('legend.sr-only', {}, t('marks.colour')), COLOURS.map(colour)),
      this.mayDelete ? h('div', {}, this.undo, this.redo, this.bin) : null); // who only adds takes nothing away again
  }

  #take(tool) {
    this.tool = this.dataset.tool = tool;
    if (tool !== CHOOSE) this.#choose(null);
  }

  // ------------------------------------------------------------ what is shown

  async #renew() {
    const mine = (this.#turn = {});
    const { pieces, odd } = (await marksOn(this.replica, this.scope, [this.photo.id])).get(this.photo.id);
    if (this.#turn !== mine) return; // asked again meanwhile
    this.#pieces = pieces;
    this.odd.hidden = !odd;
    this.odd.textContent = odd ? t('marks.odd', { n: odd }) : '';
    this.count.textContent = pieces.length ? number(pieces.length) : t('sheet.none');
    const focused = this.list.contains(document.activeElement) ? document.activeElement.dataset.piece : null;
    keep(this.list, pieces.map((one) => [one.id, JSON.stringify(one), () => this.#line(one)]));
    if (focused) this.#button(focused)?.focus();
    const chosen = this.#find(this.#chosen);
    if (this.#chosen && !chosen) this.#choose(null);
    else if (chosen && this.input?.value === this.words.before) this.input.value = this.words.before = chosen.words; // nothing half typed
    this.#mark();
    this.#redraw();
  }

  #line(one) {
    const about = [one.author, one.created_at ? whenThere(one.created_at) : t('photos.justNow'), whereIs(one)].filter(Boolean).join(' · ');
    return h('li', {}, h('button.piece', { type: 'button', 'aria-pressed': 'false', data: { piece: one.id, colour: one.colour }, on: { click: () => this.#choose(this.#chosen === one.id ? null : one.id) } },
      icon(one.shape), h('span', {}, nameOf(one), h('span.soft.small', {}, about))));
  }

  #redraw() {
    const hand = this.#under?.piece;
    const others = hand ? this.#pieces.filter(({ id }) => id !== hand.id) : this.#pieces;
    draw(this.svg, hand ? [...others, hand] : others, this.mayMove ? this.#chosen : null, this.glass.zoom);
  }

  #find(id) {
    return this.#pieces.find((one) => one.id === id);
  }

  #button(id) {
    return [...this.list.querySelectorAll('button')].find((button) => button.dataset.piece === id);
  }

  #choose(id) {
    this.#chosen = id;
    if (this.#under?.fresh) this.#under = null;
    this.#mark();
    const one = this.#find(id);
    if (one && this.mayMove) this.#askWords(t(one.shape === 'text' ? 'marks.text' : 'marks.name'), one.words, one.id);
    else this.words.hidden = true;
    this.#showPast(id);
    this.#redraw();
  }

  /** What became of the piece that is chosen. */
  #showPast(id) {
    if (this.past.dataset.of === (id ?? '')) return;
    this.past.dataset.of = id ?? '';
    const past = id ? h('arxos-history') : null;
    past?.show({ replica: this.replica, scope: this.scope, table: 'annotation', id });
    this.past.replaceChildren(...(past ? [past] : []));
  }

  #mark() {
    for (const button of this.list.querySelectorAll('button')) button.setAttribute('aria-pressed', String(button.dataset.piece === this.#chosen));
    if (!this.mayDraw) return;
    this.undo.disabled = !this.#done.length;
    this.redo.disabled = !this.#undone.length;
    this.bin.disabled = !this.#chosen;
  }

  #say(tone, text) {
    this.output.dataset.tone = tone;
    this.output.textContent = text;
  }

  // ------------------------------------------------------------ words

  /** `of` is the piece they belong to; null: of a text that is not on the photo yet. */
  #askWords(label, words, of) {
    this.input = h('input', { id: 'piece-words', autocomplete: 'off', maxlength: WORDS_MAX, value: words });
    Object.assign(this.words, { of, before: words });
    this.words.replaceChildren(h('div.field', {}, h('label', { for: 'piece-words' }, label), this.input),
      h('button.button.plain', { type: 'submit' }, t(of ? 'acts.save' : 'marks.put')));
    this.words.hidden = false;
  }

  #sayWords = async (event) => {
    event.preventDefault();
    const words = this.input.value.trim().slice(0, WORDS_MAX), { of } = this.words;
    if (!words) return this.input.focus();
    if (of) return this.#keep([this.#update(of, { title: words })]);
    const fresh = { ...this.#under.piece, words };
    this.#under = null;
    this.words.hidden = true;
    return this.#keep([put(fresh.id, this.photo.id, fresh)], fresh.id);
  };

  // ------------------------------------------------------------ the hand

  #down = (event) => {
    if (event.button) return;
    this.svg.setPointerCapture(event.pointerId);
    if (this.glass.down(event)) return this.#letGo();
    if (this.#under?.pointer !== undefined) return;
    const place = placeUnder(this.svg, event.clientX, event.clientY);
    if (this.tool === CHOOSE) this.#grasp(event, place);
    else if (place.every((one) => one >= 0 && one <= 1)) this.#begin(place, event.pointerId);
    if (this.#under) event.preventDefault(); // the words keep what is typed in them until it is kept
  };

  /** A second finger came: it is looked at, not drawn on. */
  #letGo() {
    if (this.#under?.pointer === undefined) return;
    this.#under = null;
    this.#redraw();
  }

  #grasp(event, place) {
    const at = event.target.dataset?.at ?? null;
    const id = event.target.closest('[data-piece]')?.dataset.piece ?? null;
    if (id !== this.#chosen) this.#choose(id);
    this.#under = id && this.mayMove ? { piece: this.#find(id), was: this.#find(id), from: place, at: at === null ? null : Number(at), pointer: event.pointerId } : null;
    if (!this.#under) this.glass.drag(event);
  }

  #begin(place, pointer) {
    const points = this.tool === 'text' ? [place] : [place, place];
    this.#under = { piece: { id: this.replica.newId(), shape: this.tool, colour: this.colour, points, words: this.tool === 'text' ? '…' : '' }, from: place, fresh: true, pointer };
    this.#redraw();
  }

  #move = (event) => {
    if (this.glass.moved(event)) return;
    const hand = this.#under;
    if (!hand || hand.pointer !== event.pointerId) return;
    const [across, down] = placeUnder(this.svg, event.clientX, event.clientY);
    const place = [Math.min(1, Math.max(0, across)), Math.min(1, Math.max(0, down))];
    if (!hand.fresh) hand.piece = moved(hand.was, place[0] - hand.from[0], place[1] - hand.from[1], hand.at);
    else if (hand.piece.shape === 'text') hand.piece = { ...hand.piece, points: [place] };
    else hand.piece = { ...hand.piece, points: hand.piece.shape === 'line' ? [...hand.piece.points, place] : [hand.from, place] };
    this.#redraw();
  };

  #up = async (event) => {
    this.glass.up(event);
    const hand = this.#under;
    if (!hand || hand.pointer !== event.pointerId) return;
    if (hand.fresh && hand.piece.shape === 'text') return this.#awaitWords(hand);
    this.#under = null;
    await (hand.fresh ? this.#finish(hand) : this.#moveTo(hand));
    this.#redraw();
  };

  #awaitWords(hand) {
    delete hand.pointer;
    if (this.words.hidden || this.words.of) this.#askWords(t('marks.text'), '', null);
    this.input.focus();
  }

  /** A tap draws nothing: who only touched the picture wanted none. */
  #finish({ piece }) {
    const [first] = piece.points;
    if (!piece.points.some((point) => Math.hypot(point[0] - first[0], point[1] - first[1]) > SMALL / this.glass.zoom)) return undefined;
    const whole = piece.shape === 'line' ? { ...piece, points: thinned(piece.points) } : piece;
    this.#pieces = [...this.#pieces, whole]; // until the row says so
    return this.#keep([put(whole.id, this.photo.id, whole)], whole.id);
  }

  async #moveTo({ piece, was }) {
    if (piece === was || JSON.stringify(viewpointOf(piece)) === JSON.stringify(viewpointOf(was))) return;
    this.#pieces = this.#pieces.map((one) => (one.id === piece.id ? piece : one));
    await this.#keep([this.#update(piece.id, { viewpoint: viewpointOf(piece) })]);
  }

  #cancel = (event) => {
    this.glass.up(event);
    this.#under = null;
    this.#redraw();
  };

  // ------------------------------------------------------------ keys

  #key = (event) => {
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key.toLowerCase() === 'z') this.#instead(event, event.shiftKey ? () => this.#redo() : () => this.#undo());
    else if (command && event.key.toLowerCase() === 'y') this.#instead(event, () => this.#redo());
    else if (event.key in ARROWS && this.#chosen && this.mayMove) this.#instead(event, () => this.#nudge(ARROWS[event.key], event.shiftKey));
    else if (['Delete', 'Backspace'].includes(event.key) && this.#chosen && this.mayDelete) this.#instead(event, () => this.#delete());
    else if (event.currentTarget === this.svg && !command && LOOKS[event.key]) this.#instead(event, () => LOOKS[event.key](this.glass));
    else if (event.key === 'Enter' && event.currentTarget === this.svg && this.tool !== CHOOSE) this.#instead(event, () => this.#putInMiddle());
  };

  #instead(event, does) {
    event.preventDefault();
    does();
  }

  /** All of it; with Shift its last point alone. Kept when the key is let go. */
  #nudge([dx, dy], last) {
    const was = this.#under?.was ?? this.#find(this.#chosen), before = this.#under?.piece ?? was;
    this.#under = { piece: moved(before, dx, dy, last && before.points.length > 1 ? before.points.length - 1 : null), was };
    this.#redraw();
  }

  #keyUp = async (event) => {
    const hand = this.#under;
    if (!(event.key in ARROWS) || !hand?.was || hand.pointer !== undefined) return;
    this.#under = null;
    await this.#moveTo(hand);
    this.#redraw();
  };

  #putInMiddle() {
    const hand = { piece: { id: this.replica.newId(), shape: this.tool, colour: this.colour, points: MIDDLE[this.tool], words: this.tool === 'text' ? '…' : '' }, fresh: true };
    if (this.tool !== 'text') return this.#finish(hand);
    this.#under = hand;
    this.#redraw();
    return this.#awaitWords(hand);
  }

  // ------------------------------------------------------------ keeping

  #update(id, set) {
    return { table: 'annotation', id, op: 'update', set };
  }

  async #delete() {
    const id = this.#chosen;
    const focused = this.list.contains(document.activeElement);
    const next = this.#button(id)?.closest('li').nextElementSibling?.querySelector('button');
    if (await this.#keep([{ table: 'annotation', id, op: 'delete' }]) && focused) (next ?? this.svg).focus();
  }

  /** `chosen`: the piece that has the handles afterwards. */
  async #keep(changes, chosen = this.#chosen) {
    try {
      const recorded = this.replica.record(this.scope, changes);
      this.#kept = recorded.catch(() => {});
      this.#done.push({ changes, key: await recorded });
      this.#undone = [];
      this.#say('good', t('keeping.kept'));
    } catch (error) {
      this.#say('bad', problem(error));
      await this.#renew();
      return false;
    }
    await this.#renew();
    this.#choose(this.#find(chosen) ? chosen : null);
    return true;
  }

  async #undo() {
    await this.#kept;
    const step = this.mayDelete && this.#done.pop();
    if (!step) return;
    await this.#step(async () => {
      await this.replica.undo(this.scope, step.key);
      this.#undone.push(step);
      this.#say('plain', t('keeping.takenBack'));
    });
  }

  async #redo() {
    const step = this.#undone.pop();
    if (!step) return;
    await this.#step(async () => {
      step.key = await this.replica.record(this.scope, step.changes);
      this.#done.push(step);
      this.#say('good', t('keeping.kept'));
    });
  }

  async #step(does) {
    try {
      await does();
    } catch (error) {
      this.#say('bad', problem(error));
    }
    await this.#renew();
    this.#choose(this.#find(this.#chosen) ? this.#chosen : null);
  }
}

customElements.define('arxos-markup', ArxosMarkup);
