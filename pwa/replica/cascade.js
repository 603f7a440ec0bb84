// What the server will delete along with a row leaves the screen at once. It is logged in the same transaction as
// CASCADE and never sent: the server decides how far the delete reaches. When it is refused, undone or kept by a
// conflict, the children show again as any edited row does. The mirror of arxos_sync/storage/replica_record.py.

import { TABLES } from '../core/catalogue.js';
import { CASCADE } from './log.js';

export function hideChildren(replica, table, id) {
  const doomed = [[table, [id]]];
  for (const [parent, ids] of doomed) { // grows while it is walked
    for (const child of replica.tables) {
      const found = childrenOf(replica, child, parent, ids);
      if (!found.length) continue;
      hide(replica, child, found);
      doomed.push([child, found]);
    }
  }
}

function childrenOf(replica, child, parent, ids) {
  const hanging = Object.values(TABLES[child].columns)
    .filter((column) => column.onDelete === 'cascade' && [parent, '*'].includes(column.references))
    .map((column) => {
      const named = column.references === '*' ? ` and "${column.pair}" = '${parent}'` : '';
      return `("${column.name}" in (select value from json_each(:ids))${named})`;
    });
  if (!hanging.length) return [];
  const sql = `select id from "${child}" where ${hanging.join(' or ')}`;
  return replica.database.values(sql, { ':ids': JSON.stringify(ids) }).map(([id]) => id);
}

function hide(replica, table, ids) {
  const wanted = JSON.stringify(ids);
  replica.database.run(`delete from "${table}" where id in (select value from json_each(?))`, [wanted]);
  replica.database.run(
    `update "arxos_log_${table}" set changed = ?
     where op = 'delete' and id in (select value from json_each(?))
       and transaction_key = (select transaction_key from arxos_writing)`,
    [CASCADE, wanted],
  );
}
