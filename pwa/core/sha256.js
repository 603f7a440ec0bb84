/**
 * SHA-256 (FIPS 180-4) of short ASCII texts or bytes, at once: the browser's own answers by a promise, which costs more
 * than the hash where thousands of short texts are hashed one after another.
 */

const BLOCK_BYTES = 64;
const primes = firstPrimes(64);
const START = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
const ROUND = Int32Array.from(primes, (prime) => fraction(Math.cbrt(prime)) | 0);
const schedule = new Int32Array(64);
const block = new Uint8Array(BLOCK_BYTES); // of texts so short, of which there are thousands

/** The hash's eight 32-bit words. Throws RangeError where `text` holds more than ASCII. */
export function sha256(text) {
  const view = new DataView(padded(text).buffer);
  const state = Uint32Array.from(START);
  for (let at = 0; at < view.byteLength; at += BLOCK_BYTES) mix(state, view, at);
  return state;
}

/** The text's bytes, one bit set, zeros, and its length in bits, up to a whole block (§5.1.1). */
function padded(text) {
  const blocks = Math.ceil((text.length + 9) / BLOCK_BYTES);
  const bytes = blocks === 1 ? block.fill(0) : new Uint8Array(blocks * BLOCK_BYTES);
  if (text instanceof Uint8Array) bytes.set(text);
  else ascii(text, bytes);
  bytes[text.length] = 0x80;
  new DataView(bytes.buffer).setUint32(bytes.length - 4, text.length * 8);
  return bytes;
}

function ascii(text, bytes) {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) throw new RangeError("ASCII is wanted");
    bytes[i] = code;
  }
}

/** One block (§6.2.2). */
function mix(state, view, at) {
  fillSchedule(view, at);
  let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
  for (let i = 0; i < 64; i++) {
    const turned = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const t1 = (h + turned + ((e & f) ^ (~e & g)) + ROUND[i] + schedule[i]) | 0;
    const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

function fillSchedule(view, at) {
  for (let i = 0; i < 16; i++) schedule[i] = view.getInt32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const early = schedule[i - 15], late = schedule[i - 2];
    const small = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const large = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    schedule[i] = schedule[i - 16] + small + schedule[i - 7] + large;
  }
}

function turn(word, by) {
  return (word >>> by) | (word << (32 - by));
}

/** The first 32 bits of a number's fraction. */
function fraction(number) {
  return Math.floor((number - Math.floor(number)) * 2 ** 32);
}

function firstPrimes(count) {
  const found = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime)) found.push(n);
  return found;
}
