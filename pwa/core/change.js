/**
 * From the wire to values and back: what a change may hold, checked against the catalogue. The mirror of
 * arxos_sync/change.py, both held to schemas/vectors/change.json: the same changes are refused, with the same
 * code and field, so that a person hears of a slip here and not hours later from the server.
 *
 * Inside, geometries and bytes are Uint8Array, sets are sorted lists. JavaScript has one kind of number: 3.0 is the
 * whole number 3, and is sent as such.
 */

import { TABLES } from "./catalogue.js";
import { GeometryError, VERTICES_MAX, checkWkb, fromHex, toHex } from "./geometry.js";
import { packedSize } from "./packed_size.js";
import { sortedTexts } from "./text_order.js";

export const CHANGE_BYTES_MAX = 256 * 1024; // beside its geometry

const SERVER = "server";
const DEPTH_MAX = 32;
const WRITTEN_WHOLE_BELOW = 1e21; // from here on JSON.stringify writes a number with an exponent
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/;
const INSTANT = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
const HALF_PAIR = /\p{Surrogate}/u;

/** One change cannot be taken: `code` as in schemas/problems.json, `field` the column. */
export class Refused extends Error {
  constructor(code, detail, field = null) {
    super(`${code}: ${detail}`);
    Object.assign(this, { name: "Refused", code, detail, field });
  }
}

/** A value that does not fit; `readValue` says of which column. */
class Misfit extends Error {}

export function isUuid(value) {
  return typeof value === "string" && UUID.test(value);
}

export function isScope(value) {
  return typeof value === "string" && isUuid(value.replace(/^user:/, ""));
}

// ---------------------------------------------------------------- changes

/** A change of a scope of `kind` with inner values, {table, id, op, base, set}. Throws Refused. */
export function readChange(kind, change, head) {
  const table = TABLES[change.table];
  const base = change.base ?? 0;
  if (!table || table.scope !== kind) throw new Refused("unknown_table", change.table);
  if (!isUuid(change.id)) throw new Refused("invalid_value", "the id is not a lower-case UUID", "id");
  if (!(base >= 0 && base <= head)) {
    throw new Refused("invalid_value", `base ${base} is not between 0 and the head, ${head}`, "base");
  }
  if (change.op === "restore") {
    throw new Refused("invalid_value", "a restored row names its former sequence", "formerly");
  }
  if ((change.set ?? null) === null ? change.op !== "delete" : change.op === "delete") {
    throw new Refused("invalid_value", `\`set\` does not fit a change of op ${change.op}`, "set");
  }
  return { table: table.name, id: change.id, op: change.op, base, set: readSet(table, change.op, change.set ?? {}) };
}

function readSet(table, op, given) {
  checkSize(table, given);
  const inner = {};
  for (const [name, value] of Object.entries(given)) inner[name] = readValue(columnOf(table, name, op), op, value);
  checkGroups(table, inner);
  if (op === "insert") checkRequired(table, inner);
  return inner;
}

function columnOf(table, name, op) {
  const column = Object.hasOwn(table.columns, name) ? table.columns[name] : null;
  if (column === null) throw new Refused("unknown_column", `${table.name}.${name}`, name);
  if (column.rule === SERVER && !(name === "origin" && op === "insert")) {
    throw new Refused("server_column", `${table.name}.${name}`, name);
  }
  return column;
}

function checkSize(table, given) {
  const plain = Object.entries(given).filter(([name]) => table.columns[name]?.type !== "geometry");
  const size = packedSize(Object.fromEntries(plain));
  if (size > CHANGE_BYTES_MAX) {
    throw new Refused("too_large", `${size} bytes beside the geometry; ${CHANGE_BYTES_MAX} at most`);
  }
}

function checkGroups(table, given) {
  for (const [group, columns] of Object.entries(table.groups)) {
    const newest = Math.max(0, ...columns.filter((name) => Object.hasOwn(given, name)).map((name) => table.columns[name].since));
    const missing = columns.filter((name) => !Object.hasOwn(given, name) && table.columns[name].since <= newest);
    if (missing.length) { // what is newer than all that is given, a device of an older schema does not know
      throw new Refused("invalid_value", `${group} moves as one: ${missing.join(", ")} is missing`, missing[0]);
    }
  }
}

function checkRequired(table, given) {
  for (const column of Object.values(table.columns)) {
    if (column.required && (given[column.name] ?? null) === null) {
      throw new Refused("invalid_value", `${column.name} is required`, column.name);
    }
  }
}

// ---------------------------------------------------------------- values

/** One value from the wire. Sets, maps and counters are deltas but at insert. Throws Refused. */
export function readValue(column, op, value) {
  try {
    if (value === null) {
      if (column.required) throw new Misfit("cannot be empty");
      return null;
    }
    if (op === "update" && (column.type === "set" || column.type === "counter")) return readDelta(column, value);
    return READ[column.type](column, value);
  } catch (error) {
    if (error instanceof GeometryError) {
      const code = error.code === "too_large" ? "too_large" : "invalid_value";
      throw new Refused(code, `${column.name}: ${error.detail}`, column.name);
    }
    if (error instanceof Misfit) throw new Refused("invalid_value", `${column.name}: ${error.message}`, column.name);
    throw error;
  }
}

function readDelta(column, value) {
  const keys = isObject(value) ? Object.keys(value) : [];
  if (!keys.length || !keys.every((key) => key === "add" || key === "remove")) {
    throw new Misfit('a delta is wanted, as {"add": …}');
  }
  if (column.type === "counter") {
    if (keys.length !== 1 || keys[0] !== "add") throw new Misfit('a delta is wanted, as {"add": 2}');
    return { add: number(column, value.add) };
  }
  return Object.fromEntries(keys.map((key) => [key, set(column, value[key])]));
}

function text(column, value) {
  if (typeof value !== "string") throw new Misfit(`text is wanted, not ${typeof value}`);
  if (value.includes("\0")) throw new Misfit("holds a NUL character");
  if (HALF_PAIR.test(value)) throw new Misfit("holds half a character");
  if (column.values && !column.values.includes(value)) {
    throw new Misfit(`${JSON.stringify(value)} is none of ${column.values.join(", ")}`);
  }
  return value;
}

function integer(column, value) {
  if (!Number.isInteger(value)) throw new Misfit("a whole number is wanted");
  if (!Number.isSafeInteger(value)) throw new Misfit("beyond 2^53");
  return value;
}

function real(column, value) {
  if (typeof value !== "number") throw new Misfit(`a number is wanted, not ${typeof value}`);
  if (!Number.isFinite(value)) throw new Misfit("not a finite number");
  return value + 0; // SQLite keeps no sign of zero, so nobody does
}

/** Whole where it would be written whole, and then no larger than what others carry exactly. */
function number(column, value) {
  const whole = Number.isInteger(value) && Math.abs(value) < WRITTEN_WHOLE_BELOW;
  return whole ? integer(column, value) : real(column, value);
}

function boolean(column, value) {
  if (typeof value !== "boolean") throw new Misfit("true or false is wanted");
  return value;
}

function date(column, value) {
  if (typeof value !== "string" || !isDay(value)) throw new Misfit("a date as 2026-01-31 is wanted");
  return value;
}

function instant(column, value) {
  const found = typeof value === "string" ? INSTANT.exec(value) : null;
  if (found === null || !isDay(found[1])) throw new Misfit("an instant as 2026-01-31T08:30:00.000Z is wanted");
  return value;
}

/** Is there such a day, from the year 1 on? */
function isDay(written) {
  const found = DATE.exec(written);
  if (found === null) return false;
  const [year, month, day] = found.slice(1).map(Number);
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 ? (leap ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= days;
}

function uuid(column, value) {
  if (!isUuid(value)) throw new Misfit("a lower-case UUID is wanted");
  return value;
}

function set(column, value) {
  if (!Array.isArray(value)) throw new Misfit("a list of texts is wanted");
  return sortedTexts(value.map((item) => text(column, item)));
}

function map(column, value) {
  if (!isObject(value)) throw new Misfit("an object is wanted");
  return json(column, value);
}

function json(column, value, depth = 0) {
  if (depth > DEPTH_MAX) throw new Misfit(`nested deeper than ${DEPTH_MAX}`);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "string") return withoutNul(value, "holds a NUL character");
  if (typeof value === "number") return number(column, value);
  if (Array.isArray(value)) return value.map((item) => json(column, item, depth + 1));
  if (!isObject(value)) throw new Misfit(`${typeof value} is not JSON`);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [withoutNul(key, "keys are texts"), json(column, item, depth + 1)]),
  );
}

function withoutNul(value, otherwise) {
  if (value.includes("\0")) throw new Misfit(otherwise);
  return value;
}

function bytes(column, value) {
  return value instanceof Uint8Array ? value : fromHex(value);
}

function geometry(column, value) {
  const wkb = bytes(column, value);
  checkWkb(wkb, { kinds: column.kinds, dimensions: column.dimensions, verticesMax: VERTICES_MAX });
  return wkb;
}

/** A plain object: neither a list nor bytes nor another thing with keys. */
function isObject(value) {
  if (value === null || typeof value !== "object") return false;
  const parent = Object.getPrototypeOf(value);
  return parent === Object.prototype || parent === null;
}

const READ = {
  text, integer, real, boolean, date, instant, uuid, map, set, counter: number, json, bytes, geometry,
};

// ---------------------------------------------------------------- out and in

/** Inner values as they travel in JSON: bytes are hex. */
export function toWire(values) {
  const written = Object.entries(values).map(([name, value]) => [name, value instanceof Uint8Array ? toHex(value) : value]);
  return Object.fromEntries(written);
}

/** The `set` of a pulled row as inner values; columns this catalogue does not know stay out. */
export function fromRowOut(tableName, values) {
  const known = TABLES[tableName].columns;
  const found = {};
  for (const [name, value] of Object.entries(values)) {
    if (!Object.hasOwn(known, name)) continue;
    const asBytes = value !== null && (known[name].type === "geometry" || known[name].type === "bytes");
    found[name] = asBytes ? bytes(known[name], value) : value;
  }
  return found;
}
