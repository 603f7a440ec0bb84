// The places by which a drawing is laid: each with its number, and where both of a pair are in sight, what lies between them.

import { toScreen } from './camera.js';
import { paintAim, paintPoint, rimmed } from './measure_paint.js';

const NUMBER_PX = 13;

/** `what`: {points: [{n, at, missed: where the drawing has it, or null}], aim}; `look`: {camera, size, ratio, ink}. */
export function paintPlacing(context, { points, aim }, { camera, size, ratio, ink }) {
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.lineJoin = context.lineCap = 'round';
  for (const { n, at, missed } of points) {
    const [left, top] = toScreen(camera, size, ...at);
    if (missed) line(context, [left, top], toScreen(camera, size, ...missed), ink);
    paintPoint(context, null, left, top, ink);
    number(context, String(n), left + NUMBER_PX, top - NUMBER_PX, ink);
  }
  if (aim) paintAim(context, toScreen(camera, size, ...aim.at), aim.snap, ink);
}

/** To a ring, where the drawing has the place. */
function line(context, from, to, ink) {
  context.beginPath();
  context.moveTo(...from);
  context.lineTo(...to);
  context.moveTo(to[0] + 7, to[1]);
  context.arc(...to, 7, 0, 2 * Math.PI);
  rimmed(context, ink, 2);
}

function number(context, text, left, top, ink) {
  context.font = `700 ${NUMBER_PX}px ${ink.face}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.lineWidth = 4;
  context.strokeStyle = ink['mark-edge'];
  context.strokeText(text, left, top);
  context.fillStyle = ink.accent;
  context.fillText(text, left, top);
}
