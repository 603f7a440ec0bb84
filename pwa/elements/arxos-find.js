// <arxos-find>: search in a whole building, by a button or the key /. `find` is a function text → promise of what was
// found, the best first. Tells `pick` with one of them.

import { FOUND_MAX } from '../replica/search.js';
import { h, icon } from '../view/dom.js';
import { problem, sayClass } from '../view/words.js';
import { t } from '../words/language.js';

export class ArxosFind extends HTMLElement {
  #found = [];
  #at = -1;
  #turn = 0;

  connectedCallback() {
    this.input = h('input', {
      id: 'find-text', type: 'search', role: 'combobox', autocomplete: 'off', placeholder: t('find.hint'),
      'aria-label': t('find.title'), 'aria-expanded': 'false', 'aria-controls': 'find-list', 'aria-autocomplete': 'list',
      on: { input: () => this.#search(), keydown: (event) => this.#key(event) },
    });
    this.list = h('ul.found', { id: 'find-list', role: 'listbox', 'aria-label': t('find.found'), hidden: true });
    this.said = h('p.soft.small', { role: 'status' });
    const close = h('button.round', { type: 'button', 'aria-label': t('find.close'), on: { click: () => this.dialog.close() } }, icon('close'));
    this.dialog = h('dialog.find', { 'aria-label': t('find.title'), on: { keydown: (event) => event.stopPropagation() } },
      h('div.find-head', {}, h('div.search', {}, icon('search'), this.input), close), this.said, this.list);
    const button = h('button.bar-tool', { type: 'button', 'aria-label': t('find.title'), title: t('find.byKey'), on: { click: () => this.open() } }, icon('search'));
    this.replaceChildren(button, this.dialog);
  }

  open() {
    this.dialog.showModal();
    this.input.select();
    this.#search();
  }

  /** What was typed last is what is shown, however long an earlier answer takes. */
  async #search() {
    const mine = ++this.#turn;
    const text = this.input.value;
    let found = [], refused = null;
    try {
      found = await this.find(text);
    } catch (error) {
      refused = error; // the building may have been taken away meanwhile
    }
    if (mine !== this.#turn) return;
    this.#found = found;
    this.list.replaceChildren(...found.map((one, place) => this.#line(one, place)));
    this.list.hidden = !found.length;
    this.input.setAttribute('aria-expanded', String(found.length > 0));
    this.said.textContent = refused ? problem(refused) : text.trim() ? said(found.length) : '';
    this.#stand(found.length ? 0 : -1);
  }

  #line(one, place) {
    const kind = one.what === 'space' ? t('find.room') : sayClass(one.ifc_class ?? '');
    const name = one.what === 'space' ? [one.tag, one.name].filter(Boolean).join(' ') : one.name || one.tag || kind;
    const beside = [kind, one.what === 'space' || !one.name ? null : one.tag, one.room].filter(Boolean).join(' · ');
    return h('li', { id: `find-${place}`, role: 'option', 'aria-selected': 'false', data: { id: one.id }, on: { click: () => this.#pick(place) } },
      h('strong', {}, name), h('span.soft.small', {}, beside));
  }

  #key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    const all = this.#found.length;
    if (event.key in steps && all) this.#stand((this.#at + steps[event.key] + all) % all);
    else if (event.key === 'Escape') this.dialog.close(); // a browser would only empty the field
    else if (event.key === 'Enter' && this.#at >= 0) this.#pick(this.#at);
    else return;
    event.preventDefault();
  }

  #stand(place) {
    this.list.children[this.#at]?.setAttribute('aria-selected', 'false');
    this.#at = place;
    const line = this.list.children[place];
    line?.setAttribute('aria-selected', 'true');
    line?.scrollIntoView({ block: 'nearest' });
    if (line) this.input.setAttribute('aria-activedescendant', line.id);
    else this.input.removeAttribute('aria-activedescendant');
  }

  #pick(place) {
    this.dialog.close();
    this.dispatchEvent(new CustomEvent('pick', { detail: this.#found[place] }));
  }
}

function said(number) {
  if (!number) return t('find.nothing');
  return number < FOUND_MAX ? t('find.matches', { n: number }) : t('find.many', { n: FOUND_MAX });
}

customElements.define('arxos-find', ArxosFind);
