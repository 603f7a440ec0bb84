// Tokens by which programs act for a person: made, shown once, ended.

import { ask, askAll } from '../sync/asking.js';
import { t } from '../words/language.js';
import { h } from './dom.js';
import { once } from './once.js';
import { field, form, sure } from './sure.js';
import { when } from './words.js';

const PATH = '/api/v1/me/tokens';
const NAME_CHARS_MAX = 200;
const DAYS = [30, 90, 366];

export async function tokens() {
  const place = h('ul');
  const shown = h('div', { role: 'status' });
  const draw = async () => {
    const held = await askAll(PATH);
    place.replaceChildren(...(held.length ? held.map((one) => token(one, draw)) : [h('li.soft', {}, t('tokens.none'))]));
  };
  const made = form({
    words: t('tokens.make'), does: async ({ name, days }) => {
      const answer = await ask('POST', PATH, { name, expires_in_days: days ? Number(days) : null });
      shown.replaceChildren(once(t('tokens.made', { name: answer.name }), answer.token, () => shown.replaceChildren()));
      made.reset();
      await draw();
    },
  }, h('div.pair', {},
    field(t('tokens.name'), { name: 'name', required: true, maxlength: NAME_CHARS_MAX, autocomplete: 'off', placeholder: t('tokens.example') }),
    field(t('tokens.ends'), { name: 'days', options: [...DAYS.map((n) => [String(n), t('tokens.days', { n })]), ['', t('tokens.never')]], value: '90' })));
  await draw();
  return [h('section.card', {}, h('h2', {}, t('tokens.title')), h('p.soft', {}, t('tokens.hint')), made, shown), h('section.card', {}, place)];
}

function token(one, draw) {
  const facts = [t('devices.since', { when: when(one.created_at) }), one.expires_at ? t('invitations.until', { when: when(one.expires_at) }) : t('tokens.endless')].join(' · ');
  return h('li.owned', { data: { token: one.id } }, h('div', {}, h('strong', {}, one.name), h('br'), h('span.soft.small', {}, facts)),
    sure({
      words: t('devices.end'), label: t('tokens.endNamed', { name: one.name }), question: t('tokens.endSure'), yes: t('devices.end'), does: async () => {
        await ask('DELETE', `${PATH}/${one.id}`);
        await draw();
      },
    }));
}
