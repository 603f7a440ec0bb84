// What a filter of elements lets through, and that it stands in an address whole.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bandOf, chosenIn, fitting, nothingChosen, readFilter, toggled, writeFilter } from '../../pwa/view/filters.js';

const thing = (given) => ({ kind: 'hvac', systems: [], ifc_class: 'IfcFan', name: 'Fan', ...given });
const through = (address, things) => things.filter(fitting(readFilter(new URLSearchParams(address)))).map(({ name }) => name).join('');

test('of a facet any value does, and facets and words are combined', () => {
  const things = [
    thing({ name: 'a', status: 'faulty', condition: 'bad' }), thing({ name: 'b', status: 'ok', condition: 'bad', systems: ['fire'] }),
    thing({ name: 'c', status: 'faulty', kind: 'doors', tag: 'XYZ' }), thing({ name: 'd', tag: 'AHU-1' }),
  ];
  assert.equal(through('', things), 'abcd');
  assert.equal(through('status=faulty,ok', things), 'abc');
  assert.equal(through('status=faulty&condition=bad', things), 'a');
  assert.equal(through('kind=fire,doors', things), 'bc');
  assert.equal(through('system=fire', things), 'b');
  assert.equal(through('status=unset', things), 'd');
  assert.equal(through('kind=attention&q=xyz', things), 'c');
  assert.equal(through('q=ahu fan', things), 'd');
  assert.equal(through('status=never', things), '');
});

test('of what only some are, all that is chosen must hold', () => {
  const things = [thing({ name: 'a', task: 1, unsent: 1 }), thing({ name: 'b', task: 1, unsent: 0 }), thing({ name: 'c', contested: true })];
  assert.equal(through('only=task', things), 'ab');
  assert.equal(through('only=task,unsent', things), 'a');
  assert.equal(through('only=contested', things), 'c');
});

test('how sure one is of an element is as the figures of a building count it', () => {
  const parts = (classification, position, properties, relationships) => ({
    confidence_classification: classification, confidence_position: position, confidence_properties: properties, confidence_relationships: relationships });
  assert.equal(bandOf({ ...parts(10, 10, 10, 10), validated: 1 }), 'blue');
  assert.equal(bandOf(parts(null, null, null, null)), 'unknown');
  assert.equal(bandOf(parts(85, 85, 85, 85)), 'yellow');
  assert.equal(bandOf(parts(85.1, 85.1, 85.1, 85.1)), 'green');
  assert.equal(bandOf(parts(60, 60, 60, 60)), 'yellow');
  assert.equal(bandOf(parts(100, null, null, null)), 'red');
});

test('an address says the same whatever was chosen first', () => {
  const one = toggled(toggled(toggled(nothingChosen(), 'status', 'ok'), 'only', 'task'), 'status', 'faulty');
  const other = toggled(toggled(toggled(nothingChosen(), 'only', 'task'), 'status', 'faulty'), 'status', 'ok');
  assert.equal(String(writeFilter({ ...one, text: ' x y ' })), 'status=faulty%2Cok&only=task&q=x+y');
  assert.equal(String(writeFilter(one)), String(writeFilter(other)));
  assert.deepEqual(readFilter(writeFilter(one)), one);
  assert.equal(chosenIn(one), 3);
  assert.equal(String(writeFilter(toggled(toggled(one, 'only', 'task'), 'status', 'ok'))), 'status=faulty');
});
