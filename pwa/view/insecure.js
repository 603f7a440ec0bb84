// A page that came over plain HTTP: browsers then give it neither the files for replicas nor a service worker, so the app
// says so and does not begin. A computer's own address (localhost) counts as secure.

import { h } from './dom.js';
import { t } from '../words/language.js';

export function showInsecure(page) {
  const address = new URL(location.href);
  address.protocol = 'https:';
  address.port = '';
  document.title = `${t('insecure.title')} · ARXOS`;
  page.replaceChildren(
    h('header.bar', {}, h('span.bar-name', {}, 'ARXOS'), h('h1', { tabindex: '-1' }, t('insecure.title'))),
    h('div.column', {},
      h('p', { role: 'alert' }, t('insecure.why', { host: location.host })),
      h('p', {}, h('a.button', { href: address.href, target: '_self' }, t('insecure.try', { address: address.origin }))),
      h('p.soft', {}, t('insecure.remedy'))));
  page.removeAttribute('aria-busy');
}
