// Changing a refused edit before it is sent again: its plain fields as a form. Places and lists stay as they are.

import { TABLES } from '../core/catalogue.js';
import { exactly, t } from '../words/language.js';
import { h } from './dom.js';
import { problem, say } from './words.js';

const PLAIN = new Set(['text', 'integer', 'real', 'date', 'boolean']);
const NUMBERS = new Set(['integer', 'real']);

/** `send(corrections)` with [place, field, value] of what differs; `leave()` when the person thinks better of it. */
export function mending(entry, { send, leave }) {
  const fields = entry.changes.flatMap((change, place) => fieldsOf(entry, change, place));
  const error = h('p.error', { role: 'alert' });
  const submit = async (event) => {
    event.preventDefault();
    error.textContent = '';
    try {
      await send(fields.filter(changed).map(({ place, column, control }) => [place, column.name, typed(column, control.value)]));
    } catch (refused) {
      error.textContent = problem(refused);
      for (const { column, control } of fields) control.toggleAttribute('aria-invalid', refused.field === column.name);
    }
  };
  return h('form.stack', { novalidate: true, on: { submit } },
    fields.length ? fields.map(({ node }) => node) : h('p.soft', {}, t('unsent.nothingTyped')),
    error,
    h('div.row', {},
      h('button.button', { type: 'submit' }, t('unsent.sendSo')),
      h('button.button.plain', { type: 'button', on: { click: leave } }, t('acts.leave'))));
}

function fieldsOf(entry, change, place) {
  const { problem: reason } = entry.receipt ?? {};
  return Object.entries(change.set ?? {})
    .map(([name, value]) => ({ column: TABLES[change.table]?.columns[name], value }))
    .filter(({ column }) => column && PLAIN.has(column.type) && !column.references)
    .map(({ column, value }) => {
      const id = `mend-${entry.key}-${place}-${column.name}`;
      const control = controlOf(id, column, value);
      if (reason?.field === column.name && (reason.change ?? 0) === place) control.setAttribute('aria-invalid', 'true');
      return { place, column, control, before: control.value, node: h('div.field', {}, h('label', { for: id }, say(column.name)), control) };
    });
}

function controlOf(id, column, value) {
  const choices = column.type === 'boolean' ? ['true', 'false'] : column.values;
  if (!choices) return h('input', { id, autocomplete: 'off', value: value === null ? '' : typeof value === 'number' ? exactly(value) : String(value), inputmode: NUMBERS.has(column.type) ? 'decimal' : null });
  const select = h('select', { id }, h('option', { value: '' }, '—'), choices.map((word) => h('option', { value: word }, column.type === 'boolean' ? t(word === 'true' ? 'conflicts.yes' : 'conflicts.no') : say(word))));
  select.value = value === null ? '' : String(value);
  return select;
}

const changed = ({ control, before }) => control.value !== before;

/** What stands in a control as a value of its column; what is no number is left for the replica to refuse. */
function typed(column, text) {
  const word = text.trim();
  if (word === '') return null;
  if (column.type === 'boolean') return word === 'true';
  if (!NUMBERS.has(column.type)) return word;
  const number = Number(word.replace(',', '.'));
  return Number.isNaN(number) ? word : number;
}
