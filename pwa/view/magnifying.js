// Looking closer at a picture: a glass of fixed size and in it a sheet that grows, scrolled by two fingers, the wheel or by
// `move`. Nothing is transformed: what lies on the sheet in parts of its width and height stays where it is.

const NEAREST = 8;
const LEAST = 1;
export const STEP = 1.5; // of a button or a key
export const KEY_STEP_PX = 60;

export class Magnifier {
  zoom = LEAST;
  #fingers = new Map(); // pointer → [left, top] on the screen
  #pinched = false;
  #dragged = null; // the pointer by which the sheet is moved

  /** `changed()` is told when it is looked at from nearer or farther. */
  constructor(glass, sheet, changed) {
    Object.assign(this, { glass, sheet, changed });
  }

  /** Nearer by a factor; the place under that point of the screen stays under it, without one the middle. */
  by(factor, left, top) {
    const box = this.glass.getBoundingClientRect();
    const [x, y] = left === undefined ? [box.width / 2, box.height / 2] : [left - box.left, top - box.top];
    const zoom = Math.min(NEAREST, Math.max(LEAST, this.zoom * factor)), k = zoom / this.zoom;
    const [across, down] = [this.glass.scrollLeft + x, this.glass.scrollTop + y];
    this.zoom = zoom;
    this.sheet.style.setProperty('--zoom', String(zoom));
    this.glass.scrollLeft = across * k - x;
    this.glass.scrollTop = down * k - y;
    this.changed();
  }

  whole() {
    this.by(LEAST / this.zoom);
  }

  move(dx, dy) {
    this.glass.scrollLeft -= dx;
    this.glass.scrollTop -= dy;
  }

  wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
    this.by(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.0018)), event.clientX, event.clientY); // as on the plan
  }

  // ------------------------------------------------------------ fingers

  /** Answers whether two fingers are down: then they do not draw, until all are lifted. */
  down(event) {
    if (!this.#fingers.size) this.#pinched = false;
    this.#fingers.set(event.pointerId, [event.clientX, event.clientY]);
    this.#pinched ||= this.#fingers.size > 1;
    return this.#pinched;
  }

  /** This pointer moves the sheet. */
  drag(event) {
    this.#dragged = event.pointerId;
  }

  /** Answers whether the movement was the glass's. */
  moved(event) {
    const was = this.#fingers.get(event.pointerId);
    if (!was) return false;
    const before = spread(this.#fingers);
    this.#fingers.set(event.pointerId, [event.clientX, event.clientY]);
    if (!this.#pinched && this.#dragged !== event.pointerId) return false;
    const after = spread(this.#fingers);
    this.move(after.left - before.left, after.top - before.top);
    if (before.apart > 0 && after.apart > 0) this.by(after.apart / before.apart, after.left, after.top);
    return true;
  }

  up(event) {
    this.#fingers.delete(event.pointerId);
    if (this.#dragged === event.pointerId) this.#dragged = null;
  }
}

/** The middle of the first two fingers and how far they are apart, 0 for one. */
function spread(fingers) {
  const [a, b = a] = fingers.values();
  return { left: (a[0] + b[0]) / 2, top: (a[1] + b[1]) / 2, apart: Math.hypot(a[0] - b[0], a[1] - b[1]) };
}
