// One scope's replica in the browser: a person's edits, what is pushed of them, and the server's rows under them.
//
// The file is the server's snapshot, the same as a tablet's; its triggers capture every edit. What is promised, each
// within one database transaction (the mirror of arxos_sync/storage/spatialite.py):
//   1. An edit is on disk with its log entry before `record` answers.
//   2. A transaction's number and nonce are on disk before `pending` hands it out.
//   3. Pages are held in the file until the last has come, then applied at once with cursor, digest and receipts.
//   4. A field with an open edit shows the person's value; what the server holds there is kept beside it.
//   5. A rejected transaction leaves the rows at once and stays in the log until it is retried or discarded.

import * as apply from '../core/apply.js';
import { TABLES } from '../core/catalogue.js';
import * as change from '../core/change.js';
import { Refused } from '../core/change.js';
import * as digest from '../core/digest.js';
import * as stamp from '../core/stamp.js';
import { hideChildren } from './cascade.js';
import * as heal from './heal.js';
import * as log from './log.js';
import { toInner, toNative } from './values.js';

const SERVER = 'server';
const NONCE_BYTES = 12;
const TRANSACTIONS_MAX = 1000;
const CHANGES_MAX = 5000;
const RECORDED_KEPT = 200; // ids of asks to record, so that one asked twice is done once

const named = (names) => names.map((name) => `"${name}"`).join(', ');
const marks = (names) => names.map(() => '?').join(', ');
const keyOf = (table, id) => `${table}/${id}`;

export class Replica {
  constructor(database) {
    this.database = database;
    this.scope = this.state('scope');
    this.kind = this.state('kind');
    this.tables = log.tablesOf(this.kind);
  }

  // ------------------------------------------------------------ state

  state(key) {
    return this.database.one('select value from arxos_state where key = ?', [key]);
  }

  setState(values) {
    for (const [key, value] of Object.entries(values)) {
      if (value === null) this.database.run('delete from arxos_state where key = ?', [key]);
      else this.database.run('insert or replace into arxos_state (key, value) values (?, ?)', [key, String(value)]);
    }
  }

  get device() {
    return this.state('device') ?? '';
  }

  get sequence() {
    return this.database.one('select sequence from arxos_writing');
  }

  /** What a snapshot needs on arrival: its R*Trees filled, and the device it now lives on. */
  adopt(device) {
    this.database.transaction(() => {
      if (this.state('index') === 'empty') {
        for (const [table, column] of this.database.values(
          'select f_table_name, f_geometry_column from geometry_columns where spatial_index_enabled = 1',
        )) {
          this.database.db.exec(
            `insert into "idx_${table}_${column}" (pkid, xmin, xmax, ymin, ymax)
             select pk, MbrMinX("${column}"), MbrMaxX("${column}"), MbrMinY("${column}"), MbrMaxY("${column}")
             from "${table}" where "${column}" is not null`,
          );
        }
        this.setState({ index: 'built' });
      }
      this.database.run('update arxos_writing set tail = ?', [device.slice(-8)]);
      this.setState({ device });
    });
  }

  /** All or nothing; what is written is the server's, not the person's. */
  applying(work) {
    return this.database.transaction(() => {
      this.database.run('update arxos_writing set capture = 0');
      const answer = work();
      this.database.run('update arxos_writing set capture = 1');
      return answer;
    });
  }

  learn(receivedAt, offsetMs) {
    const [ms, counter] = this.database.values('select ms, counter from arxos_writing')[0];
    const mine = ms ? stamp.form(ms, counter, this.device) : null;
    const heard = stamp.learned(mine, receivedAt, this.device);
    this.database.run('update arxos_writing set ms = ?, counter = ?', [stamp.milliseconds(heard), stamp.counter(heard)]);
    this.setState({ clock_offset_ms: offsetMs });
  }

  // ------------------------------------------------------------ record

  /** Write edits as one transaction; durable when it answers. `ask` names the asking, so that asking twice is once. */
  record(changes, nowMs, { reason = null, ask = null } = {}) {
    if (!changes.length) throw new Refused('invalid_value', 'nothing to record');
    if (changes.length > CHANGES_MAX) throw new Refused('too_large', `${changes.length} changes at once`);
    return this.database.transaction(() => {
      const done = ask && this.state(`asked/${ask}`);
      if (done) return Number(done);
      const key = this.begin(nowMs, reason);
      for (const one of changes) this.write(one);
      this.database.run('update arxos_writing set transaction_key = null');
      if (ask) this.remember(ask, key);
      return key;
    });
  }

  begin(nowMs, reason) {
    const [ms, counter, sequence] = this.database.values('select ms, counter, sequence from arxos_writing')[0];
    const mark = stamp.following(ms ? stamp.form(ms, counter, this.device) : null, nowMs, this.device);
    this.database.run('insert into arxos_change_log (stamp, base, reason) values (?, ?, ?)', [mark, sequence, reason]);
    const key = this.database.one('select max(key) from arxos_change_log');
    this.database.run('update arxos_writing set transaction_key = ?, ms = ?, counter = ?', [
      key,
      stamp.milliseconds(mark),
      stamp.counter(mark),
    ]);
    return key;
  }

  remember(ask, key) {
    this.setState({ [`asked/${ask}`]: key });
    this.database.run(
      `delete from arxos_state where key like 'asked/%' and cast(value as integer) < ?`,
      [key - RECORDED_KEPT],
    );
  }

  write(one) {
    const table = TABLES[one.table];
    if (!table || !this.tables.includes(one.table)) throw new Refused('unknown_table', one.table);
    if (table[one.op] === SERVER) throw new Refused('forbidden', `only the server writes this to ${one.table}`);
    if (one.op === 'insert') return this.insert(one, table);
    if (one.op === 'update') return this.update(one, table);
    if (!this.database.run(`delete from "${one.table}" where id = ?`, [one.id])) {
      throw new Refused('row_unknown', `${one.table} ${one.id}`);
    }
    return hideChildren(this, one.table, one.id);
  }

  insert(one, table) {
    const values = this.checked(table, one);
    for (const column of Object.values(table.columns)) {
      if (column.required && (values[column.name] ?? null) === null) {
        throw new Refused('invalid_value', `${column.name} is required`, column.name);
      }
    }
    if (this.database.one(`select 1 from "${one.table}" where id = ?`, [one.id])) throw new Refused('id_taken', one.id);
    const names = ['id', ...Object.keys(values)];
    const natives = [one.id, ...Object.entries(values).map(([name, value]) => toNative(table.columns[name], value))];
    this.database.run(`insert into "${one.table}" (${named(names)}) values (${marks(names)})`, natives);
  }

  update(one, table) {
    const deltas = this.checked(table, one);
    const row = this.row(one.table, one.id);
    if (row === null) throw new Refused('row_unknown', `${one.table} ${one.id}`);
    const names = Object.keys(deltas);
    for (const name of names) {
      if (table.columns[name].rule === 'append') throw new Refused('append_only', `${one.table}.${name}`, name);
    }
    const natives = names.map((name) => {
      const column = table.columns[name];
      return toNative(column, apply.withDelta(column, row[name] ?? null, deltas[name]));
    });
    const sets = names.map((name) => `"${name}" = ?`).join(', ');
    this.database.run(`update "${one.table}" set ${sets} where id = ?`, [...natives, one.id]);
  }

  checked(table, one) {
    const found = {};
    for (const [name, value] of Object.entries(one.set ?? {})) {
      const column = table.columns[name];
      if (!column) throw new Refused('unknown_column', name, name);
      if (column.rule === SERVER && !(name === 'origin' && one.op === 'insert')) throw new Refused('server_column', name, name);
      found[name] = change.readValue(column, one.op, value);
    }
    if (one.op === 'update' && !Object.keys(found).length) throw new Refused('invalid_value', 'nothing to set');
    return found;
  }

  // ------------------------------------------------------------ read

  row(table, id) {
    return this.rowsOf(table, [id]).get(id) ?? null;
  }

  rowsOf(table, ids) {
    const columns = Object.values(TABLES[table].columns).filter((column) => column.name !== 'id');
    const found = this.database.values(
      `select id, ${named(columns.map((c) => c.name))} from "${table}" where id in (select value from json_each(?))`,
      [JSON.stringify(ids)],
    );
    return new Map(
      found.map(([id, ...values]) => [
        id,
        Object.fromEntries(columns.map((column, index) => [column.name, toInner(column, values[index])])),
      ]),
    );
  }

  /** The rows as the server holds them, as far as this replica has heard: by table/id, null where there is none. */
  serverRows(keys) {
    const found = new Map();
    for (const [table, ids] of byTable(keys)) {
      const shown = this.rowsOf(table, ids);
      const entries = log.openEntries(this.database, table, ids);
      const shadows = this.shadows(table, ids);
      for (const id of ids) {
        const known = shadows.has(id) ? shadows.get(id) : apply.serverRow(shown.get(id) ?? null, entries.get(id) ?? []);
        found.set(keyOf(table, id), known);
      }
    }
    return found;
  }

  shadows(table, ids) {
    const rows = this.database.values(
      `select id, column_name, value from arxos_shadow
       where table_name = ? and id in (select value from json_each(?))`,
      [table, JSON.stringify(ids)],
    );
    const found = new Map(rows.filter(([, name]) => name === '').map(([id, , value]) => [id, value ? {} : null]));
    for (const [id, name, value] of rows) {
      const column = TABLES[table].columns[name];
      if (column && found.get(id)) found.get(id)[name] = toInner(column, value);
    }
    return found;
  }

  // ------------------------------------------------------------ push

  /** How many transactions wait for a receipt. */
  pendingCount() {
    return log.waiting(this.database, this.kind)[0];
  }

  prior() {
    const known = this.state('known');
    return known ? JSON.parse(known) : null;
  }

  /** What to push after `prior`, oldest first, numbered for good; the same again until receipts come. */
  pending(changesMax = CHANGES_MAX) {
    return this.database.transaction(() => {
      log.cancelUnsentPairs(this.database, this.kind);
      const headers = this.database.values(
        `select key, stamp, reason, n, nonce from arxos_change_log
         where state in ('pending', 'sent') order by n is null, n, key limit ?`,
        [TRANSACTIONS_MAX],
      );
      if (!headers.length) return [];
      const keys = headers.map(([key]) => key).sort((a, b) => a - b);
      return this.numbered(headers, log.assemble(this.database, this.kind, keys), changesMax);
    });
  }

  numbered(headers, made, changesMax) {
    const transactions = [];
    let last = Number(this.state('n') ?? 0);
    let count = 0;
    for (const [key, mark, reason, given, told] of headers) {
      const changes = made.get(key);
      count += changes.length;
      if (count > changesMax && count > changes.length) break;
      if (!changes.length) {
        this.settle([key], 'discarded');
        continue;
      }
      const n = given ?? (last += 1);
      const nonce = told ?? newNonce();
      this.database.run(`update arxos_change_log set state = 'sent', n = ?, nonce = ? where key = ?`, [n, nonce, key]);
      transactions.push({ n, nonce, stamp: mark, reason, changes: changes.map(wireChange) });
    }
    this.setState({ n: last });
    return transactions;
  }

  // ------------------------------------------------------------ apply

  /** Take in a scope's part of an answer: receipts at once, rows when the last page has come. */
  applyAnswer(answer, { fromNothing = false } = {}) {
    return this.applying(() => {
      if (fromNothing) {
        this.database.run('delete from arxos_held');
        this.setState({ paging: 'whole' });
      }
      const done = this.takeReceipts(answer);
      if (!answer.cursor) return done;
      if (answer.more) {
        this.database.run('insert into arxos_held (content) values (?)', [JSON.stringify(answer.rows)]);
        this.setState({ cursor_paging: answer.cursor });
        return done;
      }
      const rows = [...this.held(), ...answer.rows];
      this.lay(this.incoming(rows, this.state('paging') === 'whole'), { head: answer.head, done });
      this.setState({ paging: null, cursor_paging: null, cursor: answer.cursor, head: answer.head });
      this.mark(answer.head, answer.salt);
      done.suspect = this.compare(answer.digest);
      return done;
    });
  }

  cursor() {
    return this.state('cursor_paging') ?? this.state('cursor');
  }

  /** Rows that came with a live hint whose `after` is the cursor here. */
  applyHint(rows, cursor, head, salt) {
    return this.applying(() => {
      const done = { rows: 0, receipts: 0, rejected: 0, tables: new Set() };
      this.lay(this.incoming(rows, false), { head, done });
      this.setState({ cursor, head });
      this.mark(head, salt);
      return done;
    });
  }

  held() {
    const pages = this.database.values('select content from arxos_held order by place');
    this.database.run('delete from arxos_held');
    return pages.flatMap(([content]) => JSON.parse(typeof content === 'string' ? content : new TextDecoder().decode(content)));
  }

  /** `whole`: all that is not among them is gone. `complete`: what a row does not name is empty there. */
  incoming(rows, whole, complete = whole) {
    const found = new Map();
    for (const row of rows) {
      if (!this.tables.includes(row.table)) continue;
      const key = keyOf(row.table, row.id);
      let values = null;
      if (!row.deleted) {
        const former = complete ? emptyRow(row.table) : (found.get(key)?.values ?? {});
        values = { ...former, ...change.fromRowOut(row.table, row.set ?? {}) };
        delete values.id;
      }
      found.set(key, { table: row.table, id: row.id, sequence: row.sequence, values });
    }
    if (whole) {
      for (const table of this.tables) {
        for (const [id] of this.serverKeys(table)) {
          if (!found.has(keyOf(table, id))) found.set(keyOf(table, id), { table, id, sequence: 0, values: null });
        }
      }
    }
    return found;
  }

  takeReceipts(answer) {
    const rejected = [];
    const idle = []; // receipts that the cursor has passed already
    let known = this.prior();
    for (const receipt of answer.receipts) {
      const found = this.database.values(`select key, nonce from arxos_change_log where n = ? and state = 'sent'`, [receipt.n])[0];
      if (!found) continue;
      const [key, nonce] = found;
      known = { n: receipt.n, nonce };
      this.keepReceipt(key, receipt);
      if (receipt.outcome === 'rejected') rejected.push(key);
      else if ((receipt.sequence ?? 0) <= this.sequence) idle.push(key);
    }
    if (known) this.setState({ known: JSON.stringify(known) });
    const done = { rows: 0, receipts: answer.receipts.length, rejected: rejected.length, tables: new Set() };
    if (rejected.length || idle.length) this.lay(new Map(), { settle: rejected, also: idle, done });
    return done;
  }

  keepReceipt(key, receipt) {
    if (receipt.outcome !== 'rejected') {
      this.database.run(
        `update arxos_change_log set state = 'acknowledged', outcome = ?, sequence = coalesce(?, 0),
           settled_after = (select max(key) from arxos_change_log) where key = ?`,
        [receipt.outcome, receipt.sequence ?? null, key],
      );
    }
    this.database.run('insert or replace into arxos_receipt (transaction_key, device, n, receipt) values (?, ?, ?, ?)', [
      key,
      this.device,
      receipt.n,
      JSON.stringify(receipt),
    ]);
  }

  settle(keys, state) {
    this.database.run(
      `update arxos_change_log set state = ?, settled_after = (select max(key) from arxos_change_log)
       where key in (select value from json_each(?))`,
      [state, JSON.stringify(keys)],
    );
  }

  /** Put server rows under open edits, and take settled edits off. The heart of applying. */
  lay(incoming, { head = null, settle = [], settleAs = 'rejected', also = [], done }) {
    const passed = this.database
      .values(`select key from arxos_change_log where state = 'acknowledged' and sequence > ? and sequence <= ?`, [
        this.sequence,
        head ?? this.sequence,
      ])
      .map(([key]) => key);
    const edited = new Map();
    const noted = [...log.touched(this.database, this.kind, [...passed, ...settle, ...also]), ...this.underEdits(incoming)];
    for (const [table, id] of noted) edited.set(keyOf(table, id), [table, id]);
    const server = this.serverRows([...edited.values()]);
    if (settle.length) this.settle(settle, settleAs);
    if (head !== null) this.database.run('update arxos_writing set sequence = ?', [head]);
    this.layClean([...incoming.values()].filter((one) => !edited.has(keyOf(one.table, one.id))));
    this.layEdited([...edited.values()], server, incoming);
    for (const one of incoming.values()) done.tables.add(one.table);
    for (const [table] of edited.values()) done.tables.add(table);
    done.rows += incoming.size;
    return done;
  }

  underEdits(incoming) {
    const found = [];
    for (const [table, ids] of byTable([...incoming.values()].map((one) => [one.table, one.id]))) {
      const wanted = new Set(ids);
      for (const id of this.editedIds(table)) if (wanted.has(id)) found.push([table, id]);
    }
    return found;
  }

  editedIds(table) {
    return this.database
      .values(
        `select distinct l.id from "arxos_log_${table}" l
         join arxos_change_log h on h.key = l.transaction_key where ${log.OPEN}`,
      )
      .map(([id]) => id);
  }

  layClean(rows) {
    for (const [table, ids] of byTable(rows.map((one) => [one.table, one.id]))) {
      const before = new Map(
        this.database.values(`select id, sequence from "${table}" where id in (select value from json_each(?))`, [
          JSON.stringify(ids),
        ]),
      );
      const moves = [];
      for (const one of rows.filter((row) => row.table === table)) {
        moves.push([one.id, before.get(one.id) ?? null, one.values === null ? null : one.sequence]);
        if (one.values === null) this.database.run(`delete from "${table}" where id = ?`, [one.id]);
        else this.upsert(table, one.id, { ...one.values, sequence: one.sequence });
      }
      this.count(table, moves);
    }
  }

  upsert(table, id, values) {
    const names = Object.keys(values);
    const sets = names.map((name) => `"${name}" = excluded."${name}"`).join(', ');
    const natives = names.map((name) => toNative(TABLES[table].columns[name], values[name]));
    this.database.run(
      `insert into "${table}" (${named(['id', ...names])}) values (${marks(['id', ...names])})
       on conflict (id) do update set ${sets}`,
      [id, ...natives],
    );
  }

  layEdited(edited, server, incoming) {
    for (const [table, ids] of byTable(edited)) {
      const entries = log.openEntries(this.database, table, ids);
      const shown = this.rowsOf(table, ids);
      const moves = [];
      for (const id of ids) {
        const before = server.get(keyOf(table, id)) ?? null;
        const come = incoming.get(keyOf(table, id));
        let now = before;
        if (come) now = come.values === null ? null : { ...(before ?? {}), ...come.values, sequence: come.sequence };
        moves.push([id, before?.sequence ?? null, now?.sequence ?? null]);
        const rest = entries.get(id) ?? [];
        this.show(table, id, apply.shownRow(TABLES[table], now, rest, shown.get(id) ?? null));
        this.shade(table, id, now, rest.length > 0);
      }
      this.count(table, moves);
    }
  }

  show(table, id, row) {
    if (row === null) {
      this.database.run(`delete from "${table}" where id = ?`, [id]);
      return;
    }
    const names = Object.keys(TABLES[table].columns).filter((name) => name !== 'id');
    this.upsert(table, id, Object.fromEntries(names.map((name) => [name, row[name] ?? null])));
  }

  shade(table, id, row, wanted) {
    this.database.run('delete from arxos_shadow where table_name = ? and id = ?', [table, id]);
    if (!wanted) return;
    const sql = 'insert into arxos_shadow (table_name, id, column_name, value) values (?, ?, ?, ?)';
    this.database.run(sql, [table, id, '', row === null ? 0 : 1]);
    for (const [name, value] of Object.entries(row ?? {})) {
      if (value !== null && TABLES[table].columns[name]) {
        this.database.run(sql, [table, id, name, toNative(TABLES[table].columns[name], value)]);
      }
    }
  }

  mark(sequence, salt) {
    if (!salt) return;
    this.database.run('insert or replace into arxos_mark (sequence, salt) values (?, ?)', [sequence, salt]);
    this.database.run(
      `delete from arxos_mark
       where sequence not in (select max(sequence) from arxos_mark group by sequence / 1000)
         and sequence not in (select sequence from arxos_mark order by sequence desc limit 100)`,
    );
  }

  // ------------------------------------------------------------ digest

  /** Keep the table's digest: per row, its sequence on the server before and now. */
  count(table, moves) {
    let by = 0n;
    for (const [id, before, now] of moves) {
      if (before) by -= digest.rowHash(table, id, before);
      if (now) by += digest.rowHash(table, id, now);
    }
    if (by === 0n) return;
    const total = BigInt(`0x${this.database.one('select sum from arxos_digest where table_name = ?', [table]) ?? '0'}`);
    this.database.run(
      `insert into arxos_digest (table_name, sum) values (?, ?)
       on conflict (table_name) do update set sum = excluded.sum`,
      [table, digest.toHex(total + by)],
    );
  }

  /** The tables whose digest differs from the server's at the same cursor; remembered as `suspect`. */
  compare(theirs) {
    if (!theirs) return [];
    const mine = new Map(this.database.values('select table_name, sum from arxos_digest'));
    const none = digest.toHex(0n);
    const wrong = this.tables.filter((table) => (mine.get(table) ?? none) !== (theirs[table] ?? none));
    this.setState({ suspect: JSON.stringify(wrong) });
    return wrong;
  }

  /** [id, sequence] of every row of the table that the server holds, as far as heard. */
  serverKeys(table) {
    const edited = new Set(this.editedIds(table));
    const clean = this.database
      .values(`select id, sequence from "${table}" where sequence is not null`)
      .filter(([id]) => !edited.has(id));
    const under = [...this.serverRows([...edited].map((id) => [table, id])).entries()]
      .filter(([, row]) => row?.sequence)
      .map(([key, row]) => [key.slice(table.length + 1), row.sequence]);
    return [...clean, ...under];
  }

  /** No row was ever pulled into it nor recorded in it. */
  isEmpty() {
    if (this.state('cursor') !== null || this.database.one('select 1 from arxos_change_log limit 1')) return false;
    return !this.tables.some((table) => this.database.one(`select 1 from "${table}" limit 1`));
  }

  /** Forget the cursor; the next pull brings everything anew, under pending edits. */
  startOver() {
    this.applying(() => {
      this.database.run('delete from arxos_held');
      this.setState({ cursor: null, cursor_paging: null, paging: null });
    });
  }

  /** Become another device: what is unsettled is pending again, unnumbered. Answers how much that is. */
  fork(device) {
    return this.database.transaction(() => {
      heal.fork(this);
      this.database.run(
        `update arxos_change_log set n = null, nonce = null where state in ('acknowledged', 'rejected', 'discarded')`,
      );
      const count = this.database.run(
        `update arxos_change_log set state = 'pending', n = null, nonce = null where state in ('pending', 'sent')`,
      );
      this.setState({ device, n: 0, known: null });
      this.database.run('update arxos_writing set tail = ?', [device.slice(-8)]);
      return count;
    });
  }

  /**
   * How many transactions the server has of this device in a replica that remembers none; 0 in health. What was here is
   * gone, or it is an early copy of a device that works on: either way it becomes another device.
   */
  forgotten(known) {
    return known && !this.prior() && !Number(this.state('n') ?? 0) ? known.n : 0;
  }

  /** The device's last transaction of this scope, told to a file that does not have it. */
  goOnAfter(known) {
    this.setState({ n: known.n, known: JSON.stringify(known) });
  }

  /**
   * The server knows less of this device than it acknowledged: send again from there. Numbers stay where they go on
   * without a gap; where some are gone, what waits is numbered anew.
   */
  rewind(known) {
    const last = known?.n ?? 0;
    const { database } = this;
    this.applying(() => {
      const again = database.values(`select key from arxos_change_log where n > ? and state = 'acknowledged'`, [last]);
      const rows = log.touched(database, this.kind, again.map(([key]) => key));
      const server = this.serverRows(rows);
      database.run(`update arxos_change_log set state = 'sent' where n > ? and state = 'acknowledged'`, [last]);
      this.layEdited(rows, server, new Map()); // these edits are open again
      let numbers = database.values(`select n from arxos_change_log where n > ? and state = 'sent' order by n`, [last]);
      if (numbers.some(([n], index) => n !== last + 1 + index)) {
        database.run(`update arxos_change_log set state = 'pending' where n > ? and state = 'sent'`, [last]);
        database.run('update arxos_change_log set n = null, nonce = null where n > ?', [last]);
        numbers = [];
      }
      database.run(
        `update arxos_change_log set n = null, nonce = null where n > ? and state in ('rejected', 'discarded')`,
        [last],
      );
      this.setState({ known: known ? JSON.stringify(known) : null, n: last + numbers.length });
    });
  }

  /** Take in the server's live rows of some leaves; what is held there beyond them goes. Edits stay. */
  repair(table, leaves, rows) {
    const wanted = new Set(leaves);
    return this.applying(() => {
      const incoming = this.incoming(rows, false, true);
      for (const [id] of this.serverKeys(table)) {
        const key = keyOf(table, id);
        if (wanted.has(digest.leafOf(id)) && !incoming.has(key)) {
          incoming.set(key, { table, id, sequence: 0, values: null });
        }
      }
      const done = { rows: 0, receipts: 0, rejected: 0, tables: new Set() };
      this.lay(incoming, { done });
      this.setState({ repairs: Number(this.state('repairs') ?? 0) + 1 });
      return done;
    });
  }

  differingLeaves(table, theirs) {
    const mine = digest.leaves(table, this.serverKeys(table));
    return theirs.map((sum, leaf) => [sum, leaf]).filter(([sum, leaf]) => digest.toHex(mine[leaf]) !== sum).map(([, leaf]) => leaf);
  }

  /** Transactions that wait or were rejected, oldest first: {key, state, stamp, n, receipt, changes}. */
  unsent() {
    const headers = this.database.rows(
      `select h.key, h.state, h.stamp, h.reason, h.n, r.receipt from arxos_change_log h
       left join arxos_receipt r on r.transaction_key = h.key
       where h.state in ('pending', 'sent', 'rejected') order by h.key`,
    );
    if (!headers.length) return [];
    const made = log.assemble(this.database, this.kind, headers.map((header) => header.key));
    return headers.map((header) => ({
      ...header,
      receipt: header.receipt ? JSON.parse(header.receipt) : null,
      changes: made.get(header.key).map(wireChange),
    }));
  }
}

function emptyRow(table) {
  const names = Object.keys(TABLES[table].columns).filter((name) => name !== 'id' && name !== 'sequence');
  return Object.fromEntries(names.map((name) => [name, null]));
}

function byTable(keys) {
  const found = new Map();
  for (const [table, id] of keys) {
    if (!found.has(table)) found.set(table, []);
    found.get(table).push(id);
  }
  return found;
}

/** A change as JSON carries it: bytes are hex. */
export function wireChange(one) {
  const made = { table: one.table, id: one.id, op: one.op, base: one.base };
  if (one.set) made.set = change.toWire(one.set);
  if (one.was) made.was = change.toWire(one.was);
  return made;
}

export function newNonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
