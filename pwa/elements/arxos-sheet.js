// <arxos-sheet>: one element's sheet. `open({replica, scope, id})`; every field is kept when it is left, Save keeps
// what is left over. Fields that somebody else changes are renewed, but never the one being typed in.

import { TABLES } from '../core/catalogue.js';
import { h, icon, listening } from '../view/dom.js';
import { elementRow, SHEET_FIELDS } from '../view/element_rows.js';
import { keeping } from '../view/keeping.js';
import { may, roleIn } from '../view/rights.js';
import { scan } from '../view/scanning.js';
import { offerUndo } from '../view/undoing.js';
import { problem, say, sayClass } from '../view/words.js';
import { t } from '../words/language.js';
import { face } from './arxos-people.js';
import './arxos-history.js';
import './arxos-measurements.js';
import './arxos-photos.js';
import './arxos-properties.js';
import './arxos-voice.js';

const COLUMNS = TABLES.element.columns;
const SYSTEMS = TABLES.system.columns.kind.values;

export class ArxosSheet extends HTMLElement {
  #ears = listening();
  #dirty = new Set();
  #keeper = null;
  #row = null; // as last read or kept

  async open({ replica, scope, id }) {
    this.close();
    Object.assign(this, { replica, scope, elementId: id });
    const row = await elementRow(replica, scope, id);
    if (this.elementId !== id) return;
    this.#build(row);
    this.#ears.on(replica, 'change', (event) => this.#changed(event.detail));
  }

  close() {
    this.#ears.stop();
    this.#ears = listening();
    this.#keeper?.stop();
    this.#keeper = null;
    this.#dirty.clear();
    this.elementId = null;
    this.replaceChildren();
  }

  disconnectedCallback() {
    this.close();
  }

  #build(row) {
    this.#row = row;
    if (!row) {
      this.form = null;
      this.replaceChildren(this.#head(t('sheet.gone'), ''), h('p', {}, t('sheet.deletedBy')));
      return;
    }
    this.output = h('output.kept', { 'aria-live': 'polite' });
    this.#keeper = keeping(this.replica, this.scope, this.output);
    const where = [row.space_number, row.space_name].filter(Boolean).join(' ');
    this.form = this.#form(row);
    this.properties = h('arxos-properties');
    this.measurements = h('arxos-measurements');
    this.photos = h('arxos-photos');
    this.voice = h('arxos-voice');
    this.past = h('arxos-history');
    const about = { keeper: this.#keeper, replica: this.replica, scope: this.scope, id: row.id };
    this.conflicts = h('div');
    this.company = h('div', { role: 'status' });
    this.replaceChildren(
      this.#head(row.name || row.tag || sayClass(row.ifc_class), [sayClass(row.ifc_class), where].filter(Boolean).join(' · ')),
      this.company, this.conflicts, this.form, this.properties, this.measurements, this.photos, this.voice, this.past,
      h('div.sheet-foot', {}, this.output,
        may(this.replica, this.scope, 'element', 'delete') ? h('button.button.plain.slim', { type: 'button', on: { click: () => this.#delete() } }, t('sheet.delete')) : null,
        h('button.button', { type: 'submit', form: this.form.id }, t('acts.save'))));
    this.properties.show(row.properties, about);
    this.measurements.show(row.measurements, about);
    for (const kept of [this.photos, this.voice, this.past]) kept.show({ replica: this.replica, scope: this.scope, table: 'element', id: row.id });
    this.#showConflicts(row);
    this.#lock();
  }

  /** Who else has this sheet open: [{name, colour, editing}]. */
  meet(people) {
    this.company?.replaceChildren(...people.map((one) => h('p.company', {}, face(one),
      h('span', {}, companion(one)))));
  }

  #head(title, below) {
    const close = () => this.dispatchEvent(new CustomEvent('close'));
    this.heading = h('h2', { tabindex: '-1' }, title);
    return h('header.sheet-head', {},
      h('div', {}, this.heading, h('p.soft.small', {}, below)),
      h('button.round', { type: 'button', 'aria-label': t('acts.close'), on: { click: close } }, icon('close')));
  }

  /** Who may not change it reads everything and types nothing in vain. */
  #lock() {
    const { replica, scope } = this;
    const shut = (inside, table, op) => {
      if (may(replica, scope, table, op)) return false;
      for (const control of inside.querySelectorAll('input, select, [type="submit"], .property button, .with-scan button')) control.disabled = true;
      return true;
    };
    const reading = shut(this.form, 'element', 'update');
    if (reading) shut(this.properties, 'element', 'update');
    shut(this.measurements, 'measurement', 'insert');
    shut(this.photos, 'attachment', 'insert');
    this.dataset.locked = String(reading);
    if (!reading) return;
    for (const button of this.querySelectorAll('.sheet-foot button')) button.disabled = true;
    const next = encodeURIComponent(location.pathname + location.search);
    this.output.replaceChildren(replica.me()
      ? h('span', {}, t('sheet.reading', { role: say(roleIn(replica, scope)) }))
      : h('a', { href: `/login?next=${next}` }, t('sheet.logIn')));
  }

  #showConflicts(row) {
    this.conflicts.replaceChildren(...(row.contested.length ? [h('p.callout.warn', {}, icon('split'), h('span', {},
      t('sheet.contested'), ' ',
      h('a', { href: `/b/${this.scope}/conflicts` }, t('sheet.seeBoth'))))] : []));
  }

  #form(row) {
    const form = h('form.stack', { id: 'sheet', data: { element: row.id }, novalidate: true, on: {
      submit: (event) => { event.preventDefault(); this.#save([...this.#dirty]); },
      input: (event) => this.#typed(event.target),
      change: (event) => this.#left(event.target),
    } });
    form.append(
      h('div.pair', {}, field('status', row), field('condition', row)),
      h('div.pair', {}, field('name', row), field('tag', row)),
      h('div.pair', {}, field('serial_number', row), scanned(field('barcode', row))),
      h('div.pair', {}, field('manufacturer', row), field('model', row)),
      systems(row));
    return form;
  }

  #typed(control) {
    if (control.name === 'systems') return;
    this.#dirty.add(control.name);
    this.#markDirty();
  }

  #left(control) {
    if (control.name === 'systems') this.#keepSystem(control);
    else this.#save([control.name]);
  }

  async #keepSystem(control) {
    const delta = control.checked ? { add: [control.value] } : { remove: [control.value] };
    const kept = await this.#record({ systems: delta });
    if (!kept) control.checked = !control.checked;
  }

  async #save(names) {
    const typed = names.map((name) => [name, this.form.elements[name].value.trim() || null]);
    const set = Object.fromEntries(typed.filter(([name, value]) => value !== (this.#row[name] || null)));
    for (const name of names) this.#dirty.delete(name);
    if (!Object.keys(set).length) {
      this.#markDirty();
      if (!this.output.textContent) this.#keeper.say(t('sheet.unchanged'));
      return;
    }
    const kept = await this.#record(set, (error) => this.#refused(names, error));
    if (kept) Object.assign(this.#row, set);
    for (const name of names) if (kept) invalid(this.form.elements[name], false);
    this.#markDirty();
  }

  #record(set, refused) {
    return this.#keeper.record([{ table: 'element', id: this.elementId, op: 'update', set }], { refused });
  }

  /** What was typed stays on the screen, marked, until it is mended. */
  #refused(names, error) {
    for (const name of names) {
      this.#dirty.add(name);
      invalid(this.form.elements[name], !error.field || error.field === name);
    }
  }

  async #delete() {
    const { replica, scope, elementId: id } = this;
    const name = this.heading.textContent;
    try {
      const key = await replica.record(scope, [{ table: 'element', id, op: 'delete' }]);
      offerUndo(t('sheet.deleted', { name }), replica, scope, key);
      this.dispatchEvent(new CustomEvent('close'));
    } catch (error) {
      this.#keeper.say(problem(error));
    }
  }

  #markDirty() {
    if (!this.form) return;
    if (this.#dirty.size) this.form.dataset.dirty = '';
    else delete this.form.dataset.dirty;
  }

  async #changed({ scope, tables }) {
    const ours = ['element', 'measurement', 'conflict'].some((table) => tables.includes(table));
    if (scope !== this.scope || !ours || !this.elementId) return;
    const id = this.elementId;
    const row = await elementRow(this.replica, this.scope, id);
    if (this.elementId !== id) return;
    if (!row || !this.form) return this.#build(row);
    this.#renew(row);
  }

  #renew(row) {
    this.#row = row;
    this.heading.textContent = row.name || row.tag || sayClass(row.ifc_class);
    for (const name of SHEET_FIELDS) {
      const control = this.form.elements[name];
      if (this.#dirty.has(name) || control.value === (row[name] ?? '')) continue;
      control.value = row[name] ?? '';
      glow(control);
    }
    for (const box of this.form.querySelectorAll('input[name="systems"]')) box.checked = row.systems.includes(box.value);
    this.properties.renew(row.properties);
    this.measurements.renew(row.measurements);
    this.#showConflicts(row);
  }
}

function field(name, row) {
  const column = COLUMNS[name];
  const id = `sheet-${name}`;
  const control = column.values ? choice(id, name, column.values, row[name]) : h('input', { id, name, autocomplete: 'off', value: row[name] });
  return h('div.field', {}, h('label', { for: id }, say(name)), control);
}

/** A field with the camera beside it: what it reads is kept as if it had been typed. */
function scanned(whole) {
  const control = whole.querySelector('input');
  const button = h('button.round', { type: 'button', 'aria-label': t('codes.scan'), on: { click: async () => {
    const code = await scan();
    if (code === null) return button.focus();
    control.value = code;
    for (const event of ['input', 'change']) control.dispatchEvent(new Event(event, { bubbles: true }));
    return control.focus();
  } } }, icon('scan'));
  const together = h('div.with-scan', {});
  control.replaceWith(together);
  together.append(control, button);
  return whole;
}

function choice(id, name, values, value) {
  const known = value && !values.includes(value) ? [...values, value] : values;
  const select = h('select', { id, name },
    h('option', { value: '' }, '—'), known.map((word) => h('option', { value: word }, say(word))));
  select.value = value ?? '';
  return select;
}

function systems(row) {
  const words = [...new Set([...SYSTEMS, ...row.systems])];
  const chip = (word) => h('label.chip', {}, h('input', { type: 'checkbox', name: 'systems', value: word, checked: row.systems.includes(word) }), say(word));
  return h('details.fold', {},
    h('summary', {}, t('values.systems'), h('span.soft', {}, row.systems.map(say).join(', ') || t('sheet.none'))),
    h('fieldset.chips', {}, h('legend.sr-only', {}, t('values.systems')), words.map(chip)));
}

function companion({ name, editing, mine }) {
  if (mine) return t('people.mine');
  return editing ? t('people.atField', { name, field: say(editing) }) : t('people.looking', { name });
}

/** For a moment: somebody else changed it. */
function glow(control) {
  control.classList.remove('glow');
  void control.offsetWidth; // so that it begins anew
  control.classList.add('glow');
}

function invalid(control, is) {
  if (is) control.setAttribute('aria-invalid', 'true');
  else control.removeAttribute('aria-invalid');
}

customElements.define('arxos-sheet', ArxosSheet);
