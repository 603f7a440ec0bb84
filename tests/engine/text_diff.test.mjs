// The words that two answers do not share.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pieces } from '../../pwa/view/text_diff.js';

const marked = (text, before) => pieces(text, before).map(({ words, fresh }) => (fresh ? `[${words}]` : words)).join('');

test('what was added, replaced or taken away is marked, and the rest is not', () => {
  assert.equal(marked('the valve leaks badly', 'the valve leaks'), 'the valve leaks [badly]');
  assert.equal(marked('the pump leaks', 'the valve leaks'), 'the [pump ]leaks');
  assert.equal(marked('leaks', 'the valve leaks'), 'leaks');
  assert.equal(marked('a b c d', 'b d'), '[a ]b [c ]d');
  assert.equal(marked('same words', 'same words'), 'same words');
  assert.equal(marked('', 'gone'), '');
  assert.equal(marked('new', ''), '[new]');
});

test('whatever the texts, the pieces are the text, and what is not marked stands in the other in its order', () => {
  let seed = 7;
  const dice = (n) => { seed = (seed * 1103515245 + 12345) % 2 ** 31; return seed % n; };
  const text = () => Array.from({ length: dice(9) }, () => 'abcd'[dice(4)]).join(' ');
  for (let round = 0; round < 2000; round++) {
    const mine = text(), old = text(), found = pieces(mine, old);
    assert.equal(found.map((one) => one.words).join(''), mine);
    const kept = found.filter((one) => !one.fresh).flatMap((one) => one.words.match(/\S+/g));
    const stock = old.match(/\S+/g) ?? [];
    let from = 0;
    for (const word of kept) {
      from = stock.indexOf(word, from) + 1;
      assert.ok(from > 0, `${mine} / ${old}: ${word}`);
    }
  }
});

test('a long text is shown as it is', () => {
  const long = 'word '.repeat(500);
  assert.deepEqual(pieces(long, 'other'), [{ words: long, fresh: false }]);
});
