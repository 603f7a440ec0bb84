// A page's door to what this browser holds. One tab leads: it holds a Web Lock and runs the worker that owns the files;
// the other tabs ask it over a BroadcastChannel. When the leader goes, another tab gets the lock, and questions that
// were not answered are asked again; a `record` carries its own name, so that asking twice is doing once.
//
// A tab whose process stands still keeps the lock and answers nothing. Who waits for it asks whether it is there; after
// some seconds without a word it takes the lock away, and its worker takes the files (tenure.js). A tab that finds its
// lock taken when it wakes ends its worker and asks the new leader whatever was not answered.

import { newId } from './ids.js';

const LOCK = 'arxos-files';
const CHANNEL = 'arxos';
const IN_MEMORY = 'arxos-memory'; // held beside the lock by a leader whose files are in its memory: nobody can take those
const TICK_MS = 1000;
const SILENT_TICKS_MAX = 5;
const LOOK_AFTER_MS = 15_000;
const WRITES = new Set(['record', 'attach', 'undo', 'retry']);

let only;

/** The replica door of this tab; resolves when some tab's worker answers. */
export function open() {
  only ??= new Client().ready();
  return only;
}

class Client extends EventTarget {
  constructor() {
    super();
    this.tab = newId();
    this.waiting = new Map();
    this.worker = null;
    this.leader = null;
    this.last = null;
    this.held = false;
    this.channel = new BroadcastChannel(CHANNEL);
    this.channel.onmessage = ({ data }) => this.fromOthers(data);
    this.queue();
    document.addEventListener('freeze', () => this.inMemory || this.stepDown());
    document.addEventListener('resume', () => this.comeBack());
    addEventListener('online', () => this.ask('online', true));
    addEventListener('offline', () => this.ask('online', false));
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible' && navigator.onLine) this.ask('sync');
    });
    addEventListener('beforeunload', (event) => {
      if ([...this.waiting.values()].some(({ message }) => WRITES.has(message.method))) event.preventDefault();
    });
    setInterval(() => document.visibilityState === 'visible' && this.watch(), LOOK_AFTER_MS);
  }

  async ready() {
    this.heardStatus(await this.ask('status'));
    return this;
  }

  /** Wait to lead, or take the lead from a tab that does not answer. */
  queue({ steal = false } = {}) {
    this.waits?.abort();
    this.waits = new AbortController();
    let led = false;
    const lead = () => {
      led = true;
      return this.lead(steal);
    };
    navigator.locks.request(LOCK, steal ? { steal } : { signal: this.waits.signal }, lead).catch((error) => {
      if (error.name !== 'AbortError') throw error;
      if (led) this.deposed();
    });
  }

  /** Run the worker until this tab goes, is frozen, or is taken for dead. */
  lead(stolen) {
    const worker = new Worker('/replica/worker.js', { type: 'module' });
    worker.onmessage = ({ data }) => this.worker === worker && this.fromWorker(data);
    this.worker = worker;
    this.worker.postMessage({ hello: this.tab, csrf: csrf(), devices: devices(), stolen });
    this.leader = this.tab;
    this.channel.postMessage({ leader: this.tab });
    for (const question of this.waiting.values()) this.worker.postMessage(question.message);
    return new Promise((resolve) => {
      this.letGo = resolve;
    });
  }

  /**
   * The browser is about to freeze this tab, and its worker with it: the files must not stay in a hand that does not
   * move. What the worker was writing is whole or not at all; what it has not answered is asked again.
   */
  stepDown() {
    this.waits.abort();
    this.worker?.terminate();
    this.worker = null;
    this.letGo?.();
    this.letGo = null;
  }

  comeBack() {
    if (this.worker) return;
    this.queue();
    for (const question of this.waiting.values()) this.channel.postMessage({ question: question.message });
    this.freshStatus().catch(() => {}); // the next status is heard as ever
  }

  /** Another tab leads: this one was taken for dead. */
  deposed() {
    this.stepDown();
    this.comeBack();
  }

  /** Is the leader there? Asked while something waits for it; where it says nothing, the lead is taken from it. */
  async watch() {
    if (this.watching) return;
    this.watching = true;
    let silent = 0;
    do {
      const began = performance.now();
      this.heardLeader = false;
      this.channel.postMessage({ ping: this.tab });
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      const awake = performance.now() - began < 2 * TICK_MS; // else it was this tab that stood still
      silent = this.heardLeader || !awake ? 0 : silent + 1;
      if (silent >= SILENT_TICKS_MAX && !this.worker) {
        silent = 0;
        await this.takeLead();
      }
    } while (!this.worker && (silent || this.waiting.size));
    this.watching = false;
  }

  async takeLead() {
    const { held } = await navigator.locks.query();
    if (held.some(({ name }) => name === IN_MEMORY)) this.hear({ event: 'held', facts: { held: true } });
    else if (!this.worker) this.queue({ steal: true });
  }

  // ------------------------------------------------------------ messages

  ask(method, ...args) {
    const message = { id: `${this.tab}/${newId()}`, method, args, csrf: csrf() };
    return new Promise((resolve, reject) => {
      this.waiting.set(message.id, { message, resolve, reject });
      if (this.worker) return void this.worker.postMessage(message);
      this.channel.postMessage({ question: message });
      this.watch();
    });
  }

  fromWorker(data) {
    if (data.deposed) return this.deposed();
    if (data.event || !data.id.startsWith(this.tab)) this.channel.postMessage({ said: data, by: this.tab });
    this.hear(data);
  }

  fromOthers(data) {
    if (data.question || data.ping) return this.asLeader(data);
    if (data.pong || data.leader) this.heardOf(data.pong ?? data.leader);
    if (data.leader) for (const question of this.waiting.values()) this.channel.postMessage({ question: question.message });
    if (data.said && (data.said.id || this.leader === null || data.by === this.leader)) this.hear(data.said);
  }

  asLeader({ question, ping }) {
    if (!this.worker) return;
    if (ping) this.channel.postMessage({ pong: this.tab });
    else this.worker.postMessage(question);
  }

  heardOf(leader) {
    this.leader = leader;
    this.heardLeader = true;
  }

  hear({ id, answer, problem, event, facts }) {
    if (event) {
      if (event === 'held') this.heardHeld(facts.held);
      else if (event === 'status' || event === 'ready') this.heardStatus(facts);
      else this.dispatchEvent(new CustomEvent(event, { detail: facts }));
      return;
    }
    const question = this.waiting.get(id);
    if (!question) return;
    this.waiting.delete(id);
    if (problem) question.reject(Object.assign(new Error(problem.detail), problem));
    else question.resolve(answer);
  }

  /** A tab that does not answer holds the files, and nobody can take them: the page says so, wherever it stands. */
  heardHeld(held) {
    if (held !== this.held) dispatchEvent(new CustomEvent('arxos-held', { detail: { held } }));
    this.held = held;
  }

  get inMemory() {
    return this.worker !== null && this.last?.storage.kind === 'memory';
  }

  heardStatus(status) {
    this.last = status;
    this.heardHeld(false);
    if (this.inMemory && !this.heldInMemory) this.heldInMemory = navigator.locks.request(IN_MEMORY, () => new Promise(() => {}));
    this.dispatchEvent(new CustomEvent('status', { detail: status }));
  }

  // ------------------------------------------------------------ the door

  /** As last heard: the shape of schemas/json/status.json. */
  status() {
    return this.last;
  }

  /** Asked anew. */
  async freshStatus() {
    this.heardStatus(await this.ask('status'));
    return this.last;
  }

  clearNotices() {
    return this.ask('clearNotices');
  }

  me() {
    return this.last.person;
  }

  newId() {
    return newId();
  }

  async login(email, password) {
    const answer = await fetch('/api/v1/auth/login', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify({ email, password }),
    }).catch(() => {
      throw Object.assign(new Error('offline'), { code: 'offline', detail: 'The server cannot be reached.' });
    });
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok) throw Object.assign(new Error(body.detail ?? body.title), { code: 'unauthenticated', ...body });
    const { id, name } = body.user;
    const person = { id, name, email: body.user.email };
    this.heardStatus(await this.ask('loggedIn', person));
    return person;
  }

  /** Nobody's device from now on. What is unsent stays, for when the same person comes back. */
  async logout() {
    this.heardStatus(await this.ask('loggedOut'));
  }

  buildings() {
    return this.ask('buildings');
  }

  /** The buildings on this device, {id, name}; asks no server. */
  here() {
    return this.ask('here');
  }

  /** Bring a building here. The browser is asked at the same time not to clear what it keeps for us. */
  keep(building) {
    this.persist().catch(() => {}); // its answer stands in the status
    return this.ask('keep', building);
  }

  /** Ask the browser never to clear what is kept here by itself. Answers what it says. */
  async persist() {
    const granted = (await navigator.storage?.persist?.()) ?? false;
    await this.freshStatus();
    return granted;
  }

  remove(building) {
    return this.ask('remove', building);
  }

  query(scope, sql, parameters = []) {
    return this.ask('query', scope, sql, parameters);
  }

  record(scope, changes, reason = null) {
    return this.ask('record', scope, changes, reason, newId());
  }

  conflicts(scope) {
    return this.ask('conflicts', scope);
  }

  unsent(scope) {
    return this.ask('unsent', scope);
  }

  /** Answers null where there was nothing to take back. */
  undo(scope, key = null) {
    return this.ask('undo', scope, key, newId());
  }

  retry(scope, key, corrections = []) {
    return this.ask('retry', scope, key, corrections, newId());
  }

  /** Add a photo to a row: {file, name, target_table, target_id}. Kept on this device when it answers. */
  attach(scope, given) {
    return this.ask('attach', scope, given, null, newId());
  }

  /** The photos of a row, with where their bytes are: waiting, here, server or elsewhere. */
  photos(scope, table, id) {
    return this.ask('photos', scope, table, id);
  }

  /** A picture as a Blob, whole or small; null where there is none to be had. */
  photo(scope, hash, whole = false) {
    return this.ask('photo', scope, hash, whole);
  }

  exportUnsent() {
    return this.ask('exportUnsent');
  }

  keptAside() {
    return this.ask('keptAside');
  }

  forgetKeptAside(key) {
    return this.ask('forgetKeptAside', key);
  }

  discard(scope, key) {
    return this.ask('discard', scope, key);
  }

  sync() {
    return this.ask('sync');
  }

  /** Prove that what is here is the server's. Answers what was not, and what became of it. */
  verify() {
    return this.ask('verify');
  }

  export(scope) {
    return this.ask('export', scope);
  }
}

/** Person → device, as the server's cookies remember it: they outlive files that a browser clears. */
function devices() {
  return Object.fromEntries([...document.cookie.matchAll(/(?:^|; )arxos_device_([^=]+)=([^;]*)/g)].map(([, person, device]) => [person, device]));
}

function csrf() {
  return document.cookie.match(/(?:^|; )arxos_csrf=([^;]*)/)?.[1] ?? '';
}
