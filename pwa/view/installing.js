// The app on the home screen: its files and buildings are then kept like those of any other app. Chromium asks when we
// let it; Safari asks never, and clears what a site kept after seven days without a visit, so its way there is told.

import { act } from './sure.js';
import { h, icon } from './dom.js';
import { t } from '../words/language.js';

const LATER = 'arxos.install.later';

let offer = null; // Chromium's, until it is taken

addEventListener('beforeinstallprompt', (event) => {
  event.preventDefault();
  offer = event;
  document.dispatchEvent(new CustomEvent('installable'));
});
addEventListener('appinstalled', () => {
  offer = null;
  document.dispatchEvent(new CustomEvent('installable'));
});

/** A place that says how the app is installed, for as long as that is of use. `once`: it can be put off for good. */
export function installing(ears, { once = false } = {}) {
  const place = h('div.installing');
  const draw = () => place.replaceChildren(...[once && isPutOff() ? null : hint(once, draw)].filter(Boolean));
  ears.on(document, 'installable', draw);
  draw();
  return place;
}

const isPutOff = () => localStorage.getItem(LATER) === 'yes';
const putOff = () => localStorage.setItem(LATER, 'yes');

function hint(once, draw) {
  if (installed() || !(offer || byHand())) return null;
  const said = h('p.error', { role: 'alert' });
  const install = offer && act('button.slim', t('install.now'), said, () => asked(offer));
  const later = once && h('button.quiet', { type: 'button', on: { click: () => { putOff(); draw(); } } }, t('install.later'));
  const words = offer ? t('install.why') : t('install.byHand');
  return h('section.callout', { 'aria-label': t('install.label') }, icon('download'),
    h('div.stack', {}, h('span', {}, words), said, h('div.row', {}, install, later)));
}

async function asked(event) {
  await event.prompt();
  const { outcome } = await event.userChoice;
  if (outcome !== 'accepted') return;
  offer = null;
  document.dispatchEvent(new CustomEvent('installable'));
}

const installed = () => matchMedia('(display-mode: standalone)').matches || navigator.standalone === true;

/** Safari of a phone or a tablet alone knows `standalone`. */
const byHand = () => 'standalone' in navigator;
