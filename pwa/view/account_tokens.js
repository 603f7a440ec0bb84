// Tokens by which programs act for a person: made, shown once, ended.

import { ask, askAll } from '../sync/asking.js';
import { h } from './dom.js';
import { once } from './once.js';
import { field, form, sure } from './sure.js';
import { when } from './words.js';

const PATH = '/api/v1/me/tokens';
const NAME_CHARS_MAX = 200;
const WORDS = {
  title: 'Tokens for programs',
  hint: 'A program that has one may do what you may, but not change how you log in. QGIS takes it as the password.',
  none: 'No program has a token of yours.',
  name: 'What is it for?', example: 'QGIS in the office',
  ends: 'It ends after',
  days: [['30', '30 days'], ['90', '90 days'], ['366', 'A year'], ['', 'Never, until I end it']],
  make: 'Make a token',
  made: (name) => `The token for ${name}. It is shown this once: put it where it is used.`,
  since: (at) => `since ${at}`, until: (at) => `until ${at}`, endless: 'without an end',
  end: 'End it', endNamed: (name) => `End the token ${name}`, endSure: 'The program that uses it is refused from now on.',
};

export async function tokens() {
  const place = h('ul');
  const shown = h('div', { role: 'status' });
  const draw = async () => {
    const held = await askAll(PATH);
    place.replaceChildren(...(held.length ? held.map((one) => token(one, draw)) : [h('li.soft', {}, WORDS.none)]));
  };
  const made = form({
    words: WORDS.make, does: async ({ name, days }) => {
      const answer = await ask('POST', PATH, { name, expires_in_days: days ? Number(days) : null });
      shown.replaceChildren(once(WORDS.made(answer.name), answer.token, () => shown.replaceChildren()));
      made.reset();
      await draw();
    },
  }, h('div.pair', {},
    field(WORDS.name, { name: 'name', required: true, maxlength: NAME_CHARS_MAX, autocomplete: 'off', placeholder: WORDS.example }),
    field(WORDS.ends, { name: 'days', options: WORDS.days, value: '90' })));
  await draw();
  return [h('section.card', {}, h('h2', {}, WORDS.title), h('p.soft', {}, WORDS.hint), made, shown), h('section.card', {}, place)];
}

function token(one, draw) {
  const facts = [WORDS.since(when(one.created_at)), one.expires_at ? WORDS.until(when(one.expires_at)) : WORDS.endless].join(' · ');
  return h('li.owned', { data: { token: one.id } }, h('div', {}, h('strong', {}, one.name), h('br'), h('span.soft.small', {}, facts)),
    sure({
      words: WORDS.end, label: WORDS.endNamed(one.name), question: WORDS.endSure, yes: WORDS.end, does: async () => {
        await ask('DELETE', `${PATH}/${one.id}`);
        await draw();
      },
    }));
}
