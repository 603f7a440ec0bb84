// What a device tells a person about its sync: the shape of arxos_sync/status.py, key for key
// (schemas/json/status.json). Ages and offsets in ms, sizes in bytes, instants as text; what nobody can know is null.

import * as stamp from '../core/stamp.js';
import { waiting } from './log.js';

/** One replica at the moment `now` (ms since 1970). */
export function scopeStatus(replica, now) {
  const { database } = replica;
  const [pending, oldest] = waiting(database, replica.kind);
  const offset = replica.state('clock_offset_ms');
  return {
    scope: replica.scope,
    role: replica.state('role'),
    pending,
    oldest_pending_ms: oldest ? Math.max(0, now - stamp.milliseconds(oldest)) : null,
    rejected: database.one(`select count(*) from arxos_change_log where state = 'rejected'`),
    conflicts: replica.kind === 'building' ? database.one(`select count(*) from conflict where state = 'open'`) : 0,
    cursor: replica.state('cursor'),
    sequence: replica.sequence,
    head: Number(replica.state('head') ?? 0),
    verified_at: replica.state('verified_at'),
    clock_offset_ms: offset === null ? null : Number(offset),
    suspect: JSON.parse(replica.state('suspect') ?? '[]'),
    repairs: Number(replica.state('repairs') ?? 0),
  };
}

/** The whole of it. `told` as in telling.js; `storage` and `attachments` as the shape has them. */
export function deviceStatus({ home, state, told, storage, attachments, now }) {
  const scopes = home.scopes().map((scope) => scopeStatus(home.replica(scope), now));
  const sum = (name) => scopes.reduce((total, one) => total + one[name], 0);
  const known = (name) => scopes.map((one) => one[name]).filter((value) => value !== null);
  const ages = known('oldest_pending_ms');
  const offsets = known('clock_offset_ms').sort((a, b) => Math.abs(b) - Math.abs(a));
  const { person } = home;
  return {
    asked_at: new Date(now).toISOString(),
    server: self.location.origin,
    device: home.own.device,
    person: person && { id: person.id, email: person.email, name: person.name ?? null },
    state,
    pending: sum('pending'),
    oldest_pending_ms: ages.length ? Math.max(...ages) : null,
    rejected: sum('rejected'),
    conflicts: sum('conflicts'),
    kept_aside: home.keptAside().reduce((total, { transactions }) => total + transactions.length, 0),
    attachments,
    clock_offset_ms: offsets[0] ?? null,
    saved_at: told.saved_at,
    storage,
    problem: told.problem,
    notices: told.notices,
    scopes,
  };
}
