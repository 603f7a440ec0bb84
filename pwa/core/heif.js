// HEIF's boxes (ISO/IEC 23008-12 in the shape of 14496-12): where an item's bytes lie, and blanking them there. Nothing
// moves, for other boxes point into the file by offsets. The mirror of client_kit/formats/heif.py, which says more.

const BRANDS = new Set(['mif1', 'msf1', 'miaf', 'heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'avif', 'avis']);
const RAW_BRANDS = new Set(['crx ']);
const PICTURE = new Set(['ftyp', 'meta', 'mdat']); // boxes of a file that stay as they are
const NOTES = new Set(['Exif', 'mime', 'uri ']);
const FILE = 0, IDAT = 1; // construction methods
const EMPTY = Uint8Array.from([0x49, 0x49, 0x2a, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]); // zeros alone are an error to some decoders
const ODD = 'The boxes of this picture do not add up, or it holds a film';

/** heif, raw, or null: sound and films have this shape too. */
export function kindOf(head) {
  const brands = [latin(head, 8)];
  for (let at = 16; at + 4 <= Math.min(head.length, number(head, 0, 4)); at += 4) brands.push(latin(head, at));
  if (brands.some((brand) => RAW_BRANDS.has(brand))) return 'raw';
  return brands.some((brand) => BRANDS.has(brand)) ? 'heif' : null;
}

/** `anew` writes an EXIF block. Throws with code `photo_tells`. */
export function cleaned(content, anew) {
  const out = content.slice();
  for (const { kind, start, end } of boxes(content, 0, content.length)) {
    if (kind === 'moov') throw refused(ODD);
    if (!PICTURE.has(kind)) out.fill(0, start, end);
  }
  for (const { kind, spans } of notes(content)) {
    const whole = gathered(content, spans);
    const fresh = new Uint8Array(whole.length).fill(kind === 'Exif' ? 0 : 0x20);
    if (kind === 'Exif') fresh.set(exif(whole, anew));
    let at = 0;
    for (const [start, end] of spans) {
      out.set(fresh.subarray(at, at + end - start), start);
      at += end - start;
    }
  }
  return out;
}

/** Its EXIF block; empty where there is none, or its boxes do not add up. */
export function exifOf(content) {
  try {
    const found = notes(content).find(({ kind }) => kind === 'Exif');
    const whole = found ? gathered(content, found.spans) : new Uint8Array();
    return whole.subarray(header(whole));
  } catch (error) {
    if (error.code === 'photo_tells') return new Uint8Array();
    throw error;
  }
}

export function refused(detail) {
  return Object.assign(new Error('photo_tells'), { code: 'photo_tells', detail, hint: 'Keep it as JPEG or PNG.' });
}

function exif(whole, anew) {
  const fresh = anew(whole.subarray(header(whole))), block = fresh.length ? fresh : EMPTY;
  return block.length + 4 > whole.length ? new Uint8Array() : Uint8Array.from([0, 0, 0, 0, ...block]);
}

/** Where TIFF begins in an item: four bytes tell how far behind them. */
function header(whole) {
  return 4 + whole.subarray(0, 4).reduce((sum, byte) => sum * 256 + byte, 0);
}

function gathered(content, spans) {
  const whole = new Uint8Array(spans.reduce((sum, [start, end]) => sum + end - start, 0));
  let at = 0;
  for (const [start, end] of spans) {
    whole.set(content.subarray(start, end), at);
    at += end - start;
  }
  return whole;
}

/** Items that are no picture, and where their bytes lie. */
function notes(content) {
  const meta = boxes(content, 0, content.length).find(({ kind }) => kind === 'meta');
  if (!meta) return [];
  const inside = new Map(boxes(content, meta.start + 4, meta.end).map((box) => [box.kind, box]));
  const places = placesOf(content, inside);
  return kinds(content, inside.get('iinf')).filter(({ id, kind }) => NOTES.has(kind) && places.has(id)).map(({ id, kind }) => ({ kind, spans: places.get(id) }));
}

function kinds(content, iinf) {
  if (!iinf || iinf.start === iinf.end) return [];
  const wide = number(content, iinf.start, 1) > 0, found = [];
  for (const { kind, start } of boxes(content, iinf.start + (wide ? 8 : 6), iinf.end)) {
    const version = number(content, start, 1), size = version === 2 ? 2 : 4;
    if (kind === 'infe' && (version === 2 || version === 3)) found.push({ id: number(content, start + 4, size), kind: latin(content, start + 6 + size) });
  }
  return found;
}

/** Of the box `iloc`: each item's spans of the file; those that lie elsewhere have none. */
function placesOf(content, inside) {
  const found = new Map();
  if (!inside.has('iloc')) return found;
  let at = inside.get('iloc').start;
  const next = (size) => number(content, (at += size) - size, size);
  const version = next(1);
  next(3);
  const sizes = next(1), more = next(1);
  const indexSize = version ? more & 15 : 0;
  for (let items = next(version < 2 ? 2 : 4); items; items--) {
    const id = next(version < 2 ? 2 : 4), method = version ? next(2) & 15 : FILE, elsewhere = next(2), base = next(more >> 4);
    const idat = inside.get('idat') ?? { start: 0, end: 0 };
    const { start, end } = method === IDAT ? idat : { start: 0, end: content.length };
    if (!found.has(id)) found.set(id, []);
    for (let extents = next(2); extents; extents--) {
      next(indexSize);
      const first = start + base + next(sizes >> 4), length = next(sizes & 15);
      if (elsewhere || (method !== FILE && method !== IDAT)) continue;
      if (!length) throw refused(ODD); // all there is: no note is written so
      found.get(id).push([Math.min(first, end), Math.min(first + length, end)]);
    }
  }
  return found;
}

function number(content, at, size) {
  if (at + size > content.length) throw refused(ODD);
  return content.subarray(at, at + size).reduce((sum, byte) => sum * 256 + byte, 0);
}

const latin = (bytes, at) => String.fromCharCode(...bytes.subarray(at, at + 4));

/** Kind, and where what it holds begins and ends, cut at the end of what is there. */
function boxes(content, from, end) {
  const found = [];
  for (let at = from; at + 8 <= end; ) {
    let size = number(content, at, 4), head = 8;
    if (size === 1) [size, head] = [number(content, at + 8, 8), 16];
    if (size === 0) size = end - at;
    if (size < head) throw refused(ODD);
    found.push({ kind: latin(content, at + 4), start: Math.min(at + head, end), end: Math.min(at + size, end) });
    at += size;
  }
  return found;
}
