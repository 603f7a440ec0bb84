// What is being measured, on top of the plan: in CSS pixels, with a rim, so that it is seen on walls and in the sun.

import { toScreen } from './camera.js';

const POINT_PX = 5;
const ARM_PX = 14;
const SNAP_PX = 8;
const ARC_PX = 26;
const WASH = 0.16;

/** `what`: {kind, points: [{at, snap}], aim: {at, snap} | null}; `look`: {camera, size, ratio, ink}. */
export function paintMeasure(context, { kind, points, aim }, { camera, size, ratio, ink }) {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.lineJoin = context.lineCap = 'round';
  const there = points.map((point) => toScreen(camera, size, ...point.at));
  const closed = kind === 'area' && there.length > 2;
  if (there.length > 1) lines(context, there, closed, ink);
  if (kind === 'angle' && there.length === 3) arc(context, there, ink);
  const open = !(kind === 'angle' && there.length === 3);
  if (aim) towards(context, there.at(-1), toScreen(camera, size, ...aim.at), open, aim.snap, ink);
  there.forEach(([left, top], i) => paintPoint(context, points[i].snap, left, top, ink));
}

function lines(context, there, closed, ink) {
  context.beginPath();
  there.forEach(([left, top], i) => (i ? context.lineTo(left, top) : context.moveTo(left, top)));
  if (closed) {
    context.closePath();
    context.globalAlpha = WASH;
    context.fillStyle = ink.accent;
    context.fill();
    context.globalAlpha = 1;
  }
  rimmed(context, ink, 2.5);
}

function arc(context, [first, corner, last], ink) {
  const from = Math.atan2(first[1] - corner[1], first[0] - corner[0]);
  const turn = Math.atan2(last[1] - corner[1], last[0] - corner[0]) - from;
  context.beginPath();
  context.arc(...corner, ARC_PX, from, from + turn, Math.sin(turn) < 0);
  rimmed(context, ink, 2);
}

/** Where the next stretch would run, and the cross. */
function towards(context, last, [left, top], open, snap, ink) {
  if (last && open) {
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(left, top);
    context.setLineDash([6, 6]);
    rimmed(context, ink, 1.5);
    context.setLineDash([]);
  }
  paintAim(context, [left, top], snap, ink);
}

/** The cross, and what it has found. */
export function paintAim(context, [left, top], snap, ink) {
  context.beginPath();
  for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(left + x * 4, top + y * 4);
    context.lineTo(left + x * ARM_PX, top + y * ARM_PX);
  }
  rimmed(context, ink, 1.5);
  if (snap) found(context, snap, left, top, ink);
}

/** As drawing programs have it: a square on an end, a triangle on a middle, an hourglass on an edge. */
function found(context, snap, left, top, ink) {
  const r = SNAP_PX;
  const shape = {
    end: [[-r, -r], [r, -r], [r, r], [-r, r]],
    middle: [[0, -r], [r, r * 0.8], [-r, r * 0.8]],
    edge: [[-r, -r], [r, -r], [-r, r], [r, r]],
  }[snap];
  context.beginPath();
  shape.forEach(([x, y], i) => (i ? context.lineTo(left + x, top + y) : context.moveTo(left + x, top + y)));
  context.closePath();
  rimmed(context, ink, 2);
}

export function paintPoint(context, snap, left, top, ink) {
  if (snap) found(context, snap, left, top, ink);
  context.beginPath();
  context.arc(left, top, snap ? POINT_PX - 2 : POINT_PX, 0, 2 * Math.PI);
  context.fillStyle = ink.accent;
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = ink['mark-edge'];
  context.stroke();
}

/** A line in the accent on a rim of paper. */
export function rimmed(context, ink, width) {
  context.strokeStyle = ink['mark-edge'];
  context.lineWidth = width + 3;
  context.stroke();
  context.strokeStyle = ink.accent;
  context.lineWidth = width;
  context.stroke();
}
