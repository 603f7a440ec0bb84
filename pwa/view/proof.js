// "Verify against the server": rows and values are compared, and what was found is said, as `arxos-device verify --content`
// says it (client_kit/show.py).

import { h, icon } from './dom.js';
import { t } from '../words/language.js';
import { problem, say } from './words.js';

/** A button and a place for what it found: {button, found}. */
export function proving(replica) {
  const found = h('div.stack', { role: 'status' });
  const button = h('button.button.plain', { type: 'button' }, t('proof.verify'));
  button.addEventListener('click', async () => {
    button.disabled = true;
    found.replaceChildren(h('p.soft', {}, t('proof.comparing')));
    try {
      const names = new Map((await replica.here()).map(({ id, name }) => [id, name]));
      found.replaceChildren(...outcome(await replica.verify(), names));
    } catch (error) {
      found.replaceChildren(h('p.error', { role: 'alert' }, problem(error)));
    }
    button.disabled = false;
  });
  return { button, found };
}

function outcome(told, names) {
  if (!told.length) return [callout('good', 'check', t('proof.same'))];
  return told.map((one) => callout(one.what === 'not_compared' ? 'warn' : 'plain', one.recorded ? 'split' : 'turning',
    names.size > 1 ? h('strong', {}, `${names.get(one.scope) ?? t('sync.ownSettings')}: `) : null, sayOutcome(one)));
}

function callout(tone, mark, ...words) {
  return h(`p.callout.${tone}`, {}, icon(mark), h('span', {}, ...words));
}

/** The line for one table that was not as the server has it. */
export function sayOutcome({ what, table, rows, recorded }) {
  if (what === 'not_compared') return t('proof.moved', { table: say(table) });
  const found = t(what === 'repaired' ? 'proof.differed' : 'proof.otherValues', { table: say(table) });
  const again = t('proof.again', { n: rows });
  return `${found} ${recorded ? t('proof.andRecorded', { again, recorded }) : `${again}.`}`;
}
