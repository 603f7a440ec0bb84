// After something that leaves the screen or comes onto it: a line at the foot that says so and takes it back.

import { t } from '../words/language.js';
import { h } from './dom.js';
import { problem } from './words.js';

const SHOWN_MS = 20_000;
let shown = null;

/** Offer to take transaction `key` back; it stays until it is used, put away, or another is offered. Null: it cannot be. */
export function offerUndo(words, replica, scope, key) {
  shown?.remove();
  const said = h('span', {}, words);
  const undo = h('button.button.slim', { type: 'button' }, t('acts.undo'));
  const line = h('div.notice.undo', { role: 'status' }, said, key === null ? '' : undo, h('button.quiet', { type: 'button', on: { click: () => line.remove() } }, t('acts.close')));
  undo.addEventListener('click', async () => {
    undo.disabled = true;
    try {
      await replica.undo(scope, key);
      line.remove();
    } catch (error) {
      said.textContent = t('keeping.notBack', { why: problem(error) });
    }
  });
  document.body.append(line);
  shown = line;
  setTimeout(() => line.remove(), SHOWN_MS);
}
