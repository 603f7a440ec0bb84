// /login: e-mail and password. The demo's people are named only where the server says that it is a demo.

import { ask } from '../sync/asking.js';
import { bar } from '../view/bar.js';
import { h } from '../view/dom.js';
import { askPasskey, canPasskey } from '../view/passkey.js';
import { acting } from '../view/sure.js';
import { problem } from '../view/words.js';

export async function show(page, { replica, query, go }) {
  const error = h('p.error', { role: 'alert' });
  const email = h('input', { id: 'email', name: 'email', type: 'email', autocomplete: 'username', required: true, value: replica.me()?.email ?? '' });
  const password = h('input', { id: 'password', name: 'password', type: 'password', autocomplete: 'current-password', required: true });
  const code = h('input', { id: 'code', name: 'code', autocomplete: 'one-time-code' });
  const second = h('div.field', { hidden: true }, h('label', { for: 'code' }, 'Code of your app, or a recovery code'), code);
  const send = h('button.button', { type: 'submit' }, 'Log in');
  const demo = h('section.stack', { hidden: true });
  const submit = async (event) => {
    event.preventDefault();
    send.disabled = true;
    error.textContent = '';
    try {
      await replica.login(email.value.trim(), password.value, code.value.trim());
      await go(inside(query.get('next')), { replace: true });
    } catch (refused) {
      const asked = refused.code === 'second_factor_wanted' && second.hidden;
      error.textContent = asked ? '' : problem(refused);
      second.hidden = second.hidden && !asked;
      send.disabled = false;
      (second.hidden ? password : code).select();
    }
  };
  const passkey = acting('button.plain', 'Use a passkey', async () => {
    const credential = await askPasskey(await ask('POST', '/api/v1/auth/passkey/options'));
    await replica.enter('/api/v1/auth/passkey', { credential });
    await go(inside(query.get('next')), { replace: true });
  });
  passkey.button.hidden = !canPasskey();
  page.replaceChildren(
    bar({ title: 'Log in', back: '/' }),
    h('div.column.narrow', {},
      h('form.stack', { on: { submit } },
        h('div.field', {}, h('label', { for: 'email' }, 'E-mail'), email),
        h('div.field', {}, h('label', { for: 'password' }, 'Password'), password),
        second, error, send),
      passkey.button, passkey.error,
      demo,
      h('p.small', {}, h('a', { href: '/account/forgotten' }, 'Password forgotten?'), ' · ', h('a', { href: '/account/register' }, 'A new login')),
      h('p.soft.small', {}, 'Public buildings can be read without logging in. What you recorded on this device stays here.')));
  await showDemo(demo, email, password);
}

/** Only an address of this app. */
function inside(next) {
  return next?.startsWith('/') && !next.startsWith('//') ? next : '/';
}

async function showDemo(section, email, password) {
  const running = await fetch('/-/versions').then((answer) => (answer.ok ? answer.json() : {})).catch(() => ({}));
  if (running.demo !== true) return;
  const person = (word) => h('button.chip', { type: 'button', on: { click: () => {
    email.value = `${word}@demo.arxos`;
    password.value = 'arxos-demo';
  } } }, word.charAt(0).toUpperCase() + word.slice(1));
  section.replaceChildren(
    h('h2', {}, 'This is a demo'),
    h('p.soft', {}, 'Choose who you are; the password is arxos-demo.'),
    h('div.chips', {}, ['technician', 'reviewer', 'owner', 'viewer'].map(person)));
  section.hidden = false;
}
