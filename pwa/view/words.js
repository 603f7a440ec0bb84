// What people read: words for values, times, amounts and problems.

import { sayUnit } from './units.js';

const SPOKEN = {
  ok: 'OK', out_of_service: 'Out of service', in_use: 'In use', hvac: 'Heating and air', it: 'Network', ar: 'AR',
};
const UNITS = { length: 'm', height: 'm', area: 'm²', angle: '°', count: '' };

export function say(word) {
  if (word === null || word === undefined || word === '') return '';
  return SPOKEN[word] ?? sentence(String(word).replaceAll('_', ' '));
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** IfcFireSuppressionTerminal → Fire suppression terminal. */
export function sayClass(ifcClass) {
  return sentence(ifcClass.replace(/^Ifc/, '').replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase());
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

export function amount(value, unit = '') {
  const liked = sayUnit(Number(value), unit);
  if (liked !== null) return liked;
  const text = Number(value).toLocaleString(undefined, { maximumFractionDigits: 4 });
  return unit === '°' ? `${text}°` : unit ? `${text} ${unit}` : text;
}

/** What is wanted where something else was typed. */
export function asFor(unit) {
  return unit === 'm' ? `A length is wanted, as ${sayUnit(1.01, 'm') ?? '1.01 or 101 cm'}.` : 'A number is wanted, as 1.01.';
}

export function count(n, one, many = `${one}s`) {
  return `${n.toLocaleString()} ${n === 1 ? one : many}`;
}

export function clock(instant) {
  return new Date(instant).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hour12: false });
}

export function when(instant) {
  const time = new Date(instant);
  if (Number.isNaN(time.getTime())) return '';
  if (time.toDateString() === new Date().toDateString()) return clock(time);
  return time.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short', hour12: false });
}

/** The wall clock of a stamp: its first twelve hex digits are milliseconds. */
export function whenStamped(stamp) {
  return stamp ? when(parseInt(stamp.slice(0, 12), 16)) : '';
}

const LENGTHS = [[86_400, 'day'], [3_600, 'hour'], [60, 'minute'], [1, 'second']];

/** A length of time by its largest unit: 3 days. */
export function age(ms) {
  const seconds = Math.floor(ms / 1000);
  const [length, unit] = LENGTHS.find(([one]) => seconds >= one) ?? [1, 'second'];
  return count(Math.floor(seconds / length), unit);
}

/** Bytes as people read them: 1.4 GB. */
export function size(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const step = bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** step).toLocaleString(undefined, { maximumFractionDigits: step ? 1 : 0 })} ${units[step]}`;
}

/** What went wrong, and what the person can do. */
export function problem(error) {
  const what = sentence(error.detail ?? error.message ?? 'Something went wrong.');
  return error.hint ? `${stop(what)} ${stop(error.hint)}` : stop(what);
}

function stop(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
