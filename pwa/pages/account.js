// /account/<what>: a login is asked for or given back, and what the links in letters and invitations open. The secret of a
// link stands behind the # of the address: it is sent to nobody until somebody presses the button.

import { ask } from '../sync/asking.js';
import { bar } from '../view/bar.js';
import { h } from '../view/dom.js';
import { problem } from '../view/words.js';

const EMAIL = { name: 'email', label: 'E-mail', type: 'email', autocomplete: 'username' };
const NAME = { name: 'name', label: 'What people call you', autocomplete: 'name', maxlength: 200 };
const PASSWORD = { name: 'password', label: 'New password', type: 'password', autocomplete: 'new-password', minlength: 8, maxlength: 1024 };

const PAGES = {
  register: {
    title: 'A new login', button: 'Send me a letter', fields: [NAME, EMAIL],
    send: (given, { query }) => ask('POST', '/api/v1/auth/register', { ...given, invitation: query.get('invitation') ?? '' }),
    done: ({ answer }) => answer.detail,
  },
  forgotten: {
    title: 'A new password', button: 'Send me a letter', fields: [EMAIL],
    send: (given) => ask('POST', '/api/v1/auth/reset', given),
    done: ({ answer }) => answer.detail,
  },
  confirm: {
    title: 'Choose a password', button: 'Log in', fields: [PASSWORD],
    send: (given, { replica, token }) => replica.enter('/api/v1/auth/confirm', { ...given, token }),
    next: () => '/',
  },
  reset: {
    title: 'Choose a new password', button: 'Keep it', fields: [PASSWORD],
    send: (given, { token }) => ask('POST', '/api/v1/auth/reset/confirm', { ...given, token }),
    next: () => '/login',
  },
  email: {
    title: 'Your new address', button: 'This is my address', fields: [],
    send: (given, { token }) => ask('POST', '/api/v1/auth/email', { token }),
    done: () => 'You log in with this address from now on.',
  },
  invitation: {
    title: 'An invitation', button: 'Take it', fields: [], before: invitation,
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
  const button = h('button.button', { type: 'submit' }, what.button);
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
    inputs.map((input, place) => h('div.field', {}, h('label', { for: input.id }, what.fields[place].label), input)), error, button);
  page.replaceChildren(bar({ title: what.title, back: '/' }), h('div.column.narrow', {}, words, form));
  if (what.before) await what.before(words, form, given);
}

/** What it is for, and for whom it is: somebody who is logged in. */
async function invitation(words, form, { replica, token }) {
  try {
    const told = await ask('POST', '/api/v1/invitations/read', { token });
    const to = [told.building_name, told.organisation].filter(Boolean).join(', for ');
    words.replaceChildren(h('p', {}, `${told.invited_by} invites you to ${to}, as ${told.role}.`));
    if (replica.me()) return;
    const back = encodeURIComponent(`/account/invitation#${token}`);
    form.replaceChildren(
      h('a.button', { href: `/login?next=${back}` }, 'Log in and take it'),
      h('a', { href: `/account/register?invitation=${encodeURIComponent(token)}` }, 'I have no login yet'),
      h('p.soft.small', {}, 'Open this invitation once more when you have one.'));
  } catch (refused) {
    words.replaceChildren(h('p', {}, problem(refused)));
    form.replaceChildren();
  }
}
