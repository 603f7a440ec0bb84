// A new version waits until the person says so, and never takes a half-typed form with it.

import { h } from './dom.js';

export async function watchForUpdate(notice) {
  if (!('serviceWorker' in navigator)) return;
  const running = navigator.serviceWorker.controller !== null;
  const registration = await navigator.serviceWorker.register('/sw.js').catch((error) => {
    console.warn('Offline start is not possible here:', error.message);
    return null;
  });
  if (!registration) return;
  if (registration.waiting && running) offer(notice, registration);
  registration.addEventListener('updatefound', () => {
    const coming = registration.installing;
    coming.addEventListener('statechange', () => {
      if (coming.state === 'installed' && navigator.serviceWorker.controller) offer(notice, registration);
    });
  });
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') registration.update().catch(() => {}); // offline: asked again next time
  });
}

function offer(notice, registration) {
  const words = h('span', {}, 'An update is ready.');
  const take = () => {
    if (document.querySelector('form[data-dirty]')) {
      words.textContent = 'Save what you are typing first, then update.';
      return;
    }
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload(), { once: true });
    registration.waiting?.postMessage({ do: 'take over' });
  };
  notice.replaceChildren(h('div.notice', {}, words,
    h('button.button.small-button', { type: 'button', on: { click: take } }, 'Update now'),
    h('button.quiet', { type: 'button', on: { click: () => notice.replaceChildren() } }, 'Later')));
}
