// What a photo tells beside its picture, taken out of its file without touching a pixel: keep, place (where it was taken,
// whose camera, notes, small pictures) or all (all but the orientation). The mirror of client_kit/formats/photo.py, which
// says more; both are held to schemas/vectors/photo.json. Everything is Uint8Array in and out.

import { anew, EXIF_DIRECTORY, hasTag, takenAt } from './exif.js';
import * as heif from './heif.js';

const HEAD_BYTES = 64; // by these its kind is known
const TEM = 0x01, SOI = 0xd8, EOI = 0xd9, APP0 = 0xe0, APP1 = 0xe1, APP15 = 0xef, COM = 0xfe;
const JPEG_KEPT = { 0xe0: 'JFIF\0', 0xe2: 'ICC_PROFILE\0', 0xee: 'Adobe' };
const EXIF = 'Exif\0\0';
const PNG = '\x89PNG\r\n\x1a\n';
const PNG_KEPT = new Set('IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP sBIT bKGD hIST pHYs sPLT cICP mDCV cLLI acTL fcTL fdAT'.split(' '));
const WEBP_KEPT = new Set(['VP8 ', 'VP8L', 'VP8X', 'ALPH', 'ANIM', 'ANMF', 'ICCP']);
const WEBP_HAS_EXIF = 0x08, WEBP_HAS_XMP = 0x04;
const RAW = ['FUJIFILMCCD-RAW', 'IIRO', 'IIRS', 'MMOR', 'IIU\0', 'II+\0', 'MM\0+', '\0\0\0\x0cJXL '];
const TIFF = ['II*\0', 'MM\0*'];
const TIFF_TELLS = new Set([0x013b, 0x02bc, 0x83bb, 0x8298, EXIF_DIRECTORY, 0x8825, 0x927c, 0xc634]);
const NOTHING = new Uint8Array();

/** jpeg, png, webp, heif, tiff, raw; null of what is no picture, or tells nothing. */
export function kindOf(head) {
  const word = latin(head.subarray(0, HEAD_BYTES));
  if (word.startsWith('\xff\xd8\xff')) return 'jpeg';
  if (word.startsWith(PNG)) return 'png';
  if (word.startsWith('RIFF') && word.slice(8, 12) === 'WEBP') return 'webp';
  if (word.slice(4, 8) === 'ftyp') return heif.kindOf(head.subarray(0, HEAD_BYTES));
  if (TIFF.some((start) => word.startsWith(start))) return 'tiff';
  return RAW.some((start) => word.startsWith(start)) ? 'raw' : null;
}

/** The file without what it must not tell. Throws with code `photo_tells`. */
export function cleaned(content, tell) {
  if (tell === 'keep') return content;
  switch (kindOf(content)) {
    case 'jpeg':
      return jpeg(content, tell);
    case 'png':
      return png(content, tell);
    case 'webp':
      return webp(content, tell);
    case 'heif':
      return heif.cleaned(content, (block) => anew(block, tell));
    case 'raw':
      throw heif.refused('What this kind of picture tells beside itself cannot be taken out here');
    case 'tiff':
      if (hasTag(content, TIFF_TELLS)) throw heif.refused('What this kind of picture tells beside itself cannot be taken out here');
  }
  return content;
}

/** When it was taken, by what it says itself, where that may be told; `zone` is the building's. */
export function takenOf(content, tell, zone) {
  return tell === 'all' ? null : takenAt(exifOf(content), zone);
}

/** Its EXIF block; empty where there is none. */
export function exifOf(content) {
  switch (kindOf(content)) {
    case 'jpeg':
      return segments(content).find((part) => part[1] === APP1 && starts(part, 4, EXIF))?.subarray(10) ?? NOTHING;
    case 'png':
      return chunks(content).find((part) => starts(part, 4, 'eXIf'))?.slice(8, -4) ?? NOTHING;
    case 'webp': {
      const part = pieces(content).find((one) => starts(one, 0, 'EXIF'));
      return part ? block(part.subarray(8)) : NOTHING;
    }
    case 'heif':
      return heif.exifOf(content);
    default:
      return NOTHING;
  }
}

// ---------------------------------------------------------------- JPEG

function jpeg(content, tell) {
  const kept = [content.subarray(0, 2)];
  let written = false;
  for (const part of segments(content)) {
    if (draws(part)) kept.push(part);
    else if (part[1] === APP1 && starts(part, 4, EXIF) && !written) {
      written = true;
      const fresh = anew(part.subarray(10), tell);
      if (fresh.length) kept.push(Uint8Array.from([0xff, APP1, (fresh.length + 8) >> 8, (fresh.length + 8) & 255, ...bytesOf(EXIF), ...fresh]));
    }
  }
  return joined(kept);
}

/** Is it anything but a note; or one without which the colours are others? */
function draws(part) {
  const kind = part[1];
  if ((kind < APP0 || kind > APP15) && kind !== COM) return true;
  return kind in JPEG_KEPT && starts(part, 4, JPEG_KEPT[kind]);
}

/** All after the marker SOI to EOI or the end: each from its marker to the next, a scan with what it holds. */
function segments(content) {
  const found = [], end = content.length;
  for (let at = 2, mark; (mark = marker(content, at)) < end; ) {
    const kind = content[mark + 1];
    if (kind === EOI) return [...found, content.subarray(mark, mark + 2)];
    const length = kind === TEM || kind === SOI ? 0 : Math.max(2, big(content, mark + 2, 2));
    at = marker(content, Math.min(mark + 2 + length, end));
    found.push(content.subarray(mark, at));
  }
  return found;
}

/** Where the next marker begins that is no part of what a scan holds; the end where there is none. */
function marker(content, from) {
  for (let at = content.indexOf(0xff, from); at >= 0 && at < content.length - 1; at = content.indexOf(0xff, at + 1)) {
    const next = content[at + 1];
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return content.length;
}

// ---------------------------------------------------------------- PNG

function png(content, tell) {
  const kept = [bytesOf(PNG)];
  for (const part of chunks(content)) {
    const kind = latin(part.subarray(4, 8));
    if (PNG_KEPT.has(kind) || (kind === 'tIME' && tell !== 'all')) kept.push(part);
    else if (kind === 'eXIf') {
      const fresh = anew(part.slice(8, -4), tell), named = joined([bytesOf(kind), fresh]);
      if (fresh.length) kept.push(spelled(fresh.length), named, spelled(crc32(named)));
    }
  }
  return joined(kept);
}

function chunks(content) {
  const found = [];
  for (let at = PNG.length; at + 8 <= content.length; ) {
    const end = at + 12 + big(content, at, 4);
    found.push(content.subarray(at, end));
    if (starts(content, at + 4, 'IEND')) break;
    at = end;
  }
  return found;
}

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

// ---------------------------------------------------------------- WebP

function webp(content, tell) {
  const kept = [];
  let hasExif = false;
  for (const part of pieces(content)) {
    const kind = latin(part.subarray(0, 4));
    if (WEBP_KEPT.has(kind)) kept.push(part);
    else if (kind === 'EXIF' && !hasExif) {
      const fresh = anew(block(part.subarray(8)), tell);
      hasExif = fresh.length > 0;
      if (hasExif) kept.push(joined([bytesOf('EXIF'), spelled(fresh.length).reverse(), fresh]));
    }
  }
  const body = joined(kept.map((part) => (starts(part, 0, 'VP8X') && part.length > 8 ? flagged(part, hasExif) : part)));
  return joined([bytesOf('RIFF'), spelled(body.length + 4).reverse(), bytesOf('WEBP'), body]);
}

function pieces(content) {
  const found = [], end = Math.min(content.length, 8 + small(content, 4));
  for (let at = 12; at + 8 <= end; ) {
    const size = small(content, at + 4), after = at + 8 + size + (size % 2);
    found.push(content.subarray(at, after));
    at = after;
  }
  return found;
}

function flagged(part, hasExif) {
  const copy = part.slice();
  copy[8] = (copy[8] & ~(WEBP_HAS_EXIF | WEBP_HAS_XMP)) | (hasExif ? WEBP_HAS_EXIF : 0);
  return copy;
}

const block = (data) => (starts(data, 0, EXIF) ? data.subarray(6) : data);

// ---------------------------------------------------------------- bytes

const latin = (bytes) => String.fromCharCode(...bytes);
const bytesOf = (text) => Uint8Array.from(text, (one) => one.charCodeAt(0));
const starts = (bytes, at, text) => latin(bytes.subarray(at, at + text.length)) === text;
const spelled = (value) => Uint8Array.from([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
const small = (bytes, at) => big(bytes.slice(at, at + 4).reverse(), 0, 4);

/** Of what is cut at its end the bytes that are there. */
function big(bytes, at, size) {
  return bytes.subarray(at, at + size).reduce((sum, byte) => sum * 256 + byte, 0);
}

function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
