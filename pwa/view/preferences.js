// How the person likes to see things: theme, units and language. It is a row of their own scope, so that each of their devices has it;
// what this device knew last stands in its local storage, for the first paint and for who is not logged in.

import { direction, locale, useLanguage } from '../words/language.js';
import { own, scopeOf, watchOwn } from './own.js';
import { useUnits } from './units.js';

const KEY = 'arxos.preferences';
const USUAL = { theme: 'system', unit_system: 'metric', language: 'system' };
const ROWS = 'select id, theme, unit_system, language from preference order by updated_at desc, id';

let known = { ...USUAL, ...remembered() };

export const preferences = () => known;

put(known);

/** What the person's row says is in force as soon as it is here, and whenever it changes. */
export async function followPreferences(replica, ears) {
  const read = async () => {
    const rows = (await own(replica, ROWS)) ?? [];
    put(Object.fromEntries(Object.keys(USUAL).map((name) => [name, rows.find((row) => row[name])?.[name] ?? known[name]])));
  };
  watchOwn(replica, ears, ['preference'], read);
  await read();
}

/** An edit of the person's, kept on this device and sent like every other. */
export async function prefer(replica, set) {
  put({ ...known, ...set });
  const scope = scopeOf(replica);
  if (!scope) return; // it has not come to this device yet: what is chosen stands here alone
  const [row] = await replica.query(scope, ROWS, []);
  const change = row ? { id: row.id, op: 'update' } : { id: replica.newId(), op: 'insert' };
  await replica.record(scope, [{ table: 'preference', ...change, set }]);
}

function put(wanted) {
  known = wanted;
  localStorage.setItem(KEY, JSON.stringify(known));
  useUnits(known.unit_system);
  const root = document.documentElement;
  const another = useLanguage(known.language);
  Object.assign(root, { lang: locale(), dir: direction() });
  if (another) document.dispatchEvent(new CustomEvent('languaged'));
  if (root.dataset.theme === known.theme) return;
  root.dataset.theme = known.theme;
  colourBrowser();
  document.dispatchEvent(new CustomEvent('themed'));
}

/** The browser's own bar is of the paper's colour, and follows the system where the theme does. */
function colourBrowser() {
  for (const meta of document.querySelectorAll('meta[name="theme-color"]')) {
    meta.dataset.usual ??= meta.content;
    meta.content = known.theme === 'system' ? meta.dataset.usual : getComputedStyle(document.body).backgroundColor;
  }
}

function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? '{}');
  } catch {
    return {};
  }
}
