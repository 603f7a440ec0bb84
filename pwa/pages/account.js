// /account/<what>: a login is asked for or given back, and what the links in letters and invitations open. The secret of a
// link stands behind the # of the address: it is sent to nobody until somebody presses the button.

import { ask } from '../sync/asking.js';
import { bar } from '../view/bar.js';
import { h } from '../view/dom.js';
import { problem, say } from '../view/words.js';
import { t } from '../words/language.js';

const EMAIL = { name: 'email', label: 'login.email', type: 'email', autocomplete: 'username' };
const NAME = { name: 'name', label: 'entry.name', autocomplete: 'name', maxlength: 200 };
const PASSWORD = { name: 'password', label: 'entry.newPassword', type: 'password', autocomplete: 'new-password', minlength: 8, maxlength: 1024 };

const PAGES = {
  register: {
    title: 'login.register', button: 'entry.letter', fields: [NAME, EMAIL],
    send: (given, { query }) => ask('POST', '/api/v1/auth/register', { ...given, invitation: query.get('invitation') ?? '' }),
    done: () => t('entry.sent'),
  },
  forgotten: {
    title: 'entry.forgotten', button: 'entry.letter', fields: [EMAIL],
    send: (given) => ask('POST', '/api/v1/auth/reset', given),
    done: () => t('entry.sent'),
  },
  confirm: {
    title: 'entry.choose', button: 'acts.logIn', fields: [PASSWORD],
    send: (given, { replica, token }) => replica.enter('/api/v1/auth/confirm', { ...given, token }),
    next: () => '/',
  },
  reset: {
    title: 'entry.chooseNew', button: 'entry.keep', fields: [PASSWORD],
    send: (given, { token }) => ask('POST', '/api/v1/auth/reset/confirm', { ...given, token }),
    next: () => '/login',
  },
  email: {
    title: 'entry.address', button: 'entry.mine', fields: [],
    send: (given, { token }) => ask('POST', '/api/v1/auth/email', { token }),
    done: () => t('entry.addressTaken'),
  },
  invitation: {
    title: 'entry.invitation', button: 'entry.take', fields: [], before: invitation,
    send: (given, { token }) => ask('POST', '/api/v1/invitations/accept', { token }),
    next: ({ answer }) => (answer.building ? `/b/${answer.building}` : '/'),
  },
};

export async function show(page, { replica, params, query, go }) {
  const what = PAGES[params.what];
  const given = { replica, query, token: location.hash.slice(1) };
  const words = h('div.stack', { role: 'status' });
  const error = h('p.error', { role: 'alert' });
  const inputs = what.fields.map((field) => h('input', { id: field.name, required: true, ...field, label: null }));
  const button = h('button.button', { type: 'submit' }, t(what.button));
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    error.textContent = '';
    try {
      const answer = await what.send(Object.fromEntries(inputs.map((input) => [input.name, input.value.trim()])), given);
      if (what.next) return await go(what.next({ answer }), { replace: true });
      form.replaceChildren();
      words.replaceChildren(h('p', {}, what.done({ answer })));
    } catch (refused) {
      error.textContent = problem(refused);
    }
    button.disabled = false;
    return undefined;
  };
  const form = h('form.stack', { on: { submit } },
    inputs.map((input, place) => h('div.field', {}, h('label', { for: input.id }, t(what.fields[place].label)), input)), error, button);
  page.replaceChildren(bar({ title: t(what.title), back: '/' }), h('div.column.narrow', {}, words, form));
  if (what.before) await what.before(words, form, given);
}

/** What it is for, and for whom it is: somebody who is logged in. */
async function invitation(words, form, { replica, token }) {
  try {
    const told = await ask('POST', '/api/v1/invitations/read', { token });
    const to = told.organisation ? t('entry.forOrganisation', { building: told.building_name, organisation: told.organisation }) : told.building_name;
    words.replaceChildren(h('p', {}, t('entry.invites', { who: told.invited_by, to, role: say(told.role) })));
    if (replica.me()) return;
    const back = encodeURIComponent(`/account/invitation#${token}`);
    form.replaceChildren(
      h('a.button', { href: `/login?next=${back}` }, t('entry.logInAndTake')),
      h('a', { href: `/account/register?invitation=${encodeURIComponent(token)}` }, t('entry.noLogin')),
      h('p.soft.small', {}, t('entry.onceMore')));
  } catch (refused) {
    words.replaceChildren(h('p', {}, problem(refused)));
    form.replaceChildren();
  }
}
