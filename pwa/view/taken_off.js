// Taking a photo or a voice note off the thing it was put on by mistake. Nothing is deleted, which is for managers: it points
// at nothing any more, the building's page shows it among those that do, and there it can be put back.

import { t } from '../words/language.js';
import { h } from './dom.js';
import { may } from './rights.js';
import { offerUndo } from './undoing.js';
import { problem } from './words.js';

/** The button that takes one's own off what is shown, or puts back what belongs to nothing; null for who may not. */
export function mover(about, row, name, say) {
  const loose = about.table === null;
  if (!may(about.replica, about.scope, 'attachment', 'update') || !(loose || row.mine)) return null;
  const move = loose ? putBack : takeOff;
  const act = () => move(about, row, name, say).catch((error) => say('bad', problem(error)));
  return h('button.button.plain.slim', { type: 'button', 'aria-label': t(loose ? 'off.putBackNamed' : 'off.takeNamed', { name }), on: { click: act } }, t(loose ? 'off.putBack' : 'off.take'));
}

async function takeOff(about, row, name) {
  await aim(about, row, { target_table: null, target_id: null }, t('off.done', { name }));
}

/** To what it was on last, as its history says. */
async function putBack(about, row, name, say) {
  const { items } = await about.replica.history(about.scope, 'attachment', row.id, null);
  const was = items.map(({ fields }) => ({ target_table: fields.target_table?.old, target_id: fields.target_id?.old }));
  const last = was.find((one) => one.target_table && one.target_id);
  if (last) await aim(about, row, last, t('off.back', { name }));
  else say('plain', t('off.unknown'));
}

async function aim({ replica, scope }, row, set, words) {
  const key = await replica.record(scope, [{ table: 'attachment', id: row.id, op: 'update', set }]);
  offerUndo(words, replica, scope, key);
}
