// <arxos-storeys>: the storeys of a building, highest first, always in sight. Tells `pick` with a storey's id.

import { h } from '../view/dom.js';
import { t } from '../words/language.js';

export class ArxosStoreys extends HTMLElement {
  show(storeys, chosen) {
    const held = this.contains(document.activeElement);
    const button = (storey) => h('button.storey', {
      type: 'button', title: storey.name, 'aria-label': storey.name, 'aria-pressed': String(storey.id === chosen),
      on: { click: () => this.dispatchEvent(new CustomEvent('pick', { detail: storey.id })) },
    }, short(storey));
    this.replaceChildren(h('nav', { 'aria-label': t('building.storeys') }, storeys.map(button)));
    const now = this.querySelector('[aria-pressed="true"]');
    if (held) now?.focus();
    if (now) this.#bringInSight(now);
  }

  /** Within the strip only: the page itself stays where it is. */
  #bringInSight(button) {
    this.scrollTop = button.offsetTop - (this.clientHeight - button.offsetHeight) / 2;
    this.scrollLeft = button.offsetLeft - (this.clientWidth - button.offsetWidth) / 2;
  }
}

/** A short name as it is; else the level, else its first letters. */
function short(storey) {
  if (storey.name.length <= 4) return storey.name;
  if (Number.isInteger(storey.level)) return storey.level === 0 ? t('building.ground') : String(storey.level).replace('-', '−');
  return storey.name.slice(0, 4);
}

customElements.define('arxos-storeys', ArxosStoreys);
