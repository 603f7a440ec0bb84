// A page's door to what this browser holds. One tab leads: it holds a Web Lock and runs the worker that owns the files;
// the other tabs ask it over a BroadcastChannel. When the leader goes, another tab gets the lock, and questions that
// were not answered are asked again; a `record` carries its own name, so that asking twice is doing once.

import { newId } from './ids.js';

const LOCK = 'arxos-files';
const CHANNEL = 'arxos';

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
    this.last = { state: 'waiting', pending: 0, rejected: 0, conflicts: 0, problem: null, at: null, memory: false, me: null };
    this.channel = new BroadcastChannel(CHANNEL);
    this.channel.onmessage = ({ data }) => this.fromOthers(data);
    navigator.locks.request(LOCK, () => this.lead());
    addEventListener('online', () => this.ask('online', true));
    addEventListener('offline', () => this.ask('online', false));
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible' && navigator.onLine) this.ask('sync');
    });
  }

  async ready() {
    this.heardStatus(await this.ask('status'));
    return this;
  }

  /** Run the worker for as long as this tab lives. */
  lead() {
    this.worker = new Worker('/replica/worker.js', { type: 'module' });
    this.worker.onmessage = ({ data }) => this.fromWorker(data);
    this.worker.postMessage({ hello: this.tab, csrf: csrf() });
    this.channel.postMessage({ leader: this.tab });
    for (const question of this.waiting.values()) this.worker.postMessage(question.message);
    return new Promise(() => {});
  }

  // ------------------------------------------------------------ messages

  ask(method, ...args) {
    const message = { id: `${this.tab}/${newId()}`, method, args, csrf: csrf() };
    return new Promise((resolve, reject) => {
      this.waiting.set(message.id, { message, resolve, reject });
      if (this.worker) this.worker.postMessage(message);
      else this.channel.postMessage({ question: message });
    });
  }

  fromWorker(data) {
    if (data.event || !data.id.startsWith(this.tab)) this.channel.postMessage({ said: data });
    this.hear(data);
  }

  fromOthers(data) {
    if (data.question && this.worker) this.worker.postMessage(data.question);
    else if (data.leader) for (const question of this.waiting.values()) this.channel.postMessage({ question: question.message });
    else if (data.said) this.hear(data.said);
  }

  hear({ id, answer, problem, event, facts }) {
    if (event) {
      if (event === 'status' || event === 'ready') this.heardStatus(facts);
      else this.dispatchEvent(new CustomEvent(event, { detail: facts }));
      return;
    }
    const question = this.waiting.get(id);
    if (!question) return;
    this.waiting.delete(id);
    if (problem) question.reject(Object.assign(new Error(problem.detail), problem));
    else question.resolve(answer);
  }

  heardStatus(status) {
    this.last = status;
    this.dispatchEvent(new CustomEvent('status', { detail: status }));
  }

  // ------------------------------------------------------------ the door

  status() {
    return this.last;
  }

  me() {
    return this.last.me;
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

  async logout() {
    await fetch('/api/v1/auth/logout', { method: 'POST', headers: { 'X-CSRF-Token': csrf() } }).catch(() => {});
    this.heardStatus(await this.ask('loggedOut'));
  }

  buildings() {
    return this.ask('buildings');
  }

  keep(building) {
    return this.ask('keep', building);
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

  discard(scope, key) {
    return this.ask('discard', scope, key);
  }

  sync() {
    return this.ask('sync');
  }

  export(scope) {
    return this.ask('export', scope);
  }
}

function csrf() {
  return document.cookie.match(/(?:^|; )arxos_csrf=([^;]*)/)?.[1] ?? '';
}
