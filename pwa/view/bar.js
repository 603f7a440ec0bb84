// The bar at the head of every page: the way back, where one is, the badge.

import { t } from '../words/language.js';
import { h, icon } from './dom.js';
import '../elements/arxos-badge.js';

export function bar({ title, back = null, words = t('acts.back'), beside = [] }) {
  const heading = h('h1', { tabindex: '-1' }, title);
  const way = back ? h('a.bar-back', { href: back, 'aria-label': words }, icon('back')) : h('span.bar-name', { 'aria-hidden': 'true' }, 'ARXOS');
  return h('header.bar', {}, way, heading, h('div.bar-side', {}, beside, h('arxos-badge')));
}
