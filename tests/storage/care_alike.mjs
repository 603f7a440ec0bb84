// node care_alike.mjs FILE: do the steps of standard input on the browser's replica; a line each with what it answered and
// what is on the disk.

import { readFileSync } from "node:fs";

import { openFile } from "./sqlite_in_node.mjs";

Object.defineProperty(globalThis, "crypto", { value: { getRandomValues: (bytes) => bytes.fill(0) } });
const { Replica } = await import("../../pwa/replica/replica.js");
const care = await import("../../pwa/replica/care.js");
const verify = await import("../../pwa/replica/verify.js");
const { toWire } = await import("../../pwa/core/change.js");
const { shownRows } = await import("../../pwa/replica/rows.js");
const database = await openFile(process.argv[2]);
const replica = new Replica(database);

const DO = {
  record: ({ changes, now }) => replica.record(changes, now) && null,
  pending: () => replica.pending().map(({ n, reason, changes }) => ({ n, reason, changes })),
  answer: ({ answer, from_nothing: fromNothing }) => replica.applyAnswer(answer, { fromNothing }) && null,
  unlogged: ({ sql, values }) => {
    database.run("update arxos_writing set capture = 0");
    database.run(sql, values);
    database.run("update arxos_writing set capture = 1");
    return null;
  },
  prune: ({ now }) => care.prune(replica, now),
  recount: () => care.recount(replica),
  differing: ({ table, theirs }) => verify.differing(replica, table, theirs),
  strays: ({ table }) => verify.strays(replica, table),
  mend: ({ table, leaves, rows, now }) => verify.mend(replica, table, leaves, rows, now),
};

function held() {
  const rows = {};
  for (const table of replica.tables) {
    const ids = database.values(`select id from "${table}"`).map(([id]) => id).sort();
    if (ids.length) rows[table] = [...shownRows(replica, table, ids)].map(([id, row]) => [id, toWire(row)]).sort();
  }
  const counts = replica.tables.map((table) => database.one(`select count(*) from "arxos_log_${table}"`));
  return {
    rows,
    log: database.values("select key, state, n, sequence, stamp, base, reason from arxos_change_log order by key"),
    entries: counts.reduce((sum, one) => sum + one, 0),
    receipts: database.values("select transaction_key from arxos_receipt order by 1").flat(),
    digests: Object.fromEntries(database.values("select table_name, sum from arxos_digest")),
    repairs: replica.state("repairs"),
    marks: database.values("select sequence from arxos_mark order by 1").flat(),
    boxes: database.values(
      `select e.id, round(xmin, 4), round(xmax, 4), round(ymin, 4), round(ymax, 4)
       from idx_element_geometry join element e on pk = pkid order by 1`,
    ),
    made: database.values("select name, sql from sqlite_master order by 1"),
  };
}

for (const step of JSON.parse(readFileSync(0, "utf8"))) {
  const answered = DO[step.do](step);
  console.log(JSON.stringify({ answered, ...held() }));
}
