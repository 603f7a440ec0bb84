// The browser's geometry codec against the vectors that the engine's is held to.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as geometry from "../../pwa/core/geometry.js";

const { fromHex, toHex } = geometry;
const cases = JSON.parse(readFileSync(new URL("../../schemas/vectors/geometry.json", import.meta.url), "utf8"));

function refusedWith(code) {
  return (error) => error instanceof geometry.GeometryError && error.code === code;
}

for (const one of cases.good) {
  test(`a good geometry is read and written as SpatiaLite and shapely do: ${one.name}`, () => {
    const wkb = fromHex(one.wkb);
    assert.deepEqual(geometry.checkWkb(wkb), one.shape);
    assert.equal(toHex(geometry.toSpatialite(wkb, one.srid)), one.spatialite);
    const back = geometry.fromSpatialite(fromHex(one.spatialite));
    assert.deepEqual([toHex(back.wkb), back.srid], [one.wkb, one.srid]);
    assert.deepEqual(geometry.toGeojson(wkb), one.geojson);
    assert.equal(toHex(geometry.fromGeojson(one.geojson, one.shape.dimensions)), one.wkb);
  });
}

for (const one of cases.bad) {
  test(`a bad geometry is refused with its code: ${one.name}`, () => {
    const { kinds, dimensions, vertices_max: verticesMax } = one.wanted;
    assert.throws(
      () => geometry.checkWkb(fromHex(one.wkb), { kinds, dimensions, verticesMax }),
      refusedWith(one.code),
    );
  });
}

for (const one of cases.foreign_blobs) {
  test(`a BLOB in another writer's form is read: ${one.name}`, () => {
    const { wkb, srid } = geometry.fromSpatialite(fromHex(one.blob));
    assert.deepEqual([toHex(wkb), srid], [one.wkb, one.srid]);
  });
}

for (const one of cases.bad_blobs) {
  test(`a bad BLOB is refused with its code: ${one.name}`, () => {
    assert.throws(() => geometry.fromSpatialite(fromHex(one.blob)), refusedWith(one.code));
  });
}

test("geometries are equal when they round to the same", () => {
  for (const one of cases.equal) {
    assert.equal(geometry.roundedEqual(fromHex(one.a), fromHex(one.b), one.step), one.equal, JSON.stringify(one));
    assert.equal(geometry.roundedEqual(fromHex(one.b), fromHex(one.a), one.step), one.equal, JSON.stringify(one));
  }
});

test("bytes that stand inside a larger buffer are read from their own place", () => {
  const one = cases.good[0];
  const inside = fromHex(`ffff${one.wkb}ffff`).subarray(2, 2 + one.wkb.length / 2);
  assert.deepEqual(geometry.checkWkb(inside), one.shape);
});

test("the builders write what the vectors hold", () => {
  const byName = Object.fromEntries(cases.good.map((one) => [one.name, one]));
  const written = {
    "point z": geometry.point(12.5, -3.25, 1.1),
    linestring: geometry.linestring([[0, 0], [1.5, 2.5]]),
    "polygon with a hole": geometry.polygon(byName["polygon with a hole"].geojson.coordinates),
    multipolygon: geometry.multipolygon(byName.multipolygon.geojson.coordinates),
  };
  for (const [name, wkb] of Object.entries(written)) assert.equal(toHex(wkb), byName[name].wkb);
});

test("bad GeoJSON and bad hex are refused with their code", () => {
  const bad = [
    [{ type: "Circle", coordinates: [1, 2] }, "not_geojson"],
    [{ type: "Point" }, "not_geojson"],
    [{ type: "Point", coordinates: ["1", "2"] }, "not_geojson"],
    [{ type: "Point", coordinates: [1] }, "wrong_dimensions"],
    [{ type: "Point", coordinates: [NaN, 2] }, "not_finite"],
    [{ type: "LineString", coordinates: [] }, "empty"],
    [{ type: "MultiPolygon", coordinates: [] }, "empty"],
    [{ type: "Polygon", coordinates: [[[0, 0], [1, 0], [1, 1], [0, 1]]] }, "ring_open"],
    [{ type: "GeometryCollection", geometries: [{ type: "GeometryCollection" }] }, "nested"],
    [null, "not_geojson"],
  ];
  for (const [written, code] of bad) assert.throws(() => geometry.fromGeojson(written, 2), refusedWith(code));
  for (const hex of ["0", "0g", "AB", null]) assert.throws(() => fromHex(hex), geometry.GeometryError);
});
