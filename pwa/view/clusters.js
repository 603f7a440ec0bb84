// Marks that would lie on each other are one pin with their number. Cells are fixed in the drawing and their sides are powers of
// two, so that a pin stays the same pin while the plan is moved or turned, and until the next doubling while it is zoomed.

const CELL_PX = 28; // at least; less than twice as much
const MARKS_MAX = 4; // in a cell, still seen one by one

/** The side of a cell in metres at so many CSS pixels a metre. */
export function cellAt(scale) {
  return 2 ** Math.ceil(Math.log2(CELL_PX / scale));
}

/**
 * {pins: [{at, box, things, loud}], swallowed: Set of things}. What is loud, and so to be looked at, makes pins of its own and
 * never disappears among the others.
 */
export function clustered(things, side, loud) {
  const cells = new Map();
  for (const thing of things) {
    const key = `${Math.floor(thing.at[0] / side)},${Math.floor(thing.at[1] / side)},${loud(thing)}`;
    const cell = cells.get(key);
    if (cell) cell.push(thing);
    else cells.set(key, [thing]);
  }
  const pins = [...cells.values()].filter((cell) => cell.length > MARKS_MAX).map((cell) => pin(cell, loud(cell[0])));
  return { pins, swallowed: new Set(pins.flatMap((one) => one.things)) };
}

/** At the middle of its marks. */
function pin(things, loud) {
  const xs = things.map((thing) => thing.at[0]), ys = things.map((thing) => thing.at[1]);
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return { at: [mean(xs), mean(ys)], box: [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], things, loud };
}
