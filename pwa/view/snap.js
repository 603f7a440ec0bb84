// Where a tap is meant to be: the drawn end within reach, else the drawn middle, else the nearest place on an edge. Edges lie
// in cells, so that a plan of 50,000 of them answers within a frame.

const CELL_M = 2;
const CELLS_AN_EDGE_MAX = 4096; // a longer one, in cells of its box, is asked every time

/** `edges`: [[x, y], [x, y]] in metres. */
export function makeSnaps(edges) {
  const snaps = { cells: new Map(), everywhere: [] };
  for (const edge of edges) put(snaps, edge);
  return snaps;
}

function put({ cells, everywhere }, edge) {
  const [[x0, y0], [x1, y1]] = edge;
  const [left, right, low, high] = [Math.min(x0, x1), Math.max(x0, x1), Math.min(y0, y1), Math.max(y0, y1)].map((at) => Math.floor(at / CELL_M));
  if ((right - left + 1) * (high - low + 1) > CELLS_AN_EDGE_MAX) return everywhere.push(edge);
  for (let x = left; x <= right; x++) {
    for (let y = low; y <= high; y++) {
      const key = `${x},${y}`, cell = cells.get(key);
      if (cell) cell.push(edge);
      else cells.set(key, [edge]);
    }
  }
}

/** {at: [x, y], what: 'end' | 'middle' | 'edge'}, or null where nothing drawn is within `reach` metres of [x, y]. */
export function snapTo(snaps, [x, y], reach) {
  const best = { end: null, middle: null, edge: null };
  const offer = (what, at) => {
    const away = Math.hypot(at[0] - x, at[1] - y);
    if (away <= reach && !(best[what]?.away <= away)) best[what] = { at, what, away };
  };
  for (const [from, to] of near(snaps, x, y, reach)) {
    offer('end', from);
    offer('end', to);
    offer('middle', [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2]);
    offer('edge', nearestOn(from, to, x, y));
  }
  const found = best.end ?? best.middle ?? best.edge;
  return found && { at: [found.at[0], found.at[1]], what: found.what };
}

function* near({ cells, everywhere }, x, y, reach) {
  yield* everywhere;
  for (let i = Math.floor((x - reach) / CELL_M); i <= Math.floor((x + reach) / CELL_M); i++) {
    for (let j = Math.floor((y - reach) / CELL_M); j <= Math.floor((y + reach) / CELL_M); j++) yield* cells.get(`${i},${j}`) ?? [];
  }
}

function nearestOn([x0, y0], [x1, y1], x, y) {
  const long = (x1 - x0) ** 2 + (y1 - y0) ** 2;
  const along = long ? Math.min(Math.max(((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / long, 0), 1) : 0;
  return [x0 + along * (x1 - x0), y0 + along * (y1 - y0)];
}
