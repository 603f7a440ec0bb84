// A picture of what a camera saw, wider than the canvas by a margin, laid again under another camera: moved, turned, a little
// nearer or farther. So a plan of 50,000 lines follows the finger at the cost of one image; it is painted anew at rest, where the
// picture ends, or where it would be too coarse.

import { toDrawing, toScreen } from './camera.js';

const MARGIN = 0.25; // of each side
const PIXELS_MAX = 16_000_000; // 64 MB
const COARSER_MAX = 3;

export class KeptPicture {
  #canvas = document.createElement('canvas');
  #of = null; // {key, camera, size, ratio, margin}

  /** `paint(context, look)` draws it; `key` is everything it hangs on besides the camera. */
  take(key, look, paint) {
    const { camera, size, ratio } = look;
    const px = marginPx(size, ratio), margin = px / ratio;
    const wide = { width: size.width + 2 * margin, height: size.height + 2 * margin };
    const [width, height] = [Math.ceil(size.width * ratio) + 2 * px, Math.ceil(size.height * ratio) + 2 * px];
    if (this.#canvas.width !== width || this.#canvas.height !== height) Object.assign(this.#canvas, { width, height });
    paint(this.#canvas.getContext('2d'), { ...look, size: wide });
    this.#of = { key, camera, size: wide, ratio };
  }

  /** Whether it is just what the camera sees. */
  isOf(key, { camera, size, ratio }) {
    return this.serves(key, { camera, size, ratio }) && ['x', 'y', 'scale', 'turn'].every((of) => this.#of.camera[of] === camera[of]);
  }

  /** Whether it shows all that the camera sees, finely enough. */
  serves(key, { camera, size, ratio }) {
    const of = this.#of;
    if (!of || of.ratio !== ratio || key.some((one, i) => one !== of.key[i])) return false;
    const nearer = camera.scale / of.camera.scale;
    return nearer <= COARSER_MAX && sees(of, camera, size);
  }

  lay(context, { camera, size, ratio }) {
    const of = this.#of, turn = camera.turn - of.camera.turn;
    const k = (camera.scale / of.camera.scale) * ratio;
    const [left, top] = toScreen(camera, size, of.camera.x, of.camera.y);
    context.setTransform(k * Math.cos(turn), -k * Math.sin(turn), k * Math.sin(turn), k * Math.cos(turn), left * ratio, top * ratio);
    context.drawImage(this.#canvas, -of.size.width / 2, -of.size.height / 2, this.#canvas.width / of.ratio, this.#canvas.height / of.ratio);
  }
}

/** Whole pixels, so that at rest each pixel of the picture is one of the canvas. */
function marginPx(size, ratio) {
  const long = Math.max(size.width, size.height) * ratio, short = Math.min(size.width, size.height) * ratio;
  const room = (Math.sqrt((long - short) ** 2 + 4 * PIXELS_MAX) - long - short) / 4; // (long + 2m)(short + 2m) = PIXELS_MAX
  return Math.max(0, Math.floor(Math.min(long * MARGIN, room)));
}

function sees(of, camera, { width, height }) {
  return [[0, 0], [width, 0], [width, height], [0, height]].every(([left, top]) => {
    const [x, y] = toScreen(of.camera, of.size, ...toDrawing(camera, { width, height }, left, top));
    return x >= -1 && y >= -1 && x <= of.size.width + 1 && y <= of.size.height + 1;
  });
}
