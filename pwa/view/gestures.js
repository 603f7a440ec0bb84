// Fingers, mouse, wheel and keys on a canvas, told as five events: move(dx, dy), zoom(factor, left, top),
// turn(radians counter-clockwise, left, top), tap(left, top), fit(). Distances are CSS pixels inside the canvas. Two quick taps
// come nearer, but where `singly()` says that each is one.

const TAP_MOVE_MAX_PX = 8;
const DOUBLE_TAP_MAX_MS = 300;
const DOUBLE_TAP_MOVE_MAX_PX = 30;
const KEY_STEP_PX = 60;
const KEY_ZOOM = 1.4;
export const TURN_STEP = Math.PI / 12;
const TWIST_LEAST = Math.PI / 18; // two fingers that only pinch do not turn

/** Answers a function that takes every listener away again. */
export function watchGestures(canvas, tell) {
  const stop = new AbortController();
  const hand = { fingers: new Map(), travelled: 0, pinched: false, twist: 0, lastTap: null };
  const on = (event, listener, options = {}) =>
    canvas.addEventListener(event, listener, { ...options, signal: stop.signal });
  on('pointerdown', (event) => down(canvas, hand, event));
  on('pointermove', (event) => move(canvas, hand, event, tell));
  on('pointerup', (event) => up(canvas, hand, event, tell));
  on('pointercancel', (event) => hand.fingers.delete(event.pointerId));
  on('wheel', (event) => wheel(canvas, event, tell), { passive: false });
  on('keydown', (event) => key(canvas, event, tell));
  return () => stop.abort();
}

function place(canvas, event) {
  const box = canvas.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function down(canvas, hand, event) {
  if (event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  if (hand.fingers.size === 0) Object.assign(hand, { travelled: 0, pinched: false, twist: 0 });
  hand.fingers.set(event.pointerId, place(canvas, event));
  hand.pinched ||= hand.fingers.size > 1;
}

function move(canvas, hand, event, tell) {
  const was = hand.fingers.get(event.pointerId);
  if (!was) return;
  const now = place(canvas, event);
  const before = spread(hand.fingers);
  hand.fingers.set(event.pointerId, now);
  hand.travelled += Math.hypot(now[0] - was[0], now[1] - was[1]);
  const after = spread(hand.fingers);
  if (hand.pinched || hand.travelled > TAP_MOVE_MAX_PX) {
    tell.move(after.left - before.left, after.top - before.top);
    if (before.apart > 0) tell.zoom(after.apart / before.apart, after.left, after.top);
    if (before.apart > 0) twist(hand, before, after, tell);
  }
}

/** Nothing until it is clear that a turn is meant, then all that follows. */
function twist(hand, before, after, tell) {
  const by = before.angle - after.angle; // on a screen angles grow clockwise
  const short = Math.atan2(Math.sin(by), Math.cos(by));
  if (Math.abs(hand.twist) < TWIST_LEAST) hand.twist += short;
  else tell.turn(short, after.left, after.top);
}

/** The middle of the first two fingers, how far they are apart, 0 for one, and at which angle. */
function spread(fingers) {
  const [a, b] = fingers.values();
  if (!b) return { left: a[0], top: a[1], apart: 0 };
  return { left: (a[0] + b[0]) / 2, top: (a[1] + b[1]) / 2, apart: Math.hypot(a[0] - b[0], a[1] - b[1]), angle: Math.atan2(b[1] - a[1], b[0] - a[0]) };
}

function up(canvas, hand, event, tell) {
  if (!hand.fingers.delete(event.pointerId)) return;
  if (hand.pinched || hand.travelled > TAP_MOVE_MAX_PX) return;
  const [left, top] = place(canvas, event);
  const last = hand.lastTap;
  const twice = last && !tell.singly() && event.timeStamp - last.at < DOUBLE_TAP_MAX_MS &&
    Math.hypot(left - last.left, top - last.top) < DOUBLE_TAP_MOVE_MAX_PX;
  hand.lastTap = twice ? null : { left, top, at: event.timeStamp };
  if (twice) tell.zoom(2, left, top);
  else tell.tap(left, top);
}

function wheel(canvas, event, tell) {
  event.preventDefault();
  const [left, top] = place(canvas, event);
  const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
  const speed = event.ctrlKey ? 0.01 : 0.0018; // a touchpad's pinch comes as a wheel with ctrl
  tell.zoom(Math.exp(-event.deltaY * lines * speed), left, top);
}

function key(canvas, event, tell) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const middle = [canvas.clientWidth / 2, canvas.clientHeight / 2];
  const does = {
    ArrowLeft: () => tell.move(KEY_STEP_PX, 0),
    ArrowRight: () => tell.move(-KEY_STEP_PX, 0),
    ArrowUp: () => tell.move(0, KEY_STEP_PX),
    ArrowDown: () => tell.move(0, -KEY_STEP_PX),
    '+': () => tell.zoom(KEY_ZOOM, ...middle),
    '=': () => tell.zoom(KEY_ZOOM, ...middle),
    '-': () => tell.zoom(1 / KEY_ZOOM, ...middle),
    '[': () => tell.turn(TURN_STEP, ...middle),
    ']': () => tell.turn(-TURN_STEP, ...middle),
    '0': () => tell.fit(),
  }[event.key];
  if (!does) return;
  event.preventDefault();
  does();
}
