// Parameters and columns of a prepared statement, straight to and from SQLite's memory. What the library offers asks of
// every value again what it is and where it goes; with thousands of rows that took longer than SQLite took.

const TRANSIENT = -1; // SQLite takes a copy before the call returns
const SCRATCH_BYTES = 64 * 1024;
const BYTES_PER_LETTER_MAX = 3; // of UTF-8, for a unit of UTF-16
const SMALL_INTEGER = 2 ** 31;
const [INTEGER, FLOAT, TEXT, BLOB] = [1, 2, 3, 4];
const [ROW, DONE] = [100, 101];
// Each behind a Proxy, so that no optimizer draws the call into its caller: V8 11 (Node 20, Chromium 113) dies of that.
const CALLS = [
  'bind_null', 'bind_text', 'bind_int', 'bind_int64', 'bind_double', 'bind_blob', 'step', 'reset',
  'column_type', 'column_double', 'column_text', 'column_blob', 'column_bytes',
].map((name) => `sqlite3_${name}`);

export class Raw {
  constructor(sqlite3) {
    this.wasm = sqlite3.wasm;
    this.calls = Object.fromEntries(CALLS.map((name) => [name, new Proxy(sqlite3.wasm.exports[name], {})]));
    this.encoder = new TextEncoder();
    this.decoder = new TextDecoder();
    this.size = SCRATCH_BYTES;
    this.scratch = this.wasm.alloc(this.size);
  }

  free() {
    this.wasm.dealloc(this.scratch);
  }

  /** Bind a list of values, the first to ?1. Answers SQLite's code, 0 for well. */
  bind(pointer, values) {
    for (let at = 0; at < values.length; at += 1) {
      const code = this.bindOne(pointer, at + 1, values[at]);
      if (code) return code;
    }
    return 0;
  }

  bindOne(pointer, place, value) {
    const { calls } = this;
    if (value === null || value === undefined) return calls.sqlite3_bind_null(pointer, place);
    if (typeof value === 'string') {
      this.reserve(value.length * BYTES_PER_LETTER_MAX);
      const { written } = this.encoder.encodeInto(value, this.room());
      return calls.sqlite3_bind_text(pointer, place, this.scratch, written, TRANSIENT);
    }
    if (typeof value === 'number') return this.bindNumber(pointer, place, value);
    if (typeof value === 'boolean') return calls.sqlite3_bind_int(pointer, place, value ? 1 : 0);
    if (!(value instanceof Uint8Array)) throw new TypeError(`${typeof value} is nothing that SQLite keeps`);
    this.reserve(value.length);
    this.room().set(value);
    return calls.sqlite3_bind_blob(pointer, place, this.scratch, value.length, TRANSIENT);
  }

  /** A whole number beyond 2^53 is a double: 1e300 is no integer of 64 bits. */
  bindNumber(pointer, place, value) {
    const { calls } = this;
    if (!Number.isSafeInteger(value)) return calls.sqlite3_bind_double(pointer, place, value);
    if (value >= -SMALL_INTEGER && value < SMALL_INTEGER) return calls.sqlite3_bind_int(pointer, place, value);
    return calls.sqlite3_bind_int64(pointer, place, BigInt(value));
  }

  reserve(bytes) {
    if (bytes <= this.size) return;
    this.wasm.dealloc(this.scratch);
    this.size = bytes;
    this.scratch = this.wasm.alloc(bytes);
  }

  /** The scratch memory; another view after each call that may grow it. */
  room() {
    return this.wasm.heap8u().subarray(this.scratch, this.scratch + this.size);
  }

  /** One step: true for a row, false at the end; a number is SQLite's code for what went wrong. */
  step(pointer) {
    const code = this.calls.sqlite3_step(pointer);
    if (code === ROW) return true;
    return code === DONE ? false : code;
  }

  /** The columns of the row a statement stands on. Null where one is a whole number that JavaScript does not carry. */
  row(pointer, count) {
    const { calls } = this;
    const found = new Array(count);
    for (let at = 0; at < count; at += 1) {
      switch (calls.sqlite3_column_type(pointer, at)) {
        case INTEGER:
          found[at] = calls.sqlite3_column_double(pointer, at);
          if (!Number.isSafeInteger(found[at])) return null;
          break;
        case FLOAT:
          found[at] = calls.sqlite3_column_double(pointer, at);
          break;
        case TEXT:
          found[at] = this.text(calls.sqlite3_column_text(pointer, at), calls.sqlite3_column_bytes(pointer, at));
          break;
        case BLOB:
          found[at] = this.bytes(calls.sqlite3_column_blob(pointer, at), calls.sqlite3_column_bytes(pointer, at));
          break;
        default:
          found[at] = null;
      }
    }
    return found;
  }

  text(from, length) {
    return this.decoder.decode(this.wasm.heap8u().subarray(from, from + length));
  }

  bytes(from, length) {
    return this.wasm.heap8u().slice(from, from + length);
  }
}
