// <arxos-measurements>: what was measured on an element, and the form for one more. A measurement is never changed,
// only added to; value and uncertainty go together, in metres, square metres, degrees or a count.

import { TABLES } from '../core/catalogue.js';
import { h } from '../view/dom.js';
import { may } from '../view/rights.js';
import { readUnit, unitHere } from '../view/units.js';
import { amount, asFor, say, unitOf, whenThere } from '../view/words.js';
import { number, t } from '../words/language.js';

const { kind: KIND, basis: BASIS } = TABLES.measurement.columns;

export class ArxosMeasurements extends HTMLElement {
  #about = null;

  show(rows, about) {
    this.#about = about;
    this.list = h('ul.measurements');
    this.count = h('span.soft');
    this.replaceChildren(h('details.fold', { open: true },
      h('summary', {}, t('measurements.title'), this.count), this.list, this.#form()));
    this.renew(rows);
  }

  renew(rows) {
    this.count.textContent = rows.length ? number(rows.length) : t('sheet.none');
    const { replica, scope, keeper } = this.#about;
    const removing = may(replica, scope, 'measurement', 'delete');
    const remove = (row) => keeper.record([{ table: 'measurement', id: row.id, op: 'delete' }]);
    this.list.replaceChildren(...rows.map((row) => line(row, removing ? () => remove(row) : null)));
  }

  #form() {
    this.error = h('p.error', { role: 'alert' });
    const kind = h('select', { id: 'measure-kind', name: 'kind' }, KIND.values.map((word) => h('option', { value: word }, say(word))));
    const unit = h('span.soft');
    const showUnit = () => { unit.textContent = unitOf(kind.value) ? ` (${unitHere(unitOf(kind.value))})` : ''; };
    kind.addEventListener('change', showUnit);
    showUnit();
    const text = (id, name, attributes) => h('input', { id, name, autocomplete: 'off', ...attributes });
    const form = h('form.measure', { data: { measure: '' }, novalidate: true, on: {
      submit: (event) => this.#add(event),
      input: () => { form.dataset.dirty = ''; },
    } },
    h('div.pair', {},
      h('div.field', {}, h('label', { for: 'measure-kind' }, t('values.kind')), kind),
      h('div.field', {}, h('label', { for: 'measure-name' }, t('measurements.what')), text('measure-name', 'name', { placeholder: t('values.width') }))),
    h('div.pair', {},
      h('div.field', {}, h('label', { for: 'measure-value' }, t('values.value'), unit), text('measure-value', 'value', { inputmode: 'decimal', 'aria-describedby': 'measure-error' })),
      h('div.field', {}, h('label', { for: 'measure-error-95' }, t('measurements.spread')), text('measure-error-95', 'uncertainty_95', { inputmode: 'decimal' }))),
    h('div.field', {}, h('label', { for: 'measure-basis' }, t('measurements.with')),
      h('select', { id: 'measure-basis', name: 'basis' }, BASIS.values.map((word) => h('option', { value: word }, say(word))))),
    this.error,
    h('button.button.plain', { type: 'submit' }, t('measurements.add')));
    this.error.id = 'measure-error';
    return form;
  }

  async #add(event) {
    event.preventDefault();
    const form = event.currentTarget;
    const { kind, name, value, uncertainty_95, basis } = form.elements;
    const unit = unitOf(kind.value);
    const read = readUnit(value.value, unit), spread = uncertainty_95.value.trim() ? readUnit(uncertainty_95.value, unit) : null;
    const wrong = read === null ? value : uncertainty_95.value.trim() && (spread === null || spread < 0) ? uncertainty_95 : null;
    for (const control of [value, uncertainty_95]) control.toggleAttribute('aria-invalid', false);
    if (wrong) {
      this.error.textContent = wrong === value ? asFor(unit) : t('measurements.badSpread');
      wrong.setAttribute('aria-invalid', 'true');
      wrong.focus();
      return;
    }
    this.error.textContent = '';
    const { keeper, replica, id } = this.#about;
    const kept = await keeper.record([{ table: 'measurement', id: replica.newId(), op: 'insert', set: {
      target_table: 'element', target_id: id, kind: kind.value, name: name.value.trim() || null,
      value: read, uncertainty_95: spread, basis: basis.value,
    } }]);
    if (!kept) return;
    for (const control of [name, value, uncertainty_95]) control.value = '';
    delete form.dataset.dirty;
    value.focus();
  }
}

function line(row, remove) {
  const unit = unitOf(row.kind);
  const spread = row.uncertainty_95 === null || row.uncertainty_95 === undefined ? '' : ` ± ${amount(row.uncertainty_95, unit)}`;
  const facts = [say(row.basis), row.author, row.created_at ? whenThere(row.created_at) : t('photos.justNow')].filter(Boolean).join(' · ');
  return h('li', {},
    h('span', {}, row.name || say(row.kind)),
    h('strong', {}, amount(row.value, unit), spread),
    h('span.soft.small', {}, facts),
    remove ? h('button.quiet.small', { type: 'button', 'aria-label': t('sheet.removeNamed', { name: row.name || say(row.kind) }), on: { click: remove } }, t('acts.remove')) : null);
}

customElements.define('arxos-measurements', ArxosMeasurements);
