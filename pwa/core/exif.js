// EXIF, read and written anew: what a photo says of itself, by tags (EXIF 3.0, in TIFF 6.0's shape).
//
// What stays is a list of what may, so a tag that nobody here has heard of goes. `anew` writes a block that holds these and
// nothing else. A value or a directory that points out of the block counts as not there; nothing throws. The mirror of
// client_kit/formats/exif.py, which says more.

const SIZES = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8 }; // bytes of a value, by TIFF's type
const VALUE_BYTES_MAX = 1024;
const YEAR_MIN = 1900;
const SHORT = 3, LONG = 4;
export const EXIF_DIRECTORY = 0x8769;
const ORIENTATION = 0x0112, TAKEN = 0x9003, OFFSET = 0x9011;
const KEPT = new Set([0x010f, 0x0110, ORIENTATION, 0x011a, 0x011b, 0x0128, 0x0131, 0x0132]);
const KEPT_EXIF = new Set([
  0x829a, 0x829d, 0x8822, 0x8827, 0x8830, 0x9000, TAKEN, 0x9004, 0x9010, OFFSET, 0x9012, 0x9201, 0x9202, 0x9203, 0x9204, 0x9205,
  0x9206, 0x9207, 0x9208, 0x9209, 0x920a, 0x9290, 0x9291, 0x9292, 0xa001, 0xa002, 0xa003, 0xa20e, 0xa20f, 0xa210, 0xa217, 0xa402,
  0xa403, 0xa404, 0xa405, 0xa406, 0xa407, 0xa408, 0xa409, 0xa40a, 0xa40c, 0xa432, 0xa433, 0xa434,
]);
const NOTHING = new Uint8Array();

/** The block with what may stay, in its own byte order; `tell` is place or all. */
export function anew(tiff, tell) {
  const little = order(tiff);
  if (little === null) return NOTHING;
  let { first, exif } = directoriesOf(tiff, little);
  if (tell === 'all') [first, exif] = [only(first, new Set([ORIENTATION])), new Map()];
  else [first, exif] = [only(first, KEPT), only(exif, KEPT_EXIF)];
  if (orientation(first, little) === null) first.delete(ORIENTATION);
  return first.size || exif.size ? written(first, exif, little) : NOTHING;
}

/** The instant of DateTimeOriginal, by its own offset, else in the IANA zone; null where nothing tells it for certain. */
export function takenAt(tiff, zone) {
  const little = order(tiff);
  if (little === null) return null;
  const { exif } = directoriesOf(tiff, little);
  const day = /^(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)\0*$/.exec(text(exif.get(TAKEN)));
  const offset = /^([+-])(\d\d):(\d\d)\0*$/.exec(text(exif.get(OFFSET)));
  const local = day && asUtc(day.slice(1).map(Number));
  if (local === null) return null;
  const ahead = offset ? minutes(offset) : aheadThere(local, zone);
  return ahead === null ? null : new Date(local - ahead * 60_000).toISOString();
}

/** Whether one of the directories of a TIFF file's own chain of pages holds one of these tags. */
export function hasTag(tiff, tags) {
  const little = order(tiff), seen = new Set();
  for (let at = little === null ? 0 : number(tiff, 4, 4, little); at && !seen.has(at) && at + 2 <= tiff.length; ) {
    seen.add(at);
    if ([...entries(tiff, at, little, true).keys()].some((tag) => tags.has(tag))) return true;
    const after = at + 2 + 12 * number(tiff, at, 2, little);
    at = after + 4 <= tiff.length ? number(tiff, after, 4, little) : 0;
  }
  return false;
}

// ---------------------------------------------------------------- reading

/** Whether the little end comes first; null of what is no TIFF. */
function order(tiff) {
  if (tiff.length < 8) return null;
  const head = String.fromCharCode(...tiff.subarray(0, 4));
  return head === 'II*\0' ? true : head === 'MM\0*' ? false : null;
}

/** Of what is cut at its end the bytes that are there. */
function number(bytes, at, size, little) {
  let found = 0;
  const part = bytes.subarray(at, at + size);
  for (let i = 0; i < part.length; i++) found = found * 256 + part[little ? part.length - 1 - i : i];
  return found;
}

function directoriesOf(tiff, little) {
  const first = entries(tiff, number(tiff, 4, 4, little), little);
  const { kind, value } = first.get(EXIF_DIRECTORY) ?? {};
  const at = kind === LONG ? number(value, 0, 4, little) : 0;
  return { first, exif: at ? entries(tiff, at, little) : new Map() };
}

/** tag → {kind, count, value}, the first of each; `anySize`: also those whose value is long, without it. */
function entries(tiff, at, little, anySize = false) {
  const found = new Map();
  if (at + 2 > tiff.length) return found;
  const end = at + 2 + 12 * number(tiff, at, 2, little);
  for (let place = at + 2; place < end && place + 12 <= tiff.length; place += 12) {
    const tag = number(tiff, place, 2, little), kind = number(tiff, place + 2, 2, little), count = number(tiff, place + 4, 4, little);
    const size = (SIZES[kind] ?? 0) * count;
    const where = size <= 4 ? place + 8 : number(tiff, place + 8, 4, little);
    const fits = size > 0 && size <= VALUE_BYTES_MAX && where + size <= tiff.length;
    if (!found.has(tag) && (fits || anySize)) found.set(tag, { kind, count, value: fits ? tiff.subarray(where, where + size) : NOTHING });
  }
  return found;
}

const only = (found, tags) => new Map([...found].filter(([tag]) => tags.has(tag)));

function orientation(found, little) {
  const { kind, count, value } = found.get(ORIENTATION) ?? {};
  if (kind !== SHORT || count !== 1) return null;
  const turn = number(value, 0, 2, little);
  return turn >= 1 && turn <= 8 ? turn : null;
}

const text = (entry) => String.fromCharCode(...(entry?.value ?? NOTHING));

/** ms of a time as if it were UTC; null of one that is none. */
function asUtc([year, month, day, hour, minute, second]) {
  const ms = Date.UTC(year, month - 1, day, hour, minute, second), back = new Date(ms);
  const same = [back.getUTCFullYear(), back.getUTCMonth() + 1, back.getUTCDate(), back.getUTCHours(), back.getUTCMinutes(), back.getUTCSeconds()];
  return year >= YEAR_MIN && [year, month, day, hour, minute, second].every((part, i) => part === same[i]) ? ms : null;
}

function minutes([, sign, hour, minute]) {
  if (hour > 23 || minute > 59) return null;
  return (Number(hour) * 60 + Number(minute)) * (sign === '-' ? -1 : 1);
}

/** Minutes ahead of UTC of a time by the clocks there; null in the hour in which they are turned. */
function aheadThere(local, zone) {
  const [before, after] = [-1, 1].map((day) => aheadAt(local + day * 86_400_000, zone));
  if (before === null || before === after) return before;
  const fits = [before, after].filter((ahead) => aheadAt(local - ahead * 60_000, zone) === ahead);
  return fits.length === 1 ? fits[0] : null;
}

function aheadAt(ms, zone) {
  if (!zone) return null;
  try {
    const clock = new Intl.DateTimeFormat('en-GB', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium', hourCycle: 'h23' });
    const at = Object.fromEntries(clock.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    return Math.round((Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second) - ms) / 60_000);
  } catch {
    return null; // no zone of this name
  }
}

// ---------------------------------------------------------------- writing

function written(first, exif, little) {
  if (exif.size) {
    first.set(EXIF_DIRECTORY, { kind: LONG, count: 1, value: new Uint8Array(4) });
    first.get(EXIF_DIRECTORY).value = spelled(8 + size(first), 4, little);
  }
  const head = [...(little ? [0x49, 0x49, 0x2a, 0] : [0x4d, 0x4d, 0, 0x2a]), ...spelled(8, 4, little)];
  const second = exif.size ? directory(exif, 8 + size(first), little) : [];
  return Uint8Array.from([...head, ...directory(first, 8, little), ...second]);
}

function spelled(value, bytes, little) {
  const found = Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);
  return Uint8Array.from(little ? found : found.reverse());
}

function size(found) {
  const long = [...found.values()].reduce((sum, { value }) => sum + (value.length > 4 ? value.length + (value.length % 2) : 0), 0);
  return 2 + 12 * found.size + 4 + long;
}

/** By rising tags, and after them the values that do not fit in four bytes. */
function directory(found, at, little) {
  const rows = [...spelled(found.size, 2, little)], values = [], first = at + 2 + 12 * found.size + 4;
  for (const [tag, { kind, count, value }] of [...found].sort(([a], [b]) => a - b)) {
    rows.push(...spelled(tag, 2, little), ...spelled(kind, 2, little), ...spelled(count, 4, little));
    if (value.length <= 4) rows.push(...value, ...new Array(4 - value.length).fill(0));
    else {
      rows.push(...spelled(first + values.length, 4, little));
      values.push(...value, ...new Array(value.length % 2).fill(0));
    }
  }
  return [...rows, 0, 0, 0, 0, ...values];
}
