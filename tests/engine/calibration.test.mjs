// How a page is laid over a storey by pairs of places.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  after, applied, between, boxOn, byLength, fitted, inverse, lacking, missedBy, restOf, scaleOf, seemsMirrored, turnedAbout, unapplied, within,
} from '../../pwa/view/calibration.js';

const LONG = 1190;
const PAGES = [[100, 120], [900, 180], [850, 700], [140, 640], [500, 400]];

/** A page at 1:150, turned by 0.3 radians, laid at (40, -7). */
function laid([u, v], mirrored = false) {
  const scale = 0.0254 / 72 * 150, [x, y] = [scale * (mirrored ? -u : u), -scale * v];
  return [40 + x * Math.cos(0.3) - y * Math.sin(0.3), -7 + x * Math.sin(0.3) + y * Math.cos(0.3)];
}

const pairsOf = (pages, mirrored) => pages.map((page) => ({ page, plan: laid(page, mirrored) }));
const near = (found, expected, within_ = 1e-9) => found.forEach((one, i) => assert.ok(Math.abs(one - expected[i]) < within_, `${found} is not ${expected}`));

test('two places give scale, turn and shift, and every other place of the page falls where it lies', () => {
  for (const mirrored of [false, true]) {
    const affine = fitted(pairsOf(PAGES.slice(0, 2), mirrored), mirrored);
    for (const page of PAGES) near(applied(affine, page), laid(page, mirrored));
    assert.ok(Math.abs(scaleOf(affine) - 0.0254 / 72 * 150) < 1e-12);
    near(unapplied(affine, laid(PAGES[4], mirrored)), PAGES[4], 1e-6);
  }
});

test('of more places the sum of squares is least: no small change of the affine makes the rest smaller', () => {
  const wrong = [[0.03, -0.01], [-0.02, 0.04], [0.01, 0.02], [-0.05, 0], [0.02, -0.03]];
  const pairs = pairsOf(PAGES).map(({ page, plan }, i) => ({ page, plan: [plan[0] + wrong[i][0], plan[1] + wrong[i][1]] }));
  const affine = fitted(pairs), rest = restOf(affine, pairs);
  assert.ok(rest > 0.01 && rest < 0.05);
  assert.ok(Math.abs(rest ** 2 - pairs.reduce((sum, pair) => sum + missedBy(affine, pair) ** 2, 0) / 5) < 1e-12);
  const middle = applied(affine, [500, 400]);
  for (const by of [-1e-3, 1e-3]) {
    assert.ok(restOf(turnedAbout(affine, by, middle), pairs) > rest);
    assert.ok(restOf(after(affine, [1, 0, by, 0, 1, 0]), pairs) > rest);
    assert.ok(restOf(after(affine, [1, 0, 0, 0, 1, by]), pairs) > rest);
    assert.ok(restOf(after(affine, [1 + by, 0, -by * middle[0], 0, 1 + by, -by * middle[1]]), pairs) > rest);
  }
});

test('places that say nothing are refused: too few, one place of the page, one place of the plan', () => {
  const [one, two] = pairsOf(PAGES);
  assert.equal(lacking([one], LONG), 'few');
  assert.equal(lacking([one, { page: [101, 121], plan: two.plan }], LONG), 'samePage');
  assert.equal(lacking([one, { page: two.page, plan: [one.plan[0] + 0.05, one.plan[1]] }], LONG), 'samePlan');
  assert.equal(lacking([one, two], LONG), null);
});

test('a page seen from behind is noticed by three places, and a hand that slips is not', () => {
  assert.equal(seemsMirrored(pairsOf(PAGES.slice(0, 3), true), false), true);
  assert.equal(seemsMirrored(pairsOf(PAGES.slice(0, 2), true), false), false, 'two cannot tell');
  assert.equal(seemsMirrored(pairsOf(PAGES.slice(0, 3), true), true), false);
  const slipped = pairsOf(PAGES.slice(0, 3));
  slipped[1].plan = [slipped[1].plan[0] + 0.3, slipped[1].plan[1]];
  assert.equal(seemsMirrored(slipped, false), false);
});

test('by a length the first place is zero, the second so far away, and up stays up', () => {
  const affine = byLength([100, 500], [400, 100], 10);
  near(applied(affine, [100, 500]), [0, 0]);
  near(applied(affine, [400, 100]), [6, 8]);
});

test('affines go one after another and back, and what lies between two is said in metres, degrees and times', () => {
  const one = fitted(pairsOf(PAGES)), at = [42, -9];
  near(after(one, inverse(one)), [1, 0, 0, 0, 1, 0]);
  const other = after(turnedAbout(one, Math.PI / 60, at), [1, 0, 0.3, 0, 1, -0.4]);
  const found = between(one, other, at);
  near([found.metres, found.degrees, found.times], [0.5, 3, 1]);
});

test('before it is placed a page lies in the middle of the storey, upright and whole', () => {
  const size = { width: 800, height: 400 }, affine = within(size, [0, 0, 20, 30]);
  near(boxOn(affine, size), [0, 10, 20, 20]);
  near(applied(affine, [0, 0]), [0, 20]);
});
