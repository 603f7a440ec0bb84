// Findings that wait: for a reviewer to accept or send back, for whoever found them to see that they wait.

import '../elements/arxos-history.js';
import { h, icon } from './dom.js';
import { ASKED } from './findings.js';
import { offerUndo } from './undoing.js';
import { known, t } from '../words/language.js';
import { amount, problem, say, whenThere } from './words.js';

const SHOWN_MAX = 100;

/** Nodes for the list; `judging`: with the buttons of a reviewer. */
export function reviewing({ replica, scope }, findings, judging) {
  if (!findings.length) return [h('p', { role: 'status' }, t(judging ? 'review.nothing' : 'review.nothingOfYours'))];
  const words = t(judging ? 'review.ofOthers' : 'review.ofYours', { n: findings.length });
  return [
    h('p.soft', { role: 'status' }, words),
    h('ul.stack', {}, findings.slice(0, SHOWN_MAX).map((one) => card(replica, scope, one, judging))),
  ];
}

function card(replica, scope, finding, judging) {
  const error = h('p.error', { role: 'alert' });
  const buttons = judging ? ways(replica, scope, finding, error) : null;
  const past = h('arxos-history');
  past.show({ replica, scope, table: 'validation', id: finding.id });
  return h('li.finding', { data: { finding: finding.id } },
    h('h2', {}, finding.title ?? say(finding.target_table)),
    h('p', {}, h('strong', {}, sayFinding(finding))),
    h('p.soft.small', {}, [finding.mine ? t('review.you') : finding.author, finding.captured_at ? whenThere(finding.captured_at) : ''].filter(Boolean).join(', ')),
    finding.note ? h('p', {}, finding.note) : null, error, buttons, past);
}

/** Accept at a tap; sending back asks for the reason first. */
function ways(replica, scope, finding, error) {
  const decide = async (set, words) => {
    error.textContent = '';
    try {
      const key = await replica.record(scope, [{ table: 'validation', id: finding.id, op: 'update', set }]);
      offerUndo(words, replica, scope, key);
      const done = h('p.soft', {}, words); // the list itself waits while a reason is typed at another card
      (form ?? row).replaceWith(done);
      rested(done);
    } catch (refused) {
      error.textContent = problem(refused);
    }
  };
  let form = null;
  const rest = () => { // whatever came while the reason was typed is drawn now
    form?.replaceWith(row);
    form = null;
    rested(row);
  };
  const accept = h('button.button', { type: 'button', on: { click: () => decide({ state: 'accepted' }, t('values.accepted')) } }, icon('check'), t('review.accept'));
  const back = h('button.button.plain', { type: 'button', on: { click: () => ask() } }, t('review.sendBack'));
  const row = h('div.row', {}, accept, back);
  const ask = () => {
    const reason = h('input', { id: `why-${finding.id}`, autocomplete: 'off' });
    form = h('form.stack', { novalidate: true, on: { submit: (event) => {
      event.preventDefault();
      const why = reason.value.trim();
      if (!why) {
        error.textContent = t('review.sayWhy');
        reason.focus();
        return;
      }
      decide({ state: 'rejected', note: [finding.note, why].filter(Boolean).join('\n') }, t('review.sentBack'));
    } } },
    h('div.field', {}, h('label', { for: reason.id }, t('review.why')), reason),
    h('div.row', {}, h('button.button', { type: 'submit' }, t('review.sendBack')), h('button.button.plain', { type: 'button', on: { click: rest } }, t('acts.leave'))));
    row.replaceWith(form);
    reason.focus();
  };
  return row;
}

function rested(node) {
  node.dispatchEvent(new CustomEvent('rested', { bubbles: true }));
}

/** "Condition: poor, so far good"; "Width 0.912 m, the plan says 0.9 m". */
export function sayFinding({ outcome, field, claimed_value: claimed, condition, properties, task_kind: kind }) {
  const value = parsed(claimed);
  if (['not_found', 'no_access', 'unexpected'].includes(outcome)) return { not_found: t('values.not_found'), no_access: t('review.noAccess'), unexpected: t('task.unexpected') }[outcome];
  if (field === 'condition') {
    const [now, before] = [value, condition].map((word) => say(word).toLowerCase());
    return outcome === 'corrected' && condition ? t('review.condition', { now, before }) : t('review.sameCondition', { now });
  }
  if (field?.startsWith('properties.')) {
    const name = field.slice('properties.'.length), stands = parsed(properties)?.[name];
    const unit = typeof value === 'number' ? 'm' : '';
    const given = { name: known(`values.${name.toLowerCase()}`) ?? name, value: said(value, unit) };
    return stands === undefined || stands === null ? t('review.value', given) : t('review.valueAndPlan', { ...given, stands: said(stands, unit) });
  }
  if (typeof value === 'number') return said(value, ASKED[kind]?.unit ?? '');
  return outcome === 'confirmed' ? t('task.isThere') : say(outcome);
}

function said(value, unit) {
  return typeof value === 'number' ? amount(value, unit) : String(value);
}

function parsed(text) {
  if (typeof text !== 'string') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
