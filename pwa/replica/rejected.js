// What the server refused: sent again as it was or changed, or given up. The mirror of what replica_care.py has of it.

import { Refused } from '../core/change.js';
import { lay } from './lay.js';
import * as log from './log.js';

/**
 * Record a rejected transaction's changes anew, under a new number. `corrections` are [place, field, value] of what the
 * person changed in it. Answers the new key; throws Refused, and then nothing changes.
 */
export function retry(replica, key, nowMs, corrections = [], ask = null) {
  const known = ask && replica.state(`asked/${ask}`);
  if (known) return Number(known);
  demandRejected(replica, key);
  const changes = log.assemble(replica.database, replica.kind, [key]).get(key);
  const made = changes.map(({ table, id, op, set }) => ({ table, id, op, set: { ...set } }));
  for (const [place, field, value] of corrections) made[place].set[field] = value;
  const reason = replica.database.one('select reason from arxos_change_log where key = ?', [key]);
  const recorded = replica.record(made, nowMs, { reason, ask });
  settle(replica, key);
  return recorded;
}

/** Give up a rejected transaction: it has left the rows already. */
export function discard(replica, key) {
  demandRejected(replica, key);
  settle(replica, key);
}

function settle(replica, key) {
  replica.applying(() => {
    lay(replica, new Map(), { settle: [key], settleAs: 'discarded' });
  });
}

function demandRejected(replica, key) {
  if (replica.database.one('select state from arxos_change_log where key = ?', [key]) !== 'rejected') {
    throw new Refused('invalid_value', `transaction ${key} is not a rejected one`);
  }
}
