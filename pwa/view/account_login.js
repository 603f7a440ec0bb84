// What lets a person in beside their password: a second factor with its recovery codes, and passkeys. What changes a login
// asks once more who one is.

import { ask, askAll } from '../sync/asking.js';
import { h, icon } from './dom.js';
import { once, qr } from './once.js';
import { askPasskey, canPasskey, makePasskey } from './passkey.js';
import { acting, field, form, sure } from './sure.js';
import { count, when } from './words.js';

const FACTOR = '/api/v1/me/second-factor';
const PASSKEYS = '/api/v1/me/passkeys';
const NAME_CHARS_MAX = 200;
const FEW_CODES = 3;
const WORDS = {
  factor: 'Second factor',
  off: 'Off. With it, logging in takes the password and six digits of an app on your phone.',
  on: (at, left) => `On since ${at}. ${count(left, 'recovery code')} left.`,
  setUp: 'Set it up', renew: 'New recovery codes', remove: 'Do without it',
  scan: 'Read this with your authenticator app, or type the secret into it.',
  digits: 'The six digits it shows now', confirm: 'Turn it on',
  codes: 'Recovery codes. Each lets you in once when the app is lost. They are shown this once: keep them away from this device.',
  password: 'Password, once more', code: 'Code of your app, or a recovery code', byPasskey: 'Use a passkey instead',
  passkeys: 'Passkeys',
  passkeysHint: 'A device that knows your finger, face or PIN lets you in, without a password.',
  cannot: 'This browser cannot make passkeys.',
  noPasskeys: 'You have none yet.',
  add: 'Add a passkey', name: 'What is it called?', example: 'My phone',
  made: (at) => `since ${at}`, used: (at) => `last used ${at}`, unused: 'not used yet',
  forget: 'Remove', forgetNamed: (name) => `Remove the passkey ${name}`, forgetSure: 'It lets nobody in any more. It stays on the device, where you can delete it.',
};

export async function loggingIn(replica, again) {
  const [factor, held] = await Promise.all([ask('GET', FACTOR), askAll(PASSKEYS)]);
  const known = { on: factor.since !== null, passkeys: held.length > 0 };
  return [second(factor, known, again), passkeys(held, known, again)];
}

/** A form that asks who one is: by password and, where it is on, the second factor; or by a passkey. */
function onceMore(known, words, does, ...nodes) {
  const made = form({
    words, does: ({ password, code = '', ...given }) => does({ password, code }, given),
  }, ...nodes, field(WORDS.password, { name: 'password', type: 'password', required: true, autocomplete: 'current-password' }),
    known.on ? field(WORDS.code, { name: 'code', required: true, autocomplete: 'one-time-code' }) : null);
  if (!known.passkeys || !canPasskey()) return made;
  const { button, error } = acting('button.plain', WORDS.byPasskey, async () => {
    const named = [...made.querySelectorAll('input:not([name=password], [name=code])')];
    if (!named.every((input) => input.reportValidity())) return;
    const passkey = await askPasskey(await ask('POST', `${PASSKEYS}/proof`));
    await does({ passkey }, Object.fromEntries(named.map((input) => [input.name, input.value])));
  });
  made.lastElementChild.append(button);
  made.append(error);
  return made;
}

// ---------------------------------------------------------------- the second factor

function second(factor, known, again) {
  const place = h('div.stack');
  const open = (made) => {
    place.replaceChildren(made);
    made.querySelector('input')?.focus();
  };
  const shown = (answer) => open(once(WORDS.codes, answer.recovery_codes.join('\n'), again));
  const begin = () => open(onceMore(known, WORDS.setUp, async (proof) => open(enrolling(await ask('POST', FACTOR, proof), shown))));
  const renew = () => open(onceMore(known, WORDS.renew, async (proof) => shown(await ask('POST', `${FACTOR}/recovery-codes`, proof))));
  const remove = () => open(onceMore(known, WORDS.remove, async (proof) => {
    await ask('POST', `${FACTOR}/remove`, proof);
    await again();
  }));
  const button = (words, does, kind = 'button.plain') => h(`button.${kind}`, { type: 'button', on: { click: does } }, words);
  place.append(h('div.row', {}, ...(known.on ? [button(WORDS.renew, renew), button(WORDS.remove, remove)] : [button(WORDS.setUp, begin, 'button')])));
  const few = known.on && factor.codes_left < FEW_CODES;
  const state = known.on ? WORDS.on(when(factor.since), factor.codes_left) : WORDS.off;
  return h('section.card', { data: { factor: known.on ? 'on' : 'off' } }, h('h2', {}, WORDS.factor),
    h(`p${known.on ? `.callout.${few ? 'warn' : 'good'}` : '.soft'}`, {}, known.on ? icon(few ? 'warning' : 'check') : null, h('span', {}, state)), place);
}

function enrolling(offered, shown) {
  return h('div.stack', {},
    h('p', {}, WORDS.scan), qr(offered.qr_svg), h('p.secret', { tabindex: '0' }, offered.secret.match(/.{1,4}/g).join(' ')),
    form({ words: WORDS.confirm, does: async (given) => shown(await ask('POST', `${FACTOR}/confirm`, given)) },
      field(WORDS.digits, { name: 'code', required: true, inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: 10 })));
}

// ---------------------------------------------------------------- passkeys

function passkeys(held, known, again) {
  const add = async (proof, { name }) => {
    const credential = await makePasskey(await ask('POST', `${PASSKEYS}/options`, proof));
    await ask('POST', PASSKEYS, { name, credential });
    await again();
  };
  const place = h('div');
  const open = () => {
    const made = onceMore(known, WORDS.add, add, field(WORDS.name, { name: 'name', required: true, maxlength: NAME_CHARS_MAX, autocomplete: 'off', placeholder: WORDS.example }));
    place.replaceChildren(made);
    made.querySelector('input').focus();
  };
  place.append(canPasskey() ? h('button.button', { type: 'button', on: { click: open } }, WORDS.add) : h('p.soft', {}, WORDS.cannot));
  return h('section.card', {}, h('h2', {}, WORDS.passkeys), h('p.soft', {}, WORDS.passkeysHint),
    held.length ? h('ul', {}, held.map((one) => passkey(one, again))) : h('p', {}, WORDS.noPasskeys), place);
}

function passkey(one, again) {
  const facts = [WORDS.made(when(one.created_at)), one.used_at ? WORDS.used(when(one.used_at)) : WORDS.unused].join(' · ');
  return h('li.owned', { data: { passkey: one.id } }, h('div', {}, h('strong', {}, one.name), h('br'), h('span.soft.small', {}, facts)),
    sure({
      words: WORDS.forget, label: WORDS.forgetNamed(one.name), question: WORDS.forgetSure, yes: WORDS.forget, does: async () => {
        await ask('DELETE', `${PASSKEYS}/${one.id}`);
        await again();
      },
    }));
}
