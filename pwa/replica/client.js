// A page's door to what this browser holds. One tab leads: it holds a Web Lock and runs the worker that owns the files;
// the other tabs ask it over a BroadcastChannel. When the leader goes, another tab gets the lock, and questions that
// were not answered are asked again; a `record` carries its own name, so that asking twice is doing once.

import { scriptAddress } from '../trusted.js';
import { newId } from './ids.js';

const LOCK = 'arxos-files';
const CHANNEL = 'arxos';
const WAITING = 'arxos-waiting'; // what the browser wakes the service worker for (pwa/sw.js)

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
    this.last = null;
    this.channel = new BroadcastChannel(CHANNEL);
    this.channel.onmessage = ({ data }) => this.fromOthers(data);
    this.queue();
    document.addEventListener('freeze', () => this.stepDown());
    document.addEventListener('resume', () => this.comeBack());
    addEventListener('online', () => this.ask('online', true));
    addEventListener('offline', () => this.ask('online', false));
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible' && navigator.onLine) this.ask('sync');
      if (document.visibilityState === 'hidden' && this.last?.pending) wakeLater();
    });
  }

  async ready() {
    this.heardStatus(await this.ask('status'));
    return this;
  }

  /** Wait to lead. */
  queue() {
    this.waits = new AbortController();
    navigator.locks.request(LOCK, { signal: this.waits.signal }, () => this.lead()).catch((error) => {
      if (error.name !== 'AbortError') throw error;
    });
  }

  /** Run the worker until this tab goes or is frozen. */
  lead() {
    this.worker = new Worker(scriptAddress('/replica/worker.js'), { type: 'module' });
    this.worker.onmessage = ({ data }) => this.fromWorker(data);
    this.worker.postMessage({ hello: this.tab, csrf: csrf(), devices: devices(), background: hasBackground() });
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
  }

  comeBack() {
    this.queue();
    for (const question of this.waiting.values()) this.channel.postMessage({ question: question.message });
    this.freshStatus().catch(() => {}); // the next status is heard as ever
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
    if (data.event === 'copied') {
      wakeLater();
      return;
    }
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

  /** `code`: of the second factor, where the refusal without it was `second_factor_wanted`. */
  login(email, password, code = '') {
    return this.enter('/api/v1/auth/login', { email, password, code });
  }

  /** Log in at any address that answers as a login does. */
  async enter(address, given) {
    const answer = await fetch(address, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify(given),
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

  /** Elements and spaces that every word of the text is about, the best first. */
  search(scope, text) {
    return this.ask('search', scope, text);
  }

  conflicts(scope) {
    return this.ask('conflicts', scope);
  }

  /** What became of a row: {items, next, total, asked_at, away}, a page at a time. */
  history(scope, table, id, next = null) {
    return this.ask('history', scope, table, id, next);
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

  /** What is taken out of photos here before they are kept: keep (nothing), place or all. */
  photosTell() {
    return this.ask('photosTell');
  }

  /** Add a photo to a row: {file, name, target_table, target_id, id?, taken_at?}, and `beside` it changes. Kept on this device when it answers. */
  attach(scope, given, beside = []) {
    return this.ask('attach', scope, given, beside, newId());
  }

  /** The photos of a row, with where their bytes are: waiting, here, server or elsewhere. */
  photos(scope, table, id) {
    return this.ask('photos', scope, table, id);
  }

  /** A picture as a Blob, whole or small; null where there is none to be had. */
  photo(scope, hash, whole = false) {
    return this.ask('photo', scope, hash, whole);
  }

  /** The files that wait to be sent: [{scope, name, media_type, byte_size, problem}]. */
  waitingFiles() {
    return this.ask('waitingFiles');
  }

  /** A page to lay beneath a plan: {where, blob}, as sync/drawings.js says. */
  drawing(scope, hash, page) {
    return this.ask('drawing', scope, hash, page);
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

  /** Tell the others in a building where this tab is: {storey, selection, editing}; null: gone. Answers who they are. */
  present(scope, said) {
    return this.ask('present', this.tab, scope, said);
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

const hasBackground = () => 'SyncManager' in window && 'serviceWorker' in navigator;

/** Once there is a network, the browser wakes the service worker to send what waits, should no page do it. */
async function wakeLater() {
  if (!hasBackground()) return;
  const registration = await navigator.serviceWorker.getRegistration();
  await registration?.sync?.register(WAITING).catch(() => {}); // a person may forbid it
}

function csrf() {
  return document.cookie.match(/(?:^|; )arxos_csrf=([^;]*)/)?.[1] ?? '';
}
