// Times in a building are by the building's clocks.

process.env.TZ = 'Asia/Tokyo';

import assert from 'node:assert/strict';
import { test } from 'node:test';

const { useLanguage } = await import('../../pwa/words/language.js');
const { useZone, when, whenStamped, whenThere } = await import('../../pwa/view/words.js');

const WINTER = Date.UTC(2026, 0, 15, 23, 30);

test('what happened in a building is said by its clocks, with their name', () => {
  useLanguage('en', ['en-GB']);
  useZone('Europe/Berlin');
  assert.equal(whenThere(WINTER), '16 Jan 2026, 00:30 CET');
  assert.equal(whenStamped(`${WINTER.toString(16).padStart(12, '0')}-0000-00000000`, whenThere), '16 Jan 2026, 00:30 CET');
  useZone('America/New_York');
  assert.match(whenThere(WINTER), /^15 Jan 2026, 18:30 (EST|GMT-5)$/);
  assert.match(whenThere(Date.now()), /^\d\d:\d\d (E[SD]T|GMT-[45])$/, 'today is not said');
});

test('where clocks go as here, or nobody knows how they go, it is said as everywhere', () => {
  useLanguage('en', ['en-GB']);
  for (const name of ['Asia/Tokyo', null, undefined, '', 'Mars/Olympus']) {
    useZone(name);
    assert.equal(whenThere(WINTER), when(WINTER), String(name));
  }
  assert.equal(whenThere('no time'), '');
});
