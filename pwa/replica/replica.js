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
import { applied, incoming, lay, settleAll } from './lay.js';
import * as log from './log.js';
import { marksOf, namesOf, shownRows } from './rows.js';
import { toNative } from './values.js';
import { newNonce, wireChange } from './wire.js';
import { indexAll } from './write.js';

const SERVER = 'server';
const TRANSACTIONS_MAX = 1000;
const CHANGES_MAX = 5000;
const RECORDED_KEPT = 200; // ids of asks to record, so that one asked twice is done once

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
        for (const create of JSON.parse(this.state('indexes') ?? '[]')) this.database.db.exec(create);
        for (const [table, column] of this.database.values(
          'select f_table_name, f_geometry_column from geometry_columns where spatial_index_enabled = 1',
        )) {
          indexAll(this.database, table, column);
        }
        this.setState({ index: 'built', indexes: null });
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
    this.database.run(`insert into "${one.table}" (${namesOf(names)}) values (${marksOf(names)})`, natives);
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
    return shownRows(this, table, [id]).get(id) ?? null;
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
      const headers = this.unsettled();
      return headers.length ? this.numbered(headers, this.assembled(headers), changesMax) : [];
    });
  }

  unsettled() {
    return this.database.values(
      `select key, stamp, reason, n, nonce from arxos_change_log
       where state in ('pending', 'sent') order by n is null, n, key limit ? + 0`,
      [TRANSACTIONS_MAX],
    );
  }

  assembled(headers) {
    return log.assemble(this.database, this.kind, headers.map(([key]) => key).sort((a, b) => a - b));
  }

  /** What `pending` would number, with nothing written: sync/outbox.js says how it is read. */
  waiting() {
    const headers = this.unsettled();
    const changes = headers.length ? this.assembled(headers) : new Map();
    const vain = headers.length ? log.unsentPairs(this.database, this.kind) : new Map();
    return { headers, changes, vain, last: Number(this.state('n') ?? 0), changesMax: CHANGES_MAX };
  }

  /** Transactions {key, n, nonce} that may have been sent without this file have these numbers for good. */
  numberAs(tried) {
    this.database.transaction(() => {
      let last = Number(this.state('n') ?? 0);
      for (const { key, n, nonce } of tried) {
        if (this.database.one('select 1 from arxos_change_log where key = ? and n = ? and nonce = ?', [key, n, nonce])) continue;
        const free = n === last + 1 && this.database.run(
          `update arxos_change_log set state = 'sent', n = ?, nonce = ? where key = ? and state = 'pending' and n is null`,
          [n, nonce, key],
        );
        if (!free) break; // numbered anew since: should those have been sent, the server says that this forked
        last = n;
      }
      this.setState({ n: last });
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
        settleAll(this, [key], 'discarded');
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
      lay(this, incoming(this, rows, this.state('paging') === 'whole'), { head: answer.head, done });
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
      const done = lay(this, incoming(this, rows, false), { head });
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

  takeReceipts(answer) {
    const taken = [];
    let known = this.prior();
    for (const receipt of answer.receipts) {
      const found = this.database.values(`select key, nonce from arxos_change_log where n = ? and state = 'sent'`, [receipt.n])[0];
      if (!found) continue;
      const [key, nonce] = found;
      known = { n: receipt.n, nonce };
      taken.push([key, receipt]);
    }
    const rejected = taken.filter(([, receipt]) => receipt.outcome === 'rejected').map(([key]) => key);
    const late = taken // the cursor has passed the receipt: what they did is in the rows already
      .filter(([, receipt]) => receipt.outcome !== 'rejected' && (receipt.sequence ?? 0) <= this.sequence)
      .map(([key]) => key);
    const done = applied({ receipts: answer.receipts.length, rejected: rejected.length });
    if (rejected.length || late.length) lay(this, new Map(), { settle: [...rejected, ...late], done });
    for (const [key, receipt] of taken) this.keepReceipt(key, receipt);
    if (known) this.setState({ known: JSON.stringify(known) });
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

  mark(sequence, salt) {
    if (!salt) return;
    this.database.run('insert or replace into arxos_mark (sequence, salt) values (?, ?)', [sequence, salt]);
    this.database.run(
      `delete from arxos_mark as m
       where sequence = (select sequence from arxos_mark order by sequence desc limit 1 offset 100)
         and exists (select 1 from arxos_mark n
                     where n.sequence > m.sequence and n.sequence < (m.sequence / 1000 + 1) * 1000)`,
    );
  }

  // ------------------------------------------------------------ digest

  /** The tables whose digest differs from the server's at the same cursor; remembered as `suspect`. */
  compare(theirs) {
    if (!theirs) return [];
    const mine = new Map(this.database.values('select table_name, sum from arxos_digest'));
    const none = digest.toHex(0n);
    const wrong = this.tables.filter((table) => (mine.get(table) ?? none) !== (theirs[table] ?? none));
    this.setState({ suspect: JSON.stringify(wrong) });
    return wrong;
  }

}
