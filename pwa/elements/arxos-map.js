// <arxos-map>: the coasts and borders of the world and a mark for every building, in Web Mercator. Without the
// network the outline comes from the service worker; without even that the marks still stand.

import { ArxosCanvas } from './arxos-canvas.js';
import { fit, lookThrough, toScreen } from '../view/camera.js';
import { colourOf, faceOf } from '../view/ink.js';
import { rings } from '../view/topojson.js';
import { t } from '../words/language.js';

const OUTLINE = '/vendor/world-atlas/countries-110m.json';
const LAT_MAX = 84;
const REACH_PX = 28;
const NEAREST = 0.04; // the least span a fit shows, in Mercator radians: a city and its surroundings

function mercator([lon, lat]) {
  const bound = (Math.min(Math.max(lat, -LAT_MAX), LAT_MAX) * Math.PI) / 180;
  return [(lon * Math.PI) / 180, Math.log(Math.tan(Math.PI / 4 + bound / 2))];
}

export class ArxosMap extends ArxosCanvas {
  #land = null;
  #places = [];
  #missing = false;

  connectedCallback() {
    super.connectedCallback();
    this.#readOutline();
  }

  async #readOutline() {
    try {
      const answer = await fetch(OUTLINE);
      if (!answer.ok) throw new TypeError(answer.statusText);
      this.#land = trace(rings(await answer.json(), 'countries'));
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
      this.#missing = true; // said on the map itself
    }
    this.dataset.outline = this.#missing ? 'missing' : 'here';
    this.redraw();
  }

  /** [{id, name, centroid: [lon, lat] | null, here}] */
  show(buildings) {
    this.#places = buildings.filter((one) => one.centroid).map((one) => ({ ...one, at: mercator(one.centroid) }));
    this.dataset.buildings = this.#places.length;
    this.fit();
  }

  recoloured() {
    this.ink = readMapInk(this);
    this.redraw();
  }

  home() {
    if (!this.size.width) return null;
    if (!this.#places.length) return fit([-2.6, -1.1, 2.9, 1.7], this.size.width, this.size.height, { padding: 0 });
    const xs = this.#places.map((place) => place.at[0]), ys = this.#places.map((place) => place.at[1]);
    const bounds = [Math.min(...xs) - NEAREST, Math.min(...ys) - NEAREST, Math.max(...xs) + NEAREST, Math.max(...ys) + NEAREST];
    return fit(bounds, this.size.width, this.size.height, { padding: 56 });
  }

  limits() {
    return { min: this.size.width / 7, max: 200_000 };
  }

  tapped(left, top) {
    const away = (place) => {
      const [x, y] = toScreen(this.camera, this.size, ...place.at);
      return Math.hypot(x - left, y - top);
    };
    const nearest = this.#places.toSorted((a, b) => away(a) - away(b))[0];
    if (nearest && away(nearest) < REACH_PX) this.dispatchEvent(new CustomEvent('pick', { detail: nearest }));
  }

  draw(context) {
    const { camera, size, ratio, ink } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = ink.sea;
    context.fillRect(0, 0, size.width * ratio, size.height * ratio);
    if (this.#land) {
      lookThrough(context, camera, size, ratio);
      context.fillStyle = ink.land;
      context.fill(this.#land, 'evenodd');
      context.strokeStyle = ink.border;
      context.lineWidth = 1 / camera.scale;
      context.stroke(this.#land);
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.#drawPlaces(context);
    this.dataset.drawn = '1';
  }

  #drawPlaces(context) {
    const { camera, size, ink } = this;
    context.font = `600 13px ${ink.face}`;
    context.textBaseline = 'middle';
    if (this.#missing) {
      context.fillStyle = ink.words;
      context.fillText(t('buildings.noOutline'), 16, 24);
    }
    for (const place of this.#places) {
      const [left, top] = toScreen(camera, size, ...place.at);
      pin(context, left, top, place.here, ink);
      const wide = context.measureText(place.name).width;
      const side = left + 18 + wide > size.width ? left - 14 - wide : left + 14;
      context.lineWidth = 4;
      context.lineJoin = 'round';
      context.strokeStyle = ink.land;
      context.strokeText(place.name, side, top);
      context.fillStyle = ink.words;
      context.fillText(place.name, side, top);
    }
  }
}

/** Filled: on this device. A ring: only on the server. */
function pin(context, left, top, here, ink) {
  context.beginPath();
  context.arc(left, top, 7, 0, 2 * Math.PI);
  context.fillStyle = here ? ink.pin : ink.land;
  context.fill();
  context.lineWidth = 3;
  context.strokeStyle = ink.pin;
  context.stroke();
}

function trace(outline) {
  const path = new Path2D();
  for (const ring of outline) {
    for (let i = 0; i < ring.length; i += 2) {
      const [x, y] = mercator([ring[i], ring[i + 1]]);
      if (i) path.lineTo(x, y);
      else path.moveTo(x, y);
    }
    path.closePath();
  }
  return path;
}

function readMapInk(element) {
  const colour = (name) => colourOf(element, name);
  return {
    sea: colour('--map-sea'), land: colour('--map-land'), border: colour('--map-border'), pin: colour('--accent'),
    words: colour('--ink'), face: faceOf(element),
  };
}

customElements.define('arxos-map', ArxosMap);
