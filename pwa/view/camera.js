// Where a canvas looks: the middle in the drawing's own units, and how many CSS pixels a unit is. Y points up.

export function fit(bounds, width, height, { padding = 24, scaleMax = Infinity } = {}) {
  const [minX, minY, maxX, maxY] = bounds;
  const scale = Math.min(
    (width - 2 * padding) / Math.max(maxX - minX, 1e-6),
    (height - 2 * padding) / Math.max(maxY - minY, 1e-6),
    scaleMax,
  );
  return { x: (minX + maxX) / 2, y: (minY + maxY) / 2, scale: Math.max(scale, 1e-6) };
}

export function toScreen(camera, size, x, y) {
  return [size.width / 2 + (x - camera.x) * camera.scale, size.height / 2 - (y - camera.y) * camera.scale];
}

export function toDrawing(camera, size, left, top) {
  return [camera.x + (left - size.width / 2) / camera.scale, camera.y - (top - size.height / 2) / camera.scale];
}

export function moved(camera, dx, dy) {
  return { ...camera, x: camera.x - dx / camera.scale, y: camera.y + dy / camera.scale };
}

/** What lies under (left, top) stays there. */
export function zoomed(camera, size, factor, left, top, limits) {
  const scale = Math.min(Math.max(camera.scale * factor, limits.min), limits.max);
  const [x, y] = toDrawing(camera, size, left, top);
  return {
    x: x - (left - size.width / 2) / scale,
    y: y + (top - size.height / 2) / scale,
    scale,
  };
}

/** Puts the camera's transform on a context whose pixels are `ratio` to a CSS pixel. */
export function lookThrough(context, camera, size, ratio) {
  const k = camera.scale * ratio;
  context.setTransform(k, 0, 0, -k, (size.width / 2) * ratio - camera.x * k, (size.height / 2) * ratio + camera.y * k);
}
