// How a page of a drawing lies on a storey: floor_plan's affine, [a, b, c, d, e, f] with x = a·u + b·v + c and y = d·u + e·v + f.
// (u, v) are on the page, from its upper left corner to the right and down: points of a PDF, pixels of a picture. x and y are metres.
//
// It is a similarity: one scale, a turn and a shift, by least squares over pairs of places {page: [u, v], plan: [x, y]}. In complex
// numbers plan = m·q + t with q = u − i·v, since a page's v runs down; of a mirrored page q = −u − i·v. About the means p̄ and q̄ the
// sum of squares is least for m = Σ conj(q−q̄)(p−p̄) / Σ |q−q̄|² and t = p̄ − m·q̄ (Umeyama 1991, in the plane, without his choice
// between turn and reflection, which is asked for here).

const APART_LEAST_M = 0.2;
const APART_LEAST_SHARE = 0.01; // of the page's longer side
const MIRROR_BETTER = 3; // so many times smaller must the mirrored rest be
const MIRROR_REST_LEAST_M = 0.05; // below it a rest is a hand's

/** The affine that fits the pairs best; two places or more that are apart. */
export function fitted(pairs, mirrored = false) {
  const from = pairs.map(({ page: [u, v] }) => [mirrored ? -u : u, -v]);
  const to = pairs.map(({ plan }) => plan);
  const q = mean(from), p = mean(to);
  let re = 0, im = 0, square = 0;
  from.forEach(([u, v], i) => {
    const [qx, qy, px, py] = [u - q[0], v - q[1], to[i][0] - p[0], to[i][1] - p[1]];
    re += qx * px + qy * py;
    im += qx * py - qy * px;
    square += qx * qx + qy * qy;
  });
  const [mx, my] = [re / square, im / square];
  const affine = mirrored ? [-mx, my, 0, -my, -mx, 0] : [mx, my, 0, my, -mx, 0];
  return shifted(affine, p[0] - mx * q[0] + my * q[1], p[1] - my * q[0] - mx * q[1]);
}

function mean(places) {
  return [0, 1].map((axis) => places.reduce((sum, place) => sum + place[axis], 0) / places.length);
}

/** Why pairs cannot say how the page lies: 'few', 'samePage', 'samePlan'; null where they can. `long`: the page's longer side. */
export function lacking(pairs, long) {
  if (pairs.length < 2) return 'few';
  if (widest(pairs.map(({ page }) => page)) < APART_LEAST_SHARE * long) return 'samePage';
  if (widest(pairs.map(({ plan }) => plan)) < APART_LEAST_M) return 'samePlan';
  return null;
}

function widest(places) {
  return Math.max(...places.map(([x, y], i) => Math.max(0, ...places.slice(i + 1).map((other) => Math.hypot(other[0] - x, other[1] - y)))));
}

/** Three places or more that fit much better seen from behind. */
export function seemsMirrored(pairs, mirrored) {
  if (pairs.length < 3) return false;
  const rest = restOf(fitted(pairs, mirrored), pairs);
  return rest > MIRROR_REST_LEAST_M && restOf(fitted(pairs, !mirrored), pairs) * MIRROR_BETTER < rest;
}

/** The root of the mean squared distance that is left, in metres. */
export function restOf(affine, pairs) {
  return Math.sqrt(pairs.reduce((sum, pair) => sum + missedBy(affine, pair) ** 2, 0) / pairs.length);
}

export function missedBy(affine, { page, plan }) {
  const [x, y] = applied(affine, page);
  return Math.hypot(x - plan[0], y - plan[1]);
}

/**
 * By one known length: `from` is the zero point of the plan and `to` lies `metres` away; what is up on the page is up on the plan.
 */
export function byLength(from, to, metres) {
  const scale = metres / Math.hypot(to[0] - from[0], to[1] - from[1]);
  return [scale, 0, -scale * from[0], 0, -scale, scale * from[1]];
}

/** A page of this size in the middle of a box [minX, minY, maxX, maxY], as large as fits, upright. */
export function within({ width, height }, [minX, minY, maxX, maxY]) {
  const scale = Math.min(Math.max(maxX - minX, 1) / width, Math.max(maxY - minY, 1) / height);
  return [scale, 0, (minX + maxX) / 2 - (scale * width) / 2, 0, -scale, (minY + maxY) / 2 + (scale * height) / 2];
}

export function applied([a, b, c, d, e, f], [u, v]) {
  return [a * u + b * v + c, d * u + e * v + f];
}

/** Where on the page a place of the plan is. */
export function unapplied([a, b, c, d, e, f], [x, y]) {
  const det = a * e - b * d;
  return [(e * (x - c) - b * (y - f)) / det, (a * (y - f) - d * (x - c)) / det];
}

/** `first`, then `second`, as one. */
export function after(first, second) {
  const [x0, y0] = applied(second, applied(first, [0, 0]));
  const [x1, y1] = applied(second, applied(first, [1, 0]));
  const [x2, y2] = applied(second, applied(first, [0, 1]));
  return [x1 - x0, x2 - x0, x0, y1 - y0, y2 - y0, y0];
}

export function inverse(affine) {
  const [x0, y0] = unapplied(affine, [0, 0]), [x1, y1] = unapplied(affine, [1, 0]), [x2, y2] = unapplied(affine, [0, 1]);
  return [x1 - x0, x2 - x0, x0, y1 - y0, y2 - y0, y0];
}

export function shifted([a, b, c, d, e, f], x, y) {
  return [a, b, c + x, d, e, f + y];
}

/** Turned counter-clockwise by so many radians about a place of the plan. */
export function turnedAbout([a, b, c, d, e, f], by, [x, y]) {
  const cos = Math.cos(by), sin = Math.sin(by);
  return after([a, b, c, d, e, f], [cos, -sin, x - cos * x + sin * y, sin, cos, y - sin * x - cos * y]);
}

/** The box of a page on the plan: [minX, minY, maxX, maxY]. */
export function boxOn(affine, { width, height }) {
  const corners = [[0, 0], [width, 0], [width, height], [0, height]].map((corner) => applied(affine, corner));
  const [xs, ys] = [0, 1].map((axis) => corners.map((corner) => corner[axis]));
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** Metres a unit of the page. */
export function scaleOf([a, b, , d, e]) {
  return Math.sqrt(Math.abs(a * e - b * d));
}

/** How a plan's places move when the page is laid by `other` rather than by `one`: {metres, degrees, times}, at a place. */
export function between(one, other, at) {
  const move = after(inverse(one), other);
  const [x, y] = applied(move, at);
  const degrees = (Math.atan2(move[3], move[0]) * 180) / Math.PI;
  return { metres: Math.hypot(x - at[0], y - at[1]), degrees, times: scaleOf(other) / scaleOf(one) };
}

const NAMES = ['affine_a', 'affine_b', 'affine_c', 'affine_d', 'affine_e', 'affine_f'];

/** Of a row of floor_plan; null where it was not placed. */
export function affineOf(row) {
  const affine = NAMES.map((name) => row[name]);
  return affine.every(Number.isFinite) && scaleOf(affine) > 0 ? affine : null;
}

/** The group as a row has it; two places leave no rest, so that they say nothing of the error. */
export function asRow(affine, rms) {
  return { ...Object.fromEntries(NAMES.map((name, i) => [name, affine[i]])), rms_error_m: rms };
}
