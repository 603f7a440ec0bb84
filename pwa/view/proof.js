// "Verify against the server": rows and values are compared, and what was found is said, as `arxos-device verify --content`
// says it (client_kit/show.py).

import { h, icon } from './dom.js';
import { count, problem, say } from './words.js';

/** A button and a place for what it found: {button, found}. */
export function proving(replica) {
  const found = h('div.stack', { role: 'status' });
  const button = h('button.button.plain', { type: 'button' }, 'Verify against the server');
  button.addEventListener('click', async () => {
    button.disabled = true;
    found.replaceChildren(h('p.soft', {}, 'Comparing every value with the server…'));
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
  if (!told.length) return [callout('good', 'check', 'Every value on this device is the one the server holds.')];
  return told.map((one) => callout(one.what === 'not_compared' ? 'warn' : 'plain', one.recorded ? 'split' : 'turning',
    names.size > 1 ? h('strong', {}, `${names.get(one.scope) ?? 'Your own settings'}: `) : null, sayOutcome(one)));
}

function callout(tone, mark, ...words) {
  return h(`p.callout.${tone}`, {}, icon(mark), h('span', {}, ...words));
}

/** The line for one table that was not as the server has it. */
export function sayOutcome({ what, table, rows, recorded }) {
  if (what === 'not_compared') return `${say(table)} moved on while it was compared: verify again.`;
  const again = `${count(rows, 'row')} ${rows === 1 ? 'was' : 'were'} fetched again`;
  const kept = recorded ? `, and what stood in ${recorded} without an edit is now an edit of yours` : '';
  return what === 'repaired' ? `${say(table)} differed from the server's: ${again}${kept}.` : `${say(table)} held other values than the server: ${again}${kept}.`;
}
