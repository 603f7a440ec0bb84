/**
 * Geometry as bytes: ISO WKB on the wire, SpatiaLite BLOB in a replica's file. The mirror of arxos_sync/geometry.py,
 * which says what the formats are; both are held to schemas/vectors/geometry.json.
 *
 * Both formats are read into the same tree {kind, dimensions, runs, members} and written from it. A run is the
 * little-endian bytes of its doubles, so every double survives bit for bit.
 */

import { pointFromSpatialite, pointToSpatialite } from "./point_blob.js";

export const KINDS = [
  "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection",
];
export const STEP_M = 1e-4;
export const STEP_DEG = 1e-9;
export const VERTICES_MAX = 100_000;

const SIMPLE = KINDS.slice(0, 3);
const MEMBERS = {
  MultiPoint: ["Point"],
  MultiLineString: ["LineString"],
  MultiPolygon: ["Polygon"],
  GeometryCollection: SIMPLE,
};
const BLOB_HEAD_BYTES = 43;
const START = 0x00, MBR_END = 0x7c, MEMBER = 0x69, END = 0xfe, TINY_BIG = 0x80, TINY_LITTLE = 0x81;

/** `code` is one of the words in the head of arxos_sync/geometry.py; `detail` says it for this geometry. */
export class GeometryError extends Error {
  constructor(code, detail) {
    super(`${code}: ${detail}`);
    this.name = "GeometryError";
    this.code = code;
    this.detail = detail;
  }
}

// ---------------------------------------------------------------- what callers use

export function toHex(bytes) {
  let hex = "";
  for (const byte of bytes) hex += byte.toString(16).padStart(2, "0");
  return hex;
}

/** Lower-case hex only, as the protocol has it. */
export function fromHex(hex) {
  if (typeof hex !== "string" || !/^(?:[0-9a-f]{2})*$/.test(hex)) {
    throw new GeometryError("truncated", "lower-case hex is wanted");
  }
  const bytes = new Uint8Array(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (digit(hex, 2 * i) << 4) | digit(hex, 2 * i + 1);
  return bytes;
}

/** 0-9 and a-f by their codes. */
function digit(hex, at) {
  const code = hex.charCodeAt(at);
  return code < 58 ? code - 48 : code - 87;
}

/** {kind, dimensions, vertices, bounds: [minX, minY, maxX, maxY]}. Throws GeometryError. */
export function checkWkb(wkb, { kinds = null, dimensions = null, verticesMax = VERTICES_MAX } = {}) {
  const node = readWkb(wkb, verticesMax);
  if (kinds !== null && !kinds.includes(node.kind)) {
    throw new GeometryError("wrong_kind", `${node.kind}, where ${kinds.join(" or ")} is wanted`);
  }
  if (dimensions !== null && node.dimensions !== dimensions) {
    throw new GeometryError("wrong_dimensions", `${node.dimensions} dimensions, ${dimensions} are wanted`);
  }
  checkValues(node);
  return { kind: node.kind, dimensions: node.dimensions, vertices: vertices(node), bounds: bounds(node) };
}

/** The BLOB that SpatiaLite itself would write. Throws GeometryError where checkWkb would. */
export function toSpatialite(wkb, srid) {
  const point = pointToSpatialite(wkb, srid);
  if (point) return point;
  const node = readWkb(wkb);
  checkValues(node);
  const out = new Writer();
  out.byte(START).byte(1).int(srid);
  for (const bound of bounds(node)) out.double(bound);
  out.byte(MBR_END).word(classOf(node));
  if (node.members.length) out.word(node.members.length);
  for (const member of node.members) {
    out.byte(MEMBER).word(classOf(member));
    writeBody(out, member);
  }
  writeBody(out, node);
  return out.byte(END).bytes();
}

/** {wkb, srid}. The form is judged, not the coordinates. */
export function fromSpatialite(blob) {
  const point = pointFromSpatialite(blob);
  if (point) return point;
  const { node, srid } = readBlob(blob);
  return { wkb: writeWkb(node), srid };
}

export function roundedEqual(a, b, step) {
  const left = readWkb(a), right = readWkb(b);
  if (form(left) !== form(right)) return false;
  const theirs = numbers(right);
  for (const x of numbers(left)) {
    if (!same(x, theirs.next().value, step)) return false;
  }
  return true;
}

export function toGeojson(wkb) {
  return nodeToGeojson(readWkb(wkb));
}

/** Numbers of a position beyond `dimensions` are left out; too few are refused. */
export function fromGeojson(geometry, dimensions) {
  return writeSound(nodeFromGeojson(geometry, dimensions));
}

export function point(...position) {
  return writeSound(leaf("Point", position, position.length));
}

export function linestring(positions) {
  return writeSound(leaf("LineString", positions, positions[0]?.length ?? 2, true));
}

/** Rings are closed by their maker: the first position is repeated at the end. */
export function polygon(rings) {
  return writeSound(leaf("Polygon", rings, rings[0]?.[0]?.length ?? 2, true));
}

export function multipolygon(polygons) {
  const members = polygons.map((rings) => leaf("Polygon", rings, rings[0]?.[0]?.length ?? 2, true));
  return writeSound(nodeOf("MultiPolygon", members[0]?.dimensions ?? 2, [], members));
}

// ---------------------------------------------------------------- reading

/** A place in a buffer, its byte order, and how many vertices may still come. */
class Reader {
  constructor(data, little, verticesMax) {
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.little = little;
    this.left = verticesMax;
    this.at = 0;
  }

  /** Where the next `size` bytes begin. */
  take(size) {
    if (size > this.data.length - this.at) {
      throw new GeometryError("truncated", `${size} bytes are wanted at byte ${this.at} of ${this.data.length}`);
    }
    this.at += size;
    return this.at - size;
  }

  byte() {
    return this.data[this.take(1)];
  }

  word() {
    return this.view.getUint32(this.take(4), this.little);
  }

  int() {
    return this.view.getInt32(this.take(4), this.little);
  }

  /** A number of things, each of which is at least four bytes and one vertex. */
  count(what) {
    const count = this.word();
    if (count === 0) throw new GeometryError("empty", `no ${what} at byte ${this.at - 4}`);
    if (count > Math.floor((this.data.length - this.at) / 4)) {
      throw new GeometryError("truncated", `${count} ${what} are promised at byte ${this.at - 4}`);
    }
    return count;
  }

  run(count, dimensions) {
    const from = this.take(count * dimensions * 8);
    this.left -= count;
    if (this.left < 0) throw new GeometryError("too_large", "more vertices than a geometry may have");
    const run = this.data.slice(from, this.at);
    if (!this.little) {
      for (let i = 0; i < run.length; i += 8) run.subarray(i, i + 8).reverse();
    }
    return run;
  }

  runs(kind, dimensions) {
    if (kind === "Point") return [this.run(1, dimensions)];
    if (kind === "LineString") return [this.run(this.count("points"), dimensions)];
    const rings = this.count("rings");
    return Array.from({ length: rings }, () => this.run(this.count("points"), dimensions));
  }

  end() {
    if (this.at !== this.data.length) {
      throw new GeometryError("trailing", `${this.data.length - this.at} bytes after the geometry`);
    }
  }
}

function readWkb(wkb, verticesMax = VERTICES_MAX) {
  const reader = new Reader(wkb, true, verticesMax);
  const node = readWkbNode(reader, null);
  reader.end();
  return node;
}

function readWkbNode(reader, parent) {
  const order = reader.byte();
  if (order !== 1) {
    throw new GeometryError(order === 0 ? "big_endian" : "unknown_type", `byte order ${order}, where 1 is wanted`);
  }
  const code = reader.word();
  if (code >= 0x20000000) throw new GeometryError("ewkb", "the type has EWKB flags; ISO WKB is wanted");
  return readParts(reader, code, parent, (node) => readWkbNode(reader, node));
}

function readParts(reader, code, parent, readMember) {
  const node = classNode(code, parent);
  if (SIMPLE.includes(node.kind)) {
    node.runs = reader.runs(node.kind, node.dimensions);
  } else {
    for (let left = reader.count("members"); left > 0; left--) node.members.push(readMember(node));
  }
  return node;
}

function readBlob(blob) {
  if (blob.length < 2 || blob[0] !== START) throw new GeometryError("not_spatialite", "does not begin with 00");
  if (blob[1] === TINY_BIG || blob[1] === TINY_LITTLE) return readTinyPoint(blob);
  if (blob[1] > 1 || blob.length < BLOB_HEAD_BYTES || blob[38] !== MBR_END) {
    throw new GeometryError("not_spatialite", "has no header of a BLOB-Geometry");
  }
  const reader = new Reader(blob, blob[1] === 1, VERTICES_MAX);
  reader.at = 2;
  const srid = reader.int();
  reader.at = 39;
  const node = readParts(reader, reader.word(), null, (parent) => readBlobMember(reader, parent));
  readBlobEnd(reader);
  return { node, srid };
}

function readBlobMember(reader, parent) {
  if (reader.byte() !== MEMBER) throw new GeometryError("not_spatialite", `no member begins at byte ${reader.at - 1}`);
  return readParts(reader, reader.word(), parent, null);
}

function readTinyPoint(blob) {
  const reader = new Reader(blob, blob[1] === TINY_LITTLE, 1);
  reader.at = 2;
  const srid = reader.int();
  const dimensions = { 1: 2, 2: 3 }[reader.byte()];
  if (dimensions === undefined) throw new GeometryError("unknown_type", "a point with M");
  const node = nodeOf("Point", dimensions, reader.runs("Point", dimensions));
  readBlobEnd(reader);
  return { node, srid };
}

function readBlobEnd(reader) {
  if (reader.byte() !== END) throw new GeometryError("not_spatialite", `no FE at byte ${reader.at - 1}`);
  reader.end();
}

function nodeOf(kind, dimensions, runs = [], members = []) {
  return { kind, dimensions, runs, members };
}

/** The empty node that a class number names, where it may stand. */
function classNode(code, parent) {
  const dimensions = { 0: 2, 1: 3 }[Math.floor(code / 1000)];
  const kind = KINDS[(code % 1000) - 1];
  if (dimensions === undefined || kind === undefined) {
    throw new GeometryError("unknown_type", `type ${code}; 1 to 7 and 1001 to 1007 are known`);
  }
  if (parent !== null && !MEMBERS[parent.kind].includes(kind)) {
    throw new GeometryError("nested", `${kind} in ${parent.kind}`);
  }
  if (parent !== null && dimensions !== parent.dimensions) {
    throw new GeometryError("mixed_dimensions", `${dimensions} dimensions in one of ${parent.dimensions}`);
  }
  return nodeOf(kind, dimensions);
}

// ---------------------------------------------------------------- writing

class Writer {
  parts = [];
  size = 0;

  raw(bytes) {
    this.parts.push(bytes);
    this.size += bytes.length;
    return this;
  }

  byte(value) {
    return this.raw(Uint8Array.of(value));
  }

  word(value) {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    return this.raw(bytes);
  }

  int(value) {
    return this.word(value >>> 0);
  }

  double(value) {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value, true);
    return this.raw(bytes);
  }

  bytes() {
    const all = new Uint8Array(this.size);
    let at = 0;
    for (const part of this.parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

function writeSound(node) {
  const wkb = writeWkb(node);
  checkWkb(wkb);
  return wkb;
}

function writeWkb(node) {
  const out = new Writer();
  writeWkbNode(out, node);
  return out.bytes();
}

function writeWkbNode(out, node) {
  out.byte(1).word(classOf(node));
  if (node.kind in MEMBERS) out.word(node.members.length);
  for (const member of node.members) writeWkbNode(out, member);
  writeBody(out, node);
}

/** The runs of a simple node, each but a point's after its count: the same in both formats. */
function writeBody(out, node) {
  if (node.kind === "Polygon") out.word(node.runs.length);
  for (const run of node.runs) {
    if (node.kind !== "Point") out.word(run.length / (8 * node.dimensions));
    out.raw(run);
  }
}

function classOf(node) {
  return KINDS.indexOf(node.kind) + 1 + (node.dimensions === 3 ? 1000 : 0);
}

// ---------------------------------------------------------------- looking at nodes

function leaves(node) {
  return node.kind in MEMBERS ? node.members : [node];
}

function doubles(run) {
  const view = new DataView(run.buffer, run.byteOffset, run.byteLength);
  return Array.from({ length: run.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
}

function* numbers(node) {
  for (const part of leaves(node)) {
    for (const run of part.runs) yield* doubles(run);
  }
}

function vertices(node) {
  let bytes = 0;
  for (const part of leaves(node)) for (const run of part.runs) bytes += run.length;
  return bytes / (8 * node.dimensions);
}

function bounds(node) {
  let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
  let axis = 0;
  for (const value of numbers(node)) {
    if (axis === 0 && value < minX) minX = value;
    if (axis === 0 && value > maxX) maxX = value;
    if (axis === 1 && value < minY) minY = value;
    if (axis === 1 && value > maxY) maxY = value;
    axis = (axis + 1) % node.dimensions;
  }
  return [minX, minY, maxX, maxY];
}

function form(node) {
  return JSON.stringify([node.kind, node.dimensions, node.runs.map((r) => r.length), node.members.map(form)]);
}

function same(x, y, step) {
  if (x === y || (x !== x && y !== y)) return true;
  const a = x / step, b = y / step;
  return Number.isFinite(a) && Number.isFinite(b) && Math.floor(a + 0.5) === Math.floor(b + 0.5);
}

function checkValues(node) {
  for (const number of numbers(node)) {
    if (!Number.isFinite(number)) throw new GeometryError("not_finite", `a coordinate is ${number}`);
  }
  for (const part of leaves(node)) {
    for (const run of part.runs) checkRun(part, run);
  }
}

function checkRun(part, run) {
  const count = run.length / (8 * part.dimensions);
  const least = { Point: 1, LineString: 2, Polygon: 4 }[part.kind];
  if (count < least) throw new GeometryError("too_few_points", `${count} in a ${part.kind}; ${least} at least`);
  if (part.kind !== "Polygon") return;
  const values = doubles(run);
  for (let axis = 0; axis < part.dimensions; axis++) {
    if (values[axis] !== values[values.length - part.dimensions + axis]) {
      throw new GeometryError("ring_open", "a ring does not end where it begins");
    }
  }
}

// ---------------------------------------------------------------- GeoJSON and builders

function nodeToGeojson(node) {
  if (node.kind === "GeometryCollection") return { type: node.kind, geometries: node.members.map(nodeToGeojson) };
  const parts = node.members.length ? node.members.map(coordinates) : coordinates(node);
  return { type: node.kind, coordinates: parts };
}

function coordinates(part) {
  const lists = part.runs.map((run) => positions(run, part.dimensions));
  if (part.kind === "Point") return lists[0][0];
  return part.kind === "LineString" ? lists[0] : lists;
}

function positions(run, dimensions) {
  const values = doubles(run);
  return Array.from({ length: values.length / dimensions }, (_, i) => values.slice(i * dimensions, (i + 1) * dimensions));
}

function nodeFromGeojson(geometry, dimensions) {
  const kind = geometry?.type;
  if (!KINDS.includes(kind)) throw new GeometryError("not_geojson", `${kind} is no kind of geometry`);
  if (SIMPLE.includes(kind)) return leaf(kind, geometry.coordinates, dimensions);
  const parts = kind === "GeometryCollection" ? geometry.geometries : geometry.coordinates;
  const members = list(parts).map((part) =>
    kind === "GeometryCollection" ? simpleFromGeojson(part, dimensions) : leaf(MEMBERS[kind][0], part, dimensions),
  );
  return nodeOf(kind, dimensions, [], members);
}

function simpleFromGeojson(geometry, dimensions) {
  if (KINDS.includes(geometry?.type) && !SIMPLE.includes(geometry.type)) {
    throw new GeometryError("nested", `${geometry.type} in GeometryCollection`);
  }
  return nodeFromGeojson(geometry, dimensions);
}

function leaf(kind, given, dimensions, exact = false) {
  const lines = kind === "Point" ? [[given]] : kind === "LineString" ? [given] : given;
  return nodeOf(kind, dimensions, list(lines).map((line) => runOf(list(line), dimensions, exact)));
}

function runOf(line, dimensions, exact) {
  const out = new Writer();
  for (const position of line) {
    const given = exact ? list(position) : list(position).slice(0, dimensions);
    if (given.length !== dimensions || ![2, 3].includes(dimensions)) {
      throw new GeometryError("wrong_dimensions", `${given.length} numbers in a position`);
    }
    for (const value of given) {
      if (typeof value !== "number") throw new GeometryError("not_geojson", `${value} is not a number`);
      out.double(value);
    }
  }
  return out.bytes();
}

function list(value) {
  if (!Array.isArray(value)) throw new GeometryError("not_geojson", "a list is wanted");
  return value;
}
