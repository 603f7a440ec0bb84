// What people read: words for values, times, amounts and problems.

import { isEnglish, known, locale, number, t } from '../words/language.js';
import { sayUnit } from './units.js';

const UNITS = { length: 'm', height: 'm', area: 'm²', angle: '°', count: '' };
const SIGNS = { m: 'm', m2: 'm²', deg: '°', min: 'min', px: 'px', '%': '%' }; // of the catalogue's units

export function say(word) {
  if (word === null || word === undefined || word === '') return '';
  return known(`values.${word}`) ?? sentence(String(word).replaceAll('_', ' '));
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** IfcFireSuppressionTerminal → Fire suppression terminal. */
export function sayClass(ifcClass) {
  return known(`classes.${ifcClass}`) ?? sentence(ifcClass.replace(/^Ifc/, '').replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase());
}

export const KINDS = {
  hvac: 'H', plumbing: 'P', electrical: 'E', fire: 'F', lighting: 'L', security: 'S', it: 'N',
  elevators: 'U', structure: 'W', doors: 'D', windows: 'G', other: 'O',
};

const BY_CLASS = { IfcDoor: 'doors', IfcWindow: 'windows', IfcWall: 'structure', IfcWallStandardCase: 'structure' };

/** The one kind of system by which an element is coloured and filtered. */
export function kindOf(ifcClass, systems) {
  const kind = BY_CLASS[ifcClass] ?? systems.find((system) => system in KINDS);
  return kind ?? (/Slab|Roof|Beam|Column|Stair|Railing|Covering|Footing|CurtainWall/.test(ifcClass) ? 'structure' : 'other');
}

export function unitOf(kind) {
  return UNITS[kind] ?? '';
}

/** What is written behind a value of a column of the catalogue. */
export const signOf = (column) => SIGNS[column?.unit] ?? '';

export function amount(value, unit = '', written = plainly) {
  const liked = sayUnit(Number(value), unit);
  if (liked !== null) return liked;
  const text = written(Number(value));
  return unit === '°' ? `${text}°` : unit ? `${text} ${unit}` : text;
}

/** So that it can be typed as it is read. */
const plainly = (value) => number(value, { maximumFractionDigits: 4, useGrouping: false });

/** What is wanted where something else was typed. */
export function asFor(unit) {
  if (unit !== 'm') return t('lengths.number', { example: number(1.01) });
  const imperial = sayUnit(1.01, 'm');
  return imperial ? t('lengths.feet', { example: imperial }) : t('lengths.metres', { example: number(1.01) });
}

export function clock(instant) {
  return new Date(instant).toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
}

export function when(instant) {
  const time = new Date(instant);
  if (Number.isNaN(time.getTime())) return '';
  if (time.toDateString() === new Date().toDateString()) return clock(time);
  return time.toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'short', hourCycle: 'h23' });
}

let zone = null; // of the building that is shown, where its clocks go otherwise than this device's

/** From now on `whenThere` is in this zone, by its IANA name; null, or one that nobody knows: in the device's. */
export function useZone(name) {
  zone = null;
  try {
    const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (name && Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== here) zone = name;
  } catch {
    // a name that this browser does not know
  }
}

/** When something happened in the building: by its clocks, and then with their name. */
export function whenThere(instant) {
  const time = new Date(instant);
  if (!zone || Number.isNaN(time.getTime())) return when(instant);
  const dayOf = (date) => date.toLocaleDateString('en', { timeZone: zone });
  const date = dayOf(time) === dayOf(new Date()) ? {} : { day: 'numeric', month: 'short', year: 'numeric' };
  return time.toLocaleString(locale(), { ...date, hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: zone, timeZoneName: 'short' });
}

/** The clock at a stamp, here or `whenThere`: its first twelve hex digits are milliseconds. */
export function whenStamped(stamp, tell = when) {
  return stamp ? tell(parseInt(stamp.slice(0, 12), 16)) : '';
}

const LENGTHS = [[86_400, 'day'], [3_600, 'hour'], [60, 'minute'], [1, 'second']];

/** A length of time by its largest unit: 3 days. */
export function age(ms) {
  const seconds = Math.floor(ms / 1000);
  const [length, unit] = LENGTHS.find(([one]) => seconds >= one) ?? [1, 'second'];
  return number(Math.floor(seconds / length), { style: 'unit', unit, unitDisplay: 'long' });
}

/** Bytes as people read them: 1.4 GB. */
export function size(bytes) {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
  const step = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  const unit = { style: 'unit', unit: units[step], unitDisplay: step ? 'short' : 'long' };
  return number(bytes / 1000 ** step, { ...unit, maximumFractionDigits: step ? 1 : 0 });
}

/** A day, as 2026-11-27, in words. */
export function day(date) {
  return new Date(`${date}T12:00:00`).toLocaleDateString(locale(), { dateStyle: 'medium' });
}

/** What went wrong, and what the person can do. The server speaks English: elsewhere its code has words here. */
export function problem(error) {
  const said = isEnglish() ? null : known(`problems.${error.code}`);
  if (said) return error.field ? `${say(error.field)}: ${said}` : said;
  const what = sentence(error.detail ?? error.message ?? t('shell.wrong'));
  return error.hint ? `${stop(what)} ${stop(error.hint)}` : stop(what);
}

function stop(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
