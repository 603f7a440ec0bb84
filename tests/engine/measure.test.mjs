// What is measured on a plan, and how exactly.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measured, spreadOf } from '../../pwa/view/measure.js';
import { makeSnaps, snapTo } from '../../pwa/view/snap.js';

const points = (spread, ...places) => places.map((at) => ({ at, spread }));
const near = (value, wanted, within = 1e-9) => assert.ok(Math.abs(value - wanted) <= within, `${value} is not ${wanted}`);

/** Dice that fall alike each time. */
function dice(seed) {
  let state = seed;
  const flat = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return () => Math.sqrt(-2 * Math.log(flat())) * Math.cos(2 * Math.PI * flat());
}

test('a length goes along all points, an area needs three, an angle is the smaller one', () => {
  near(measured('length', points(0, [0, 0], [3, 4], [3, 10])).value, 11);
  near(measured('area', points(0, [0, 0], [4, 0], [4, 3], [0, 3])).value, 12);
  near(measured('area', points(0, [0, 3], [4, 3], [4, 0], [0, 0])).value, 12);
  near(measured('angle', points(0, [5, 0], [0, 0], [0, 2])).value, 90);
  near(measured('angle', points(0, [5, 0], [0, 0], [-3, -3])).value, 135);
  assert.equal(measured('length', points(0, [0, 0])), null);
  assert.equal(measured('area', points(0, [0, 0], [1, 1])), null);
  assert.equal(measured('angle', points(0, [0, 0], [0, 0], [1, 1])), null);
});

test('an area far from the origin loses no digits', () => {
  const [x, y] = [4_500_000, 5_300_000];
  near(measured('area', points(0, [x, y], [x + 4, y], [x + 4, y + 3], [x, y + 3])).value, 12, 1e-6);
});

test('what a hundred thousand drawn points scatter is what is said', () => {
  const spread = 0.01, throws = 100_000, throwing = dice(7);
  const shapes = {
    length: points(spread, [0, 0], [3, 4], [9, 4], [9, 1]),
    area: points(spread, [0, 0], [6, 1], [5, 4], [1, 3]),
    angle: points(spread, [4, 0], [0, 0], [2, 3]),
  };
  for (const [kind, shape] of Object.entries(shapes)) {
    const { value, spread95 } = measured(kind, shape);
    let within = 0;
    for (let i = 0; i < throws; i++) {
      const thrown = shape.map(({ at: [x, y] }) => ({ at: [x + spread * throwing(), y + spread * throwing()], spread }));
      if (Math.abs(measured(kind, thrown).value - value) <= spread95) within++;
    }
    near(within / throws, 0.95, 0.005);
  }
});

test('a tap is as exact as its pixel and the plan, a snapped point as the plan alone', () => {
  near(spreadOf(null, 0.12, false), 0.12 / Math.sqrt(12));
  near(spreadOf(0.02, 0.12, true), 0.02 / Math.SQRT2);
  near(spreadOf(0.02, 0.12, false), Math.sqrt(0.0002 + 0.0012));
  assert.equal(spreadOf(null, 0.12, true), 0);
});

test('an end goes before a middle, a middle before an edge, and nothing is taken from afar', () => {
  const snaps = makeSnaps([[[0, 0], [10, 0]], [[10, 0], [10, 8]]]);
  assert.deepEqual(snapTo(snaps, [9.8, 0.1], 0.5), { at: [10, 0], what: 'end' });
  assert.deepEqual(snapTo(snaps, [5.2, 0.1], 0.5), { at: [5, 0], what: 'middle' });
  assert.deepEqual(snapTo(snaps, [7, 0.3], 0.5), { at: [7, 0], what: 'edge' });
  assert.deepEqual(snapTo(snaps, [10.2, 6], 0.5), { at: [10, 6], what: 'edge' });
  assert.equal(snapTo(snaps, [7, 0.6], 0.5), null);
  assert.deepEqual(snapTo(makeSnaps([[[0, 0], [0.4, 0]]]), [0.2, 0], 0.5), { at: [0, 0], what: 'end' });
});

test('among thousands of edges the same is found as by asking each, also below zero and on one longer than the plan', () => {
  const throwing = dice(11), there = () => [throwing() * 40, throwing() * 40];
  const edges = Array.from({ length: 3000 }, () => {
    const [x, y] = there();
    return [[x, y], [x + throwing() * 3, y + throwing() * 3]];
  });
  edges.push([[-400, -300], [400, 300]]);
  const snaps = makeSnaps(edges);
  const all = { cells: new Map(), everywhere: edges };
  let found = 0;
  for (let i = 0; i < 300; i++) {
    const at = there(), one = snapTo(snaps, at, 0.4);
    assert.deepEqual(one, snapTo(all, at, 0.4));
    if (one) found++;
  }
  assert.ok(found > 50 && found < 300, `${found}`);
});
