// How long a bar on the plan is: the longest round length of the person's units that is at most so many pixels.

const FOOT = 0.3048;
const ROUND = [5, 2, 1];
const INCHES = [6, 3, 1];

/** {metres, px}. */
export function barFor(scale, imperial, pxMax) {
  const most = pxMax / scale;
  const unit = imperial ? FOOT : 1;
  const inches = imperial && most < FOOT ? INCHES.find((inch) => (inch * FOOT) / 12 <= most) ?? 1 : null;
  const metres = inches ? (inches * FOOT) / 12 : round(most / unit) * unit;
  return { metres, px: metres * scale };
}

/** 1, 2 or 5 times a power of ten. */
function round(most) {
  const ten = Math.floor(Math.log10(most) + 1e-9);
  const times = ROUND.find((one) => one <= most / 10 ** ten + 1e-9);
  return ten < 0 ? times / 10 ** -ten : times * 10 ** ten;
}
