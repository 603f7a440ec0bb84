// <arxos-task>: one task, and the few taps in which it is done. `show({replica, scope, task})`; tells `done` when a
// finding is kept on this device, with the words to say and the transaction's key.

import { TABLES } from '../core/catalogue.js';
import { h, icon } from '../view/dom.js';
import { ASKED, looked, measured, told } from '../view/findings.js';
import { may } from '../view/rights.js';
import { readUnit, unitHere } from '../view/units.js';
import { amount, asFor, day, problem, say } from '../view/words.js';
import { t } from '../words/language.js';
import './arxos-history.js';
import './arxos-photos.js';
import './arxos-voice.js';

const CONDITIONS = TABLES.element.columns.condition.values;

export class ArxosTask extends HTMLElement {
  show({ replica, scope, task }) {
    Object.assign(this, { replica, scope, task });
    this.error = h('p.error', { role: 'alert', id: 'task-error' });
    this.note = h('textarea', { id: 'task-note', rows: '2', name: 'note' });
    this.photos = h('arxos-photos');
    this.voice = h('arxos-voice');
    this.past = h('arxos-history');
    this.replaceChildren(...[
      h('h2', { tabindex: '-1' }, task.title ?? say(task.kind)),
      h('p.soft', {}, facts(task)),
      task.state === 'rejected' ? h('p.callout.warn', {}, icon('refused'), h('span', {}, [t('task.sentBack'), task.refusal].filter(Boolean).join(' '))) : null,
      h('a.button.plain', { href: this.#place() }, icon('fit'), t('task.onPlan')),
      ...(may(replica, scope, 'validation', 'insert') ? this.#ways() : [h('p.soft', {}, t('task.reading'))]),
      this.photos, this.voice, this.past,
    ].filter(Boolean));
    for (const kept of [this.photos, this.voice, this.past]) kept.show({ replica, scope, table: 'task', id: task.id });
    this.addEventListener('input', () => this.toggleAttribute('data-dirty', true));
  }

  #place() {
    const { target_table: table, target_id: id, storey_id: storey } = this.task;
    const query = new URLSearchParams({ ...(storey ? { storey } : {}), ...(table === 'element' ? { element: id } : {}) });
    return `/b/${this.scope}?${query}`;
  }

  #ways() {
    const button = (words, look, outcome) => h(`button.button${look}`, { type: 'button', on: { click: () => this.#keep(told(this.task, outcome, this.#noted(), this.#newId), words) } }, words);
    return [
      this.#answer(),
      h('div.field', {}, h('label', { for: 'task-note' }, t('task.note')), this.note),
      this.error,
      h('fieldset.otherwise', {}, h('legend', {}, t('task.else')),
        button(t('task.noAccess'), '.plain', 'no_access'), button(t('values.not_found'), '.plain', 'not_found'),
        button(t('task.unexpected'), '.plain', 'unexpected')),
    ];
  }

  #newId = () => this.replica.newId();

  #noted() {
    return this.note.value.trim();
  }

  /** The control that this kind of task is answered with. */
  #answer() {
    const { task } = this;
    if (task.kind in ASKED) return this.#measuring(ASKED[task.kind]);
    if (task.kind === 'visual') {
      return h('fieldset.answers', {}, h('legend', {}, task.condition ? t('task.conditionSoFar', { condition: say(task.condition).toLowerCase() }) : t('values.condition')),
        CONDITIONS.map((word) => h('button.button.plain', { type: 'button', data: { answer: word }, on: { click: () => this.#keep(looked(task, word, this.#noted(), this.#newId), say(word)) } }, say(word))));
    }
    return h('fieldset.answers', {}, h('legend', {}, t('task.there')),
      h('button.button', { type: 'button', data: { answer: 'confirmed' }, on: { click: () => this.#keep(told(task, 'confirmed', this.#noted(), this.#newId), t('task.isThere')) } }, icon('check'), t('task.isThere')));
  }

  #measuring({ kind, unit, property }) {
    const value = h('input', { id: 'task-value', name: 'value', inputmode: kind === 'count' ? 'numeric' : 'decimal', autocomplete: 'off', 'aria-describedby': 'task-error' });
    const spread = h('input', { id: 'task-spread', name: 'spread', inputmode: 'decimal', autocomplete: 'off' });
    const basis = h('select', { id: 'task-basis', name: 'basis' }, ['laser', 'tape'].map((word) => h('option', { value: word }, say(word))));
    const stands = property ? this.task.properties[property] : undefined;
    const counting = kind === 'count';
    const label = t(`task.asked.${this.task.kind}`);
    const field = (id, words, control) => h('div.field', {}, h('label', { for: id }, words), control);
    return h('form.stack', { data: { task: this.task.kind }, novalidate: true, on: { submit: (event) => { event.preventDefault(); this.#measure({ kind, value, spread, basis }); } } },
      typeof stands === 'number' ? h('p.soft', {}, t('task.planSays', { value: amount(stands, unit) })) : null,
      field('task-value', unit ? `${label} (${unitHere(unit)})` : label, value),
      counting ? null : h('div.pair', {}, field('task-basis', t('measurements.with'), basis), field('task-spread', t('task.spread'), spread)),
      h('button.button', { type: 'submit' }, icon('check'), t('task.record')));
  }

  #measure({ kind, value, spread, basis }) {
    const { unit } = ASKED[this.task.kind];
    const number = readUnit(value.value, unit), uncertain = spread.value.trim() ? readUnit(spread.value, unit) : null;
    const badValue = number === null || (kind === 'count' && !(Number.isInteger(number) && number >= 0)) || (kind === 'length' && number <= 0);
    const badSpread = spread.value.trim() !== '' && (uncertain === null || uncertain < 0);
    for (const [control, wrong] of [[value, badValue], [spread, badSpread]]) {
      if (wrong) control.setAttribute('aria-invalid', 'true');
      else control.removeAttribute('aria-invalid');
    }
    if (badValue || badSpread) {
      this.error.textContent = badValue ? (kind === 'count' ? t('task.whole') : asFor(unit)) : t('measurements.badSpread');
      (badValue ? value : spread).focus();
      return;
    }
    const read = kind === 'count' ? { value: number } : { value: number, uncertainty_95: uncertain, basis: basis.value };
    this.#keep(measured(this.task, read, this.#noted(), this.#newId), amount(number, unit));
  }

  async #keep(changes, words) {
    this.error.textContent = '';
    const buttons = [...this.querySelectorAll('button')];
    for (const button of buttons) button.disabled = true;
    try {
      const key = await this.replica.record(this.scope, changes);
      this.removeAttribute('data-dirty');
      this.dispatchEvent(new CustomEvent('done', { detail: { key, words } }));
    } catch (error) {
      this.error.textContent = problem(error);
      for (const button of buttons) button.disabled = false;
    }
  }
}

function facts({ storey, kind, impact, effort_min: effort, due_on: due }) {
  return [storey, say(kind), effort ? t('counts.minutes', { n: Math.round(effort) }) : '', impact ? t('task.impact', { n: Math.round(impact) }) : '', due ? t('work.due', { day: day(due) }) : ''].filter(Boolean).join(' · ');
}

customElements.define('arxos-task', ArxosTask);
