/**
 * Hybrid logical clock stamps, the mirror of arxos_sync/stamp.py; both are held to schemas/vectors/stamp.json.
 *
 * A stamp is text, `<12 hex ms>-<4 hex counter>-<last 8 hex of the device id>`, lower case, so that it sorts as
 * text. Ties are broken by the whole device id. Time comes in as an argument, in ms since 1970 UTC.
 */

export const COUNTER_MAX = 0xffff;
export const MS_MAX = 0xffff_ffff_ffff;

const FORM = /^[0-9a-f]{12}-[0-9a-f]{4}-[0-9a-f]{8}$/;

export function isStamp(text) {
  return typeof text === "string" && FORM.test(text);
}

/** Write a stamp; a full counter carries into the milliseconds. */
export function form(ms, counter, device) {
  const carry = Math.floor(counter / (COUNTER_MAX + 1));
  const rest = counter % (COUNTER_MAX + 1);
  return `${hex(Math.min(ms + carry, MS_MAX), 12)}-${hex(rest, 4)}-${device.slice(-8)}`;
}

export function milliseconds(stamp) {
  return parseInt(stamp.slice(0, 12), 16);
}

export function counter(stamp) {
  return parseInt(stamp.slice(13, 17), 16);
}

/** The author's next stamp: above its last one, and at its wall clock where that is ahead. */
export function following(last, nowMs, device) {
  if (last === null || nowMs > milliseconds(last)) return form(nowMs, 0, device);
  return form(milliseconds(last), counter(last) + 1, device);
}

/**
 * The author's clock after an exchange: never behind the server's `received_at`. Only the milliseconds and the
 * counter are taken over; the tail stays the device's own.
 */
export function learned(last, receivedAt, device) {
  const heard = form(milliseconds(receivedAt), counter(receivedAt), device);
  return last === null || heard > last ? heard : last;
}

/** The stamp as it counts in a merge: not further ahead than `aheadMsMax` of its arrival. */
export function clamped(stamp, receivedMs, aheadMsMax) {
  const limit = receivedMs + aheadMsMax;
  return milliseconds(stamp) <= limit ? stamp : form(limit, 0, stamp.slice(18));
}

/** Is (stamp, device) the later of two authors' stamps? */
export function beats(stamp, device, otherStamp, otherDevice) {
  return stamp > otherStamp || (stamp === otherStamp && device > otherDevice);
}

function hex(number, digits) {
  return number.toString(16).padStart(digits, "0");
}
