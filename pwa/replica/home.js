// What this browser holds, person by person: who they are, which device each is, one file per building.
//
//   /home.sqlite                  people, the list of buildings as last heard
//   /<person>/<building>.sqlite   a replica; `public` is the person who is not logged in
// Two people in one browser are two devices with two sets of files.

import { MADE, SCHEMA } from '../core/catalogue.js';
import { goOnAfter } from './care.js';
import { newId } from './ids.js';
import { isCurrent, upgrade } from './migrate.js';
import { Replica } from './replica.js';

const HOME = '/home.sqlite';
const NOBODY = 'public';

export class Home {
  constructor(storage) {
    this.storage = storage;
    this.database = storage.open(HOME);
    this.database.db.exec('create table if not exists kept (key text primary key, value text not null)');
    this.replicas = new Map();
    this.ahead = new Map(); // files of a newer schema, left as they are: path → the problem that says so
    this.remembered = {}; // person → device, as cookies have it: they outlive files that a browser clears
    this.person = this.kept('person');
  }

  kept(key) {
    const text = this.database.one('select value from kept where key = ?', [key]);
    return text === null ? null : JSON.parse(text);
  }

  keep(key, value) {
    this.database.run('insert or replace into kept (key, value) values (?, ?)', [key, JSON.stringify(value)]);
  }

  // ------------------------------------------------------------ who

  me() {
    return this.person;
  }

  mayWrite() {
    return this.person !== null;
  }

  become(person) {
    this.closeAll();
    this.person = person;
    this.keep('person', person);
  }

  get name() {
    return this.person?.id ?? NOBODY;
  }

  get own() {
    return this.kept(`of/${this.name}`) ?? { device: null, scopes: [] };
  }

  device() {
    return this.own.device ?? this.newDevice(this.remembered[this.name]);
  }

  /** A device of its own from now on, or again the one that a cookie remembers: then the server knows it. */
  newDevice(device = newId()) {
    this.keep(`of/${this.name}`, { ...this.own, device, past: {} });
    return device;
  }

  // ------------------------------------------------------------ what is here

  scopes() {
    return this.own.scopes.filter((scope) => this.storage.has(this.path(scope)) && !this.ahead.has(this.path(scope)));
  }

  /** The scopes that are buildings: beside them stands the person's own. */
  buildings() {
    return this.scopes().filter((scope) => !scope.startsWith('user:'));
  }

  has(scope) {
    return this.own.scopes.includes(scope) && this.storage.has(this.path(scope));
  }

  /** Bring the files of whoever is here up to this app's schema; `loadSql` fetches what they are made by. */
  async prepare(loadSql) {
    const wanted = { schema: SCHEMA, made: MADE };
    let sql;
    for (const scope of this.scopes().filter((one) => !this.replicas.has(one))) {
      const database = this.storage.open(this.path(scope));
      try {
        if (!isCurrent(database, wanted)) upgrade(database, (sql ??= await loadSql()), wanted);
      } catch (error) {
        if (error.code !== 'upgrade_required') throw error;
        this.ahead.set(this.path(scope), error);
      }
      if (!this.storage.memory) database.close();
    }
  }

  path(scope) {
    return `/${this.name}/${scope}.sqlite`;
  }

  replica(scope) {
    if (!this.replicas.has(scope)) {
      if (!this.has(scope)) throw Object.assign(new Error('not on this device'), { code: 'not_found', detail: 'This building is not on this device.' });
      if (this.ahead.has(this.path(scope))) throw this.ahead.get(this.path(scope));
      this.replicas.set(scope, new Replica(this.storage.open(this.path(scope))));
    }
    return this.replicas.get(scope);
  }

  async putSnapshot(scope, bytes) {
    await this.storage.put(this.path(scope), bytes);
    const own = this.own;
    this.keep(`of/${this.name}`, { ...own, device: this.device(), scopes: [...new Set([...own.scopes, scope])] });
    const replica = new Replica(this.storage.open(this.path(scope)));
    replica.adopt(this.device());
    if (own.past?.[scope]) goOnAfter(replica, own.past[scope]);
    this.replicas.set(scope, replica);
    return replica;
  }

  /** What people call a building; null where it has no name here. */
  nameOf(scope) {
    const { database, kind } = this.replica(scope);
    return kind === 'building' ? database.one('select name from building where id = ?', [scope]) : null;
  }

  /** Let a scope go; what is unsent is kept aside, readable by the person. Answers what it was called. */
  forget(scope, unsent) {
    const name = this.nameOf(scope);
    if (unsent.length) this.setAside(scope, name, unsent);
    const own = this.own;
    const known = this.replica(scope).prior();
    const past = known ? { ...own.past, [scope]: known } : own.past; // its number goes on, should it come back
    this.keep(`of/${this.name}`, { ...own, past, scopes: own.scopes.filter((other) => other !== scope) });
    this.replicas.get(scope)?.database.close();
    this.replicas.delete(scope);
    this.storage.remove(this.path(scope));
    return name;
  }

  setAside(scope, name, transactions) {
    const at = new Date().toISOString();
    this.keep(`quarantine/${this.name}/${scope}/${at}`, { scope, name, at, transactions });
  }

  /** Unsent work of scopes that were taken away: {key, scope, name, at, transactions}. */
  keptAside() {
    const start = `quarantine/${this.name}/`;
    return this.database
      .values('select key, value from kept where substr(key, 1, ?) = ? order by key', [start.length, start])
      .map(([key, value]) => ({ key, ...JSON.parse(value) }));
  }

  forgetKeptAside(key) {
    if (key.startsWith(`quarantine/${this.name}/`)) this.database.run('delete from kept where key = ?', [key]);
  }

  closeAll() {
    if (!this.storage.memory) for (const replica of this.replicas.values()) replica.database.close();
    this.replicas.clear();
  }
}
