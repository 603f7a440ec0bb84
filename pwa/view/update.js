// Which version of the app runs. The hash of the list of files is part of the worker's address, so a changed file is
// a new worker; it waits until the person says so, and never takes a half-typed form with it.

import { scriptAddress } from '../trusted.js';
import { t } from '../words/language.js';
import { h } from './dom.js';

const LIST = '/precache.json';
const VERSION_BYTES = 8;

export async function watchForUpdate(notice) {
  if (!('serviceWorker' in navigator)) return;
  const check = () => register(notice).catch((error) => console.warn('No update was looked for:', error.message));
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && check());
  window.addEventListener('online', check);
  await check();
}

async function register(notice) {
  const answer = await fetch(LIST, { cache: 'no-store' });
  if (!answer.ok) throw new Error(`${LIST}: ${answer.status}`);
  const files = await answer.text();
  if (files === '[]') return end();
  const version = await hashOf(files);
  const registration = await navigator.serviceWorker.register(scriptAddress(`/sw.js?${version}`), { updateViaCache: 'none' });
  if (registration.waiting && navigator.serviceWorker.controller) offer(notice, registration);
  registration.onupdatefound = () => {
    const coming = registration.installing;
    coming.addEventListener('statechange', () => {
      if (coming.state === 'installed' && navigator.serviceWorker.controller) offer(notice, registration);
    });
  };
}

/** This server lets devices keep no app: the worker there is looks for its successor, which is pwa/retire.js. */
async function end() {
  await (await navigator.serviceWorker.getRegistration())?.update();
}

async function hashOf(text) {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return [...digest.slice(0, VERSION_BYTES)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function offer(notice, registration) {
  const words = h('span', {}, t('shell.update'));
  const take = () => {
    if (document.querySelector('[data-dirty]')) {
      words.textContent = t('shell.saveThenUpdate');
      return;
    }
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
    registration.waiting?.postMessage({ do: 'take over' });
  };
  notice.replaceChildren(h('div.notice', {}, words,
    h('button.button.slim', { type: 'button', on: { click: take } }, t('shell.updateNow')),
    h('button.quiet', { type: 'button', on: { click: () => notice.replaceChildren() } }, t('shell.later'))));
}
