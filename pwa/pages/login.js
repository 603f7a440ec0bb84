// /login: e-mail and password. The demo's people are named only where the server says that it is a demo.

import { ask } from '../sync/asking.js';
import { bar } from '../view/bar.js';
import { h } from '../view/dom.js';
import { askPasskey, canPasskey } from '../view/passkey.js';
import { acting } from '../view/sure.js';
import { problem, say } from '../view/words.js';
import { isEnglish, t } from '../words/language.js';

const DEMO_PASSWORD = 'arxos-demo';

export async function show(page, { replica, query, go }) {
  const error = h('p.error', { role: 'alert' });
  const email = h('input', { id: 'email', name: 'email', type: 'email', autocomplete: 'username', required: true, value: replica.me()?.email ?? '' });
  const password = h('input', { id: 'password', name: 'password', type: 'password', autocomplete: 'current-password', required: true });
  const code = h('input', { id: 'code', name: 'code', autocomplete: 'one-time-code' });
  const second = h('div.field', { hidden: true }, h('label', { for: 'code' }, t('login.code')), code);
  const send = h('button.button', { type: 'submit' }, t('acts.logIn'));
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
      error.textContent = asked ? '' : wrong(refused);
      second.hidden = second.hidden && !asked;
      send.disabled = false;
      (second.hidden ? password : code).select();
    }
  };
  const passkey = acting('button.plain', t('login.passkey'), async () => {
    const credential = await askPasskey(await ask('POST', '/api/v1/auth/passkey/options'));
    await replica.enter('/api/v1/auth/passkey', { credential });
    await go(inside(query.get('next')), { replace: true });
  });
  passkey.button.hidden = !canPasskey();
  page.replaceChildren(
    bar({ title: t('acts.logIn'), back: '/' }),
    h('div.column.narrow', {},
      h('form.stack', { on: { submit } },
        h('div.field', {}, h('label', { for: 'email' }, t('login.email')), email),
        h('div.field', {}, h('label', { for: 'password' }, t('login.password')), password),
        second, error, send),
      passkey.button, passkey.error,
      demo,
      h('p.small', {}, h('a', { href: '/account/forgotten' }, t('login.forgotten')), ' · ', h('a', { href: '/account/register' }, t('login.register'))),
      h('p.soft.small', {}, t('login.hint'))));
  await showDemo(demo, email, password);
}

/** The server speaks English, and says alike of every login that it is not one. */
function wrong(refused) {
  return refused.code === 'unauthenticated' && !isEnglish() ? t('login.wrong') : problem(refused);
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
    password.value = DEMO_PASSWORD;
  } } }, say(word));
  section.replaceChildren(
    h('h2', {}, t('login.demo')),
    h('p.soft', {}, t('login.demoHint', { password: DEMO_PASSWORD })),
    h('div.chips', {}, ['technician', 'reviewer', 'owner', 'viewer'].map(person)));
  section.hidden = false;
}
