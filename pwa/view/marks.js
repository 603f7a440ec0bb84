// What people draw on a photo: one row of `annotation` a piece, aimed at the attachment. The photo's bytes never change.
//
// `viewpoint` is {mark, colour, points}: points are [across, down], each 0 to 1 of the picture as it is seen, so that a
// small picture and the original show it alike. An arrow goes from its first point to its second, a box has two corners, a
// line has many points, a text one; its words are the row's title. What a row says was written by anybody: `piece` lets
// nothing through that could not have been drawn here.

import { CATALOGUES, t } from '../words/language.js';

export const SHAPES = ['arrow', 'line', 'box', 'text'];
export const COLOURS = ['red', 'yellow', 'blue', 'white'];
export const WORDS_MAX = 80;
export const PIECES_MAX = 300; // on one photo; more are counted, not drawn
const LINE_POINTS_MAX = 200;
const POINTS = { arrow: [2, 2], line: [2, LINE_POINTS_MAX], box: [2, 2], text: [1, 1] };
const STEP = 1e4; // places are kept to a ten-thousandth of the picture
const THIN = 0.002; // what a line may leave out, in widths of the picture

/** {id, shape, colour, points, words} of a row {id, title, viewpoint}; null of what is no piece. */
export function piece({ id, title, viewpoint, ...about }) {
  const given = seen(viewpoint);
  if (!given) return null;
  return { ...about, id, ...given, words: String(title ?? '').replace(/\s+/g, ' ').slice(0, WORDS_MAX) };
}

/** {shape, colour, points} of a viewpoint, as an object or as its text; null of what cannot be drawn. */
export function seen(viewpoint) {
  const said = parsed(viewpoint);
  if (!said || !SHAPES.includes(said.mark) || !COLOURS.includes(said.colour) || !Array.isArray(said.points)) return null;
  const [min, max] = POINTS[said.mark];
  if (said.points.length < min || said.points.length > max || !said.points.every(isPlace)) return null;
  return { shape: said.mark, colour: said.colour, points: said.points.map(([across, down]) => [across, down]) };
}

function parsed(viewpoint) {
  if (typeof viewpoint !== 'string') return viewpoint ?? null;
  try {
    return JSON.parse(viewpoint);
  } catch {
    return null;
  }
}

const isPlace = (point) => Array.isArray(point) && point.length === 2 && point.every((one) => Number.isFinite(one) && one >= 0 && one <= 1);

/** What the row of a piece holds of how it looks. */
export function viewpointOf({ shape, colour, points }) {
  return { mark: shape, colour, points: points.map(([across, down]) => [rounded(across), rounded(down)]) };
}

/** The change by which a piece comes onto a photo. */
export function put(id, attachment, one) {
  const set = { title: one.words || t(`marks.${one.shape}`), kind: 'remark', target_table: 'attachment', target_id: attachment, viewpoint: viewpointOf(one), origin: 'field' };
  return { table: 'annotation', id, op: 'insert', set };
}

/** Every point by so much, or the point `at` alone; it stays on the picture. */
export function moved(one, dx, dy, at = null) {
  const some = at === null ? one.points : [one.points[at]];
  const by = (axis, wanted) => {
    const places = some.map((point) => point[axis]);
    return Math.min(Math.max(wanted, -Math.min(...places)), 1 - Math.max(...places));
  };
  const [across, down] = [by(0, dx), by(1, dy)];
  return { ...one, points: one.points.map((point, place) => (at === null || at === place ? [point[0] + across, point[1] + down] : point)) };
}

/** A hand's line with the points that it needs. */
export function thinned(points) {
  for (let tolerance = THIN; ; tolerance *= 2) {
    const found = simplified(points, tolerance);
    if (found.length <= LINE_POINTS_MAX) return found;
  }
}

/** Douglas and Peucker 1973. */
function simplified(points, tolerance) {
  if (points.length < 3) return points;
  const [first, last] = [points[0], points.at(-1)];
  let far = 0, at = 0;
  for (let place = 1; place < points.length - 1; place++) {
    const away = distance(points[place], first, last);
    if (away > far) [far, at] = [away, place];
  }
  if (far <= tolerance) return [first, last];
  return [...simplified(points.slice(0, at + 1), tolerance).slice(0, -1), ...simplified(points.slice(at), tolerance)];
}

function distance([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

const rounded = (one) => Math.round(Math.min(1, Math.max(0, one)) * STEP) / STEP;

/** "Arrow, red"; where it has words of its own, those. */
export function nameOf({ shape, colour, words }) {
  const look = t('marks.look', { shape: t(`marks.${shape}`), colour: t(`marks.${colour}`) });
  const given = words && !Object.values(CATALOGUES).some(({ marks }) => marks[shape] === words); // by whatever language drew it
  return given ? t('marks.named', { words, look }) : look;
}

/** Where it is, in words. */
export function whereIs({ points }) {
  const middle = (axis) => Math.round(50 * (Math.min(...points.map((one) => one[axis])) + Math.max(...points.map((one) => one[axis]))));
  return t('marks.where', { across: middle(0), down: middle(1) });
}

/** How a viewpoint looks, in words; null of what is no piece. */
export function sayLook(viewpoint) {
  const look = seen(viewpoint);
  return look && t('marks.at', { look: nameOf(look), where: whereIs(look) });
}

/** What is drawn on photos, by the photo's id: {pieces, odd}, `odd` counting what cannot be drawn. */
export async function marksOn(replica, scope, attachments) {
  const rows = await replica.query(scope, ON, [JSON.stringify(attachments)]);
  const found = new Map(attachments.map((id) => [id, { pieces: [], odd: 0 }]));
  for (const { target_id: photo, ...row } of rows) {
    const one = piece(row), on = found.get(photo);
    if (one && on.pieces.length < PIECES_MAX) on.pieces.push(one);
    else on.odd++;
  }
  return found;
}

const ON = `
  select annotation.id, target_id, title, viewpoint, annotation.created_at, member.name as author
  from annotation
  left join member on member.user_id = annotation.created_by
  where target_table = 'attachment' and target_id in (select value from json_each(?)) and viewpoint is not null
  order by annotation.id`;
