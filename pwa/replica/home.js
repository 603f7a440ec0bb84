// What this browser holds, person by person: who they are, which device each is, one file per building.
//
//   /home.sqlite                  people, the list of buildings as last heard
//   /<person>/<building>.sqlite   a replica; `public` is the person who is not logged in
// Two people in one browser are two devices with two sets of files.

import { newId } from './ids.js';
import { Replica } from './replica.js';

const HOME = '/home.sqlite';
const NOBODY = 'public';

export class Home {
  constructor(storage) {
    this.storage = storage;
    this.database = storage.open(HOME);
    this.database.db.exec('create table if not exists kept (key text primary key, value text not null)');
    this.replicas = new Map();
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
    return this.own.device ?? this.newDevice();
  }

  newDevice() {
    const device = newId();
    this.keep(`of/${this.name}`, { ...this.own, device });
    return device;
  }

  // ------------------------------------------------------------ what is here

  scopes() {
    return this.own.scopes.filter((scope) => this.storage.has(this.path(scope)));
  }

  has(scope) {
    return this.own.scopes.includes(scope) && this.storage.has(this.path(scope));
  }

  path(scope) {
    return `/${this.name}/${scope}.sqlite`;
  }

  replica(scope) {
    if (!this.replicas.has(scope)) {
      if (!this.has(scope)) throw Object.assign(new Error('not on this device'), { code: 'not_found', detail: 'This building is not on this device.' });
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
    this.replicas.set(scope, replica);
    return replica;
  }

  /** Let a scope go; what is unsent is kept aside, readable by the person. */
  forget(scope, unsent) {
    if (unsent.length) this.keep(`quarantine/${scope}/${Date.now()}`, unsent);
    const own = this.own;
    this.keep(`of/${this.name}`, { ...own, scopes: own.scopes.filter((other) => other !== scope) });
    this.replicas.get(scope)?.database.close();
    this.replicas.delete(scope);
    this.storage.remove(this.path(scope));
  }

  closeAll() {
    if (!this.storage.memory) for (const replica of this.replicas.values()) replica.database.close();
    this.replicas.clear();
  }
}
