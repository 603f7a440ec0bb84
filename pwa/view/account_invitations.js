// Invitations to a building, for whoever may invite there: made as a link, a QR code or a letter, listed, taken back.

import { ROLES } from '../core/catalogue.js';
import { ask, askAll } from '../sync/asking.js';
import { h } from './dom.js';
import { once } from './once.js';
import { field, form, sure } from './sure.js';
import { problem, say, when } from './words.js';

const INVITES = ROLES.indexOf('manager');
const DAYS = 14;
const WORDS = {
  title: 'Invite somebody',
  none: 'Managers and owners of a building can invite others to it. You are neither anywhere. An invitation to you is a link: open it.',
  building: 'To which building?', role: 'As', email: 'E-mail', emailHint: 'Leave it empty for a link or a QR code alone.', ends: 'It is good for',
  days: [['1', 'A day'], ['7', 'A week'], ['14', 'Two weeks'], ['90', 'Three months']],
  make: 'Invite',
  made: 'Whoever opens this link first takes the invitation. It is shown this once.',
  mailed: (email) => `A letter goes to ${email}. Whoever opens this link first takes the invitation; it is shown this once.`,
  list: 'Invitations to this building',
  nobody: 'Nobody has been invited here yet.',
  anybody: 'Whoever has the link',
  states: { open: 'Open', accepted: 'Taken', revoked: 'Taken back', expired: 'Run out' },
  until: (at) => `until ${at}`,
  back: 'Take it back', backNamed: (whom) => `Take back the invitation: ${whom}`, backSure: 'The link opens nothing any more.',
};

export async function invitations(replica) {
  const mine = (await replica.buildings()).filter((one) => ROLES.indexOf(one.role) >= INVITES);
  if (!mine.length) return [h('p', {}, WORDS.none)];
  const shown = h('div', { role: 'status' });
  const list = h('ul');
  const error = h('p.error', { role: 'alert' });
  const building = field(WORDS.building, { name: 'building', options: mine.map((one) => [one.id, one.name]) });
  const role = h('div');
  const select = building.querySelector('select');
  const path = () => `/api/v1/buildings/${select.value}/invitations`;
  const draw = async () => {
    const asked = path();
    const made = (await askAll(asked)).toReversed();
    if (path() === asked) list.replaceChildren(...(made.length ? made.map((one) => invitation(one, `${asked}/${one.id}`, draw)) : [h('li.soft', {}, WORDS.nobody)]));
  };
  const turn = () => {
    const most = ROLES.indexOf(mine.find((one) => one.id === select.value).role);
    role.replaceChildren(field(WORDS.role, { name: 'role', options: ROLES.slice(1, most + 1).map((one) => [one, say(one)]), value: 'technician' }));
    shown.replaceChildren();
    return draw();
  };
  select.addEventListener('change', () => turn().catch((refused) => { error.textContent = problem(refused); }));
  const made = form({
    words: WORDS.make, does: async (given) => {
      const email = given.email.trim() || null;
      const answer = await ask('POST', path(), { role: given.role, email, expires_in_days: Number(given.days) });
      shown.replaceChildren(once(email ? WORDS.mailed(email) : WORDS.made, answer.link, () => shown.replaceChildren(), answer.qr_svg));
      made.querySelector('[type=email]').value = '';
      await draw();
    },
  }, building, h('div.pair', {}, role, field(WORDS.ends, { name: 'days', options: WORDS.days, value: String(DAYS) })),
    field(WORDS.email, { name: 'email', type: 'email', autocomplete: 'off', hint: WORDS.emailHint }));
  await turn();
  return [h('section.card', {}, h('h2', {}, WORDS.title), made, shown), h('section.card', {}, h('h2', {}, WORDS.list), error, list)];
}

function invitation(one, path, draw) {
  const whom = one.email ?? WORDS.anybody;
  const facts = [say(one.role), WORDS.states[one.state], one.state === 'open' ? WORDS.until(when(one.expires_at)) : ''].filter(Boolean).join(' · ');
  return h('li.owned', { data: { invitation: one.id, state: one.state } },
    h('div', {}, h('strong', {}, whom), h('br'), h('span.soft.small', {}, facts)),
    one.state === 'open' ? sure({
      words: WORDS.back, label: WORDS.backNamed(whom), question: WORDS.backSure, yes: WORDS.back, does: async () => {
        await ask('DELETE', path);
        await draw();
      },
    }) : null);
}
