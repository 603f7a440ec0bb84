// Exports as one list, from the rows that everybody has and the jobs of one's own, whichever of them lags behind.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TABLES } from '../../pwa/core/catalogue.js';
import { CONTENT, contentOf, merged, problemOf, wanted } from '../../pwa/view/exporting.js';

const NOW = Date.parse('2026-01-31T08:30:00.000Z');
const row = (given) => ({ id: 'a', format: 'csv', state: 'waiting', filter: null, created_at: '2026-01-31T08:00:00.000Z', created_by: 'me', ...given });
const job = (given) => ({ id: 'a', state: 'waiting', user_id: 'me', created_at: '2026-01-31T08:00:00.000Z', arguments: { format: 'csv', storeys: null, tables: null }, result: null, ...given });

test('row and job of one export are one, and the farther of them says how far it is', () => {
  for (const [rows, jobs, state] of [
    ['running', 'waiting', 'running'], ['waiting', 'running', 'running'], ['done', 'running', 'done'], ['running', 'done', 'done'], ['waiting', 'failed', 'failed'],
  ]) assert.deepEqual(merged([row({ state: rows })], [job({ state: jobs })], NOW).map((one) => one.state), [state], `${rows} ${jobs}`);
  const [one] = merged([row({ state: 'running' })], [job({ state: 'running', result: { rows: 3, of: 9 } })], NOW);
  assert.deepEqual([one.done, one.of, one.job], [3, 9, true]);
});

test('another person\'s is told by its row alone', () => {
  const [one] = merged([row({ state: 'running', filter: { storeys: ['s'], tables: ['space'] }, created_by: 'you' })], [], NOW);
  assert.deepEqual([one.state, one.storeys, one.tables, one.by, one.job], ['running', ['s'], ['space'], 'you', false]);
});

test('what was cancelled or is over is not there', () => {
  assert.deepEqual(merged([row()], [job({ state: 'cancelled' })], NOW), []);
  assert.deepEqual(merged([row({ state: 'done', expires_at: '2026-01-31T08:29:59.000Z' })], [], NOW), []);
  assert.equal(merged([row({ state: 'done', expires_at: '2026-01-31T08:30:01.000Z' })], [], NOW).length, 1);
  assert.deepEqual(merged([], [job({ state: 'done', finished_at: '2026-01-24T08:00:00.000Z' })], NOW), [], 'its row went after a week');
  assert.equal(merged([], [job({ state: 'done', finished_at: '2026-01-31T08:29:50.000Z' })], NOW).length, 1, 'its row is on its way');
});

test('a frame of the socket that comes before the answer is no export yet', () => {
  assert.deepEqual(merged([], [job({ arguments: undefined })], NOW), []);
  assert.equal(merged([row()], [job({ arguments: undefined })], NOW)[0].format, 'csv');
});

test('the newest is first', () => {
  const rows = [row({ id: 'b', created_at: '2026-01-30T08:00:00.000Z' }), row({ id: 'c', created_at: '2026-01-31T08:20:00.000Z' })];
  assert.deepEqual(merged(rows, [job()], NOW).map(({ id }) => id), ['c', 'a', 'b']);
});

test('the whole is asked for by saying nothing, a part by its tables', () => {
  assert.deepEqual(wanted('h', [], Object.keys(CONTENT)), { building_id: 'h' });
  assert.deepEqual(wanted('h', ['s'], ['plan']), { building_id: 'h', storeys: ['s'], tables: CONTENT.plan });
  assert.deepEqual(contentOf(CONTENT.plan), ['plan']);
  assert.deepEqual(contentOf(null), []);
});

test('every table of a building that people fill is in one part', () => {
  const ofServer = ['conflict', 'export_activity', 'member'];
  const all = Object.values(TABLES).filter((table) => table.scope === 'building' && !ofServer.includes(table.name)).map((table) => table.name);
  assert.deepEqual(Object.values(CONTENT).flat().sort(), all.sort());
});

test('a problem of a job is its code and what was said', () => {
  assert.deepEqual(problemOf('too_large: 3 rows; 2 at most'), { code: 'too_large', detail: '3 rows; 2 at most' });
  assert.deepEqual(problemOf('ValueError: x'), { detail: 'ValueError: x' });
  assert.deepEqual(problemOf(null), { detail: '' });
});
