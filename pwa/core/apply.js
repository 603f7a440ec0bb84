/**
 * How server rows lie under what a person has typed, and how that becomes changes to push: the mirror of
 * arxos_sync/apply.py, both held to schemas/vectors/apply.json.
 *
 * An entry {key, place, table, id, op, base, old, new, settledAfter} is one captured edit of one row: for an update
 * the columns of the fields that differ, old and new; for an insert all new values; for a delete all old ones.
 * `key` is the local transaction; `settledAfter` the highest local key there was when its receipt came, null where
 * none has. Entries of a row are open until the replica's cursor has passed their receipt. What the server holds
 * (`serverRow`) and what is shown (`shownRow`) differ by the open entries alone. A row is an object of columns, null
 * where there is none; `table` is an entry of TABLES.
 *
 * Sets, maps and counters are shown as the server's value with the person's own additions and removals on it, and
 * pushed as such. The base of a field's first pending edit counts for all that follow it while it was pending.
 */

import { sortedTexts } from "./text_order.js";

// ---------------------------------------------------------------- rows

/** What the server holds, from what is shown and the row's open entries in order. */
export function serverRow(shown, entries) {
  if (!entries.length) return shown;
  if (entries[0].op === "insert") return null;
  const gone = entries.find((entry) => entry.op === "delete");
  const row = { ...(gone ? gone.old : shown) };
  const seen = new Set();
  for (const entry of entries) {
    if (entry === gone) break;
    for (const [name, value] of Object.entries(entry.old)) if (!seen.has(name)) row[name] = value;
    for (const name of Object.keys(entry.old)) seen.add(name);
  }
  return row;
}

/**
 * What is shown: the server's row with the open entries on it. Where the server deleted a row that a person has
 * edited, it stays as it is on their screen until the server has judged the edit.
 */
export function shownRow(table, server, entries, shown) {
  let row = server === null ? null : { ...server };
  for (const entry of entries) {
    if (entry.op === "insert") row = row === null ? { ...entry.new } : { ...row, ...withoutNulls(entry.new) };
    else if (entry.op === "delete") row = null;
    else row = edited(table, row ?? shown, entry);
  }
  return row;
}

function edited(table, before, entry) {
  if (before === null) return null;
  const row = { ...before };
  for (const [name, value] of Object.entries(entry.new)) {
    const column = table.columns[name];
    row[name] = withDelta(column, row[name] ?? null, delta(column, entry.old[name] ?? null, value));
  }
  return row;
}

function withoutNulls(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}

// ---------------------------------------------------------------- sets, maps, counters

/** The change from `old` to `now` as it travels: what was added and removed, or simply `now`. */
export function delta(column, old, now) {
  if (column.type === "set" && are(Array.isArray, old, now)) return setDelta(old ?? [], now ?? []);
  if (column.type === "map" && are(isObject, old, now)) return mapDelta(old ?? {}, now ?? {});
  if (column.type === "counter" && are(isNumber, old, now)) return { add: (now ?? 0) - (old ?? 0) };
  return now;
}

function setDelta(old, now) {
  const before = new Set(old), after = new Set(now);
  const found = {};
  const add = sortedTexts(now.filter((item) => !before.has(item)));
  const remove = sortedTexts(old.filter((item) => !after.has(item)));
  if (add.length) found.add = add;
  if (remove.length) found.remove = remove;
  return found;
}

function mapDelta(old, now) {
  const changed = Object.entries(now).filter(([key, value]) => !Object.hasOwn(old, key) || !same(old[key], value));
  const gone = Object.keys(old).filter((key) => !Object.hasOwn(now, key));
  return Object.fromEntries([...changed, ...gone.map((key) => [key, null])]);
}

/** `value` with what `delta` answered done to it; nothing stays nothing where it adds nothing. */
export function withDelta(column, value, change) {
  if (!isObject(change)) return change;
  if (column.type === "set" && are(Array.isArray, value)) {
    const removed = new Set(change.remove ?? []);
    const items = [...(value ?? []).filter((item) => !removed.has(item)), ...(change.add ?? [])];
    return value === null && items.length === 0 ? null : sortedTexts(items);
  }
  if (column.type === "map" && are(isObject, value)) {
    const held = withoutNulls({ ...value, ...change });
    return value === null && Object.keys(held).length === 0 ? null : held;
  }
  if (column.type === "counter" && are(isNumber, value)) {
    const sum = (value ?? 0) + change.add;
    return value === null && sum === 0 ? null : sum;
  }
  return change;
}

function are(kind, ...values) {
  return values.every((value) => value === null || kind(value));
}

function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function isNumber(value) {
  return typeof value === "number";
}

/** Equal as JSON has it, whatever the order of keys; bytes are equal when they are the same bytes. */
export function same(a, b) {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (isObject(a) !== isObject(b) || a instanceof Uint8Array !== b instanceof Uint8Array) return false;
  if (!isObject(a)) return a.length === b.length && a.every((item, index) => same(item, b[index]));
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

// ---------------------------------------------------------------- changes to push

/**
 * Per entry (a Map by `key/place`) the base of each field it edits; "" for a delete or an insert. `entries` are
 * those of one row in order, settled ones among them where a later one was made before the receipt came: who types
 * over their own unsent value has not seen what came under it.
 */
export function bases(table, entries) {
  const found = new Map();
  const last = new Map();
  for (const entry of entries) {
    const linked = new Map();
    for (const [field, { base, settled }] of last) {
      if (settled === null || settled >= entry.key) linked.set(field, base);
    }
    const mine = basesOf(table, entry, linked);
    for (const [field, base] of Object.entries(mine)) last.set(field, { base, settled: entry.settledAfter ?? null });
    found.set(`${entry.key}/${entry.place}`, mine);
  }
  return found;
}

function basesOf(table, entry, linked) {
  if (entry.op !== "update") return { "": Math.min(entry.base, ...linked.values()) };
  const base = linked.get("") ?? entry.base;
  return Object.fromEntries(fields(table, entry).map((field) => [field, linked.get(field) ?? base]));
}

/** The fields an update edits: columns, groups, and keys of maps as `column.key`. */
export function fields(table, entry) {
  const found = new Set();
  for (const [name, value] of Object.entries(entry.new)) {
    const column = table.columns[name];
    const old = entry.old[name] ?? null;
    const change = delta(column, old, value);
    if (column.type === "map" && isObject(change)) for (const key of Object.keys(change)) found.add(`${name}.${key}`);
    else if (!isNothing(column, change, old, value)) found.add(column.field);
  }
  return [...found];
}

function isNothing(column, change, old, now) {
  if (column.group) return false;
  if ((column.type === "set" || column.type === "counter") && isObject(change)) {
    return !Object.keys(change).length || change.add === 0;
  }
  return same(old, now);
}

/** What is pushed for one entry, with inner values: fields with different bases as separate changes. */
export function changes(table, entry, base) {
  const named = { table: table.name, id: entry.id, op: entry.op };
  if (entry.op === "delete") return [{ ...named, base: base[""] }];
  if (entry.op === "insert") return [{ ...named, base: base[""], set: inserted(table, entry) }];
  const numbers = [...new Set(Object.values(base))].sort((a, b) => a - b);
  return numbers.map((number) => {
    const mine = Object.keys(base).filter((field) => base[field] === number);
    return { ...named, base: number, ...updated(table, entry, mine) };
  });
}

/** What has a value, and of a group all or nothing. */
function inserted(table, entry) {
  const given = withoutNulls(entry.new);
  const whole = {};
  for (const group of Object.values(table.groups)) {
    if (group.some((name) => name in given)) for (const name of group) whole[name] = entry.new[name] ?? null;
  }
  return { ...whole, ...given };
}

function updated(table, entry, edits) {
  const set = {}, was = {};
  for (const field of edits) {
    const [, name, key] = /^([^.]*)\.?(.*)$/s.exec(field);
    for (const column of (table.groups[name] ?? [name]).map((one) => table.columns[one])) {
      if (!Object.hasOwn(entry.new, column.name)) continue; // an edit made before the column came knows nothing of it
      const old = entry.old[column.name] ?? null;
      const change = delta(column, old, entry.new[column.name] ?? null);
      if (key) {
        put((set[name] ??= {}), key, change[key]);
        put((was[name] ??= {}), key, old !== null && Object.hasOwn(old, key) ? old[key] : null);
      } else {
        [set[column.name], was[column.name]] = [change, old];
      }
    }
  }
  return { set, was };
}

/** A key of a map may be any text, `__proto__` too. */
function put(object, key, value) {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}
