// Are the rows and values here those of the server? What differs is fetched, and nothing of it is lost. The mirror of
// `_repair` of client_kit/sync.py and of client_kit/verifying.py.

import { SCHEMA } from '../core/catalogue.js';
import * as care from '../replica/care.js';
import { differing, mend, strays } from '../replica/verify.js';

/** Fetch what differs by sequence. Within an exchange: nothing else is laid into the replica meanwhile. */
export async function repair({ server, tell }, replica, tables) {
  care.recount(replica);
  for (const table of tables) {
    const theirs = await server.json('GET', `/api/v1/sync/digest/${replica.scope}?table=${table}`);
    const wrong = care.differingLeaves(replica, table, theirs.leaves);
    if (!wrong.length) continue;
    const done = mend(replica, table, wrong, await liveRows(server, replica, table, wrong), Date.now());
    tell('repaired', { scope: replica.scope, table, leaves: wrong.length, ...done });
  }
  replica.setState({ suspect: '[]' });
}

/** Compare every table of every scope, leaf by leaf; then send what became an edit. */
export async function verifyContent(loop) {
  for (const scope of loop.home.scopes()) {
    const replica = loop.home.replica(scope);
    for (const table of replica.cursor() === null ? [] : replica.tables) await verifyTable(loop, replica, table);
    await loop.edited(scope);
  }
}

async function verifyTable({ server, tell }, replica, table) {
  const at = replica.cursor();
  const about = { scope: replica.scope, table };
  const theirs = await server.json('GET', `/api/v1/sync/digest/${replica.scope}?table=${table}&content=true&schema=${SCHEMA}`);
  const movedOn = () => theirs.head !== replica.sequence || replica.cursor() !== at; // the next verify sees
  if (movedOn()) return tell('not_compared', about);
  const wrong = differing(replica, table, theirs.leaves);
  if (!wrong.length && !strays(replica, table).length) return undefined;
  const rows = wrong.length ? await liveRows(server, replica, table, wrong) : [];
  if (movedOn()) return tell('not_compared', about);
  return tell('mended', { ...about, leaves: wrong.length, ...mend(replica, table, wrong, rows, Date.now()) });
}

async function liveRows(server, replica, table, leaves) {
  const { rows } = await server.json('POST', '/api/v1/sync/repair', { scope: replica.scope, table, leaves });
  return rows;
}
