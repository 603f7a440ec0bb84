// Lengths and areas as the person likes them: metric, or feet and inches with fractions. What is kept is always metres and
// square metres; what is typed is understood in either system, and a bare number in the one that is shown.

import { number, t } from '../words/language.js';

const FOOT = 0.3048;
const INCH = 0.0254;
const PARTS = 16; // of an inch: what a tape shows
const SUFFIXES = { mm: 0.001, cm: 0.01, m: 1, ft: FOOT, foot: FOOT, feet: FOOT, fuß: FOOT, zoll: INCH, in: INCH, inch: INCH, inches: INCH, "'": FOOT, '"': INCH };

let imperial = false;

export function useUnits(system) {
  imperial = system === 'imperial';
}

export const inFeet = () => imperial;

/** What stands at a field whose unit is m or m². */
export function unitHere(unit) {
  if (!imperial) return unit;
  return { m: t('lengths.feetAndInches'), 'm²': 'ft²' }[unit] ?? unit;
}

/** Metres or square metres in words; null where the unit is another. */
export function sayUnit(value, unit) {
  if (!imperial) return null;
  if (unit === 'm') return feetAndInches(value);
  if (unit === 'm²') return `${number(value / FOOT ** 2, { maximumFractionDigits: 2, useGrouping: false })} ft²`;
  return null;
}

/** The number that was typed at a field of this unit, in metres, square metres or as it is; null where it is none. */
export function readUnit(text, unit) {
  if (unit === 'm') return readLength(text);
  const typed = plain(text.trim(), { thousands: true });
  return typed === null || unit !== 'm²' || !imperial ? typed : typed * FOOT ** 2;
}

/** 12' 6 1/2", 3,81 m, 381 cm, 12 ft 6.5 in: metres; null where it is no length. */
export function readLength(text) {
  const word = text.trim().toLowerCase().replace(/['′’]{2}|[″”“]/g, '"').replace(/[′’]/g, "'");
  const sign = /^[-−]/.test(word) ? -1 : 1;
  const parts = word.replace(/^[-−+]/, '').trim();
  const bare = plain(parts, { thousands: imperial }) ?? fraction(parts);
  if (bare !== null) return sign * bare * (imperial ? FOOT : 1);
  let metres = 0, rest = parts, smallest = Infinity;
  while (rest) {
    const [whole, amount, suffix] = rest.match(/^(\d+\/\d+|[\d.,]+(?:\s+\d+\/\d+)?)\s*(\p{L}+|'|")?\s*-?\s*/u) ?? [];
    const unit = SUFFIXES[suffix] ?? (suffix === undefined && smallest === FOOT ? INCH : undefined); // 12' 6
    const value = amount && (plain(amount, { thousands: unit !== SUFFIXES.m }) ?? fraction(amount));
    if (value === undefined || value === null || unit === undefined || unit >= smallest) return null;
    metres += value * unit;
    smallest = unit;
    rest = rest.slice(whole.length);
  }
  return parts ? sign * metres : null;
}

/**
 * A comma is a decimal point too; but 1.500 where people write 1,5, or 1,500 where they write 1.5, may be `thousands`. Of metres
 * it is the millimetres that a laser shows.
 */
function plain(word, { thousands }) {
  const grouped = number(0.5).includes(',') ? /^[-+]?[1-9]\d{0,2}\.\d{3}$/ : /^[-+]?[1-9]\d{0,2},\d{3}$/;
  if (thousands && grouped.test(word)) return null;
  return /^[-+]?(\d+([.,]\d*)?|[.,]\d+)$/.test(word) ? Number(word.replace(',', '.')) : null;
}

/** 6 1/2 or 3/4. */
function fraction(word) {
  const found = word.match(/^(?:(\d+)\s+)?(\d+)\/(\d+)$/);
  return found && Number(found[3]) ? Number(found[1] ?? 0) + Number(found[2]) / Number(found[3]) : null;
}

function feetAndInches(metres) {
  const parts = Math.round(Math.abs(metres) / INCH * PARTS);
  const feet = Math.floor(parts / (12 * PARTS)), inches = Math.floor(parts / PARTS) % 12;
  let over = parts % PARTS, under = PARTS;
  while (over && over % 2 === 0) [over, under] = [over / 2, under / 2];
  const small = [inches || !over ? String(inches) : '', over ? `${over}/${under}` : ''].filter(Boolean).join(' ');
  const shown = feet && !inches && !over ? `${feet}′` : [feet ? `${feet}′` : '', `${small}″`].filter(Boolean).join(' ');
  return metres < 0 && parts ? `−${shown}` : shown;
}
