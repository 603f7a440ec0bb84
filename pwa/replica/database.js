// SQLite in this worker: files in the origin's private file system, or in memory where there is none.
//
// The pool keeps files with synchronous handles (VFS `opfs-sahpool`), one worker at a time; the caller holds the
// lock that makes it the only one. A failed start must never delete what is there (`preserveOnInitFailure`).
// SpatiaLite itself is not here: the functions its triggers call are registered from JavaScript, and say what they
// would: a geometry is accepted when it is one, and the R*Tree follows the box that stands in the BLOB.

import sqlite3InitModule from '/vendor/sqlite-wasm/index.mjs';

import { gatheringRoot } from './gather.js';
import { Raw } from './raw.js';

const FILES_RESERVED = 24;
const TRIES_MAX = 20;
const TRY_AGAIN_MS = 150;
// This worker alone has the file: what it holds of it in memory stays true between transactions, and the journal is
// emptied where it would be deleted and made again.
const PRAGMAS = `
  pragma locking_mode = exclusive; pragma journal_mode = delete; pragma synchronous = full; pragma cache_size = -32768;
  pragma foreign_keys = off; pragma temp_store = memory;`;

export async function openStorage() {
  const sqlite3 = await sqlite3InitModule({ print: () => {}, printErr: () => {} });
  const pool = await openPool(sqlite3);
  return new Storage(sqlite3, pool);
}

/** The pool; null where this browser has no OPFS. The tab that led before may still be letting go of its files. */
async function openPool(sqlite3) {
  if (!navigator.storage?.getDirectory || typeof FileSystemFileHandle === 'undefined') return null;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    try {
      const pool = await withRoot(gatheringRoot, () => sqlite3.installOpfsSAHPoolVfs({
        name: 'arxos',
        directory: '/arxos',
        initialCapacity: FILES_RESERVED,
        verbosity: 0, // a file still held by the tab before is expected, and tried again
        preserveOnInitFailure: true,
        forceReinitIfPreviouslyFailed: true,
      }));
      await pool.reserveMinimumCapacity(FILES_RESERVED); // a first start that was cut made some of them
      return pool;
    } catch (error) {
      if (error?.name === 'SecurityError' || error?.name === 'NotSupportedError') return null;
      await new Promise((resolve) => setTimeout(resolve, TRY_AGAIN_MS));
    }
  }
  return null;
}

/** The pool asks the browser itself for the root: meanwhile the answer is another one. */
async function withRoot(root, work) {
  const wrapped = await root();
  navigator.storage.getDirectory = async () => wrapped;
  try {
    return await work();
  } finally {
    delete navigator.storage.getDirectory;
  }
}

class Storage {
  constructor(sqlite3, pool) {
    this.sqlite3 = sqlite3;
    this.pool = pool;
    this.inMemory = new Map();
  }

  get memory() {
    return this.pool === null;
  }

  has(name) {
    return this.pool ? this.pool.getFileNames().includes(name) : this.inMemory.has(name);
  }

  /** Open a file, made where there is none. */
  open(name) {
    const known = this.inMemory.get(name);
    if (known) return known;
    const database = new Database(this.sqlite3, this.pool ? new this.pool.OpfsSAHPoolDb(name) : new this.sqlite3.oo1.DB(':memory:'));
    if (!this.pool) this.inMemory.set(name, database);
    return database;
  }

  /** Put the bytes of a SQLite file under a name. */
  async put(name, bytes) {
    if (this.pool) {
      await this.pool.reserveMinimumCapacity(this.pool.getFileCount() + 8);
      this.pool.unlink(`${name}-journal`);
      await this.pool.importDb(name, bytes);
      return;
    }
    const { capi, wasm, oo1 } = this.sqlite3;
    const db = new oo1.DB(':memory:');
    const pointer = wasm.allocFromTypedArray(bytes);
    const flags = capi.SQLITE_DESERIALIZE_FREEONCLOSE | capi.SQLITE_DESERIALIZE_RESIZEABLE;
    db.checkRc(capi.sqlite3_deserialize(db.pointer, 'main', pointer, bytes.length, bytes.length, flags));
    this.inMemory.set(name, new Database(this.sqlite3, db));
  }

  remove(name) {
    this.inMemory.delete(name);
    if (this.pool) for (const one of [name, `${name}-journal`]) this.pool.unlink(one);
  }

  /** The bytes of a file, as a person would open it elsewhere. */
  export(name) {
    return this.pool ? this.pool.exportFile(name) : this.sqlite3.capi.sqlite3_js_db_export(this.inMemory.get(name).db);
  }
}

export class Database {
  constructor(sqlite3, db) {
    this.sqlite3 = sqlite3;
    this.db = db;
    this.raw = new Raw(sqlite3);
    this.prepared = new Map();
    db.exec(PRAGMAS);
    registerGeometry(db);
  }

  /** Rows as objects. */
  rows(sql, parameters = []) {
    return this.db.exec({ sql, bind: bound(parameters), rowMode: 'object', returnValue: 'resultRows' });
  }

  /** Rows as arrays. */
  values(sql, parameters = []) {
    return this.prepare(sql, (statement) => {
      this.bind(statement, parameters);
      const found = [];
      const count = statement.columnCount;
      while (this.step(statement)) found.push(this.raw.row(statement.pointer, count) ?? statement.get([]));
      return found;
    });
  }

  one(sql, parameters = []) {
    return this.values(sql, parameters)[0]?.[0] ?? null;
  }

  /** Run a statement; answers how many rows it touched. */
  run(sql, parameters = []) {
    return this.prepare(sql, (statement) => {
      this.bind(statement, parameters);
      this.step(statement);
      return this.db.changes();
    });
  }

  /** Run a statement once for each list of parameters. */
  many(sql, lists) {
    if (!lists.length) return;
    this.prepare(sql, (statement) => {
      for (const list of lists) {
        this.bind(statement, list);
        this.step(statement);
        this.raw.calls.sqlite3_reset(statement.pointer);
      }
    });
  }

  /** Work with a statement, which is kept for the next time. */
  prepare(sql, work) {
    let statement = this.prepared.get(sql);
    if (!statement) {
      statement = this.db.prepare(sql);
      this.prepared.set(sql, statement);
    }
    try {
      return work(statement);
    } finally {
      statement.reset(true);
    }
  }

  /** A list for ?1, ?2 …, or an object of names. */
  bind(statement, parameters) {
    if (Array.isArray(parameters)) {
      if (parameters.length > statement.parameterCount) throw new RangeError(`${parameters.length} parameters are too many`);
      this.db.checkRc(this.raw.bind(statement.pointer, parameters));
    } else if (Object.keys(parameters).length) statement.bind(parameters);
  }

  /** Is there a row? */
  step(statement) {
    const went = this.raw.step(statement.pointer);
    if (typeof went === 'number') this.db.checkRc(went);
    return went;
  }

  transaction(work) {
    this.db.exec('begin immediate');
    try {
      const answer = work();
      this.db.exec('commit');
      return answer;
    } catch (error) {
      if (!this.sqlite3.capi.sqlite3_get_autocommit(this.db.pointer)) this.db.exec('rollback');
      throw error;
    }
  }

  close() {
    for (const statement of this.prepared.values()) statement.finalize();
    this.prepared.clear();
    this.raw.free();
    this.db.close();
  }
}

function bound(parameters) {
  if (Array.isArray(parameters)) return parameters.length ? parameters : undefined;
  return Object.keys(parameters).length ? parameters : undefined;
}

// ---------------------------------------------------------------- what SpatiaLite's triggers call

function registerGeometry(db) {
  const pure = { deterministic: true };
  db.createFunction('GeometryConstraints', (_, blob) => (blob === null || box(blob) ? 1 : 0), { arity: 3, ...pure });
  db.createFunction('GeometryConstraints', (_, blob) => (blob === null || box(blob) ? 1 : 0), { arity: 4, ...pure });
  ['MbrMinX', 'MbrMinY', 'MbrMaxX', 'MbrMaxY'].forEach((name, index) => {
    db.createFunction(name, (_, blob) => (blob === null ? null : (box(blob)?.[index] ?? null)), { arity: 1, ...pure });
  });
  db.createFunction(
    'RTreeAlign',
    (_, index, pk, blob) => {
      const found = blob === null ? null : box(blob);
      if (found) {
        const [minX, minY, maxX, maxY] = found;
        const sql = `insert into "${index.replaceAll('"', '')}" (pkid, xmin, xmax, ymin, ymax) values (?, ?, ?, ?, ?)`;
        db.exec({ sql, bind: [pk, minX, maxX, minY, maxY] });
      }
      return 1;
    },
    { arity: 3 },
  );
}

/** The bounding box that stands in a SpatiaLite BLOB: [min x, min y, max x, max y]; null where it is none. */
function box(blob) {
  if (!(blob instanceof Uint8Array) || blob.length < 45 || blob[0] !== 0 || blob[38] !== 0x7c) return null;
  const view = new DataView(blob.buffer, blob.byteOffset, blob.byteLength);
  const little = blob[1] === 1;
  return [6, 14, 22, 30].map((place) => view.getFloat64(place, little));
}
