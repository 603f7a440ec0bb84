// The start: the replica is opened, the address says which page stands, the service worker keeps both for offline.

import { open } from '/replica/client.js';
import { bar } from './view/bar.js';
import { h, listening } from './view/dom.js';
import { followPreferences } from './view/preferences.js';
import { markOpened } from './view/unread.js';
import { problem } from './view/words.js';
import { t } from './words/language.js';
import { showInsecure } from './view/insecure.js';
import { watchForUpdate } from './view/update.js';
import * as account from './pages/account.js';
import * as building from './pages/building.js';
import * as buildings from './pages/buildings.js';
import * as conflicts from './pages/conflicts.js';
import * as exports from './pages/exports.js';
import * as inbox from './pages/inbox.js';
import * as login from './pages/login.js';
import * as person from './pages/person.js';
import * as sync from './pages/sync.js';
import * as wallet from './pages/wallet.js';
import * as work from './pages/work.js';

const ROUTES = [
  [/^\/$/, buildings],
  [/^\/login$/, login],
  [/^\/account\/(?<what>register|forgotten|confirm|reset|email|invitation)$/, account],
  [/^\/account$/, person],
  [/^\/inbox$/, inbox],
  [/^\/wallet$/, wallet],
  [/^\/sync$/, sync],
  [/^\/b\/(?<building>[^/]+)$/, building],
  [/^\/b\/(?<building>[^/]+)\/conflicts$/, conflicts],
  [/^\/b\/(?<building>[^/]+)\/work$/, work],
  [/^\/b\/(?<building>[^/]+)\/exports$/, exports],
];

const PUSHED = /^#read=([0-9a-f-]+)$/; // a window that a push opened (sw.js)
const place = document.getElementById('page');
const notice = document.getElementById('notice');
let leave = () => {};
const skip = document.querySelector('a.skip');
let shown = null;
let turn = 0;

export function go(address, { replace = false } = {}) {
  history[replace ? 'replaceState' : 'pushState'](null, '', address);
  return render();
}

async function render() {
  const mine = ++turn;
  const url = new URL(location.href);
  const [page, params] = match(url.pathname);
  if (shown?.path === url.pathname && shown.page.moved?.(url.searchParams)) return;
  leave();
  leave = () => {};
  shown = { page, path: url.pathname };
  place.setAttribute('aria-busy', 'true');
  try {
    const replica = await open();
    const undo = await page.show(place, { replica, params, query: url.searchParams, go });
    if (mine === turn) leave = undo ?? leave;
    else undo?.();
  } catch (error) {
    if (mine === turn) showProblem(error);
    console.error(error);
  }
  if (mine !== turn) return;
  place.removeAttribute('aria-busy');
  document.title = `${place.querySelector('h1')?.textContent ?? 'ARXOS'} · ARXOS`;
  place.querySelector('h1')?.focus({ preventScroll: true });
}

function match(path) {
  for (const [pattern, page] of ROUTES) {
    const found = path.match(pattern);
    if (found) return [page, { ...found.groups }];
  }
  return [{ show: showNothing }, {}];
}

function showNothing(page) {
  page.replaceChildren(
    bar({ title: t('shell.nothing'), back: '/' }),
    h('div.column', {}, h('p', {}, t('shell.noPage')), h('a.button', { href: '/' }, t('acts.toBuildings'))));
}

function showProblem(error) {
  place.replaceChildren(
    h('header.bar', {}, h('a.bar-name', { href: '/' }, 'ARXOS'), h('h1', { tabindex: '-1' }, t('shell.notShown'))),
    h('div.column', {},
      h('p', { role: 'alert' }, problem(error)),
      h('p.soft', {}, t('shell.stillHere')),
      h('button.button', { type: 'button', on: { click: () => render() } }, t('acts.again'))));
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[href]');
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  if (!link || !plain || link.target || link.origin !== location.origin || link.hasAttribute('download')) return;
  if (link.getAttribute('href').startsWith('#')) return;
  event.preventDefault();
  go(link.href);
});
window.addEventListener('popstate', () => render());

/** Somebody opened what this device had shown of their inbox (sw.js); never over what is being typed. */
navigator.serviceWorker?.addEventListener('message', ({ data }) => {
  if (data?.do !== 'open') return;
  open().then((replica) => markOpened(replica, data.id));
  if (!document.querySelector('[data-dirty]')) go(data.link);
  else notice.replaceChildren(h('div.notice', {}, t('shell.saveFirst'), ' ', h('a.button.slim', { href: data.link, on: { click: () => notice.replaceChildren() } }, t('shell.leave'))));
});

/** Everything is drawn anew, but not over what is being typed; a control that was held is held again. */
document.addEventListener('languaged', async () => {
  skip.textContent = t('shell.skip');
  if (!shown || document.querySelector('[data-dirty]')) return;
  const held = document.activeElement?.id;
  shown = null;
  await render();
  if (held) document.getElementById(held)?.focus({ preventScroll: true });
});

skip.textContent = t('shell.skip');
if (isSecureContext) {
  watchForUpdate(notice);
  open().then((replica) => { // what hinders opening is said by the page
    markOpened(replica, location.hash.match(PUSHED)?.[1]);
    return followPreferences(replica, listening());
  }, () => {});
  await render();
} else {
  showInsecure(place);
}
