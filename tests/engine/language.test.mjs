// Texts, plurals and numbers in the language that the device or the person says.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { direction, exactly, isEnglish, known, locale, number, t, useLanguage } from '../../pwa/words/language.js';
import { readUnit, sayUnit, useUnits } from '../../pwa/view/units.js';
import { titleOf } from '../../pwa/view/told.js';
import { age, amount, problem, say, sayClass, size } from '../../pwa/view/words.js';

afterEach(() => useLanguage('en', ['en-US']));

test('what the person chose goes before the device, and the device before English', () => {
  useLanguage('system', ['fr-FR', 'de-CH', 'en-GB']);
  assert.deepEqual([locale(), direction(), isEnglish()], ['de-CH', 'ltr', false]);
  useLanguage('en', ['de-DE', 'en-GB']);
  assert.deepEqual([locale(), isEnglish()], ['en-GB', true]);
  useLanguage('de', ['en-US']);
  assert.equal(locale(), 'de');
  for (const unheard of ['fr', 'constructor', '', 'DE']) {
    useLanguage(unheard, ['sv-SE']);
    assert.equal(locale(), 'en', unheard);
  }
});

test('it says whether anything is to be drawn anew', () => {
  useLanguage('en', ['en-US']);
  assert.equal(useLanguage('system', ['en-US']), false);
  assert.equal(useLanguage('de', ['en-US']), true);
  assert.equal(useLanguage('de', ['en-US']), false);
});

test('a number decides the form and is written as the language writes it', () => {
  assert.deepEqual([t('counts.edits', { n: 1 }), t('counts.edits', { n: 0 }), t('counts.edits', { n: 1200 })], ['1 edit', '0 edits', '1,200 edits']);
  useLanguage('de', []);
  assert.deepEqual([t('counts.edits', { n: 1 }), t('counts.edits', { n: 1200 })], ['1 Änderung', '1.200 Änderungen']);
  assert.deepEqual([number(0.5), exactly(12345.678), size(1_400_000), age(3 * 86_400_000)], ['0,5', '12345,678', '1,4 MB', '3 Tage']);
});

test('what is filled in is text and no pattern', () => {
  assert.equal(t('adder.added', { name: '{name} $& <b>' }), '{name} $& <b> added');
});

test('a text that is nowhere is the program’s fault, a word that is unknown is said as it is', () => {
  assert.throws(() => t('counts.nothing'), /counts\.nothing/);
  assert.equal(known('values.toString'), null);
  useLanguage('de', []);
  assert.deepEqual(['out_of_service', 'flux_capacitor', 'toString', null].map(say), ['Außer Betrieb', 'Flux capacitor', 'ToString', '']);
  assert.deepEqual(['IfcDoor', 'IfcFluxCapacitor'].map(sayClass), ['Tür', 'Flux capacitor']);
});

test('an amount is read as it is written, with a comma where the language has one', () => {
  useLanguage('de', []);
  useUnits('metric');
  assert.equal(amount(1234.5, 'm'), '1234,5 m');
  for (const value of [1234.5, 0.012, 3, 1.2345]) assert.equal(readUnit(amount(value, 'm'), 'm'), value);
  useUnits('imperial');
  assert.equal(sayUnit(10, 'm²'), '107,64 ft²');
  useUnits('metric');
});

test('what the server refuses has German words by its code, with the field in front', () => {
  const refused = { code: 'invalid_value', detail: 'longer than 200', hint: 'Correct it.', field: 'serial_number' };
  assert.equal(problem(refused), 'Longer than 200. Correct it.');
  useLanguage('de', []);
  assert.equal(problem(refused), 'Seriennummer: Der Wert passt nicht zum Feld. Berichtigen Sie ihn, und senden Sie erneut.');
  assert.equal(problem({ code: 'quite_new', detail: 'something else' }), 'Something else.');
});

test('a notice is told in the language of who reads it', () => {
  const notices = [
    { kind: 'task_assigned', title: 'Task for you: Door 7: (left)' }, { kind: 'review', title: '12 findings to review' }, { kind: 'role_taken', title: 'You no longer have a role here' },
    { kind: 'role_given', title: 'You are now reviewer of House of Hamburg' }, { kind: 'conflict', title: 'In other words' }, { kind: 'quite_new', title: 'As it came' },
  ];
  assert.deepEqual(notices.map(titleOf), notices.map(({ title }) => title));
  useLanguage('de', []);
  assert.deepEqual(notices.map(titleOf), [
    'Aufgabe für Sie: Door 7: (left)', '12 Feststellungen zu prüfen', 'Sie haben hier keine Rolle mehr', 'Sie sind nun Prüfer von House of Hamburg', 'In other words', 'As it came',
  ]);
});
