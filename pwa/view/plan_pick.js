// What a tap on the plan means: the nearest element within a finger's width, else the space beneath.

import { toDrawing, toScreen } from './camera.js';

const REACH_PX = 24;
const LINE_REACH_PX = 10;
const PIN_REACH_PX = 20;

/** {pin} or {element: id} or {space: id} or null. `look`: {camera, size, shown(thing), pins, swallowed}. */
export function pick(scene, { camera, size, shown, pins, swallowed }, left, top, context) {
  let best = null, nearest = REACH_PX;
  for (const thing of scene.things) {
    if (!thing.at || !shown(thing) || swallowed.has(thing)) continue;
    const away = distance(thing, camera, size, left, top);
    if (away < nearest) [best, nearest] = [thing, away];
  }
  const pin = pins.find(({ at }) => {
    const [x, y] = toScreen(camera, size, ...at);
    return Math.hypot(x - left, y - top) < Math.min(nearest, PIN_REACH_PX);
  });
  if (pin) return { pin };
  if (best) return { element: best.id };
  const space = spaceAt(scene, context, ...toDrawing(camera, size, left, top));
  return space ? { space: space.id } : null;
}

function distance(thing, camera, size, left, top) {
  if (!thing.line) {
    const [x, y] = toScreen(camera, size, ...thing.at);
    return Math.hypot(x - left, y - top);
  }
  let nearest = Infinity;
  for (let i = 1; i < thing.line.length; i++) {
    const a = toScreen(camera, size, thing.line[i - 1][0], thing.line[i - 1][1]);
    const b = toScreen(camera, size, thing.line[i][0], thing.line[i][1]);
    nearest = Math.min(nearest, toSegment(left, top, a, b));
  }
  return nearest + (REACH_PX - LINE_REACH_PX); // marks come before the wall they hang on
}

function toSegment(x, y, [x0, y0], [x1, y1]) {
  const long = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  const t = long ? Math.min(Math.max(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / long, 0), 1) : 0;
  return Math.hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0));
}

function spaceAt(scene, context, x, y) {
  context.setTransform(1, 0, 0, 1, 0, 0);
  return scene.spaces.find((space) => space.box && context.isPointInPath(space.path, x, y, 'evenodd'));
}
