// <arxos-people>: who else is in this building just now, as initials in their colours; a tap opens the list, a name in
// it leads to where they are. `begin({replica, scope, storeys})`, then `at({storey, element, editing})` with each step
// of this tab's own. Tells `meet` with {storey, element}, and `seen` with the people whenever that changes.

import { h, listening } from '../view/dom.js';
import { say } from '../view/words.js';
import { t } from '../words/language.js';

const AGAIN_MS = 25_000; // the others let go of who was not heard of for a minute
const SETTLED_MS = 200; // the server drops what comes faster than ten times a second
const FACES = 3;

export class ArxosPeople extends HTMLElement {
  #ears = listening();
  #mine = null;
  #people = [];
  #soon = null;
  #again = null;

  begin({ replica, scope, storeys }) {
    Object.assign(this, { replica, scope, storeys });
    this.#ears.on(replica, 'people', ({ detail }) => detail.scope === scope && this.#show(detail.people));
    this.#ears.on(document, 'visibilitychange', () => this.#say());
    this.#ears.on(window, 'pagehide', () => this.#leave());
    this.#again = setInterval(() => this.#say(), AGAIN_MS);
  }

  disconnectedCallback() {
    this.#ears.stop();
    clearInterval(this.#again);
    clearTimeout(this.#soon);
    if (this.replica) this.#leave();
  }

  at({ storey, element, editing = null }) {
    this.#mine = { storey, selection: element ? [element] : [], editing };
    clearTimeout(this.#soon);
    this.#soon = setTimeout(() => this.#say(), SETTLED_MS);
  }

  /** Those who look at an element: [{name, colour, editing}]. */
  beside(element) {
    return this.#people.filter((one) => one.selection?.includes(element));
  }

  async #say() {
    if (!this.isConnected || !this.#mine) return;
    if (document.visibilityState === 'hidden') this.#leave();
    else this.#show(await this.replica.present(this.scope, this.#mine));
  }

  #leave() {
    this.replica.present(this.scope, null).catch(() => {}); // nobody waits for the answer
  }

  #show(heard) {
    if (!this.isConnected) return;
    const me = this.replica.me()?.id;
    const people = heard.map((one) => (one.user === me ? { ...one, name: t('people.you'), mine: true } : one));
    this.#people = people;
    this.dataset.people = people.length;
    this.dispatchEvent(new CustomEvent('seen', { detail: people }));
    const open = this.querySelector('details')?.open ?? false;
    if (!people.length) return this.replaceChildren();
    const words = t('people.here', { n: people.length });
    this.replaceChildren(h('details.people', { open },
      h('summary', { 'aria-label': words, title: words }, people.slice(0, FACES).map(face),
        people.length > FACES ? h('span.face', {}, `+${people.length - FACES}`) : null),
      h('ul.people-list', {}, people.map((one) => this.#line(one)))));
  }

  #line(one) {
    const storey = this.storeys().find(({ id }) => id === one.storey)?.name;
    const doing = [storey, one.editing ? t('people.editing', { field: say(one.editing) }) : null].filter(Boolean).join(' · ');
    const meet = () => {
      this.querySelector('details').open = false;
      this.dispatchEvent(new CustomEvent('meet', { detail: { storey: one.storey, element: one.selection?.[0] ?? null } }));
    };
    return h('li', {}, h('button.person', { type: 'button', disabled: !one.storey, on: { click: meet } },
      face(one), h('span', {}, one.name, h('span.soft.small', {}, doing))));
  }
}

/** A person's initials in a ring of their colour. */
export function face({ name, colour }) {
  const initials = String(name).split(/\s+/).map((word) => [...word][0]).filter(Boolean);
  const mark = h('span.face', { 'aria-hidden': 'true' }, [initials[0], initials.length > 1 ? initials.at(-1) : ''].join('').toUpperCase());
  mark.style.setProperty('--who', colour);
  return mark;
}

customElements.define('arxos-people', ArxosPeople);
