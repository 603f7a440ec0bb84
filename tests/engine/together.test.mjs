import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tabs, Together } from '../../pwa/sync/together.js';

const said = (peer, name, more = {}) => ({ scope: 'b', peer, user: `u-${name}`, name, colour: '#000', ...more });

test('people are known by their windows, and told in the order of their names', () => {
  const together = new Together();
  assert.ok(together.hear(said('2', 'Berta'), 0));
  assert.ok(together.hear(said('1', 'Ada'), 0));
  assert.ok(together.hear(said('3', 'Ada', { storey: 's' }), 0));
  assert.deepEqual(together.people('b').map((one) => one.peer), ['1', '3', '2']);
  assert.deepEqual(together.people('another'), []);
});

test('the same said again is nothing new, but keeps them here', () => {
  const together = new Together();
  together.hear(said('1', 'Ada', { storey: 's' }), 0);
  assert.equal(together.hear(said('1', 'Ada', { storey: 's' }), 50_000), false);
  assert.equal(together.hear(said('1', 'Ada', { storey: 't' }), 50_001), true);
  assert.deepEqual(together.fade(100_000), []);
  assert.deepEqual(together.fade(110_001), ['b']);
  assert.deepEqual(together.people('b'), []);
});

test('who leaves is gone at once, and everybody is when nothing is heard any more', () => {
  const together = new Together();
  together.hear(said('1', 'Ada'), 0);
  together.hear(said('2', 'Berta'), 0);
  assert.ok(together.hear({ scope: 'b', peer: '1', left: true }, 1));
  assert.equal(together.hear({ scope: 'b', peer: '1', left: true }, 2), false);
  assert.deepEqual(together.people('b').map((one) => one.name), ['Berta']);
  assert.deepEqual(together.lost(), ['b']);
  assert.deepEqual(together.lost(), []);
});

test('of several tabs the last that spoke is shown, until it leaves or falls silent', () => {
  const tabs = new Tabs();
  assert.equal(tabs.shown('b', 0), null);
  tabs.say('one', 'b', { storey: 's' }, 0);
  tabs.say('two', 'b', { storey: 't' }, 1);
  assert.equal(tabs.shown('b', 2).storey, 't');
  tabs.say('one', 'b', { storey: 's' }, 3);
  assert.equal(tabs.shown('b', 4).storey, 's');
  tabs.say('one', 'b', null, 5);
  assert.equal(tabs.shown('b', 6).storey, 't');
  assert.equal(tabs.shown('b', 60_001), null);
  assert.deepEqual(tabs.scopes(), ['b']);
});
