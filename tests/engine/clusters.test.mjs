// Marks that would lie on each other become one pin, and none is lost by it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellAt, clustered } from '../../pwa/view/clusters.js';

const marks = (n, at, more = {}) => Array.from({ length: n }, (_, i) => ({ id: `${at}-${i}`, at: [at[0] + i * 0.01, at[1]], ...more }));
const loud = (thing) => Boolean(thing.loud);

test('five in a cell are one pin in their middle, four are four marks', () => {
  const things = [...marks(5, [1, 1]), ...marks(4, [9, 1])];
  const { pins, swallowed } = clustered(things, 4, loud);
  assert.equal(pins.length, 1);
  assert.equal(pins[0].things.length, 5);
  assert.ok(Math.abs(pins[0].at[0] - 1.02) < 1e-9 && pins[0].at[1] === 1);
  assert.deepEqual(pins[0].box, [1, 1, 1.04, 1]);
  assert.deepEqual([...swallowed], things.slice(0, 5));
});

test('what is loud is never one of the many', () => {
  const { pins } = clustered([...marks(40, [1, 1]), ...marks(3, [1.5, 1], { loud: true })], 4, loud);
  assert.deepEqual(pins.map((pin) => [pin.things.length, pin.loud]), [[40, false]]);
  assert.deepEqual(clustered(marks(6, [1, 1], { loud: true }), 4, loud).pins.map((pin) => pin.loud), [true]);
});

test('every mark is in one pin or by itself, below zero too', () => {
  const things = Array.from({ length: 2000 }, (_, i) => ({ id: i, at: [Math.sin(i) * 60, Math.cos(i * 1.7) * 20] }));
  for (const side of [0.25, 1, 4, 16, 64]) {
    const { pins, swallowed } = clustered(things, side, loud);
    assert.equal(pins.reduce((sum, pin) => sum + pin.things.length, 0), swallowed.size);
    for (const { box } of pins) assert.ok(box[2] - box[0] <= side && box[3] - box[1] <= side);
  }
  assert.equal(clustered(things, 512, loud).swallowed.size, 2000);
});

test('a cell is 28 to 56 pixels at every scale', () => {
  for (let scale = 0.3; scale < 400; scale *= 1.07) {
    const px = cellAt(scale) * scale;
    assert.ok(px >= 28 - 1e-9 && px < 56 + 1e-9, `${scale}: ${px}`);
  }
});
