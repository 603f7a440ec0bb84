// Lengths as people type and read them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useLanguage } from '../../pwa/words/language.js';
import { readLength, readUnit, sayUnit, unitHere, useUnits } from '../../pwa/view/units.js';

const near = (text, metres) => assert.ok(Math.abs(readLength(text) - metres) < 1e-9, `${text}: ${readLength(text)} is not ${metres}`);

test('a length with its unit is the same in both systems', () => {
  for (const system of ['metric', 'imperial']) {
    useUnits(system);
    near(`12' 6 1/2"`, 3.8227);
    near('12′ 6 1/2″', 3.8227);
    near("12'-6 1/2''", 3.8227);
    near('12 ft 6.5 in', 3.8227);
    near(`12' 6`, 3.81);
    near(`3/4"`, 0.01905);
    near('6 1/2"', 0.1651);
    near('381 cm', 3.81);
    near('3,81 m', 3.81);
    near('3810mm', 3.81);
    near('1 m 20 cm', 1.2);
    near(`-2'`, -0.6096);
  }
});

test('a bare number is metres, or feet for who sees feet', () => {
  useUnits('metric');
  near('1,5', 1.5);
  useUnits('imperial');
  near('1.5', 0.4572);
  near('2 1/2', 0.762);
  assert.equal(readUnit('10', 'm²'), 10 * 0.3048 ** 2);
  assert.equal(readUnit('10', '°'), 10);
});

test('what may be thousands or a fraction is refused, whichever sign the language writes', () => {
  useUnits('metric');
  try {
    for (const [language, unsure, sure, metres] of [['en', '1,500', '1.500', 1.5], ['de', '1.500', '1,500', 1.5]]) {
      useLanguage(language, [language]);
      for (const unit of ['mm', 'cm', 'ft']) assert.equal(readLength(`${unsure} ${unit}`), null, `${unsure} ${unit} in ${language}`);
      for (const unit of ['°', 'm²']) assert.equal(readUnit(unsure, unit), null);
      near(unsure, metres);
      near(`${unsure} m`, metres);
      near(sure, metres);
      assert.equal(readUnit(sure, 'm²'), metres);
      useUnits('imperial');
      assert.equal(readLength(unsure), null);
      useUnits('metric');
      near('0.125', 0.125);
      near('0,125', 0.125);
      near('1500', 1500);
      near('1,5', 1.5);
    }
  } finally {
    useLanguage('en', ['en']);
  }
});

test('what is no length is none', () => {
  for (const text of ['', ' ', 'wide', "'", '12 parsec', `6" 2'`, '1/0"', '1.2.3', "5' 5'", '3 4', '-', '1 m 2', 'NaN', 'Infinity']) {
    for (const system of ['metric', 'imperial']) {
      useUnits(system);
      assert.equal(readLength(text), null, text);
    }
  }
});

test('feet and inches are read as they are said, to a sixteenth', () => {
  useUnits('imperial');
  assert.equal(sayUnit(3.8227, 'm'), '12′ 6 1/2″');
  assert.equal(sayUnit(0.3048, 'm'), '1′');
  assert.equal(sayUnit(0, 'm'), '0″');
  assert.equal(sayUnit(0.003, 'm'), '1/8″');
  assert.equal(sayUnit(0.3047, 'm'), '1′');
  assert.equal(sayUnit(-0.01905, 'm'), '−3/4″');
  assert.equal(sayUnit(10, 'm²').replace(/[.,]/, '.'), '107.64 ft²');
  assert.equal(sayUnit(10, '°'), null);
  assert.equal(unitHere('m'), 'ft, in');
  for (let sixteenths = 0; sixteenths < 12 * 16 * 20; sixteenths++) {
    const metres = sixteenths * 0.0254 / 16;
    near(sayUnit(metres, 'm'), metres);
  }
  useUnits('metric');
  assert.equal(sayUnit(3.8, 'm'), null);
  assert.equal(unitHere('m'), 'm');
});
