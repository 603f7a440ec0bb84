import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ahead } from '../../pwa/sync/outbox.js';

const header = (key, n = null, nonce = null) => [key, `stamp ${key}`, null, n, nonce];
const update = (id, table = 'element') => ({ table, id, op: 'update', base: 3, set: { tag: id } });
const numbers = (made) => made.map(({ key, n }) => [key, n]);
const none = new Map();

test('numbers go on after the last one, and those that are given stay with their nonces', () => {
  const headers = [header(7, 4, 'told'), header(8), header(9)];
  const changes = new Map([[7, [update('a')]], [8, [update('b')]], [9, [update('c')]]]);
  const made = ahead(headers, changes, { vain: none, last: 4, changesMax: 100 });
  assert.deepEqual(numbers(made), [[7, 4], [8, 5], [9, 6]]);
  assert.equal(made[0].nonce, 'told');
  assert.equal(new Set(made.map((one) => one.nonce)).size, 3);
  assert.deepEqual(made[1].changes, [{ table: 'element', id: 'b', op: 'update', base: 3, set: { tag: 'b' } }]);
});

test('a transaction that was copied before keeps its nonce, whatever its number is now', () => {
  const changes = new Map([[8, [update('b')]], [9, [update('c')]]]);
  const nonces = new Map([[9, 'copied']]);
  const made = ahead([header(8), header(9)], changes, { vain: none, last: 4, changesMax: 100, nonces });
  assert.deepEqual(made.map(({ n, nonce }) => [n, nonce === 'copied']), [[5, false], [6, true]]);
});

test('what came and went unsent is not sent, and takes no number', () => {
  const headers = [header(1), header(2), header(3)];
  const changes = new Map([[1, [update('gone')]], [2, []], [3, [update('a')]]]);
  assert.deepEqual(numbers(ahead(headers, changes, { vain: new Map([['element', ['gone']]]), last: 0, changesMax: 100 })), [[3, 1]]);
  assert.deepEqual(numbers(ahead(headers, changes, { vain: new Map([['space', ['gone']]]), last: 0, changesMax: 100 })), [[1, 1], [3, 2]]);
});

test('a transaction of which a part came and went waits for a page, and all after it do', () => {
  const headers = [header(1), header(2), header(3)];
  const changes = new Map([[1, [update('a')]], [2, [update('gone'), update('b')]], [3, [update('c')]]]);
  assert.deepEqual(numbers(ahead(headers, changes, { vain: new Map([['element', ['gone']]]), last: 0, changesMax: 100 })), [[1, 1]]);
});

test('one that has its number goes whole: it may be with the server already', () => {
  const changes = new Map([[1, [update('gone'), update('b')]]]);
  const [made] = ahead([header(1, 1, 'told')], changes, { vain: new Map([['element', ['gone']]]), last: 1, changesMax: 100 });
  assert.equal(made.changes.length, 2);
});

test('no more changes than one request may have, but always a first transaction', () => {
  const three = [update('a'), update('b'), update('c')];
  const changes = new Map([[1, three], [2, three]]);
  assert.deepEqual(numbers(ahead([header(1), header(2)], changes, { vain: none, last: 0, changesMax: 5 })), [[1, 1]]);
  assert.deepEqual(numbers(ahead([header(1), header(2)], changes, { vain: none, last: 0, changesMax: 2 })), [[1, 1]]);
  assert.deepEqual(numbers(ahead([header(1), header(2)], changes, { vain: none, last: 0, changesMax: 6 })), [[1, 1], [2, 2]]);
});
