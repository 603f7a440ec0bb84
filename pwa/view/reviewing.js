// Findings that wait: for a reviewer to accept or send back, for whoever found them to see that they wait.

import { h, icon } from './dom.js';
import { ASKED } from './findings.js';
import { offerUndo } from './undoing.js';
import { amount, count, problem, say, when } from './words.js';

const SHOWN_MAX = 100;

/** Nodes for the list; `judging`: with the buttons of a reviewer. */
export function reviewing({ replica, scope }, findings, judging) {
  if (!findings.length) return [h('p', { role: 'status' }, judging ? 'Nothing waits for your review.' : 'Nothing of yours waits for a review.')];
  const words = judging
    ? `${count(findings.length, 'finding')} of others. What you accept counts at once; what you send back says why.`
    : `${count(findings.length, 'finding')}. Another person looks at them; what they accept counts.`;
  return [
    h('p.soft', { role: 'status' }, words),
    h('ul.stack', {}, findings.slice(0, SHOWN_MAX).map((one) => card(replica, scope, one, judging))),
  ];
}

function card(replica, scope, finding, judging) {
  const error = h('p.error', { role: 'alert' });
  const buttons = judging ? ways(replica, scope, finding, error) : null;
  return h('li.finding', { data: { finding: finding.id } },
    h('h3', {}, finding.title ?? say(finding.target_table)),
    h('p', {}, h('strong', {}, sayFinding(finding))),
    h('p.soft.small', {}, [finding.mine ? 'You' : finding.author, finding.captured_at ? when(finding.captured_at) : ''].filter(Boolean).join(', ')),
    finding.note ? h('p', {}, finding.note) : null, error, buttons);
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
  const accept = h('button.button', { type: 'button', on: { click: () => decide({ state: 'accepted' }, 'Accepted') } }, icon('check'), 'Accept');
  const back = h('button.button.plain', { type: 'button', on: { click: () => ask() } }, 'Send back');
  const row = h('div.row', {}, accept, back);
  const ask = () => {
    const reason = h('input', { id: `why-${finding.id}`, autocomplete: 'off' });
    form = h('form.stack', { novalidate: true, on: { submit: (event) => {
      event.preventDefault();
      const why = reason.value.trim();
      if (!why) {
        error.textContent = 'Say why, so that it can be mended.';
        reason.focus();
        return;
      }
      decide({ state: 'rejected', note: [finding.note, why].filter(Boolean).join('\n') }, 'Sent back');
    } } },
    h('div.field', {}, h('label', { for: reason.id }, 'Why?'), reason),
    h('div.row', {}, h('button.button', { type: 'submit' }, 'Send back'), h('button.button.plain', { type: 'button', on: { click: rest } }, 'Leave it')));
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
  if (['not_found', 'no_access', 'unexpected'].includes(outcome)) return { not_found: 'Not found', no_access: 'Could not get in', unexpected: 'Something unexpected' }[outcome];
  if (field === 'condition') return `Condition: ${say(value).toLowerCase()}${outcome === 'corrected' && condition ? `, so far ${say(condition).toLowerCase()}` : ', as before'}`;
  if (field?.startsWith('properties.')) {
    const name = field.slice('properties.'.length), stands = parsed(properties)?.[name];
    const unit = typeof value === 'number' ? 'm' : '';
    return `${name} ${said(value, unit)}${stands === undefined || stands === null ? '' : `, the plan says ${said(stands, unit)}`}`;
  }
  if (typeof value === 'number') return said(value, ASKED[kind]?.unit ?? '');
  return outcome === 'confirmed' ? 'It is there' : say(outcome);
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
