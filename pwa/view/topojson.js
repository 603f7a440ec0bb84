// TopoJSON (github.com/topojson/topojson-specification) to rings of [lon, lat]. Arcs are shared between shapes: a
// negative index, ~i, is arc i walked backwards; quantized arcs are differences in whole steps of the transform.

/** Every ring of every polygon of object `name`, as Float64Array of lon, lat, lon, lat … */
export function rings(topology, name) {
  const arcs = topology.arcs.map((arc) => decode(arc, topology.transform));
  return polygons(topology.objects[name]).flatMap((polygon) => polygon.map((ring) => join(ring, arcs)));
}

function decode(arc, transform) {
  if (!transform) return arc;
  const [scaleX, scaleY] = transform.scale, [left, bottom] = transform.translate;
  let x = 0, y = 0;
  return arc.map(([dx, dy]) => {
    x += dx;
    y += dy;
    return [x * scaleX + left, y * scaleY + bottom];
  });
}

function polygons(geometry) {
  switch (geometry.type) {
    case 'GeometryCollection': return geometry.geometries.flatMap(polygons);
    case 'MultiPolygon': return geometry.arcs;
    case 'Polygon': return [geometry.arcs];
    default: return [];
  }
}

function join(indexes, arcs) {
  const ring = [];
  for (const index of indexes) {
    const arc = index < 0 ? arcs[~index].toReversed() : arcs[index];
    ring.push(...(ring.length ? arc.slice(1) : arc)); // an arc begins where the last one ended
  }
  return Float64Array.from(ring.flat());
}
