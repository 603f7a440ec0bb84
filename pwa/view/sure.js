// Buttons that say beside them what could not be done, and those that ask once more before they do it.

import { t } from '../words/language.js';
import { h } from './dom.js';
import { problem } from './words.js';

/** A button and its refusal: {button, error}. */
export function acting(kind, words, does) {
  const error = h('p.error', { role: 'alert' });
  return { button: act(kind, words, error, does), error };
}

/** A button whose refusal is said in `error`, which others may share. */
export function act(kind, words, error, does) {
  const button = h(`button.${kind}`, { type: 'button' }, words);
  button.addEventListener('click', async () => {
    button.disabled = true;
    error.textContent = '';
    try {
      await does();
    } catch (refused) {
      error.textContent = problem(refused);
    }
    button.disabled = false;
  });
  return button;
}

/** What cannot be taken back: `words` on the button, then `question` with `yes` and the way out. */
export function sure({ words, label = null, question, yes, no = t('acts.keep'), does }) {
  const place = h('div.sure');
  const begin = h('button.button.plain.slim', { type: 'button', 'aria-label': label }, words);
  const back = () => {
    place.replaceChildren(begin);
    begin.focus();
  };
  begin.addEventListener('click', () => {
    const { button, error } = acting('button.danger.slim', yes, does);
    place.replaceChildren(h('p', { role: 'alert' }, question),
      h('div.row', {}, button, h('button.button.plain.slim', { type: 'button', on: { click: back } }, no)), error);
    button.focus();
  });
  place.append(begin);
  return place;
}

/** A form that is sent once at a time and says what was refused; `does` gets its fields by name. */
export function form({ words, kind = 'button', does, row = false }, ...nodes) {
  const error = h('p.error', { role: 'alert' });
  const button = h(`button.${kind}`, { type: 'submit' }, words);
  const submit = async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    button.disabled = true;
    error.textContent = '';
    try {
      await does(Object.fromEntries(new FormData(made)));
      made.removeAttribute('data-dirty');
    } catch (refused) {
      error.textContent = problem(refused);
    }
    button.disabled = false;
  };
  const made = h('form.stack', { on: { submit, input: () => made.toggleAttribute('data-dirty', true) } }, nodes, error, row ? button : h('div.row', {}, button));
  return made;
}

let fields = 0;

/** A label over a control: of an <input>, or of a <select> where `options` [value, words] are given. */
export function field(label, { options = null, hint = null, value = null, ...attributes }) {
  const id = `field-${(fields += 1)}`;
  const control = options
    ? h('select', { id, ...attributes }, options.map(([one, words]) => h('option', { value: one, selected: one === value }, words)))
    : h('input', { id, ...attributes, value });
  return h('div.field', {}, h('label', { for: id }, label), control, hint ? h('p.soft.small', {}, hint) : null);
}
