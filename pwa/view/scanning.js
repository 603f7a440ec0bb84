// Looking for a code with the camera. `scan()` answers what it says, or null where the person thought better of it.

import { reader } from './codes.js';
import { h, icon } from './dom.js';
import { problem } from './words.js';
import { t } from '../words/language.js';

const LOOK_MS = 120; // between two looks
const WIDE_MAX = 1280; // pixels of a picture that is looked at
const SEEN = 2; // looks that must agree on several codes, so that all of them have been read
const CAMERA = { video: { facingMode: { ideal: 'environment' }, width: { ideal: 1920 }, height: { ideal: 1080 } } };

export function scan() {
  return new Promise((resolve) => new Scanning(resolve).begin());
}

class Scanning {
  constructor(resolve) {
    this.video = h('video', { muted: true, playsinline: true, autoplay: true });
    this.video.muted = true;
    this.said = h('p', { role: 'status' }, t('codes.opening'));
    this.found = h('div.stack');
    this.torch = h('button.button.plain', { type: 'button', hidden: true, 'aria-pressed': 'false', on: { click: () => this.light() } }, icon('torch'), t('codes.torch'));
    this.dialog = h('dialog.scan', { 'aria-label': t('codes.scan'), on: { close: () => this.end(resolve), keydown: (event) => event.stopPropagation() } },
      h('header.viewer-head', {}, h('h2', {}, t('codes.scan')), h('form', { method: 'dialog' }, h('button.round', { 'aria-label': t('acts.close') }, icon('close')))),
      h('div.scan-view', {}, this.video, h('div.scan-frame')),
      h('div.scan-foot', {}, this.said, this.found, this.torch));
    this.code = null;
  }

  async begin() {
    document.body.append(this.dialog);
    this.dialog.showModal();
    try {
      const stream = await camera();
      if (!this.dialog.isConnected) return stopAll(stream); // closed meanwhile
      this.stream = this.video.srcObject = stream;
      this.torch.hidden = !stream.getVideoTracks()[0].getCapabilities?.().torch;
      const read = await reader();
      await this.video.play();
      this.said.textContent = t('codes.point');
      await this.look(read);
    } catch (error) {
      if (this.dialog.isConnected) this.said.textContent = refusal(error);
    }
    return undefined;
  }

  async look(read) {
    const canvas = h('canvas');
    let before = '', alike = 0;
    while (this.dialog.isConnected) {
      const codes = await read(this.picture(canvas));
      if (codes.length === 1) return this.take(codes[0]);
      const seen = codes.toSorted().join('\n');
      alike = seen && seen === before ? alike + 1 : 1;
      before = seen;
      if (codes.length > 1 && alike === SEEN) return this.ask(codes);
      await new Promise((again) => setTimeout(again, LOOK_MS));
    }
    return undefined;
  }

  picture(canvas) {
    const { videoWidth: wide, videoHeight: high } = this.video;
    const scale = Math.min(1, WIDE_MAX / wide);
    Object.assign(canvas, { width: Math.round(wide * scale), height: Math.round(high * scale) });
    canvas.getContext('2d', { willReadFrequently: true }).drawImage(this.video, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  /** A label often has several: the person says which. */
  ask(codes) {
    this.video.pause();
    this.said.textContent = t('codes.several');
    this.found.replaceChildren(...codes.map((code) => h('button.button.plain', { type: 'button', on: { click: () => this.take(code) } }, code)));
    this.found.firstElementChild.focus();
  }

  take(code) {
    this.code = code;
    navigator.vibrate?.(60);
    this.dialog.close();
  }

  async light() {
    const on = this.torch.getAttribute('aria-pressed') !== 'true';
    await this.stream.getVideoTracks()[0].applyConstraints({ advanced: [{ torch: on }] });
    this.torch.setAttribute('aria-pressed', String(on));
  }

  end(resolve) {
    this.dialog.remove();
    if (this.stream) stopAll(this.stream);
    resolve(this.code);
  }
}

function camera() {
  if (!navigator.mediaDevices) throw Object.assign(new Error('no camera'), { name: 'NotFoundError' });
  return navigator.mediaDevices.getUserMedia(CAMERA);
}

function stopAll(stream) {
  for (const track of stream.getTracks()) track.stop();
}

function refusal(error) {
  if (['NotAllowedError', 'SecurityError'].includes(error.name)) return t('codes.denied');
  return error.name === 'NotFoundError' ? t('codes.noCamera') : problem(error);
}
