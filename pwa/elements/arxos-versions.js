// <arxos-versions>: both versions of a conflict over where something is, drawn over what lies around it, which is faint. It is drawn
// when it comes near the screen. `show({versions, surroundings})`: surroundings() answers the scene of the storey, or null.

import { fit } from '../view/camera.js';
import { h } from '../view/dom.js';
import { paintDrawing, readInk } from '../view/plan_paint.js';
import { apart, boxOfBoth, outlined, paintVersions } from '../view/versions.js';
import { amount } from '../view/words.js';
import { number, t } from '../words/language.js';

const AROUND_M = 4;
const FAINT = 0.4;
const MM = 1000;

export class ArxosVersions extends HTMLElement {
  #seen = null;
  #about = null;
  #drawn = null; // {both, scene}

  show(about) {
    this.#about = about;
    this.canvas = h('canvas', { role: 'img', 'aria-label': t('versions.looking') });
    this.words = h('p.small', { role: 'status' });
    const key = (kind, words) => h(`span.version-key.${kind}`, {}, h('i', { 'aria-hidden': 'true' }), h('i', { 'aria-hidden': 'true' }), words);
    this.replaceChildren(this.canvas, h('p.small.version-keys', {}, key('stands', t('conflicts.now')), key('other', t('conflicts.other'))), this.words);
    return this;
  }

  connectedCallback() {
    this.#seen = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && this.#draw(), { rootMargin: '200px' });
    this.#seen.observe(this);
    this.resized = new ResizeObserver(() => this.#drawn && this.#paint());
    this.resized.observe(this);
    this.recolour = () => this.#drawn && this.#paint();
    this.dark = matchMedia('(prefers-color-scheme: dark)');
    this.dark.addEventListener('change', this.recolour);
    document.addEventListener('themed', this.recolour);
  }

  disconnectedCallback() {
    this.#seen.disconnect();
    this.resized.disconnect();
    this.dark.removeEventListener('change', this.recolour);
    document.removeEventListener('themed', this.recolour);
  }

  async #draw() {
    this.#seen.disconnect();
    const { versions, surroundings } = this.#about, scene = await surroundings();
    const bounds = scene?.bounds ?? [0, 0, 10, 10];
    this.#drawn = { both: outlined(versions, bounds), scene };
    this.words.textContent = said(apart(versions, bounds));
    this.canvas.setAttribute('aria-label', t('versions.drawn', { words: this.words.textContent }));
    this.#paint();
    this.dataset.drawn = '1';
  }

  #paint() {
    const { both, scene } = this.#drawn, { canvas } = this, ratio = Math.min(devicePixelRatio || 1, 3);
    const size = { width: canvas.clientWidth, height: canvas.clientHeight };
    if (!size.width) return;
    Object.assign(canvas, { width: Math.round(size.width * ratio), height: Math.round(size.height * ratio) });
    const [left, low, right, high] = boxOfBoth(both);
    const camera = fit([left - AROUND_M, low - AROUND_M, right + AROUND_M, high + AROUND_M], size.width, size.height, { padding: 16 });
    const look = { camera, size, ratio, ink: readInk(this), hidden: new Set() }, context = canvas.getContext('2d');
    context.globalAlpha = FAINT;
    if (scene) paintDrawing(context, scene, look);
    context.globalAlpha = 1;
    paintVersions(context, both, look);
  }
}

/** What lies between them, in words. */
function said({ metres, degrees, times }) {
  const turned = degrees && Math.abs(degrees) >= 0.05 ? t('versions.turned', { n: number(Math.abs(degrees), { maximumFractionDigits: 1 }) }) : null;
  const larger = times && Math.abs(times - 1) >= 0.0005 ? t(times > 1 ? 'versions.larger' : 'versions.smaller', { n: number(Math.abs(times - 1) * 100, { maximumFractionDigits: 1 }) }) : null;
  return [t('versions.apart', { metres: amount(Math.round(metres * MM) / MM, 'm') }), turned, larger].filter(Boolean).join(' · ');
}

customElements.define('arxos-versions', ArxosVersions);
