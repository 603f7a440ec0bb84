// What a WebP file says of how fine it is: EXIF's XResolution (tag 0x011A), in the RIFF chunk EXIF.

const X_RESOLUTION = 0x011a;

/** Pixels an inch; null where the file does not say. `buffer` is an ArrayBuffer. */
export function resolutionOf(buffer) {
  const view = new DataView(buffer);
  const word = (at) => String.fromCharCode(...new Uint8Array(buffer, at, 4));
  if (buffer.byteLength < 12 || word(0) !== 'RIFF' || word(8) !== 'WEBP') return null;
  for (let at = 12; at + 8 <= buffer.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    if (word(at) === 'EXIF') return fromTiff(new DataView(buffer, at + 8, Math.min(size, buffer.byteLength - at - 8)));
    at += 8 + size + (size % 2);
  }
  return null;
}

function fromTiff(tiff) {
  const little = tiff.getUint16(0) === 0x4949, first = tiff.getUint32(4, little);
  const count = tiff.getUint16(first, little);
  for (let i = 0; i < count; i++) {
    const entry = first + 2 + 12 * i;
    if (tiff.getUint16(entry, little) !== X_RESOLUTION) continue;
    const place = tiff.getUint32(entry + 8, little);
    return tiff.getUint32(place, little) / tiff.getUint32(place + 4, little);
  }
  return null;
}
