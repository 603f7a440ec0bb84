// The browser's catalogue against the JSON Schemas, which are made from the same file by other means.

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

import { SCHEMA, TABLES } from "../../pwa/core/catalogue.js";

const FOLDER = new URL("../../schemas/json/", import.meta.url);
const versions = JSON.parse(readFileSync(new URL("../../schemas/versions.json", import.meta.url), "utf8"));

test("the browser knows the tables that have a schema, and their columns", () => {
  const names = readdirSync(FOLDER).map((file) => file.replace(".json", "")).filter((name) => !name.startsWith("sync-") && name !== "status");
  assert.deepEqual(Object.keys(TABLES).sort(), names.sort());
  assert.ok(Object.hasOwn(versions, SCHEMA));
  for (const table of Object.values(TABLES)) {
    const { properties, required } = JSON.parse(readFileSync(new URL(`${table.name}.json`, FOLDER), "utf8"));
    assert.deepEqual(Object.keys(table.columns), Object.keys(properties));
    const needed = Object.values(table.columns).filter((column) => column.required || column.name === "id");
    assert.deepEqual(needed.map((column) => column.name), required);
    for (const column of Object.values(table.columns)) {
      const words = properties[column.name].enum?.filter((word) => word !== null) ?? null;
      assert.deepEqual(column.values, words, `${table.name}.${column.name}`);
    }
  }
});

test("a group's columns say that they are in it, and a reference names a table", () => {
  for (const table of Object.values(TABLES)) {
    const grouped = Object.entries(table.groups).flatMap(([group, columns]) => columns.map((name) => [name, group]));
    const said = Object.values(table.columns).filter((column) => column.group).map(({ name, group }) => [name, group]);
    assert.deepEqual(new Map(grouped), new Map(said));
    for (const { field, name, group, references, pair, onDelete } of Object.values(table.columns)) {
      assert.equal(field, group ?? name);
      assert.ok(references === null || TABLES[references] || (references === "*" && table.columns[pair]), name);
      assert.equal(references !== null, ["cascade", "clear", "restrict"].includes(onDelete));
    }
  }
});
