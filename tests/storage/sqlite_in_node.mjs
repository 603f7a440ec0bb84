// The browser's own database room in Node, over files in memory: what a worker does without its private file system.

import { readFileSync, writeFileSync } from "node:fs";
import { register } from "node:module";

globalThis.navigator ??= {}; // Node 20 has none
register("./vendor_hooks.mjs", import.meta.url);
const { openStorage } = await import("../../pwa/replica/database.js");
const storage = await openStorage();

/** A database over the bytes of a SQLite file (one without WAL). */
export async function openFile(path) {
  await storage.put(path, new Uint8Array(readFileSync(path)));
  return storage.open(path);
}

export function saveFile(path, to) {
  writeFileSync(to, storage.export(path));
}
