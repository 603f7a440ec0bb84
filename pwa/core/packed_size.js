/** How many bytes a value takes as msgpack: the measure of "a change beside its geometry" (PROTOCOL §3). */

export function packedSize(value) {
  switch (typeof value) {
    case "string": {
      const bytes = utf8Length(value);
      return bytes + (bytes < 32 ? 1 : head(bytes, 1));
    }
    case "number":
      return Number.isSafeInteger(value) ? integer(value) : 9;
    case "object":
      return value === null ? 1 : compound(value);
    default:
      return 1;
  }
}

function compound(value) {
  if (value instanceof Uint8Array) return value.length + head(value.length, 1);
  const parts = Array.isArray(value) ? value : Object.entries(value).flat();
  const count = Array.isArray(value) ? value.length : parts.length / 2;
  let size = count < 16 ? 1 : head(count, 2);
  for (const part of parts) size += packedSize(part);
  return size;
}

/** The bytes before a text, a list or bytes: a tag and its length, of `least` bytes or more. */
function head(length, least) {
  if (length < 0x100 && least === 1) return 2;
  return length < 0x1_0000 ? 3 : 5;
}

function integer(value) {
  if (value >= -32 && value < 128) return 1;
  const fits = (bits) => (value < 0 ? value >= -(2 ** (bits - 1)) : value < 2 ** bits);
  return 1 + [1, 2, 4, 8].find((bytes) => fits(bytes * 8));
}

function utf8Length(text) {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3;
  }
  return bytes;
}
