// /account: where one is logged in, what lets one in, tokens for programs, and invitations to one's buildings, by ?show=.
// The server keeps it, so it is seen and changed with a network; all but how things look, which the person's own scope holds.

import { h, icon } from '../view/dom.js';
import { devices } from '../view/account_devices.js';
import { invitations } from '../view/account_invitations.js';
import { loggingIn } from '../view/account_login.js';
import { look } from '../view/account_look.js';
import { tokens } from '../view/account_tokens.js';
import { ownPage, tabs } from '../view/own_page.js';
import { problem } from '../view/words.js';
import { t } from '../words/language.js';

const SECTIONS = { devices, login: loggingIn, tokens, invitations, look };

let current = null;

export async function show(page, { replica, query }) {
  const stay = { replica, query, nav: h('div'), place: h('div.stack') };
  const me = replica.me();
  const who = me && h('p.who', {}, h('strong', {}, me.name), ' ', h('span.soft', {}, me.email));
  if (!ownPage(page, replica, { title: t('account.title'), words: t('account.logIn'), address: '/account' }, who, stay.nav, stay.place)) return undefined;
  current = stay;
  await draw(stay);
  return () => {
    current = null;
  };
}

export function moved(query) {
  if (!current) return false;
  current.query = query;
  draw(current);
  return true;
}

async function draw(stay) {
  const asked = (stay.turn = {});
  const showing = Object.keys(SECTIONS).find((name) => name === stay.query.get('show')) ?? 'devices';
  stay.nav.replaceChildren(tabs(t('account.title'), '/account', Object.keys(SECTIONS).map((name) => [name, t(`account.tabs.${name}`)]), showing));
  stay.nav.querySelector('[aria-current]').focus({ preventScroll: true });
  let nodes;
  try {
    nodes = await SECTIONS[showing](stay.replica, () => draw(stay));
  } catch (error) {
    nodes = [
      h('p.callout.warn', { role: 'alert' }, icon('offline'), h('span', {}, error.code === 'offline' ? t('account.offline') : problem(error))),
      h('div.row', {}, h('button.button.plain', { type: 'button', on: { click: () => draw(stay) } }, t('acts.again'))),
    ];
  }
  if (stay.turn === asked) stay.place.replaceChildren(...nodes);
}
