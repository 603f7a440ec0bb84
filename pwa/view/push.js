// Notices on this browser's screen (Web Push): whether it takes them, and the way to have it so or not. The browser has
// a subscription of its own, the server knows of it or does not, and only both together is "on".

import { ask, askAll } from '../sync/asking.js';
import { t } from '../words/language.js';

const PATH = '/api/v1/notifications/push';

/** unsupported | denied | off | on; `unknown` where only the server could say and it is not there. */
export async function pushState() {
  const registration = await registered();
  if (!registration) return 'unsupported';
  if (Notification.permission === 'denied') return 'denied';
  const subscription = await registration.pushManager.getSubscription();
  if (!subscription) return 'off';
  try {
    return (await known(subscription)).some((one) => one.gone_at === null) ? 'on' : 'off';
  } catch (error) {
    if (error.code === 'offline') return 'unknown';
    throw error;
  }
}

export async function turnOn() {
  const registration = await registered();
  if ((await Notification.requestPermission()) !== 'granted') return;
  const { key } = await ask('GET', `${PATH}/key`);
  const subscription = await subscribed(registration, bytesOf(key));
  const { endpoint, keys } = subscription.toJSON();
  try {
    await ask('POST', PATH, { endpoint, keys });
  } catch (error) {
    await subscription.unsubscribe();
    throw error;
  }
}

export async function turnOff() {
  const subscription = await (await registered())?.pushManager.getSubscription();
  if (!subscription) return;
  for (const { id } of await known(subscription)) await ask('DELETE', `${PATH}/${id}`);
  await subscription.unsubscribe();
}

/** Nobody is told any more on this browser; the server learns it from the push service. */
export async function silence() {
  const registration = await registered();
  const subscription = await registration?.pushManager.getSubscription();
  await subscription?.unsubscribe();
}

async function registered() {
  if (!('serviceWorker' in navigator) || !('PushManager' in window) || !('Notification' in window)) return null;
  return (await navigator.serviceWorker.getRegistration()) ?? null;
}

/** A subscription made for another key (a server set up anew) takes nothing of ours, and is given back. */
async function subscribed(registration, key) {
  const former = await registration.pushManager.getSubscription();
  if (former && !same(new Uint8Array(former.options.applicationServerKey), key)) await former.unsubscribe();
  try {
    return await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  } catch (error) {
    if (error.name !== 'AbortError') throw error;
    throw Object.assign(new Error('push'), {
      code: 'no_push_service', detail: t('telling.noService'), hint: t('telling.noServiceHint'),
    });
  }
}

async function known(subscription) {
  return (await askAll(PATH)).filter((one) => one.endpoint === subscription.endpoint);
}

function same(one, other) {
  return one.length === other.length && one.every((byte, place) => byte === other[place]);
}

function bytesOf(text) {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}
