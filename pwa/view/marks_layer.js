// How marks on a photo are drawn: SVG over the picture, in the picture's own measure (view/marks.js says what a piece is).

import { h } from './dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const WIDE = 1000; // units that a picture is wide
const LETTER = 46, HEAD = 46, HANDLE = 20;

/** An empty layer for a picture of so many pixels; `cut` as the picture is cut (object-fit: cover). */
export function layer({ width, height }, cut = false) {
  const svg = shape('svg', { class: 'marks', viewBox: `0 0 ${WIDE} ${(WIDE * height) / width}`, preserveAspectRatio: cut ? 'xMidYMid slice' : 'xMidYMid meet' });
  svg.high = (WIDE * height) / width;
  return svg;
}

/** A place of the picture under a point of the screen; it may lie beside the picture. */
export function placeUnder(svg, left, top) {
  const { x, y } = new DOMPoint(left, top).matrixTransform(svg.getScreenCTM().inverse());
  return [x / WIDE, y / svg.high];
}

/** The layer shows these; the one that is chosen has handles, as large on the screen however near it is looked at. */
export function draw(svg, pieces, chosen = null, zoom = 1) {
  svg.replaceChildren(...pieces.map((one) => drawn(svg, one, one.id === chosen, zoom)));
}

function drawn(svg, one, chosen, zoom) {
  const points = one.points.map(([across, down]) => [across * WIDE, down * svg.high]);
  const group = shape('g', { class: 'mark', 'data-piece': one.id, 'data-shape': one.shape, 'data-colour': one.colour, ...(chosen ? { 'data-chosen': '' } : {}) });
  if (one.shape === 'text') group.append(written(one, points[0]));
  else for (const part of ['hit', 'edge', 'ink']) group.append(shape('path', { class: part, d: pathOf(one.shape, points) }));
  if (chosen && one.shape !== 'line') points.forEach(([x, y], at) => group.append(shape('circle', { class: 'grip', 'data-at': at, cx: x, cy: y, r: HANDLE / zoom })));
  return group;
}

/** Towards the side where there is more room. */
function written({ words, points: [[across]] }, [x, y]) {
  const text = shape('text', { x, y, 'font-size': LETTER, 'dominant-baseline': 'middle', 'text-anchor': across < 0.5 ? 'start' : 'end' });
  text.textContent = words;
  return text;
}

function pathOf(kind, points) {
  const [[ax, ay], [bx, by]] = points;
  if (kind === 'box') return `M${ax} ${ay}H${bx}V${by}H${ax}Z`;
  const line = `M${points.map(([x, y]) => `${x} ${y}`).join('L')}`;
  return kind === 'arrow' ? `${line}${head(ax, ay, bx, by)}` : line;
}

function head(ax, ay, bx, by) {
  const length = Math.min(HEAD, Math.hypot(bx - ax, by - ay) / 2), towards = Math.atan2(by - ay, bx - ax);
  const [one, other] = [0.5, -0.5].map((turn) => `${bx - length * Math.cos(towards + turn)} ${by - length * Math.sin(towards + turn)}`);
  return `M${one}L${bx} ${by}L${other}`;
}

function shape(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

/** A picture with its layer, to be looked at. */
export function marked(image, pieces) {
  const frame = h('span.marked', {}, image);
  const lay = () => {
    const svg = layer({ width: image.naturalWidth, height: image.naturalHeight }, true);
    svg.setAttribute('aria-hidden', 'true');
    draw(svg, pieces);
    frame.append(svg);
  };
  if (image.complete && image.naturalWidth) lay();
  else image.addEventListener('load', lay, { once: true });
  return frame;
}
