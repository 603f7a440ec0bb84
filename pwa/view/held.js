// Said when the files are in the hand of a tab that does not answer and that nothing can be taken from: rare, and only
// the person can help.

import { h, icon } from './dom.js';

export function watchForHeld(notice) {
  window.addEventListener('arxos-held', ({ detail: { held } }) => {
    notice.replaceChildren(...(held ? [words()] : []));
  });
}

function words() {
  return h('div.notice.warn', { 'data-held': '' }, icon('warning'),
    h('span', {}, h('strong', {}, 'ARXOS is open in another tab that does not answer. Close it. '),
      'Leave this one open: what you typed here is kept as soon as the other is closed.'));
}
