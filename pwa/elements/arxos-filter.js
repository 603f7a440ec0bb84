// <arxos-filter>: what beside its kind an element is chosen by, and the views that the person saved. `begin({replica,
// place})`, `place()` answers {storey, name, storeys}; `show(things, filter)`. Tells `filter` with the filter as the
// person changed it, and `view` with the query of the view they took.

import { h, icon, keep, listening } from '../view/dom.js';
import { chosenIn, facetsOf, FACETS, toggled, UNSET, writeFilter } from '../view/filters.js';
import { watchOwn } from '../view/own.js';
import { acting } from '../view/sure.js';
import { offerUndo } from '../view/undoing.js';
import { removeView, savedViews, saveView } from '../view/views.js';
import { problem, say } from '../view/words.js';
import { number, t } from '../words/language.js';

const HERE = ['system', 'status', 'condition', 'confidence', 'only'];
const NAME_LETTERS_MAX = 60;

export class ArxosFilter extends HTMLElement {
  #ears = listening();
  #things = [];
  #filter = null;

  connectedCallback() {
    this.count = h('span.soft');
    this.facets = h('div.facets');
    this.views = h('ul.views');
    this.saving = this.#form();
    this.mine = h('fieldset.facet', { hidden: true }, h('legend', {}, t('views.title')), this.views, this.saving);
    this.replaceChildren(h('details.fold.filters', {},
      h('summary', {}, icon('filter'), t('filters.title'), this.count), this.mine, this.facets));
  }

  disconnectedCallback() {
    this.#ears.stop();
  }

  begin({ replica, place }) {
    Object.assign(this, { replica, place });
    const read = () => this.#readViews().catch((error) => { this.error.textContent = problem(error); });
    watchOwn(replica, this.#ears, ['preference'], read);
    read();
  }

  show(things, filter) {
    this.#things = things;
    this.#filter = filter;
    const n = chosenIn(filter);
    this.count.textContent = n ? t('filters.chosen', { n }) : '';
    const tallies = this.#tallies();
    keep(this.facets, HERE.filter((facet) => tallies[facet].size).map((facet) => [facet, '', () => h('fieldset.facet', { data: { facet } },
      h('legend', {}, t(`filters.by.${facet}`)), h('div.chips'))]));
    for (const group of this.facets.children) this.#chips(group.dataset.facet, group.lastChild, tallies);
    this.#mark();
  }

  /** Facet → value → how many there are; what is chosen is offered though there be none. */
  #tallies() {
    const tallies = Object.fromEntries(HERE.map((facet) => [facet, new Map([...this.#filter.chosen[facet]].map((value) => [value, 0]))]));
    for (const thing of this.#things) {
      const has = facetsOf(thing);
      for (const facet of HERE) for (const value of has[facet]) tallies[facet].set(value, (tallies[facet].get(value) ?? 0) + 1);
    }
    return tallies;
  }

  #chips(facet, place, tallies) {
    const tally = tallies[facet];
    const order = [...FACETS[facet].filter((value) => tally.has(value)), ...[...tally.keys()].filter((value) => !FACETS[facet].includes(value)).sort()];
    keep(place, order.map((value) => {
      const press = () => this.#tell(toggled(this.#filter, facet, value));
      return [value, String(tally.get(value)), () => h('button.chip', { type: 'button', data: { value }, on: { click: press } },
        facet === 'confidence' ? h('span.band', { data: { band: value }, 'aria-hidden': 'true' }) : null,
        sayChoice(facet, value), h('span.soft', {}, number(tally.get(value))))];
    }));
    for (const chip of place.children) chip.setAttribute('aria-pressed', String(this.#filter.chosen[facet].has(chip.dataset.value)));
  }

  #tell(filter) {
    this.dispatchEvent(new CustomEvent('filter', { detail: filter }));
  }

  // ------------------------------------------------------------ saved views

  #form() {
    this.error = h('p.error', { role: 'alert', id: 'view-error' });
    this.name = h('input', { id: 'view-name', name: 'view', autocomplete: 'off', maxlength: NAME_LETTERS_MAX, 'aria-describedby': 'view-error' });
    this.here = h('input', { type: 'checkbox', name: 'here' });
    this.hereWords = h('span');
    return h('form.stack', { novalidate: true, on: { submit: (event) => this.#save(event) } },
      h('div.add', {}, h('div.field', {}, h('label', { for: 'view-name' }, t('views.name')), this.name), h('button.button.plain', { type: 'submit' }, t('views.save'))),
      h('label.choice', {}, this.here, this.hereWords), this.error);
  }

  async #save(event) {
    event.preventDefault();
    const name = this.name.value.trim(), query = this.#query(this.here.checked);
    this.error.textContent = name ? '' : t('views.nameless');
    this.name.setAttribute('aria-invalid', String(!name));
    if (!name) return this.name.focus();
    try {
      const [scope, key] = await saveView(this.replica, name, query);
      offerUndo(t('views.saved', { name }), this.replica, scope, key);
      this.name.value = '';
    } catch (error) {
      this.error.textContent = problem(error);
    }
  }

  /** What is chosen now, as a view has it. */
  #query(here) {
    const query = writeFilter(this.#filter);
    if (here) query.set('storey', this.place().storey);
    return String(query);
  }

  async #readViews() {
    const found = await savedViews(this.replica);
    if (!this.isConnected) return;
    this.mine.hidden = !found;
    const storeys = new Set(this.place().storeys.map(({ id }) => id));
    this.known = (found ?? []).filter(({ query }) => {
      const storey = new URLSearchParams(query).get('storey');
      return !storey || storeys.has(storey); // of another building
    });
    keep(this.views, this.known.map((view) => [view.name, view.query, () => this.#view(view)]));
    this.#mark();
  }

  #view({ name, query }) {
    const take = h('button.chip', { type: 'button', data: { view: query }, on: { click: () => this.dispatchEvent(new CustomEvent('view', { detail: query })) } }, icon('bookmark'), name);
    const { button, error } = acting('round.bare', icon('bin'), async () => {
      const [scope, key] = await removeView(this.replica, name);
      offerUndo(t('views.removed', { name }), this.replica, scope, key);
    });
    button.setAttribute('aria-label', t('views.remove', { name }));
    return h('li', {}, take, button, error);
  }

  /** Which view is in force, and what there is to save. */
  #mark() {
    const { name } = this.place?.() ?? {};
    this.hereWords.textContent = t('views.here', { name: name ?? '' });
    for (const chip of this.views.querySelectorAll('[data-view]')) {
      const there = new URLSearchParams(chip.dataset.view).has('storey');
      chip.setAttribute('aria-pressed', String(this.#filter !== null && chip.dataset.view === this.#query(there)));
    }
    this.saving.hidden = this.#filter === null || !String(writeFilter(this.#filter));
  }
}

function sayChoice(facet, value) {
  if (value === UNSET) return t('filters.unset');
  if (facet === 'confidence') return t(`filters.band.${value}`);
  return facet === 'only' ? t(`filters.only.${value}`) : say(value);
}

customElements.define('arxos-filter', ArxosFilter);
