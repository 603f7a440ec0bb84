// <arxos-drawings>: the drawings that can lie beneath a storey's plan: a button, and a card to choose, show, add, place and remove
// them. `plan` is the <arxos-plan>, `note` where it is said what is not here yet. Tells `placing` with true or false, and `beneath`
// with what the list says of the drawing that is shown, or null.

import { scaleOf } from '../view/calibration.js';
import { h, icon, listening } from '../view/dom.js';
import { beneath, chosenOf, drawingsOf, like, likedOf, onPaper, pictureOf, ratioOf } from '../view/drawings.js';
import { may } from '../view/rights.js';
import { act, sure } from '../view/sure.js';
import { offerUndo } from '../view/undoing.js';
import { amount, problem } from '../view/words.js';
import { t } from '../words/language.js';
import { whereabouts } from './arxos-photos.js';
import './arxos-placing.js';

export class ArxosDrawings extends HTMLElement {
  #about = null; // {replica, scope, storey, scene}
  #drawings = [];
  #picture = { of: null, where: null, page: null }; // of the drawing that is chosen
  #awaited = null; // placed as soon as its picture is here
  #asked = null;
  #ears = null;

  connectedCallback() {
    this.button = h('button.round', { type: 'button', hidden: true, title: t('drawings.title'), 'aria-label': t('drawings.title'), 'aria-expanded': 'false', on: { click: () => this.#open(this.card.hidden) } }, icon('drawing'));
    this.card = h('section.drawings-card', { hidden: true, 'aria-label': t('drawings.title') });
    this.error = h('p.error', { role: 'alert' });
    this.placing = Object.assign(h('arxos-placing', { hidden: true }), { plan: this.plan });
    this.placing.addEventListener('done', () => this.#placed());
    this.replaceChildren(this.button, this.card, this.placing);
    this.onkeydown = (event) => {
      if (event.key !== 'Escape' || this.card.hidden) return;
      event.stopPropagation(); // Escape closes one thing
      this.#open(false);
      this.button.focus();
    };
  }

  disconnectedCallback() {
    this.#ears?.stop();
  }

  /** Another storey, or the same one read again. */
  show(about) {
    if (this.#about?.storey !== about.storey) this.close();
    if (!this.#ears) this.#listen(about.replica);
    this.#about = about;
    this.button.hidden = !this.placing.hidden;
    return this.#renew();
  }

  set edges(edges) {
    this.placing.edges = edges;
  }

  close() {
    if (!this.placing.hidden) this.placing.close();
  }

  #listen(replica) {
    this.#ears = listening();
    const { on } = this.#ears;
    on(replica, 'photos', ({ detail }) => detail.scope === this.#about.scope && detail.sha256 === this.chosen?.sha256 && !this.#picture.page && this.#renew());
    on(replica, 'change', ({ detail }) => {
      if (detail.scope === this.#about.scope && detail.tables.some((table) => table === 'attachment' || table === 'member')) this.#renew();
    });
  }

  get chosen() {
    return this.#about && chosenOf(this.#drawings, likedOf(this.#about.scope), this.#about.storey);
  }

  // ---------------------------------------------------------------- what is shown

  async #renew() {
    const about = this.#about, asked = (this.#asked = {});
    const drawings = await drawingsOf(about.replica, about.scope, about.storey);
    if (this.#asked !== asked || !this.isConnected) return;
    this.#drawings = drawings;
    await this.#see(asked);
  }

  /** The picture of the chosen drawing, if it is to be seen. */
  async #see(asked = (this.#asked = {})) {
    const { replica, scope } = this.#about, { chosen } = this, off = likedOf(scope).off;
    const of = chosen && `${chosen.sha256}-${chosen.page}`;
    if (of !== this.#picture.of) this.#picture = { of, where: null, page: null };
    this.#lay();
    if (!chosen || off) return;
    if (!this.#picture.page) {
      const picture = await pictureOf(replica, scope, chosen).catch((error) => ({ where: 'refused', page: null, error }));
      if (this.#asked !== asked || !this.isConnected) return;
      this.#picture = { of, ...picture };
      this.#lay();
    }
    if (this.#awaited === chosen.id && this.#picture.page && this.placing.hidden) this.#place();
  }

  #lay() {
    const { chosen } = this, liked = likedOf(this.#about.scope), { page } = this.#picture;
    if (this.placing.hidden) this.plan.beneath = chosen?.affine && page && !liked.off ? beneath(chosen.affine, page, liked.share) : null;
    this.dataset.beneath = chosen && page && !liked.off ? chosen.id : '';
    const words = chosen && !liked.off ? this.#missing(chosen) : null;
    this.note.textContent = words ? `${chosen.name}: ${words}` : '';
    this.note.hidden = !words;
    this.dispatchEvent(new CustomEvent('beneath', { detail: chosen && !liked.off ? [chosen.name, ...saidOf(chosen), words].filter(Boolean).join(' · ') : null }));
    if (!this.card.contains(document.activeElement?.closest?.('.sure, input[type=range]'))) this.#draw();
  }

  /** Why the picture is not here; null where it is, or is being looked for. */
  #missing(drawing) {
    const { where, page, error } = this.#picture;
    if (page || !where) return null;
    if (where === 'elsewhere') return whereabouts({ where, mine: drawing.mine, author: drawing.author });
    if (where === 'refused') return problem(error);
    return t({ waiting: 'drawings.waiting', server: 'drawings.server', none: 'drawings.noPicture' }[where]);
  }

  // ---------------------------------------------------------------- the card

  #open(open) {
    this.card.hidden = !open;
    this.button.setAttribute('aria-expanded', String(open));
    this.#draw();
    if (open) this.card.querySelector(':is(input, button)')?.focus({ preventScroll: true });
  }

  #draw() {
    const { chosen } = this, liked = likedOf(this.#about.scope);
    this.button.toggleAttribute('data-some', Boolean(chosen?.affine && !liked.off));
    if (this.card.hidden) return;
    const held = this.card.contains(document.activeElement) ? document.activeElement.dataset.held : null;
    this.card.replaceChildren(
      ...(chosen ? [this.#visible(liked), this.#choice(chosen), this.#strength(liked), this.#acts(chosen)] : [h('p.soft.small', {}, t('drawings.none'))]),
      this.#adder(), this.error);
    if (held) this.card.querySelector(`[data-held="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  }

  #visible({ off }) {
    const change = ({ target }) => this.#like({ off: !target.checked });
    return h('label.choice', {}, h('input', { type: 'checkbox', checked: !off, data: { held: 'off' }, on: { change } }), h('span', {}, t('drawings.show')));
  }

  #choice(chosen) {
    const pick = (id) => () => this.#like({ off: false, chosen: { ...likedOf(this.#about.scope).chosen, [this.#about.storey]: id } });
    return h('fieldset.drawings', {}, h('legend', {}, t('drawings.which')), this.#drawings.map((drawing) => h('label.choice', { data: { drawing: drawing.id } },
      h('input', { type: 'radio', name: 'drawing', checked: drawing.id === chosen.id, data: { held: drawing.id }, on: { change: pick(drawing.id) } }),
      h('span', {}, h('span.drawing-name', {}, drawing.name), h('span.soft.small', {}, saidOf(drawing).join(' · '))))));
  }

  #strength({ share }) {
    const input = ({ target }) => {
      like(this.#about.scope, { share: Number(target.value) / 100 });
      this.#lay();
    };
    return h('label.field', {}, h('span.label', {}, t('drawings.share')),
      h('input.range', { type: 'range', min: 10, max: 100, step: 5, value: Math.round(share * 100), data: { held: 'share' }, on: { input } }));
  }

  #acts(chosen) {
    const { replica, scope } = this.#about;
    if (!may(replica, scope, 'floor_plan', 'update')) return null;
    const words = this.#missing(chosen);
    const place = act('button.slim', t(chosen.affine ? 'drawings.again' : 'drawings.place'), this.error, () => this.#place());
    place.disabled = !this.#picture.page;
    place.dataset.held = 'place';
    return h('div.stack', {},
      words ? h('p.small', { role: 'status' }, words) : null,
      h('div.row', {}, place, this.#file('newer', chosen)),
      may(replica, scope, 'floor_plan', 'delete') ? sure({
        words: t('drawings.remove'), question: t('drawings.sureRemove', { name: chosen.name }), yes: t('drawings.remove'), does: () => this.#remove(chosen),
      }) : null);
  }

  #adder() {
    const { replica, scope } = this.#about;
    return may(replica, scope, 'floor_plan', 'insert') ? this.#file('put', null) : null;
  }

  #file(what, former) {
    const id = `drawing-${what}`;
    const input = h('input.sr-only', { type: 'file', id, accept: 'image/*,application/pdf', data: { held: what }, on: { change: () => this.#put(input, former) } });
    return h('div', {}, input, h('label.button.plain.slim', { for: id }, what === 'put' ? [icon('plus'), t('drawings.put')] : t('drawings.newer')));
  }

  #like(change) {
    like(this.#about.scope, change);
    this.#see();
  }

  // ---------------------------------------------------------------- what is done

  async #put(input, former) {
    const [file] = input.files;
    if (!file) return;
    const { replica, scope, storey } = this.#about, [id, attachment] = [replica.newId(), replica.newId()];
    const set = { storey_id: storey, attachment_id: attachment, page: 1, origin: 'field', ...(former ? { supersedes: former.id, revision: next(former.revision) } : {}) };
    this.error.textContent = '';
    try {
      const given = { id: attachment, file, name: file.name, target_table: 'storey', target_id: storey };
      const key = await replica.attach(scope, given, [{ table: 'floor_plan', id, op: 'insert', set }]);
      const back = ['floor_plan', 'attachment'].every((table) => may(replica, scope, table, 'delete'));
      if (back) offerUndo(t('drawings.added', { name: file.name }), replica, scope, key);
      this.#awaited = id;
      this.#like({ off: false, chosen: { ...likedOf(scope).chosen, [storey]: id } });
      await this.#renew();
    } catch (error) {
      this.error.textContent = problem(error);
    }
    input.value = '';
  }

  async #remove(drawing) {
    const { replica, scope } = this.#about;
    const key = await replica.record(scope, [{ table: 'floor_plan', id: drawing.id, op: 'delete', set: {} }]);
    offerUndo(t('drawings.removed', { name: drawing.name }), replica, scope, key);
    this.button.focus();
  }

  #place() {
    this.#awaited = null;
    this.#open(false);
    this.button.hidden = true;
    this.dispatchEvent(new CustomEvent('placing', { detail: true }));
    const { replica, scope, scene } = this.#about;
    return this.placing.begin({ replica, scope, drawing: this.chosen, page: this.#picture.page, bounds: scene.bounds, share: likedOf(scope).share });
  }

  #placed() {
    this.button.hidden = false;
    this.dispatchEvent(new CustomEvent('placing', { detail: false }));
    this.button.focus({ preventScroll: true });
    this.#renew();
  }
}

/** Page, revision, scale and how exact it is. */
function saidOf(drawing) {
  const { affine, rms_error_m: rms } = drawing;
  return [
    drawing.revision ? t('drawings.revision', { revision: drawing.revision }) : null,
    drawing.page > 1 ? t('drawings.page', { n: drawing.page }) : null,
    affine && onPaper(drawing) ? `1 : ${ratioOf(scaleOf(affine))}` : null,
    !affine ? t('drawings.unplaced') : rms ? t('drawings.error', { error: amount(Math.ceil(rms * 1000) / 1000, 'm') }) : t('drawings.errorUnknown'),
  ].filter(Boolean);
}

/** The letter or number after; what is neither says nothing of the next. */
function next(revision) {
  if (/^\d{1,6}$/.test(revision ?? '')) return String(Number(revision) + 1);
  return /^[A-Ya-y]$/.test(revision ?? '') ? String.fromCharCode(revision.charCodeAt(0) + 1) : null;
}

customElements.define('arxos-drawings', ArxosDrawings);
