// <arxos-properties>: the free properties of an element. Each key is a field of its own, so two people who fill in
// different properties never meet. A number stays a number, yes and no stay yes and no.

import { h, icon } from '../view/dom.js';
import { exactly, number, t } from '../words/language.js';

export class ArxosProperties extends HTMLElement {
  #about = null;
  #values = {};

  show(values, about) {
    this.#about = about;
    this.#values = values;
    this.list = h('div.properties');
    this.count = h('span.soft');
    this.key = h('input', { id: 'property-key', name: 'property', autocomplete: 'off', required: true });
    this.value = h('input', { id: 'property-value', name: 'property_value', autocomplete: 'off', required: true });
    this.replaceChildren(h('details.fold', { open: true },
      h('summary', {}, t('values.properties'), this.count),
      this.list,
      h('form.add', { on: { submit: (event) => this.#add(event), input: (event) => dirty(event.currentTarget, true) } },
        h('div.field', {}, h('label', { for: 'property-key' }, t('properties.new')), this.key),
        h('div.field', {}, h('label', { for: 'property-value' }, t('values.value')), this.value),
        h('button.button.plain', { type: 'submit' }, t('properties.add')))));
    this.#draw();
  }

  /** A property being typed in keeps what is typed. */
  renew(values) {
    this.#values = values;
    if (!this.list.querySelector('[data-dirty]')) this.#draw();
  }

  #draw() {
    const keys = Object.keys(this.#values).sort();
    this.count.textContent = keys.length ? number(keys.length) : t('sheet.none');
    const focused = this.list.contains(document.activeElement) ? document.activeElement.id : null;
    this.list.replaceChildren(...keys.map((key, i) => this.#line(key, i)));
    if (focused) document.getElementById(focused)?.focus();
  }

  #line(key, i) {
    const id = `property-${i}`;
    const input = h('input', { id, autocomplete: 'off', value: written(this.#values[key]) });
    const form = h('form.property', { on: {
      submit: (event) => { event.preventDefault(); input.blur(); },
      input: () => dirty(form, true),
      change: () => this.#keep(form, key, read(input.value, this.#values[key])),
    } },
    h('label', { for: id }, spoken(key)), input,
    h('button.round.bare', { type: 'button', 'aria-label': t('sheet.removeNamed', { name: key }), on: { click: () => this.#keep(form, key, null) } }, icon('minus')));
    return form;
  }

  async #add(event) {
    event.preventDefault();
    const form = event.currentTarget;
    const key = this.key.value.trim(), text = this.value.value.trim();
    if (!key || !text) {
      this.#about.keeper.say(t('properties.both'));
      return;
    }
    if (!(await this.#keep(form, key, read(text, undefined)))) return;
    form.reset();
    this.key.focus();
  }

  async #keep(form, key, value) {
    const { keeper, id } = this.#about;
    dirty(form, false);
    const kept = await keeper.record([{ table: 'element', id, op: 'update', set: { properties: { [key]: value } } }]);
    if (!kept) dirty(form, true);
    return kept;
  }
}

function dirty(form, is) {
  if (is) form.dataset.dirty = '';
  else delete form.dataset.dirty;
}

/** Pset_DoorCommon.FireRating → FireRating, with its set after it. */
function spoken(key) {
  const at = key.lastIndexOf('.');
  return at > 0 ? [key.slice(at + 1), h('span.soft', {}, ` ${key.slice(0, at)}`)] : [key];
}

function written(value) {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return exactly(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** The kind of the value that stood there holds where the text allows it; "007" stays a text. */
function read(text, before) {
  const word = text.trim();
  if (typeof before === 'string') return word;
  if (word === 'true' || word === 'false') return word === 'true';
  const point = word.replace(',', '.');
  const value = Number(point);
  const plain = word !== '' && Number.isFinite(value) && (typeof before === 'number' || String(value) === point);
  return plain ? value : word;
}

customElements.define('arxos-properties', ArxosProperties);
