// The browser's stamp, digest, change and apply against the vectors that the engine's are held to.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as apply from "../../pwa/core/apply.js";
import { TABLES } from "../../pwa/core/catalogue.js";
import * as change from "../../pwa/core/change.js";
import * as content from "../../pwa/core/content.js";
import * as digest from "../../pwa/core/digest.js";
import { packedSize } from "../../pwa/core/packed_size.js";
import { sha256 } from "../../pwa/core/sha256.js";
import * as stamp from "../../pwa/core/stamp.js";
import { sortedTexts } from "../../pwa/core/text_order.js";

const ELEMENT = TABLES.element;
const ROW = "0192f3a0-0000-7000-8000-0000000e0001";

function vectors(name) {
  return JSON.parse(readFileSync(new URL(`../../schemas/vectors/${name}.json`, import.meta.url), "utf8"));
}

/** Were there so many cases? A vectors file that lost its cases proves nothing. */
function counted(cases, least) {
  assert.ok(cases.length >= least, `${cases.length} cases, ${least} are wanted`);
  return cases;
}

/** What `make_vectors` wrote short, at its full length. */
function expanded(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const { $repeat: one, $times: times } = value;
  if (times !== undefined) return typeof one === "string" ? one.repeat(times) : new Array(times).fill(one);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expanded(item)]));
}

/** What `tell` answers, or the code and field with which it refuses. */
function verdict(tell) {
  try {
    return { code: null, field: null, found: tell() };
  } catch (error) {
    if (!(error instanceof change.Refused)) throw error;
    return { code: error.code, field: error.field, found: null };
  }
}

// ---------------------------------------------------------------- stamps

test("stamps are written, read and compared as spelled", () => {
  const cases = vectors("stamp");
  for (const one of counted(cases.form, 6)) assert.equal(stamp.form(one.ms, one.counter, one.device), one.stamp);
  for (const one of counted(cases.parts, 2)) {
    assert.deepEqual([stamp.milliseconds(one.stamp), stamp.counter(one.stamp)], [one.ms, one.counter]);
  }
  for (const one of counted(cases.following, 5)) {
    assert.equal(stamp.following(one.last, one.now_ms, one.device), one.stamp);
  }
  for (const one of counted(cases.learned, 4)) {
    assert.equal(stamp.learned(one.last, one.received_at, one.device), one.stamp);
  }
  for (const one of counted(cases.clamped, 3)) {
    assert.equal(stamp.clamped(one.stamp, one.received_ms, one.ahead_ms_max), one.counts);
  }
  for (const one of counted(cases.beats, 5)) assert.equal(stamp.beats(...one.one, ...one.other), one.beats);
  for (const one of counted(cases.is_stamp, 12)) assert.equal(stamp.isStamp(one.text), one.is, String(one.text));
});

// ---------------------------------------------------------------- digests

test("a digest and its leaves are those that hashlib sums", () => {
  const cases = vectors("digest");
  for (const one of counted(cases.tables, 6)) {
    assert.equal(digest.toHex(digest.total(one.table, one.rows)), one.digest);
    const leaves = digest.leaves(one.table, one.rows);
    assert.equal(leaves.length, 256);
    const found = [...leaves.entries()].filter(([, sum]) => sum).map(([leaf, sum]) => [leaf, digest.toHex(sum)]);
    assert.deepEqual(Object.fromEntries(found), one.leaves);
  }
  for (const one of counted(cases.hex, 5)) assert.equal(digest.toHex(BigInt(one.value)), one.hex);
});

test("a row has the form that was put together by hand", () => {
  const hex = (bytes) => Buffer.from(bytes).toString("hex");
  const cases = vectors("content");
  for (const one of counted(cases.values, 20)) assert.equal(hex(content.form(one.value)), one.form, JSON.stringify(one));
  for (const one of counted(cases.rows, 3)) {
    const values = change.fromRowOut(one.table, one.values);
    const table = TABLES[one.table];
    assert.equal(hex(content.rowForm(table, one.id, values)), one.form);
    assert.equal(digest.toHex(content.rowHash(table, one.id, values)), one.hash);
    const leaves = content.leaves(table, [[one.id, values]]);
    assert.equal(digest.toHex(leaves[digest.leafOf(one.id)]), one.hash);
    assert.equal(leaves.filter((sum) => sum).length, 1);
  }
  assert.deepEqual(content.form(-0), content.form(0));
});

test("the hash is that of another maker, whatever the length", () => {
  for (let length = 0; length < 200; length++) {
    const text = `${length}/`.repeat(length).slice(0, length);
    const words = [...sha256(text)].map((word) => word.toString(16).padStart(8, "0"));
    assert.equal(words.join(""), createHash("sha256").update(text).digest("hex"));
    assert.deepEqual(sha256(new TextEncoder().encode(text)), sha256(text));
  }
  assert.throws(() => sha256("ä"), RangeError);
});

// ---------------------------------------------------------------- changes

test("values are taken and refused as the engine does", () => {
  const { values } = vectors("change");
  counted(values.filter((one) => one.code === null), 90);
  counted(values.filter((one) => one.code !== null), 150);
  for (const one of values) {
    const [table, name] = one.column.split(".");
    const column = TABLES[table].columns[name];
    const { code, field, found } = verdict(() => change.readValue(column, one.op, one.value));
    const said = `${one.column} at ${one.op}: ${JSON.stringify(one.value)}`;
    assert.deepEqual([code, field], [one.code, one.code === null ? null : name], said);
    assert.deepEqual(change.toWire({ found }).found, one.read, said);
  }
});

for (const one of counted(vectors("change").changes, 30)) {
  test(`a change is judged as the engine does: ${one.name}`, () => {
    const { code, field, found } = verdict(() => change.readChange(one.kind, expanded(one.change), one.head));
    assert.deepEqual([code, field], [one.code, one.field]);
    if (code === null) assert.deepEqual(change.toWire(found.set), expanded(one.set ?? {}));
  });
}

test("a pulled row is read with bytes where bytes belong, without columns of tomorrow", () => {
  for (const one of counted(vectors("change").rows_out, 3)) {
    const inner = change.fromRowOut(one.table, one.values);
    if (inner.geometry) assert.ok(inner.geometry instanceof Uint8Array);
    assert.deepEqual(change.toWire(inner), one.inner);
  }
});

test("a value's size is that of msgpack", () => {
  for (const one of counted(vectors("change").sizes, 35)) {
    assert.equal(packedSize(expanded(one.value)), one.packed, JSON.stringify(one.value));
  }
});

test("what JSON cannot carry is refused", () => {
  const { heading_deg: heading, properties, name, visit_count: visits, geometry } = ELEMENT.columns;
  const date = new Date(0);
  for (const [column, value] of [
    [heading, NaN], [heading, Infinity], [heading, 1n], [visits, -Infinity], [name, undefined], [name, Symbol("x")],
    [properties, { a: NaN }], [properties, { a: undefined }], [properties, { a: date }], [properties, new Map()],
    [properties, date], [geometry, new ArrayBuffer(21)], [geometry, [1, 1]],
  ]) {
    assert.equal(verdict(() => change.readValue(column, "insert", value)).code, "invalid_value", String(value));
  }
});

test("a geometry of too many corners is refused by its own code", () => {
  const wkb = new Uint8Array(9 + 100_001 * 24);
  new DataView(wkb.buffer).setUint32(5, 100_001, true);
  wkb.set([0x01, 0xea, 0x03], 0);
  assert.equal(verdict(() => change.readValue(ELEMENT.columns.geometry, "insert", wkb)).code, "too_large");
});

test("texts stand in the order of their code points", () => {
  assert.deepEqual(sortedTexts(["\u{1f6aa}", "\ufb01", "b", "a", "b", "", "\u{10000}"]),
    ["", "a", "b", "\ufb01", "\u{10000}", "\u{1f6aa}"]);
});

// ---------------------------------------------------------------- apply

function inner(values) {
  return values === null ? null : change.fromRowOut("element", values);
}

function wire(values) {
  return values === null ? null : change.toWire(values);
}

function entryOf(one) {
  const { settled_after: settledAfter, ...rest } = one;
  return { ...rest, settledAfter, table: "element", id: ROW, old: inner(one.old), new: inner(one.new) };
}

for (const one of counted(vectors("apply").rows, 20)) {
  test(`a row lies under its edits: ${one.name}`, () => {
    const entries = one.entries.map(entryOf);
    const shown = inner(one.shown);
    assert.deepEqual(wire(apply.shownRow(ELEMENT, inner(one.server), entries, shown)), one.now);
    assert.deepEqual(wire(apply.serverRow(shown, entries)), one.held);
    assert.deepEqual(wire(shown), one.shown, "what was given is left as it was");
  });
}

for (const one of counted(vectors("apply").histories, 20)) {
  test(`what is pushed has its bases: ${one.name}`, () => {
    const entries = one.entries.map(entryOf);
    const bases = apply.bases(ELEMENT, entries);
    assert.deepEqual(Object.fromEntries(bases), one.bases);
    const pushed = entries.map((entry) => apply.changes(ELEMENT, entry, bases.get(`${entry.key}/${entry.place}`)));
    assert.deepEqual(pushed.map((changes) => changes.map(written)), one.changes);
  });
}

function written(made) {
  const parts = ["set", "was"].filter((name) => name in made).map((name) => [name, wire(made[name])]);
  return { ...made, ...Object.fromEntries(parts) };
}

test("a delta done to the old value is the new one", () => {
  for (const one of counted(vectors("apply").deltas, 20)) {
    const column = ELEMENT.columns[one.column];
    const change = apply.delta(column, one.old, one.new);
    assert.deepEqual(change, one.delta, JSON.stringify(one));
    assert.deepEqual(apply.withDelta(column, one.old, change), one.again, JSON.stringify(one));
  }
});

test("a delta that adds nothing to nothing leaves nothing", () => {
  for (const one of counted(vectors("apply").done, 8)) {
    assert.deepEqual(apply.withDelta(ELEMENT.columns[one.column], one.value, one.change), one.now, JSON.stringify(one));
  }
});
