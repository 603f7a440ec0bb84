// Where a canvas looks: the middle in the drawing's own units, how many CSS pixels a unit is, and by how many radians the drawing
// is turned, counter-clockwise. Y points up.

/** All of `bounds` is in sight. */
export function fit(bounds, width, height, { padding = 24, scaleMax = Infinity, turn = 0 } = {}) {
  const [minX, minY, maxX, maxY] = bounds;
  const [cos, sin] = [Math.abs(Math.cos(turn)), Math.abs(Math.sin(turn))];
  const [wide, high] = [maxX - minX, maxY - minY];
  const scale = Math.min(
    (width - 2 * padding) / Math.max(wide * cos + high * sin, 1e-6),
    (height - 2 * padding) / Math.max(wide * sin + high * cos, 1e-6),
    scaleMax,
  );
  return { x: (minX + maxX) / 2, y: (minY + maxY) / 2, scale: Math.max(scale, 1e-6), turn };
}

export function toScreen(camera, size, x, y) {
  const [across, up] = rotated(x - camera.x, y - camera.y, camera.turn);
  return [size.width / 2 + across * camera.scale, size.height / 2 - up * camera.scale];
}

export function toDrawing(camera, size, left, top) {
  const [x, y] = rotated((left - size.width / 2) / camera.scale, (size.height / 2 - top) / camera.scale, -camera.turn);
  return [camera.x + x, camera.y + y];
}

export function moved(camera, dx, dy) {
  const [x, y] = rotated(dx / camera.scale, -dy / camera.scale, -camera.turn);
  return { ...camera, x: camera.x - x, y: camera.y - y };
}

/** What lies under (left, top) stays there. */
export function zoomed(camera, size, factor, left, top, limits) {
  const scale = Math.min(Math.max(camera.scale * factor, limits.min), limits.max);
  return held({ ...camera, scale }, size, left, top, toDrawing(camera, size, left, top));
}

/** Likewise, turned by so many radians more. */
export function turned(camera, size, by, left, top) {
  const turn = Math.atan2(Math.sin(camera.turn + by), Math.cos(camera.turn + by));
  return held({ ...camera, turn }, size, left, top, toDrawing(camera, size, left, top));
}

function held(camera, size, left, top, [x, y]) {
  const [otherX, otherY] = toDrawing(camera, size, left, top);
  return { ...camera, x: camera.x + x - otherX, y: camera.y + y - otherY };
}

function rotated(x, y, by) {
  const cos = Math.cos(by), sin = Math.sin(by);
  return [x * cos - y * sin, x * sin + y * cos];
}

/** Puts the camera's transform on a context whose pixels are `ratio` to a CSS pixel. */
export function lookThrough(context, camera, size, ratio) {
  const k = camera.scale * ratio, cos = k * Math.cos(camera.turn), sin = k * Math.sin(camera.turn);
  const left = (size.width / 2) * ratio - cos * camera.x + sin * camera.y;
  const top = (size.height / 2) * ratio + sin * camera.x + cos * camera.y;
  context.setTransform(cos, -sin, -sin, -cos, left, top);
}
