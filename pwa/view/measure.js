// Lengths, areas and angles between points of a plan, each with the half width of its 95 % interval. A point is {at: [x, y],
// spread}: metres, and the standard deviation of either coordinate. What the points give goes on by the law of propagation
// of uncertainty for independent quantities (JCGM 100:2008, 5.1.2); the coverage factor is 1.96.

const COVERAGE_95 = 1.96;
const RECTANGLE = Math.sqrt(12); // a width of the rectangular distribution, in standard deviations (JCGM 100:2008, 4.3.7)

export const KINDS = { length: { unit: 'm', least: 2 }, area: { unit: 'm²', least: 3 }, angle: { unit: '°', least: 3, most: 3 } };

/**
 * The standard deviation of a coordinate that was tapped: the plan's own, and the CSS pixel within which a tap is known.
 * A point on what is drawn is where that is, so only the plan's own counts. `rmsM` is floor_plan.rms_error_m, the root of
 * the mean squared distance left over when the page was calibrated, spread over both axes; null where nobody has said it.
 */
export function spreadOf(rmsM, metresAPixel, snapped) {
  const plan = (rmsM ?? 0) / Math.SQRT2, tap = snapped ? 0 : metresAPixel / RECTANGLE;
  return Math.hypot(plan, tap);
}

/** {value, spread95, unit}; null while there are too few points, or an angle has a leg of no length. */
export function measured(kind, points) {
  const { unit, least } = KINDS[kind];
  if (points.length < least) return null;
  const [value, slopes] = { length, area, angle }[kind](points.map((point) => point.at));
  if (!Number.isFinite(value)) return null;
  const variance = slopes.reduce((sum, [x, y], i) => sum + (x ** 2 + y ** 2) * points[i].spread ** 2, 0);
  return { value, spread95: COVERAGE_95 * Math.sqrt(variance), unit };
}

// Each answers the value and how it changes with each point's x and y.

function length(points) {
  const slopes = points.map(() => [0, 0]);
  let sum = 0;
  for (let i = 1; i < points.length; i++) {
    const [dx, dy] = [points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]];
    const long = Math.hypot(dx, dy);
    sum += long;
    if (!long) continue;
    slopes[i] = [slopes[i][0] + dx / long, slopes[i][1] + dy / long];
    slopes[i - 1] = [slopes[i - 1][0] - dx / long, slopes[i - 1][1] - dy / long];
  }
  return [sum, slopes];
}

/** The shoelace formula, from the first point, so that a plan far from its origin loses no digits. */
function area(points) {
  const [ox, oy] = points[0], last = points.length - 1;
  const before = (i) => points[i ? i - 1 : last], after = (i) => points[i < last ? i + 1 : 0];
  const twice = points.reduce((sum, [x, y], i) => sum + (x - ox) * (after(i)[1] - oy) - (after(i)[0] - ox) * (y - oy), 0);
  const side = Math.sign(twice) || 1;
  const slopes = points.map((_, i) => [side * (after(i)[1] - before(i)[1]) / 2, side * (before(i)[0] - after(i)[0]) / 2]);
  return [Math.abs(twice) / 2, slopes];
}

/** At the second point, 0 to 180 degrees. */
function angle([a, corner, b]) {
  const [ax, ay, bx, by] = [a[0] - corner[0], a[1] - corner[1], b[0] - corner[0], b[1] - corner[1]];
  const cross = ax * by - ay * bx, degrees = 180 / Math.PI, side = (Math.sign(cross) || 1) * degrees;
  const al = ax ** 2 + ay ** 2, bl = bx ** 2 + by ** 2;
  if (!al || !bl) return [NaN, []];
  const first = [(side * ay) / al, (-side * ax) / al], last = [(-side * by) / bl, (side * bx) / bl];
  return [Math.atan2(Math.abs(cross), ax * bx + ay * by) * degrees, [first, [-first[0] - last[0], -first[1] - last[1]], last]];
}
