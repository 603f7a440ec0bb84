// Which elements somebody wants to see, on the plan and in the list alike: values chosen facet by facet, and a text. Of a
// facet any value will do, but `only` wants all of its own; facets and text are combined. It stands in the page's
// address, so that going back, reloading and a saved view lead to the same.

import { TABLES } from '../core/catalogue.js';
import { kindOf, KINDS, say, sayClass } from './words.js';

const { status: STATUS, condition: CONDITION } = TABLES.element.columns;
export const UNSET = 'unset';
/** Their values in the order in which they are offered; of systems those that there are. */
export const FACETS = {
  kind: ['attention', ...Object.keys(KINDS)],
  system: TABLES.system.columns.kind.values,
  status: [...STATUS.values, UNSET],
  condition: [...CONDITION.values, UNSET],
  confidence: ['blue', 'green', 'yellow', 'red', 'unknown'],
  only: ['task', 'contested', 'unsent'],
};
export const TROUBLES = new Set(['faulty', 'out_of_service', 'missing']);
const WEIGHTS = { classification: 0.35, position: 0.3, properties: 0.2, relationships: 0.15 }; // as server/buildings/figures.py
const GREEN_ABOVE = 85, YELLOW_FROM = 60;

/** {chosen: facet → Set, text}. */
export function readFilter(query) {
  const chosen = Object.fromEntries(Object.keys(FACETS).map((facet) => [facet, new Set(query.get(facet)?.split(',').filter(Boolean))]));
  return { chosen, text: query.get('q') ?? '' };
}

/** The same as it stands in an address. */
export function writeFilter({ chosen, text }) {
  const said = Object.keys(FACETS).filter((facet) => chosen[facet].size).map((facet) => [facet, [...chosen[facet]].sort().join(',')]);
  return new URLSearchParams(text.trim() ? [...said, ['q', text.trim()]] : said);
}

export const nothingChosen = () => readFilter(new URLSearchParams());

/** How much is chosen, beside the text. */
export const chosenIn = ({ chosen }) => Object.values(chosen).reduce((sum, values) => sum + values.size, 0);

/** The same filter with one value more, or less. */
export function toggled(filter, facet, value) {
  const values = new Set(filter.chosen[facet]);
  if (!values.delete(value)) values.add(value);
  return { ...filter, chosen: { ...filter.chosen, [facet]: values } };
}

/** thing → boolean. */
export function fitting({ chosen, text }) {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const wanted = Object.entries(chosen).filter(([, values]) => values.size);
  return (thing) => {
    const has = facetsOf(thing);
    return wanted.every(([facet, values]) => (facet === 'only' ? [...values].every((value) => has.only.includes(value)) : has[facet].some((value) => values.has(value)))) &&
      (!words.length || words.every((word) => textOf(thing).includes(word)));
  };
}

/** What an element answers to, facet by facet: of kinds its own, every further system's, and whether somebody should look. */
export function facetsOf(thing) {
  thing.facets ??= {
    kind: [...(thing.contested || TROUBLES.has(thing.status) ? ['attention'] : []), ...new Set([thing.kind, ...thing.systems.map((system) => kindOf('', [system]))])],
    system: thing.systems,
    status: [thing.status ?? UNSET],
    condition: [thing.condition ?? UNSET],
    confidence: [bandOf(thing)],
    only: FACETS.only.filter((what) => thing[what]),
  };
  return thing.facets;
}

/** blue: somebody's accepted finding confirmed or corrected it; else by how sure one is of it as a whole. */
export function bandOf(thing) {
  if (thing.validated) return 'blue';
  const parts = Object.entries(WEIGHTS).map(([part, weight]) => [thing[`confidence_${part}`] ?? null, weight]);
  if (parts.every(([value]) => value === null)) return 'unknown';
  const overall = parts.reduce((sum, [value, weight]) => sum + (value ?? 0) * weight, 0);
  return overall > GREEN_ABOVE ? 'green' : overall >= YELLOW_FROM ? 'yellow' : 'red';
}

function textOf(thing) {
  thing.text ??= [thing.tag, thing.name, thing.ifc_class, sayClass(thing.ifc_class), say(thing.status)].join(' ').toLocaleLowerCase();
  return thing.text;
}
