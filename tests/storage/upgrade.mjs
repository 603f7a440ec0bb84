// node upgrade.mjs FILE REPLICA.SQL SCHEMA MADE: bring a replica's file up as the browser does; says what became of it.

import { readFileSync } from "node:fs";

import { isCurrent, upgrade } from "../../pwa/replica/migrate.js";
import { openFile, saveFile } from "./sqlite_in_node.mjs";

const [file, sql, schema, made] = process.argv.slice(2);
const wanted = { schema: Number(schema), made };
const database = await openFile(file);
try {
  if (isCurrent(database, wanted)) console.log("current");
  else {
    upgrade(database, readFileSync(sql, "utf8"), wanted);
    saveFile(file, file);
    console.log("upgraded");
  }
} catch (error) {
  console.log(error.code ?? error.stack);
}
