// The sync loop: it performs what `session.step` instructs, one thing after another, and tells it what came of it.
// The mirror of client_kit/sync.py.

import * as sessions from '../core/session.js';
import * as stamp from '../core/stamp.js';
import { SCHEMA } from '../core/catalogue.js';
import * as care from '../replica/care.js';
import { lostAgain, setAside, underWay } from '../replica/heal.js';
import { scopeStatus } from '../replica/status.js';
import * as healing from './healing.js';
import { repair } from './verifying.js';

const CHANGES_PER_REQUEST_MAX = 5000;
const BEFORE_ALL_ELSE = new Set(['fork', 'drop_scope']); // what follows goes out as another device, without that scope

export class Loop {
  /**
   * `home` keeps the replicas (replica(scope), device(), putSnapshot, forget, newDevice); `outbox` has
   * copies of what waits for when no page is open; `tell(what, facts)` hears of everything a page may want to show.
   */
  constructor(home, server, outbox, tell) {
    Object.assign(this, { home, server, outbox, tell });
    this.session = sessions.start();
    this.hint = null;
    this.first = null; // what is being done before anything else may
    this.evicted = false; // something told that a file was lost: it becomes another device without more words
    this.revoked = []; // heard of, not yet told to the session
    this.verify = false; // the next exchange compares digests though nothing is new
    this.timer = null;
    this.queue = [];
    this.running = false;
    this.session.online = self.navigator.onLine;
  }

  start() {
    const scopes = {};
    for (const scope of this.home.scopes()) {
      care.prune(this.home.replica(scope), Date.now());
      const status = scopeStatus(this.home.replica(scope), Date.now());
      scopes[scope] = {
        has_cursor: status.cursor !== null,
        sequence: status.sequence,
        pending: status.pending,
        rejected: status.rejected,
      };
    }
    return this.hear({ event: 'started', scopes });
  }

  stop() {
    clearTimeout(this.timer);
    this.queue = [];
    this.stopped = true;
  }

  edited(scope) {
    const status = scopeStatus(this.home.replica(scope), Date.now());
    return this.hear({ event: 'edited', scope, pending: status.pending, rejected: status.rejected });
  }

  /** The socket says that a scope moved. Rows that go on from another cursor than the replica's are left. */
  async hinted(data) {
    while (this.first) await this.first;
    const known = data.scope in this.session.scopes && data.rows && data.cursor && data.after;
    this.hint = known && this.home.replica(data.scope).cursor() === data.after ? data : null;
    return this.hear({ event: 'hinted', scope: data.scope, from: data.from, to: data.to, rows: Boolean(this.hint) });
  }

  /**
   * Take in an event, and perform what follows. Events that come meanwhile wait their turn only for the step itself, and
   * for what must be done before all else.
   */
  async hear(event) {
    while (this.first) await this.first;
    if (this.stopped) return;
    const [session, instructions] = sessions.step(this.session, event);
    this.session = session;
    const going = [];
    for (const instruction of instructions) {
      const done = this.perform(instruction);
      if (BEFORE_ALL_ELSE.has(instruction.do)) await this.firstOfAll(done);
      else going.push(done);
    }
    await Promise.all(going);
  }

  async firstOfAll(done) {
    this.first = done.catch(() => {});
    try {
      await done;
    } finally {
      this.first = null;
    }
  }

  async perform(instruction) {
    switch (instruction.do) {
      case 'exchange':
        return this.tried(() => this.exchange(instruction.scopes));
      case 'fetch_snapshot':
        return this.tried(() => this.fetchSnapshot(instruction.scope));
      case 'apply_hint':
        return this.applyHint(instruction.scope);
      case 'start_over':
        return care.startOver(this.home.replica(instruction.scope));
      case 'fork':
        return this.fork();
      case 'drop_scope':
        return this.drop(instruction.scope);
      case 'need_login':
        return this.tell('need_login', {});
      case 'wait':
        clearTimeout(this.timer);
        this.timer = setTimeout(
          () => this.hear({ event: 'tick', now: Date.now() }),
          Math.max(0, instruction.until - Date.now()) + 5,
        );
        return undefined;
      default:
        return this.tell('badge', instruction.badge);
    }
  }

  async tried(work) {
    let event;
    try {
      event = await work();
    } catch (error) {
      if (!error.kind) this.tell('broken', { detail: String(error), stack: error.stack });
      this.tell('problem', { code: error.code ?? 'broken', detail: error.detail ?? String(error), hint: error.hint ?? '' });
      event = {
        event: 'failed',
        now: Date.now(),
        kind: error.kind ?? 'server',
        jitter: Math.random(),
        retry_after_ms: error.retryAfterMs ?? null,
      };
    }
    return this.hear(event);
  }

  // ------------------------------------------------------------ exchange

  async exchange(scopes) {
    const device = this.home.device();
    const asked = new Map();
    let budget = CHANGES_PER_REQUEST_MAX;
    const { verify } = this;
    this.verify = false;
    for (const scope of scopes) {
      await healing.goOn(this.server, this.home.replica(scope), (told) => this.told(told));
      asked.set(scope, this.request(this.home.replica(scope), budget, verify));
      budget -= asked.get(scope).transactions.reduce((sum, transaction) => sum + transaction.changes.length, 0);
    }
    const sent = Date.now();
    const answer = await this.server.json('POST', '/api/v1/sync', {
      protocol: 1,
      schema: SCHEMA,
      device,
      sent_at: stamp.form(sent, 0, device),
      scopes: [...asked.values()],
    });
    if (!Array.isArray(answer.scopes)) throw Object.assign(new Error('not an answer'), { kind: 'network' });
    const offset = stamp.milliseconds(answer.received_at) - Math.floor((sent + Date.now()) / 2);
    const held = answer.scopes.filter((one) => this.home.has(one.scope));
    // Before what it is the clock of: a page that ends, or fails at another scope, heard it.
    for (const one of held) this.home.replica(one.scope).learn(answer.received_at, offset);
    const results = [];
    for (const one of held) results.push(await this.take(one, asked.get(one.scope)));
    if (!answer.revoked.length && answer.scopes.some((one) => one.state === 'ok' && !one.cursor)) {
      const detail = 'What was pushed is judged; rows come to a newer version only.';
      throw Object.assign(new Error(detail), { kind: 'upgrade', code: 'upgrade_required', detail });
    }
    this.told(answer);
    return { event: 'answered', now: Date.now(), scopes: results, revoked: this.revoked.splice(0) };
  }

  told(answer) {
    this.revoked.push(...(answer.revoked ?? []));
  }

  request(replica, budget, verify) {
    const heals = underWay(replica) !== null; // numbers go to what is offered first
    const made = {
      scope: replica.scope,
      cursor: replica.cursor(),
      prior: heals ? null : replica.prior(),
      transactions: budget > 0 && !heals && this.home.mayWrite() ? this.pending(replica, budget) : [],
    };
    const wishes = { ...(verify ? { verify } : {}), ...(made.cursor === null ? { rows: true } : {}) };
    return { ...made, ...wishes };
  }

  pending(replica, budget) {
    this.outbox.number(replica.scope);
    return replica.pending(budget);
  }

  async take(one, asked) {
    const replica = this.home.replica(one.scope);
    const lost = care.forgotten(replica, one.known);
    if (lost) {
      this.tell('evicted', { scope: one.scope, name: this.home.nameOf(one.scope), known: lost });
      this.evicted = true;
    }
    let done = { receipts: 0, tables: new Set(), suspect: [] };
    const again = ['ok', 'out_of_order'].includes(one.state) && lostAgain(replica, one.known);
    if (one.state === 'ok' && !again) setAside(replica); // the server has come back to the life it was healed of: in vain
    if (['ok', 'out_of_order', 'forked', 'gone'].includes(one.state) && !again) {
      done = replica.applyAnswer(one, { fromNothing: asked.cursor === null });
    }
    if (one.state === 'out_of_order' && !again) care.rewind(replica, one.known);
    if (one.state === 'gone') setAside(replica); // what waits is sent, and kept by the server for whoever may read it
    if (one.state === 'gone' && care.isEmpty(replica)) this.revoked.push(one.scope); // nothing was ever here
    let state = again ? 'diverged' : one.state;
    if (lost && one.state === 'ok') state = 'forked';
    if (state === 'diverged') state = await this.heal(replica, one);
    if (done.suspect?.length) await repair(this, replica, done.suspect);
    else if (one.digest && !one.more) {
      replica.setState({ verified_at: new Date().toISOString() });
      await healing.tryOwed(this.server, replica, (told) => this.told(told));
    }
    if (one.role) replica.setState({ role: one.role });
    const status = scopeStatus(replica, Date.now());
    this.tell('applied', { scope: one.scope, tables: [...done.tables], receipts: done.receipts, live: false });
    return {
      scope: one.scope,
      state,
      sequence: status.sequence,
      more: one.more,
      receipts: done.receipts,
      pending: status.pending,
      rejected: status.rejected,
    };
  }

  /** The server was restored; afterwards the scope is fetched anew. Answers what that means to the session. */
  async heal(replica, one) {
    if (!this.home.mayWrite()) return 'diverged';
    const done = await healing.heal(this.server, replica, one.known, one.role, (told) => this.told(told));
    if (done === null) return 'forked';
    this.tell('healed', done);
    return 'diverged';
  }

  // ------------------------------------------------------------ the rest

  async fetchSnapshot(scope) {
    const bytes = await this.server.snapshot(scope, (received, total) => this.tell('progress', { scope, received, total }));
    const replica = await this.home.putSnapshot(scope, bytes);
    return { event: 'snapshot_taken', scope, sequence: replica.sequence };
  }

  applyHint(scope) {
    const { rows, cursor, from, to, after, salt } = this.hint;
    this.hint = null;
    const replica = this.home.replica(scope);
    if (replica.cursor() !== after || replica.sequence !== from) return; // it is about to be fetched anew
    const done = replica.applyHint(rows, cursor, to, salt);
    this.tell('applied', { scope, tables: [...done.tables], receipts: 0, live: true });
  }

  async fork() {
    let device;
    let pending = 0;
    await this.outbox.empty(() => {
      device = this.home.newDevice();
      for (const scope of this.home.scopes()) pending += care.fork(this.home.replica(scope), device);
    });
    if (!this.evicted) this.tell('fork', { device, pending });
    this.evicted = false;
  }

  async drop(scope) {
    const dropped = await this.outbox.around(scope, () => {
      const unsent = care.unsent(this.home.replica(scope));
      return { scope, name: this.home.forget(scope, unsent), unsent: unsent.length };
    });
    this.tell('dropped', dropped);
  }
}
