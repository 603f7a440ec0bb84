// The language a person reads. Texts stand in catalogues beside this file, by room and name; {name} is filled in, and where a
// number decides the form, Intl.PluralRules chooses: {one, other} by `n`.

import de from './de/all.js';
import en from './en/all.js';

export const CATALOGUES = { en, de };
export const NAMES = { en: 'English', de: 'Deutsch' };
const RIGHT_TO_LEFT = ['ar', 'fa', 'he', 'ur'];

let language = 'en';
let place = 'en'; // with the country the device names, since dates differ in it
let plurals = new Intl.PluralRules(place);

/** `wanted` is one of CATALOGUES, or as the device has it, the best first. True where it is another than before. */
export function useLanguage(wanted, device = navigator.languages) {
  const before = place;
  const there = (one) => Object.hasOwn(CATALOGUES, one);
  language = there(wanted) ? wanted : device.map(primary).find(there) ?? 'en';
  place = device.find((one) => primary(one) === language) ?? language;
  plurals = new Intl.PluralRules(place);
  return place !== before;
}

function primary(tag) {
  return tag.toLowerCase().split('-')[0];
}

/** For Intl: the language with its country. */
export const locale = () => place;

export const isEnglish = () => language === 'en';

export const direction = () => (RIGHT_TO_LEFT.includes(language) ? 'rtl' : 'ltr');

/** The text of a key, as `conflicts.title`; numbers in it as the language writes them. */
export function t(key, given = {}) {
  const text = find(CATALOGUES[language], key) ?? find(en, key);
  if (text === null) throw new Error(`no text is called ${key}`);
  const form = typeof text === 'string' ? text : text[plurals.select(given.n)] ?? text.other;
  return form.replace(/\{(\w+)\}/g, (_, name) => (typeof given[name] === 'number' ? number(given[name]) : String(given[name])));
}

/** The same; null where the catalogue of this language has none. */
export function known(key) {
  return find(CATALOGUES[language], key);
}

function find(catalogue, key) {
  const [room, ...rest] = key.split('.');
  const names = Object.hasOwn(catalogue, room) ? catalogue[room] : {};
  const name = rest.join('.');
  return Object.hasOwn(names, name) ? names[name] : null;
}

/** With all its digits, and so that it can be typed as it is read. */
export function exactly(value) {
  return number(value, { maximumFractionDigits: 20, useGrouping: false });
}

export function number(value, options = {}) {
  return value.toLocaleString(place, options);
}
