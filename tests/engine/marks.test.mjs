// What is drawn on photos: what a row says is checked, moving stays on the picture, a hand's line gets few points.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moved, nameOf, piece, put, seen, thinned, WORDS_MAX } from '../../pwa/view/marks.js';

const arrow = { mark: 'arrow', colour: 'red', points: [[0.1, 0.2], [0.3, 0.4]] };

test('a viewpoint is read as an object or as its text', () => {
  const look = { shape: 'arrow', colour: 'red', points: arrow.points };
  assert.deepEqual(seen(arrow), look);
  assert.deepEqual(seen(JSON.stringify(arrow)), look);
});

test('what could not have been drawn here is not drawn', () => {
  const odd = [
    null, '', '{', '7', [], 'null',
    { ...arrow, mark: 'constructor' }, { ...arrow, colour: 'url(#x)' }, { ...arrow, points: 'M0 0' }, { ...arrow, points: [[0.1, 0.2]] },
    { ...arrow, points: [[0.1, 0.2], [0.3, Infinity]] }, { ...arrow, points: [[0.1, 0.2], [0.3, -0.01]] }, { ...arrow, points: [[0.1, 0.2], ['0.3', 0.4]] },
    { ...arrow, points: [[0.1, 0.2], [0.3, 0.4, 0.5]] }, { mark: 'line', colour: 'red', points: Array(201).fill([0, 0]) }, { mark: 'text', colour: 'red', points: [] },
  ];
  for (const viewpoint of odd) assert.equal(seen(viewpoint), null, JSON.stringify(viewpoint));
});

test('words are one line, and not longer than may be typed', () => {
  const one = piece({ id: '1', title: ` a\n${'b'.repeat(500)}`, viewpoint: arrow });
  assert.equal(one.words.length, WORDS_MAX);
  assert.ok(one.words.startsWith(' a b'));
});

test('a piece comes back as it was put', () => {
  const { set } = put('1', 'photo', { shape: 'text', colour: 'white', points: [[0.123456, 1.2]], words: 'Leak' });
  assert.deepEqual(piece({ id: '1', ...set, viewpoint: JSON.stringify(set.viewpoint) }).points, [[0.1235, 1]]);
  assert.equal(set.title, 'Leak');
});

test('whole or by one point, it stays on the picture and keeps its shape', () => {
  const one = piece({ id: '1', title: '', viewpoint: arrow });
  assert.deepEqual(moved(one, -1, 0.1).points.map((point) => point.map((each) => +each.toFixed(9))), [[0, 0.3], [0.2, 0.5]]);
  assert.deepEqual(moved(one, 5, 5, 1).points, [[0.1, 0.2], [1, 1]]);
});

test('a name that a shape has in any language is none of its own', () => {
  const named = (title) => nameOf(piece({ id: '1', title, viewpoint: arrow }));
  assert.equal(named('Pfeil'), 'Arrow, red');
  assert.equal(named('Arrow'), 'Arrow, red');
  assert.equal(named('Crack'), 'Crack (Arrow, red)');
});

test('a hand draws thousands of points; what is kept lies on them', () => {
  const wave = Array.from({ length: 5000 }, (_, at) => [at / 5000, 0.5 + 0.3 * Math.sin(at / 60)]);
  const few = thinned(wave);
  assert.ok(few.length <= 200 && few.length > 40, String(few.length));
  assert.deepEqual([few[0], few.at(-1)], [wave[0], wave.at(-1)]);
  for (const point of few) assert.ok(wave.includes(point));
});
