// The rows of a storey as shapes: paths are built once a storey, in metres, and drawn again at any scale.

import { fromSpatialite, toGeojson } from '../core/geometry.js';
import { kindOf } from './words.js';

const DOOR_WIDTH_M = 0.9;
const WINDOW_WIDTH_M = 1.2;
const ROOMS = 'rooms';
const DOORS = /^IfcDoor/, WINDOWS = /^IfcWindow/, SOLIDS = /^Ifc(Wall|Column)/;

/**
 * {bounds, outline, spaces, layers, things, edges}: `layers` has the paths of each kind by what they are (solids are cut, areas
 * only outlined), `things` is every element, for list and tap, `edges` are what is to be snapped to, by kind; rooms under ROOMS.
 */
export function makeScene({ outline, spaces, elements, contested }) {
  const scene = {
    bounds: null, outline: new Path2D(), layers: new Map(), spaces: [], things: [], edges: new Map(),
  };
  const shape = read(outline);
  if (shape) {
    trace(scene.outline, shape);
    addEdges(scene, ROOMS, shape);
    grow(scene, shape);
  }
  for (const row of spaces) addSpace(scene, row);
  for (const row of elements) addThing(scene, row, contested.has(row.id));
  return scene;
}

/** How many stretches are drawn. */
export function weightOf(scene) {
  return [...scene.edges.values()].reduce((sum, edges) => sum + edges.length, 0);
}

/** What is drawn while the layers of these kinds are left out. */
export function seenEdges(scene, hidden) {
  return [...scene.edges].flatMap(([kind, edges]) => (hidden.has(kind) ? [] : edges));
}

function layerFor(scene, kind) {
  const path = () => new Path2D();
  if (!scene.layers.has(kind)) scene.layers.set(kind, { walls: path(), solids: path(), areas: path(), doors: path(), windows: path() });
  return scene.layers.get(kind);
}

function edgesFor(scene, kind) {
  if (!scene.edges.has(kind)) scene.edges.set(kind, []);
  return scene.edges.get(kind);
}

function read(blob) {
  return blob ? toGeojson(fromSpatialite(blob).wkb) : null;
}

function addSpace(scene, row) {
  const shape = read(row.outline);
  const space = { ...row, outline: null, path: new Path2D(), box: null, at: null };
  if (shape) {
    trace(space.path, shape);
    addEdges(scene, ROOMS, shape);
    space.box = boxOf(shape);
    space.at = labelPlace(shape, space.box);
    grow(scene, shape);
  }
  scene.spaces.push(space);
}

function addThing(scene, row, contested) {
  const { geometry, ...rest } = row;
  const shape = read(geometry);
  const systems = parseSystems(row.systems);
  const thing = { ...rest, systems, contested, kind: kindOf(row.ifc_class, systems), at: null, drawnAs: null };
  scene.things.push(thing);
  if (!shape) return;
  const box = boxOf(shape);
  thing.at = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  grow(scene, shape);
  draw(scene, thing, shape);
}

function parseSystems(text) {
  if (!text) return [];
  const systems = typeof text === 'string' ? JSON.parse(text) : text;
  return Array.isArray(systems) ? systems : [];
}

function draw(scene, thing, shape) {
  const layer = layerFor(scene, thing.kind);
  if (DOORS.test(thing.ifc_class)) {
    thing.drawnAs = 'door';
    door(layer, shape, thing);
    edgesFor(scene, thing.kind).push(thing.span);
  } else if (WINDOWS.test(thing.ifc_class)) {
    thing.drawnAs = 'window';
    const ways = ends(shape, thing, WINDOW_WIDTH_M);
    opening(layer.windows, ways);
    edgesFor(scene, thing.kind).push(ways);
  } else {
    thing.drawnAs = thing.kind === 'structure' && shape.type !== 'Point' ? 'wall' : 'mark';
    if (shape.type === 'LineString') trace(layer.walls, shape);
    if (shape.type === 'Polygon') trace(SOLIDS.test(thing.ifc_class) ? layer.solids : layer.areas, shape);
    addEdges(scene, thing.kind, shape);
    thing.line = thing.drawnAs === 'wall' ? lines(shape)[0] : null;
  }
}

/** An opening's two ends: its own line, or its middle and how wide and which way it runs. */
function ends(shape, thing, usual) {
  if (shape.type === 'LineString') return [shape.coordinates[0], shape.coordinates.at(-1)];
  const box = boxOf(shape);
  const [x, y] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
  const turn = ((thing.heading_deg ?? 0) * Math.PI) / 180;
  const half = (Number(thing.width_m) || usual) / 2;
  return [[x - half * Math.cos(turn), y - half * Math.sin(turn)], [x + half * Math.cos(turn), y + half * Math.sin(turn)]];
}

function opening(path, [from, to]) {
  path.moveTo(from[0], from[1]);
  path.lineTo(to[0], to[1]);
}

/** The leaf stands open at a right angle, the arc is its way. */
function door({ doors: path }, shape, thing) {
  const [hinge, latch] = ends(shape, thing, DOOR_WIDTH_M);
  const turn = Math.atan2(latch[1] - hinge[1], latch[0] - hinge[0]);
  const width = Math.hypot(latch[0] - hinge[0], latch[1] - hinge[1]);
  path.moveTo(latch[0], latch[1]);
  path.arc(hinge[0], hinge[1], width, turn, turn + Math.PI / 2);
  path.lineTo(hinge[0], hinge[1]);
  thing.span = [hinge, latch];
}

// ---------------------------------------------------------------- plane geometry

/** The lines of a shape: places one after another. */
export function lines(shape) {
  switch (shape.type) {
    case 'Point': return [[shape.coordinates]];
    case 'LineString': case 'MultiPoint': return [shape.coordinates];
    case 'Polygon': case 'MultiLineString': return shape.coordinates;
    case 'MultiPolygon': return shape.coordinates.flat();
    default: return [];
  }
}

function trace(path, shape) {
  for (const line of lines(shape)) {
    line.forEach(([x, y], i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
    if (shape.type.endsWith('Polygon')) path.closePath();
  }
}

/** For snapping: every stretch that is drawn, and a point as one of no length. */
function addEdges(scene, kind, shape) {
  const edges = edgesFor(scene, kind);
  for (const line of lines(shape)) {
    if (line.length === 1 || shape.type === 'MultiPoint') edges.push(...line.map((at) => [at, at]));
    else for (let i = 1; i < line.length; i++) edges.push([line[i - 1], line[i]]);
  }
}

/** [minX, minY, maxX, maxY] */
export function boxOf(shape) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of lines(shape).flat()) {
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x);
    box[3] = Math.max(box[3], y);
  }
  return box;
}

function grow(scene, shape) {
  const box = boxOf(shape), so = scene.bounds;
  scene.bounds = so
    ? [Math.min(so[0], box[0]), Math.min(so[1], box[1]), Math.max(so[2], box[2]), Math.max(so[3], box[3])]
    : box;
}

/** The widest stretch that the outer ring has on a level line near its upper edge: inside also where it is an L. */
function labelPlace(shape, box) {
  const ring = lines(shape)[0];
  const y = box[3] - (box[3] - box[1]) * 0.15;
  const crossings = [];
  for (let i = 1; i < ring.length; i++) {
    const [x0, y0] = ring[i - 1], [x1, y1] = ring[i];
    if ((y0 <= y) !== (y1 <= y)) crossings.push(x0 + ((y - y0) / (y1 - y0)) * (x1 - x0));
  }
  crossings.sort((a, b) => a - b);
  let best = { x: (box[0] + box[2]) / 2, width: 0 };
  for (let i = 1; i < crossings.length; i += 2) {
    const width = crossings[i] - crossings[i - 1];
    if (width > best.width) best = { x: (crossings[i] + crossings[i - 1]) / 2, width };
  }
  return best;
}
