// Every text that people read stands in the catalogues of pwa/words, once in each language, and nowhere else.
// Each check is a function of texts, and a planted fault shows that it can fail.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { TABLES } from '../../pwa/core/catalogue.js';
import { CATALOGUES } from '../../pwa/words/language.js';
import { literals } from './literals.mjs';

const PWA = new URL('../../pwa/', import.meta.url);
const ROOMS = ['pages', 'view', 'elements'];
const STILL_ENGLISH = []; // files not converted yet: this list only shrinks
const TECHNICAL = [ // what looks like a word and is none
  'Escape', 'ArrowDown', 'ArrowUp', 'ArrowLeft', 'ArrowRight', 'Enter', 'Home', 'End', 'Delete', 'Backspace', 'Content-Type', 'Accept', // keys, headers
  'Width', 'Scale', 'North', 'Luminaires', // names as the rows have them, in every language
  'Edge', 'Firefox', 'Chromium', 'Safari', 'iOS', 'Android', 'macOS', 'Windows', 'Linux', 'ARXOS', // names of programs
  'PublicKeyCredential', 'PushManager', 'Notification', 'AbortError', 'Point', 'LineString', 'Polygon', 'MultiPoint',
  'MultiLineString', 'MultiPolygon', // the browser's and GeoJSON's
  'color-mix(in srgb, ', 'xMidYMid slice', 'xMidYMid meet', 'input, textarea, select, dialog', 'arxos-task, .finding form', '.sheet-foot button', 'take over', // CSS, SVG, a message
];

const sources = () => ['app.js', ...ROOMS.flatMap((room) => readdirSync(new URL(room, PWA)).map((name) => `${room}/${name}`))]
  .filter((name) => name.endsWith('.js'))
  .map((name) => [name, readFileSync(new URL(name, PWA), 'utf8')]);

const keysOf = (catalogue) => Object.entries(catalogue).flatMap(([room, names]) => Object.keys(names).map((name) => `${room}.${name}`));
const textsOf = (text) => (typeof text === 'string' ? [text] : Object.values(text));
const filled = (text) => [...new Set(textsOf(text).flatMap((one) => one.match(/\{\w+\}/g) ?? []))].sort().join();

/** Keys that one language has and the other has not; `problems` is the server's own in English. */
function unequal(catalogues, problems) {
  const keys = Object.values(catalogues).map((one) => new Set(keysOf(one)));
  const english = new Set([...keysOf(catalogues.en), ...problems.map((code) => `problems.${code}`)]);
  return Object.keys(catalogues).flatMap((language, place) => {
    const expected = language === 'en' ? [] : [...english].filter((key) => !keys[place].has(key));
    return [...expected.map((key) => `${language} lacks ${key}`), ...[...keys[place]].filter((key) => !english.has(key)).map((key) => `en lacks ${key}`)];
  });
}

/** Texts whose {names} or plural forms are not those of the language. */
function unlike(catalogues) {
  return Object.entries(catalogues).flatMap(([language, catalogue]) => {
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories.toSorted().join();
    return keysOf(catalogue).flatMap((key) => {
      const at = (one) => one[key.split('.')[0]]?.[key.split('.').slice(1).join('.')];
      const text = at(catalogue), english = at(catalogues.en) ?? text;
      const plural = typeof text === 'string' || Object.keys(text).sort().join() === forms;
      return [plural ? [] : [`${language}: ${key} has not the forms ${forms}`], filled(text) === filled(english) ? [] : [`${language}: ${key} fills in other names`]].flat();
    });
  });
}

/** Keys that are asked for and are nowhere, and keys that nobody asks for. */
function astray(catalogue, files) {
  const keys = new Set(keysOf(catalogue));
  const text = files.map(([, source]) => source).join('\n');
  const wanted = [...text.matchAll(/\b(?:t|known)\(\s*(?:[^'`()]*\? )?'([\w.]+)'/g)].map((found) => found[1]);
  const named = new Set([...text.matchAll(/'([a-zA-Z]+\.[\w.]+)'/g)].map((found) => found[1]));
  const made = [...text.matchAll(/\b(?:t|known)\(`(\w+\.(?:\w+\.)*)\$\{/g)].map((found) => found[1]);
  return [
    ...wanted.filter((key) => !keys.has(key)).map((key) => `${key} is in no catalogue`),
    ...made.filter((stem) => stem !== 'problems.' && ![...keys].some((key) => key.startsWith(stem))).map((stem) => `${stem}… is in no catalogue`),
    ...[...keys].filter((key) => !named.has(key) && !made.some((stem) => key.startsWith(stem))).map((key) => `nobody asks for ${key}`),
  ];
}

/** Texts that stand where they are shown, not in a catalogue. */
function written(files) {
  const keys = new Set(keysOf(CATALOGUES.en));
  return files.filter(([name]) => !STILL_ENGLISH.includes(name)).flatMap(([name, source]) =>
    literals(source)
      .filter(({ text, where }) => /\p{L}{2}/u.test(text) && !keys.has(text) && !(text in CATALOGUES.en.values) && !TECHNICAL.includes(text) && (where === 'shown' || (where === 'code' && prose(text))))
      .map(({ text, line }) => `${name}:${line}: ${text}`));
}

/** Two words beside each other, or one with a capital or a space beside it. SQL, selectors, paths and classes of IFC are none. */
function prose(text) {
  if (/^\s*(select|from|left join|where|coalesce|case)\b/.test(text) || /^Ifc[A-Z]|^[A-Z]+$|[[\]:#>]|^M\d|px $|^<svg| ft²$/.test(text)) return false;
  return /\p{L}{2,}[,.]? \p{L}{2,}/u.test(text) || /^\p{Lu}\p{Ll}+$/u.test(text) || /^[,:]?\s\p{L}{2,}|\p{L}{2,}\s$/u.test(text);
}

test('each language has every text', () => {
  const problems = Object.keys(JSON.parse(readFileSync(new URL('../../schemas/problems.json', import.meta.url), 'utf8')));
  assert.deepEqual(unequal(CATALOGUES, [...problems, 'offline', 'network']), []);
  assert.deepEqual(unlike(CATALOGUES), []);
});

test('notices are read by the words that the server writes', () => {
  const server = readFileSync(new URL('../../server/notifications/notices.py', import.meta.url), 'utf8');
  const words = [...server.matchAll(/^ {4}"(\w+)": \("(.+)", "(.+)"\),$/gm)].map(([, kind, one, several]) => [kind, one === several ? one : { one, other: several.replace('{count}', '{n}') }]);
  const { roleOf, ...told } = CATALOGUES.en.told;
  assert.ok(words.length > 0 && roleOf);
  assert.deepEqual(told, Object.fromEntries(words));
});

test('each text is asked for, and each that is asked for is there', () => {
  assert.deepEqual(astray(CATALOGUES.en, sources()), []);
});

test('no text stands where it is shown', () => {
  assert.deepEqual(written(sources()), []);
  const names = sources().map(([name]) => name);
  assert.deepEqual(STILL_ENGLISH.filter((name) => !names.includes(name)), []);
});

test('every table, every value of a list and every field that people write has a word', () => {
  const columns = Object.values(TABLES).flatMap((table) => Object.values(table.columns));
  const people = columns.filter((column) => column.write !== 'server' && !column.references && !column.name.endsWith('_id'));
  const words = [...Object.keys(TABLES), ...columns.flatMap((column) => column.values ?? []), ...people.map((column) => column.name)];
  assert.deepEqual(words.filter((word) => !(word in CATALOGUES.en.values) && !['origin', 'target_table', 'id'].includes(word)), []);
});

/** Layout that would not turn round with a language read from right to left. */
function sided(styles) {
  const side = /\b(?:margin|padding|border(?:-top|-bottom)?)-(?:left|right)\b|(?<![-\w])(?:left|right)\s*:|\b(?:text-align|float|clear)\s*:\s*(?:left|right)\b/;
  return styles.flatMap(([name, text]) => text.split('\n').flatMap((line, at) => (side.test(line) ? [`${name}:${at + 1}: ${line.trim()}`] : [])));
}

test('layout knows start and end, not left and right', () => {
  const styles = readdirSync(new URL('css', PWA)).map((name) => [name, readFileSync(new URL(`css/${name}`, PWA), 'utf8')]);
  assert.deepEqual(sided(styles), []);
  for (const fault of ['margin-left: 1rem;', '.a { left: 0; }', 'text-align: right;', 'border-top-left-radius: 0;']) assert.equal(sided([['a.css', fault]]).length, 1, fault);
  assert.deepEqual(sided([['a.css', 'padding-inline-start: env(safe-area-inset-left); inset-inline: 0;']]), []);
});

test('a planted fault is found', () => {
  const en = { room: { title: 'A room', many: { one: '{n} room', other: '{n} rooms' } } };
  assert.deepEqual(unequal({ en, de: { room: { title: 'Raum', many: '{n}', more: 'Mehr' } } }, ['gone']), ['de lacks problems.gone', 'en lacks room.more']);
  assert.deepEqual(unequal({ en, de: { room: { title: 'Raum' } } }, []), ['de lacks room.many']);
  assert.equal(unlike({ en, de: { room: { title: '{x}', many: { few: '{n}', other: '{n}' } } } }).length, 2);
  const source = "h('p', {}, t('room.title'), t(one ? 'room.gone' : 'room.title'), t(`rooms.${x}`))";
  assert.deepEqual(astray(en, [['a.js', source]]), ['room.gone is in no catalogue', 'rooms.… is in no catalogue', 'nobody asks for room.many']);
  const planted = [
    "h('p', {}, 'by')", "h('p.soft', {}, one ? null : 'none')", "h('p', {}, [`${n} of`])", "h('a', { 'aria-label': 'back' })", "said.textContent = 'gone';",
    "act('button', 'Send again', error, does)", "const WORDS = { x: 'No network' };", "node.textContent = one ? 'Plan' : t('values.plan');", "h('p', {}, /['\"]/.test(x) ? `a ${h('b', {}, 'inner')}` : null)",
  ];
  for (const fault of planted) assert.equal(written([['a.js', fault]]).length, 1, fault);
  const sound = ["h('p.soft', { data: { kind: 'door' } }, t('room.title'))", "h('p', {}, kind === 'door' ? icon('split') : null) // a word here", "h('b', {}, row['name'])", "x = a / b; y = 'a b'.length / 2"];
  for (const good of sound.slice(0, 3)) assert.deepEqual(written([['a.js', good]]), [], good);
});
