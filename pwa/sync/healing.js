// Bringing back to a restored server what this browser holds of the time it lost (PROTOCOL.md §7). Done at once, in the
// exchange that noticed; where it is cut, the next exchange finds the same state and goes on. The mirror of
// client_kit/healing.py.

import { SCHEMA } from '../core/catalogue.js';
import * as stamp from '../core/stamp.js';
import * as offers from '../replica/heal.js';

/** Offer everything; the scope is fetched anew afterwards. Null where this device must become another one first. */
export async function heal(server, replica, known, role, told) {
  const common = await server.json('POST', '/api/v1/sync/heal', { scope: replica.scope, marks: offers.marks(replica) });
  if (!offers.begin(replica, common.mark, common.cursor, known, role, Date.now())) return null;
  let offered;
  try {
    offered = await offer(server, replica, told);
  } catch (error) {
    if (error.outOfReach !== 'forked') throw error;
    return null;
  }
  return { scope: replica.scope, mark: common.mark, offered, owed: offers.finish(replica) };
}

/** Finish offering what was owed, where that was cut. */
export async function goOn(server, replica, told) {
  const healing = offers.underWay(replica);
  if (!healing || healing.anew) return;
  try {
    await offer(server, replica, told);
  } catch (error) {
    if (!error.outOfReach) throw error;
    offers.setAside(replica); // the exchange that follows finds out why
    return;
  }
  offers.finish(replica);
}

/** Offer what was not taken so far, since the scope moved. */
export async function tryOwed(server, replica, told) {
  offers.settle(replica);
  if (offers.tryOwed(replica)) await goOn(server, replica, told);
}

async function offer(server, replica, told) {
  let offered = 0;
  for (;;) {
    const { healing, transactions } = offers.following(replica);
    if (!transactions.length) return offered;
    const scope = { scope: replica.scope, cursor: healing.cursor, prior: healing.prior, transactions, rows: true };
    const answer = await server.json('POST', '/api/v1/sync', {
      protocol: 1,
      schema: SCHEMA,
      device: replica.device,
      sent_at: stamp.form(Date.now(), 0, replica.device),
      max_rows: 1,
      scopes: [scope],
    });
    told(answer);
    const one = answer.scopes?.[0];
    if (one?.state !== 'ok') {
      const detail = `the server said ${one?.state} while it was healed`;
      throw Object.assign(new Error(detail), { kind: 'busy', code: 'unavailable', detail, retryAfterMs: 1000, outOfReach: one?.state ?? 'nothing' });
    }
    offers.take(replica, one.receipts);
    offered += one.receipts.length;
  }
}
