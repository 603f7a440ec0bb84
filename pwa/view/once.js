// What is shown once and never again: a secret as text, to be copied, saved or read by a camera.

import { t } from '../words/language.js';
import { h } from './dom.js';
import { acting } from './sure.js';

/** `away` is called once the person says that they have it. */
export function once(words, text, away, svg = null) {
  const said = h('span.soft', { role: 'status' });
  const { button, error } = acting('button.plain.slim', t('once.copy'), async () => {
    await navigator.clipboard.writeText(text);
    said.textContent = t('once.copied');
  });
  return h('div.stack', { data: { once: '' } },
    h('p', {}, h('strong', {}, words)), svg ? qr(svg) : null, h('p.secret', { tabindex: '0' }, text),
    h('div.row', {}, button, h('button.button.slim', { type: 'button', on: { click: away } }, t('once.kept')), said), error);
}

/** The server's picture; what it is drawn in is named, since it stands alone here. */
export function qr(svg) {
  const text = svg.replace('<svg ', '<svg xmlns="http://www.w3.org/2000/svg" ');
  return h('img.qr', { src: `data:image/svg+xml,${encodeURIComponent(text)}`, alt: t('once.picture') });
}
