// Where the plan is looked at from: whatever is done, the point under the hand stays there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fit, lookThrough, moved, toDrawing, toScreen, turned, zoomed } from '../../pwa/view/camera.js';
import { barFor } from '../../pwa/view/scale_bar.js';

const size = { width: 800, height: 600 };
const cameras = [0, 0.3, Math.PI / 2, -2.5].map((turn) => ({ x: 12, y: -7, scale: 23, turn }));
const near = (one, other, within = 1e-9) => one.forEach((value, i) => assert.ok(Math.abs(value - other[i]) < within, `${one} is not ${other}`));

test('a place is found again from where it is seen', () => {
  for (const camera of cameras) near(toDrawing(camera, size, ...toScreen(camera, size, 30, 4)), [30, 4]);
  near(toScreen({ ...cameras[0], turn: Math.PI / 2 }, size, 13, -7), [400, 300 - 23]);
});

test('what is under the hand stays there: moved, closer, turned', () => {
  for (const camera of cameras) {
    const at = toDrawing(camera, size, 100, 90);
    near(toScreen(moved(camera, 40, -25), size, ...at), [140, 65]);
    near(toScreen(zoomed(camera, size, 3, 100, 90, { min: 1, max: 400 }), size, ...at), [100, 90]);
    near(toScreen(turned(camera, size, 0.7, 100, 90), size, ...at), [100, 90]);
    assert.equal(zoomed(camera, size, 1000, 100, 90, { min: 1, max: 400 }).scale, 400);
  }
  near([turned({ ...cameras[0], turn: 3 }, size, 0.5, 0, 0).turn], [3.5 - 2 * Math.PI]);
});

test('the canvas draws where taps are looked for', () => {
  for (const camera of cameras) {
    let m = null;
    lookThrough({ setTransform: (...all) => { m = all; } }, camera, size, 2);
    const [left, top] = toScreen(camera, size, 5, 9);
    near([m[0] * 5 + m[2] * 9 + m[4], m[1] * 5 + m[3] * 9 + m[5]], [2 * left, 2 * top]);
  }
});

test('all is in sight however it is turned, and touches an edge', () => {
  for (const turn of [0, 0.4, 1.2, Math.PI / 2, 2.7]) {
    const camera = fit([0, 0, 40, 10], size.width, size.height, { padding: 20, turn });
    const corners = [[0, 0], [40, 0], [40, 10], [0, 10]].map((at) => toScreen(camera, size, ...at));
    const most = Math.max(...corners.map(([left]) => Math.abs(left - 400) / 380), ...corners.map(([, top]) => Math.abs(top - 300) / 280));
    assert.ok(Math.abs(most - 1) < 1e-9, `${turn}: ${most}`);
  }
});

test('the bar is a round length that fits', () => {
  for (let scale = 0.5; scale < 400; scale *= 1.1) {
    for (const imperial of [false, true]) {
      const { metres, px } = barFor(scale, imperial, 120);
      assert.ok(px <= 120 + 1e-6 && px > 120 / 3.01, `${scale} ${imperial}: ${px}`);
      const shown = imperial ? metres / 0.3048 : metres, first = Number(shown.toExponential().split('e')[0]);
      const inches = Math.round(shown * 12 * 1e6) / 1e6;
      assert.ok([1, 2, 5].some((one) => Math.abs(first - one) < 1e-6) || [6, 3, 1].includes(inches), `${shown}`);
    }
  }
  assert.equal(barFor(10, false, 120).metres, 10);
  assert.equal(barFor(240, false, 120).metres, 0.5);
  assert.ok(Math.abs(barFor(10, true, 120).metres - 20 * 0.3048) < 1e-9);
});
