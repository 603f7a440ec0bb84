// Paints a scene. Lines are drawn in metres through the camera; marks and words in CSS pixels, so they stay readable.

import { lookThrough, toScreen } from './camera.js';
import { colourOf, faceOf, isDark } from './ink.js';
import { paintBeneath } from './beneath_paint.js';
import { KINDS } from './words.js';
import { number } from '../words/language.js';

const LABEL_PX = 12;
const MARK_PX = [2.5, 9]; // radius far out and close by
const ALARM_PX = [4.5, 7.5];
const ALARM_SIGN_FROM_PX = 6;
const LETTER_FROM_PX = 8;
const ALARMING = new Set(['faulty', 'out_of_service', 'missing']);
const GLOW_PX = [12, 8]; // radius at the end, and what it is wider at first
const PIN_PX = [11, 13, 16]; // for one, two, three digits

/** {paper, space, …} of the theme that now holds; read again when it changes. */
export function readInk(element) {
  const names = ['paper', 'space', 'space-edge', 'chosen', 'wall', 'door', 'window', 'label', 'mark-edge'];
  const ink = Object.fromEntries(names.map((name) => [name, colourOf(element, `--plan-${name}`)]));
  ink.kinds = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, colourOf(element, `--kind-${kind}`)]));
  ink.accent = colourOf(element, '--accent');
  ink.bad = colourOf(element, '--bad');
  ink.warn = colourOf(element, '--warn');
  ink.face = faceOf(element);
  ink.dark = isDark(ink.paper);
  return ink;
}

/**
 * `look`: {camera, size, ratio, ink, selected, space, shown(thing), hidden: Set of kinds, beneath, pins, swallowed}, the last two of
 * clusters.js. What is drawn in metres:
 */
export function paintDrawing(context, scene, look) {
  const { camera, size, ratio, ink } = look;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = ink.paper;
  context.fillRect(0, 0, size.width * ratio, size.height * ratio);
  lookThrough(context, camera, size, ratio);
  if (!look.beneath?.alone) paintSpaces(context, scene, look);
  if (look.beneath) paintBeneath(context, look.beneath, ink);
  if (!look.beneath?.alone) paintLines(context, scene, look);
}

/** What lies on it in pixels, the same size at every scale. */
export function paintMarking(context, scene, look) {
  if (look.beneath?.alone) return;
  context.setTransform(look.ratio, 0, 0, look.ratio, 0, 0);
  paintMarks(context, scene, look);
  paintLabels(context, scene, look);
  paintAlarms(context, scene, look);
}

/** What lights up: `glows` is id → {colour, strength}; rooms as a wash, things as a ring that draws in. */
export function paintGlows(context, scene, { camera, size, ratio, ink, shown }, glows) {
  lookThrough(context, camera, size, ratio);
  for (const room of scene.spaces) {
    const glow = glows.get(room.id);
    if (!glow) continue;
    context.globalAlpha = glow.strength * 0.3;
    context.fillStyle = shade(glow, ink);
    context.fill(room.path, 'evenodd');
  }
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  for (const [thing, left, top] of inSight(scene, { camera, size, shown })) {
    const glow = glows.get(thing.id);
    if (!glow) continue;
    context.globalAlpha = Math.min(1, glow.strength * 2);
    ring(context, left, top, GLOW_PX[0] + glow.strength * GLOW_PX[1], ink, shade(glow, ink));
  }
  context.globalAlpha = 1;
}

/** A person's colour towards the words' own, so that it is seen on dark paper too. */
const shade = ({ colour }, ink) => `color-mix(in srgb, ${colour} 60%, ${ink.label})`;

function paintSpaces(context, scene, { camera, ink, space }) {
  context.lineWidth = 1 / camera.scale;
  context.strokeStyle = ink['space-edge'];
  for (const room of scene.spaces) {
    context.fillStyle = room.id === space ? ink.chosen : ink.space;
    context.fill(room.path, 'evenodd');
    context.stroke(room.path);
  }
}

function paintLines(context, scene, { camera, ink, hidden }) {
  const px = 1 / camera.scale;
  const layers = [...scene.layers].filter(([kind]) => !hidden.has(kind));
  context.lineJoin = 'miter';
  context.lineCap = 'butt';
  for (const [, { areas }] of layers) stroke(context, areas, ink['space-edge'], 1 * px);
  stroke(context, scene.outline, ink.wall, Math.max(2 * px, 0.12));
  for (const [kind, { solids, walls }] of layers) {
    const [colour, width] = kind === 'structure' ? [ink.wall, Math.max(1.5 * px, 0.12)] : [ink.kinds[kind], Math.max(1.5 * px, 0.06)];
    context.fillStyle = colour;
    context.fill(solids);
    stroke(context, walls, colour, width);
  }
  for (const [, { windows }] of layers) {
    stroke(context, windows, ink.paper, Math.max(4 * px, 0.3));
    stroke(context, windows, ink.window, Math.max(2.5 * px, 0.12));
  }
  if (!hidden.has('doors')) paintGaps(context, scene, px, ink);
  if (camera.scale > 6) for (const [, { doors }] of layers) stroke(context, doors, ink.door, 1.25 * px);
}

/** A door is a gap in its wall. */
function paintGaps(context, scene, px, ink) {
  context.beginPath();
  for (const thing of scene.things) {
    if (!thing.span) continue;
    context.moveTo(thing.span[0][0], thing.span[0][1]);
    context.lineTo(thing.span[1][0], thing.span[1][1]);
  }
  context.strokeStyle = ink.space;
  context.lineWidth = Math.max(3 * px, 0.24);
  context.stroke();
}

function stroke(context, path, colour, width) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke(path);
}

// ---------------------------------------------------------------- words

/** At the head of the room, where fewer things hang than in its middle; with a rim, since marks lie beneath. */
function paintLabels(context, scene, { camera, size, ink }) {
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.lineJoin = 'round';
  context.lineWidth = 3;
  for (const room of scene.spaces) {
    if (!room.at) continue;
    const { left, top, width, height } = camera.turn ? turnedPlace(room, camera, size) : headOf(room, camera, size);
    if (left < -width || top < -height || left > size.width + width || top > size.height + height) continue;
    label(context, room, left, top, width, height, ink);
  }
}

function headOf(room, camera, size) {
  const width = room.at.width * camera.scale - 8, height = (room.box[3] - room.box[1]) * camera.scale;
  const [left, top] = toScreen(camera, size, room.at.x, room.box[3]);
  return { left, top: top + Math.min(LABEL_PX * 1.25, height / 2), width, height };
}

/** A turned room is as wide for words as it is at its narrowest, or at its height where that lies level. */
function turnedPlace(room, camera, size) {
  const [wide, high] = [room.at.width, room.box[3] - room.box[1]].map((long) => long * camera.scale);
  const [left, top] = toScreen(camera, size, room.at.x, (room.box[1] + room.box[3]) / 2);
  const [cos, sin] = [Math.abs(Math.cos(camera.turn)), Math.abs(Math.sin(camera.turn))];
  const along = (across, down) => Math.min(wide / Math.max(across, 1e-6), high / Math.max(down, 1e-6));
  return { left, top, width: along(cos, sin) - 8, height: along(sin, cos) };
}

/** Number and name where both fit in a line, the number alone where it does, else nothing. */
function label(context, room, left, top, width, height, ink) {
  const bold = `700 ${LABEL_PX}px ${ink.face}`, plain = `400 ${LABEL_PX}px ${ink.face}`;
  const number = room.number ?? '', name = room.name && room.name !== number ? ` ${room.name}` : '';
  context.font = plain;
  const nameWidth = context.measureText(name).width;
  context.font = bold;
  const numberWidth = context.measureText(number).width;
  if (height < LABEL_PX + 4 || numberWidth > width) return;
  const both = name && numberWidth + nameWidth <= width;
  words(context, number, both ? left - nameWidth / 2 : left, top, ink);
  context.font = plain;
  if (both) words(context, name, left + numberWidth / 2, top, ink);
}

function words(context, text, left, top, ink) {
  context.strokeStyle = ink.space;
  context.strokeText(text, left, top);
  context.fillStyle = ink.label;
  context.fillText(text, left, top);
}

// ---------------------------------------------------------------- marks

function between(value, [least, most]) {
  return Math.min(Math.max(value, least), most);
}

function paintMarks(context, scene, look) {
  const radius = between(look.camera.scale * 0.24, MARK_PX);
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const [thing, left, top] of inSight(scene, look)) {
    if (thing.drawnAs === 'mark' && !look.swallowed.has(thing)) dot(context, thing, left, top, radius, look.ink);
  }
}

/** What somebody should look at, and what is chosen, lie on top of all. */
function paintAlarms(context, scene, look) {
  const radius = between(look.camera.scale * 0.36, ALARM_PX);
  for (const pin of look.pins) numbered(context, pin, toScreen(look.camera, look.size, ...pin.at), look);
  for (const [thing, left, top] of inSight(scene, look)) {
    if (isLoud(thing) && !look.swallowed.has(thing)) alarm(context, thing, left + radius * 0.6, top - radius * 0.6, radius, look.ink);
    if (thing.id === look.selected) ring(context, left, top, radius + 6, look.ink);
  }
}

/** Somebody should look at it. */
export const isLoud = (thing) => thing.contested || ALARMING.has(thing.status);

/** In the colour of its marks where they have one, else in the words' own. */
function numbered(context, { things, loud }, [left, top], { size, ink }) {
  const text = number(things.length), radius = PIN_PX[Math.min(text.length, PIN_PX.length) - 1];
  if (left < -radius || top < -radius || left > size.width + radius || top > size.height + radius) return;
  const kind = things.every((thing) => thing.kind === things[0].kind) ? things[0].kind : null;
  context.beginPath();
  context.arc(left, top, radius, 0, 2 * Math.PI);
  context.fillStyle = loud ? ink.bad : kind ? ink.kinds[kind] : ink.label;
  context.fill();
  context.lineWidth = 2;
  context.strokeStyle = ink['mark-edge'];
  context.stroke();
  context.fillStyle = ink['mark-edge'];
  context.font = `700 11px ${ink.face}`;
  context.textAlign = 'center';
  context.fillText(text, left, top + 0.5);
}

function* inSight(scene, { camera, size, shown }) {
  for (const thing of scene.things) {
    if (!thing.at || !shown(thing)) continue;
    const [left, top] = toScreen(camera, size, ...thing.at);
    if (left > -20 && top > -20 && left < size.width + 20 && top < size.height + 20) yield [thing, left, top];
  }
}

function dot(context, thing, left, top, radius, ink) {
  context.beginPath();
  context.arc(left, top, radius, 0, 2 * Math.PI);
  context.fillStyle = ink.kinds[thing.kind];
  context.fill();
  context.lineWidth = 1.25;
  context.strokeStyle = ink['mark-edge'];
  context.stroke();
  if (radius < LETTER_FROM_PX) return;
  context.fillStyle = ink['mark-edge'];
  context.font = `700 ${radius * 1.25}px ${ink.face}`;
  context.fillText(KINDS[thing.kind], left, top + 0.5);
}

/** A triangle for what does not work, a diamond for what two people said differently; both with a word in the list. */
function alarm(context, thing, left, top, r, ink) {
  context.beginPath();
  if (thing.contested) polygon(context, [[0, -r], [r, 0], [0, r], [-r, 0]], left, top);
  else polygon(context, [[0, -r], [r, r * 0.8], [-r, r * 0.8]], left, top);
  context.fillStyle = thing.contested ? ink.warn : ink.bad;
  context.fill();
  context.lineWidth = 1.5;
  context.strokeStyle = ink['mark-edge'];
  context.stroke();
  if (r < ALARM_SIGN_FROM_PX) return;
  context.fillStyle = ink['mark-edge'];
  context.font = `800 9px ${ink.face}`;
  context.fillText(thing.contested ? '?' : '!', left, top + (thing.contested ? 0.5 : 1.5));
}

function polygon(context, points, left, top) {
  points.forEach(([x, y], i) => (i ? context.lineTo(left + x, top + y) : context.moveTo(left + x, top + y)));
  context.closePath();
}

function ring(context, left, top, radius, ink, colour = ink.accent) {
  context.beginPath();
  context.arc(left, top, radius, 0, 2 * Math.PI);
  context.lineWidth = 5;
  context.strokeStyle = ink['mark-edge'];
  context.stroke();
  context.lineWidth = 3;
  context.strokeStyle = colour;
  context.stroke();
}
