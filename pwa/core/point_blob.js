/**
 * Most geometries of a building are points with a height: written and read without a tree, to the same bytes as the rest
 * of geometry.js would (arxos_sync/geometry.py does the same).
 */

const START = 0x00, MBR_END = 0x7c, END = 0xfe;
const POINT_Z_BYTES = 29, POINT_Z_BLOB_BYTES = 68;

/** The BLOB of such a point; null where it is none such. */
export function pointToSpatialite(wkb, srid) {
  if (wkb.length !== POINT_Z_BYTES || wkb[0] !== 1 || !isPointZ(wkb, 1)) return null;
  const given = new DataView(wkb.buffer, wkb.byteOffset, wkb.byteLength);
  const [x, y, z] = [5, 13, 21].map((at) => given.getFloat64(at, true));
  if (!Number.isFinite(x) || !Number.isFinite(y) || !Number.isFinite(z)) return null;
  const blob = new Uint8Array(POINT_Z_BLOB_BYTES);
  const view = new DataView(blob.buffer);
  blob[1] = 1;
  view.setInt32(2, srid, true);
  [x, y, x, y].forEach((bound, index) => view.setFloat64(6 + 8 * index, bound, true));
  blob[38] = MBR_END;
  blob.set(wkb.subarray(1), 39);
  blob[POINT_Z_BLOB_BYTES - 1] = END;
  return blob;
}

/** {wkb, srid} of such a BLOB; null where it is none such. */
export function pointFromSpatialite(blob) {
  if (blob.length !== POINT_Z_BLOB_BYTES || blob[0] !== START || blob[1] !== 1 || blob[38] !== MBR_END) return null;
  if (!isPointZ(blob, 39) || blob[POINT_Z_BLOB_BYTES - 1] !== END) return null;
  const wkb = new Uint8Array(POINT_Z_BYTES);
  wkb[0] = 1;
  wkb.set(blob.subarray(39, 67), 1);
  return { wkb, srid: new DataView(blob.buffer, blob.byteOffset, blob.byteLength).getInt32(2, true) };
}

/** Does the class at that place say a point with a height: 1001? */
function isPointZ(bytes, at) {
  return bytes[at] === 0xe9 && bytes[at + 1] === 0x03 && bytes[at + 2] === 0 && bytes[at + 3] === 0;
}
