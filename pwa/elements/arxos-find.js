// <arxos-find>: search in a whole building, by a button or the key /. `find` is a function text → promise of what was
// found, the best first. Tells `pick` with one of them. What the camera reads, or a reader that types and presses Enter, is
// looked up by `byCode` (code → promise of elements); of one that nothing has, tells `put` or `add`, with the code. `about`
// says what element it could be put on, {name}, or null; `mayAdd` whether one can be added.

import { FOUND_MAX } from '../replica/search.js';
import { h, icon } from '../view/dom.js';
import { cleaned } from '../view/codes.js';
import { scan } from '../view/scanning.js';
import { problem, sayClass } from '../view/words.js';
import { t } from '../words/language.js';

export class ArxosFind extends HTMLElement {
  #found = [];
  #at = -1;
  #turn = 0;
  #several = null; // the code whose things are listed

  connectedCallback() {
    this.input = h('input', {
      id: 'find-text', type: 'search', role: 'combobox', autocomplete: 'off', placeholder: t('find.hint'),
      'aria-label': t('find.title'), 'aria-expanded': 'false', 'aria-controls': 'find-list', 'aria-autocomplete': 'list',
      on: { input: () => this.#search(), keydown: (event) => this.#key(event) },
    });
    this.list = h('ul.found', { id: 'find-list', role: 'listbox', 'aria-label': t('find.found'), hidden: true });
    this.said = h('p.soft.small', { role: 'status' });
    this.offer = h('div.offer');
    const look = h('button.round', { type: 'button', 'aria-label': t('codes.scan'), title: t('codes.scan'), on: { click: () => this.#scan() } }, icon('scan'));
    const close = h('button.round', { type: 'button', 'aria-label': t('find.close'), on: { click: () => this.dialog.close() } }, icon('close'));
    this.dialog = h('dialog.find', { 'aria-label': t('find.title'), on: { keydown: (event) => event.stopPropagation() } },
      h('div.find-head', {}, h('div.search', {}, icon('search'), this.input), look, close), this.said, this.offer, this.list);
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
    const { found, refused } = await asked(() => this.find(text));
    if (mine !== this.#turn) return;
    this.#show(found, refused);
  }

  #show(found, refused) {
    const text = this.input.value;
    this.#found = found;
    this.#several = null;
    this.offer.replaceChildren();
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
    else if (event.key === 'Enter' && (this.#at > 0 || this.#several === this.input.value)) this.#pick(this.#at); // chosen from the list
    else if (event.key === 'Enter') this.#byCode(cleaned(this.input.value), true);
    else return;
    event.preventDefault();
  }

  async #scan() {
    const code = await scan();
    this.input.focus();
    if (code === null) return;
    this.input.value = code;
    await this.#byCode(code, false);
  }

  /** What has exactly this code goes before what is found by its words, of which the first is meant where they were typed. */
  async #byCode(code, typed) {
    if (!code) return;
    const mine = ++this.#turn;
    const exact = await asked(() => this.byCode(code));
    const { found, refused } = exact.found.length || exact.refused ? exact : await asked(() => this.find(code));
    if (mine !== this.#turn) return;
    this.#show(found, refused);
    if (exact.found.length === 1 || (found.length && typed && !exact.found.length)) this.#pick(0);
    else if (exact.found.length) this.#several = this.input.value;
    else if (!refused) this.#offer(code);
  }

  #offer(code) {
    const on = this.about();
    const way = (event, words) => h('button.button.plain', { type: 'button', on: { click: () => {
      this.dialog.close();
      this.dispatchEvent(new CustomEvent(event, { detail: code }));
    } } }, words);
    this.said.textContent = t('codes.nothing', { code });
    this.offer.replaceChildren(...[on ? way('put', t('codes.put', { name: on.name })) : null, this.mayAdd() ? way('add', t('codes.add')) : null].filter(Boolean));
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

/** {found, refused}: the building may have been taken away meanwhile. */
async function asked(question) {
  try {
    return { found: await question(), refused: null };
  } catch (error) {
    return { found: [], refused: error };
  }
}

function said(number) {
  if (!number) return t('find.nothing');
  return number < FOUND_MAX ? t('find.matches', { n: number }) : t('find.many', { n: FOUND_MAX });
}

customElements.define('arxos-find', ArxosFind);
