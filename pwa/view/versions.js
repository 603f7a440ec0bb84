// The two versions of a conflict over where something is: a thing's geometry with its heading, an outline, how a drawing lies. What
// stands is a filled disc or a whole line, the other a hollow diamond or a dashed line, so that they differ without colour too.

import { fromHex, toGeojson } from '../core/geometry.js';
import { TABLES } from '../core/catalogue.js';
import { affineOf, applied, between, inverse } from './calibration.js';
import { toScreen } from './camera.js';
import { values } from './conflict_words.js';
import { rimmed } from './measure_paint.js';
import { boxOf, lines } from './plan_scene.js';

const DISC_PX = 7;
const DIAMOND_PX = 9;
const HEADING_PX = 22;
const DASH_PX = [7, 5];
const WASH = 0.14;

/** {kind: 'shape' | 'page', kept, other}: two {shape, heading} or two affines; null where there are no two places to be drawn. */
export function versionsOf(conflict) {
  if (conflict.kind !== 'field') return null;
  const both = [values(conflict.kept), values(conflict.other)];
  if (conflict.table === 'floor_plan') {
    const [kept, other] = both.map(affineOf);
    return kept && other ? { kind: 'page', kept, other } : null;
  }
  const columns = TABLES[conflict.table]?.columns ?? {};
  const column = Object.keys(both[0]).find((name) => columns[name]?.type === 'geometry');
  if (!column || both.some((side) => !side[column])) return null;
  const [kept, other] = both.map((side) => ({ shape: toGeojson(fromHex(side[column])), heading: side.heading_deg ?? null }));
  return { kind: 'shape', kept, other };
}

/** How a page lies is seen by where it has the storey: its box, as each version lays what the standing one lays there. */
export function outlined({ kind, kept, other }, bounds) {
  if (kind === 'shape') return { kept, other };
  const [left, low, right, high] = bounds;
  const corners = [[left, low], [right, low], [right, high], [left, high], [left, low]];
  const moved = (affine) => ({ shape: { type: 'LineString', coordinates: corners.map((at) => applied(affine, applied(inverse(kept), at))) }, heading: null });
  return { kept: moved(kept), other: moved(other) };
}

/** {metres, degrees, times} between the two; degrees and times are null where they say nothing. */
export function apart({ kind, kept, other }, bounds) {
  if (kind === 'page') return between(kept, other, middleOf(bounds));
  const [a, b] = [kept, other].map(({ shape }) => middleOf(boxOf(shape)));
  const turned = kept.heading !== null && other.heading !== null ? ((other.heading - kept.heading + 540) % 360) - 180 : null;
  return { metres: Math.hypot(b[0] - a[0], b[1] - a[1]), degrees: turned || null, times: null };
}

export function boxOfBoth({ kept, other }) {
  const [a, b] = [boxOf(kept.shape), boxOf(other.shape)];
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}

function middleOf([left, low, right, high]) {
  return [(left + right) / 2, (low + high) / 2];
}

/** `both`: of `outlined`; `look`: {camera, size, ratio, ink}. The other first, so that what stands lies on it. */
export function paintVersions(context, both, { camera, size, ratio, ink }) {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.lineJoin = context.lineCap = 'round';
  const screen = (at) => toScreen(camera, size, at[0], at[1]);
  version(context, both.other, screen, { ...ink, accent: ink.warn }, true);
  version(context, both.kept, screen, ink, false);
}

function version(context, { shape, heading }, screen, ink, dashed) {
  context.setLineDash(dashed ? DASH_PX : []);
  for (const line of lines(shape)) {
    const there = line.map(screen);
    if (there.length === 1) {
      mark(context, there[0], heading, screen, ink, dashed);
      continue;
    }
    context.beginPath();
    there.forEach(([left, top], i) => (i ? context.lineTo(left, top) : context.moveTo(left, top)));
    if (shape.type.endsWith('Polygon')) wash(context, ink);
    rimmed(context, ink, 2.5);
  }
  context.setLineDash([]);
}

function wash(context, ink) {
  context.globalAlpha = WASH;
  context.fillStyle = ink.accent;
  context.fill();
  context.globalAlpha = 1;
}

function mark(context, [left, top], heading, screen, ink, hollow) {
  context.setLineDash([]);
  if (heading !== null) {
    const [fromLeft, fromTop] = screen([0, 0]), turn = (heading * Math.PI) / 180;
    const [toLeft, toTop] = screen([Math.cos(turn), Math.sin(turn)]), long = Math.hypot(toLeft - fromLeft, toTop - fromTop);
    context.beginPath();
    context.moveTo(left, top);
    context.lineTo(left + ((toLeft - fromLeft) / long) * HEADING_PX, top + ((toTop - fromTop) / long) * HEADING_PX);
    rimmed(context, ink, 2);
  }
  context.beginPath();
  if (hollow) {
    [[0, -1], [1, 0], [0, 1], [-1, 0]].forEach(([x, y], i) => context[i ? 'lineTo' : 'moveTo'](left + x * DIAMOND_PX, top + y * DIAMOND_PX));
    context.closePath();
    context.fillStyle = ink.paper;
  } else {
    context.arc(left, top, DISC_PX, 0, 2 * Math.PI);
    context.fillStyle = ink.accent;
  }
  context.fill();
  rimmed(context, ink, 2);
}
