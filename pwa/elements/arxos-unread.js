// <arxos-unread>: in the bar of pages that are full already, the way to the inbox while something of it is unread.

import { open } from '/replica/client.js';
import { h, icon, listening } from '../view/dom.js';
import { watchOwn } from '../view/own.js';
import { shortly, unreadCount } from '../view/unread.js';
import { t } from '../words/language.js';

export class ArxosUnread extends HTMLElement {
  #ears = null;

  async connectedCallback() {
    const replica = await open();
    if (!this.isConnected || this.#ears) return;
    this.#ears = listening();
    watchOwn(replica, this.#ears, ['notification'], () => this.#count(replica));
    await this.#count(replica);
  }

  disconnectedCallback() {
    this.#ears?.stop();
    this.#ears = null;
  }

  async #count(replica) {
    const unread = await unreadCount(replica);
    this.dataset.unread = unread;
    this.mark ??= h('span.unread', { 'aria-hidden': 'true' });
    this.way ??= h('a.bar-person', { href: '/inbox' }, icon('bell'), this.mark);
    this.mark.textContent = shortly(unread);
    this.way.setAttribute('aria-label', t('inbox.waiting', { n: unread }));
    if (!unread) this.replaceChildren();
    else if (!this.way.isConnected) this.replaceChildren(this.way);
  }
}

customElements.define('arxos-unread', ArxosUnread);
