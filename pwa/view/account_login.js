// What lets a person in beside their password: a second factor with its recovery codes, and passkeys. What changes a login
// asks once more who one is.

import { ask, askAll } from '../sync/asking.js';
import { t } from '../words/language.js';
import { h, icon } from './dom.js';
import { once, qr } from './once.js';
import { askPasskey, canPasskey, makePasskey } from './passkey.js';
import { acting, field, form, sure } from './sure.js';
import { when } from './words.js';

const FACTOR = '/api/v1/me/second-factor';
const PASSKEYS = '/api/v1/me/passkeys';
const NAME_CHARS_MAX = 200;
const FEW_CODES = 3;

export async function loggingIn(replica, again) {
  const [factor, held] = await Promise.all([ask('GET', FACTOR), askAll(PASSKEYS)]);
  const known = { on: factor.since !== null, passkeys: held.length > 0 };
  return [second(factor, known, again), passkeys(held, known, again)];
}

/** A form that asks who one is: by password and, where it is on, the second factor; or by a passkey. */
function onceMore(known, words, does, ...nodes) {
  const made = form({
    words, does: ({ password, code = '', ...given }) => does({ password, code }, given),
  }, ...nodes, field(t('loggingIn.password'), { name: 'password', type: 'password', required: true, autocomplete: 'current-password' }),
    known.on ? field(t('login.code'), { name: 'code', required: true, autocomplete: 'one-time-code' }) : null);
  if (!known.passkeys || !canPasskey()) return made;
  const { button, error } = acting('button.plain', t('loggingIn.byPasskey'), async () => {
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
  const shown = (answer) => open(once(t('loggingIn.codes'), answer.recovery_codes.join('\n'), again));
  const begin = () => open(onceMore(known, t('loggingIn.setUp'), async (proof) => open(enrolling(await ask('POST', FACTOR, proof), shown))));
  const renew = () => open(onceMore(known, t('loggingIn.renew'), async (proof) => shown(await ask('POST', `${FACTOR}/recovery-codes`, proof))));
  const remove = () => open(onceMore(known, t('loggingIn.remove'), async (proof) => {
    await ask('POST', `${FACTOR}/remove`, proof);
    await again();
  }));
  const button = (words, does, kind = 'button.plain') => h(`button.${kind}`, { type: 'button', on: { click: does } }, words);
  place.append(h('div.row', {}, ...(known.on ? [button(t('loggingIn.renew'), renew), button(t('loggingIn.remove'), remove)] : [button(t('loggingIn.setUp'), begin, 'button')])));
  const few = known.on && factor.codes_left < FEW_CODES;
  const state = known.on ? t('loggingIn.on', { when: when(factor.since), n: factor.codes_left }) : t('loggingIn.off');
  return h('section.card', { data: { factor: known.on ? 'on' : 'off' } }, h('h2', {}, t('loggingIn.factor')),
    h(`p${known.on ? `.callout.${few ? 'warn' : 'good'}` : '.soft'}`, {}, known.on ? icon(few ? 'warning' : 'check') : null, h('span', {}, state)), place);
}

function enrolling(offered, shown) {
  return h('div.stack', {},
    h('p', {}, t('loggingIn.scan')), qr(offered.qr_svg), h('p.secret', { tabindex: '0' }, offered.secret.match(/.{1,4}/g).join(' ')),
    form({ words: t('loggingIn.confirm'), does: async (given) => shown(await ask('POST', `${FACTOR}/confirm`, given)) },
      field(t('loggingIn.digits'), { name: 'code', required: true, inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: 10 })));
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
    const made = onceMore(known, t('loggingIn.add'), add, field(t('loggingIn.name'), { name: 'name', required: true, maxlength: NAME_CHARS_MAX, autocomplete: 'off', placeholder: t('loggingIn.example') }));
    place.replaceChildren(made);
    made.querySelector('input').focus();
  };
  place.append(canPasskey() ? h('button.button', { type: 'button', on: { click: open } }, t('loggingIn.add')) : h('p.soft', {}, t('loggingIn.cannot')));
  return h('section.card', {}, h('h2', {}, t('loggingIn.passkeys')), h('p.soft', {}, t('loggingIn.passkeysHint')),
    held.length ? h('ul', {}, held.map((one) => passkey(one, again))) : h('p', {}, t('loggingIn.noPasskeys')), place);
}

function passkey(one, again) {
  const facts = [t('devices.since', { when: when(one.created_at) }), one.used_at ? t('loggingIn.used', { when: when(one.used_at) }) : t('loggingIn.unused')].join(' · ');
  return h('li.owned', { data: { passkey: one.id } }, h('div', {}, h('strong', {}, one.name), h('br'), h('span.soft.small', {}, facts)),
    sure({
      words: t('acts.remove'), label: t('loggingIn.forgetNamed', { name: one.name }), question: t('loggingIn.forgetSure'), yes: t('acts.remove'), does: async () => {
        await ask('DELETE', `${PASSKEYS}/${one.id}`);
        await again();
      },
    }));
}
