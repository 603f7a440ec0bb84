// node heal_alike.mjs FILE: do the steps of standard input on the browser's replica; a line each with what is on the disk.

import { readFileSync } from "node:fs";

import { openFile } from "./sqlite_in_node.mjs";

Object.defineProperty(globalThis, "crypto", { value: { getRandomValues: (bytes) => bytes.fill(0) } });
const { Replica } = await import("../../pwa/replica/replica.js");
const care = await import("../../pwa/replica/care.js");
const heal = await import("../../pwa/replica/heal.js");
const database = await openFile(process.argv[2]);
const replica = new Replica(database);

const DO = {
  record: ({ changes, now }) => replica.record(changes, now),
  pending: () => replica.pending(),
  answer: ({ answer, from_nothing: fromNothing }) => replica.applyAnswer(answer, { fromNothing }),
  begin: ({ mark, cursor, known, role, now }) => heal.begin(replica, mark, cursor, known, role, now),
  following: () => heal.following(replica),
  take: ({ receipts }) => heal.take(replica, receipts),
  set_aside: () => heal.setAside(replica),
  finish: () => heal.finish(replica),
  settle: () => heal.settle(replica),
  try_owed: () => heal.tryOwed(replica),
  fork: ({ device }) => care.fork(replica, device),
};

function held() {
  const state = Object.fromEntries(
    ["n", "known", "healing", "owing", "owing_at"].map((key) => [key, replica.state(key)]),
  );
  const offers = database.rows(
    "select kind, state, transaction_key, n, stamp, formerly, sequence, content from arxos_heal order by place",
  );
  const written = database.rows("select key, state, n, nonce, sequence, stamp from arxos_change_log order by key");
  return { state, offers: offers.map((one) => ({ ...one, content: JSON.parse(one.content) })), log: written };
}

for (const step of JSON.parse(readFileSync(0, "utf8"))) {
  DO[step.do](step);
  console.log(JSON.stringify(held()));
}
