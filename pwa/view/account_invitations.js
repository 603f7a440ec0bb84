// Invitations to a building, for whoever may invite there: made as a link, a QR code or a letter, listed, taken back.

import { ROLES } from '../core/catalogue.js';
import { ask, askAll } from '../sync/asking.js';
import { t } from '../words/language.js';
import { h } from './dom.js';
import { once } from './once.js';
import { field, form, sure } from './sure.js';
import { problem, say, when } from './words.js';

const INVITES = ROLES.indexOf('manager');
const DAYS = [1, 7, 14, 90];
const DAYS_USUAL = 14;

export async function invitations(replica) {
  const mine = (await replica.buildings()).filter((one) => ROLES.indexOf(one.role) >= INVITES);
  if (!mine.length) return [h('p', {}, t('invitations.none'))];
  const shown = h('div', { role: 'status' });
  const list = h('ul');
  const error = h('p.error', { role: 'alert' });
  const building = field(t('invitations.building'), { name: 'building', options: mine.map((one) => [one.id, one.name]) });
  const role = h('div');
  const select = building.querySelector('select');
  const path = () => `/api/v1/buildings/${select.value}/invitations`;
  const draw = async () => {
    const asked = path();
    const made = (await askAll(asked)).toReversed();
    if (path() === asked) list.replaceChildren(...(made.length ? made.map((one) => invitation(one, `${asked}/${one.id}`, draw)) : [h('li.soft', {}, t('invitations.nobody'))]));
  };
  const turn = () => {
    const most = ROLES.indexOf(mine.find((one) => one.id === select.value).role);
    role.replaceChildren(field(t('invitations.role'), { name: 'role', options: ROLES.slice(1, most + 1).map((one) => [one, say(one)]), value: 'technician' }));
    shown.replaceChildren();
    return draw();
  };
  select.addEventListener('change', () => turn().catch((refused) => { error.textContent = problem(refused); }));
  const made = form({
    words: t('invitations.make'), does: async (given) => {
      const email = given.email.trim() || null;
      const answer = await ask('POST', path(), { role: given.role, email, expires_in_days: Number(given.days) });
      shown.replaceChildren(once(email ? t('invitations.mailed', { email }) : t('invitations.made'), answer.link, () => shown.replaceChildren(), answer.qr_svg));
      made.querySelector('[type=email]').value = '';
      await draw();
    },
  }, building, h('div.pair', {}, role, field(t('invitations.ends'), { name: 'days', options: DAYS.map((n) => [String(n), t('invitations.days', { n })]), value: String(DAYS_USUAL) })),
    field(t('login.email'), { name: 'email', type: 'email', autocomplete: 'off', hint: t('invitations.emailHint') }));
  await turn();
  return [h('section.card', {}, h('h2', {}, t('invitations.title')), made, shown), h('section.card', {}, h('h2', {}, t('invitations.list')), error, list)];
}

function invitation(one, path, draw) {
  const whom = one.email ?? t('invitations.anybody');
  const facts = [say(one.role), t(`invitations.states.${one.state}`), one.state === 'open' ? t('invitations.until', { when: when(one.expires_at) }) : ''].filter(Boolean).join(' · ');
  return h('li.owned', { data: { invitation: one.id, state: one.state } },
    h('div', {}, h('strong', {}, whom), h('br'), h('span.soft.small', {}, facts)),
    one.state === 'open' ? sure({
      words: t('invitations.back'), label: t('invitations.backNamed', { whom }), question: t('invitations.backSure'), yes: t('invitations.back'), does: async () => {
        await ask('DELETE', path);
        await draw();
      },
    }) : null);
}
