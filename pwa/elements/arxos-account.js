// <arxos-account>: in the bar, who is logged in, how much of their inbox is unread, and the ways to what is theirs. Says
// `left` when they have logged out.

import { open } from '/replica/client.js';
import { h, icon, listening } from '../view/dom.js';
import { watchOwn } from '../view/own.js';
import { silence } from '../view/push.js';
import { shortly, unreadCount } from '../view/unread.js';
import { t } from '../words/language.js';

const named = (name, unread) => t(unread ? 'person.unread' : 'person.named', { name, n: unread });

export class ArxosAccount extends HTMLElement {
  #ears = null;

  async connectedCallback() {
    this.replica = await open();
    if (!this.isConnected || this.#ears) return;
    this.#ears = listening();
    this.#draw();
    watchOwn(this.replica, this.#ears, ['notification'], () => this.#count());
    // by its path: what was pressed may have made way for what it asks
    this.#ears.on(document, 'click', (event) => event.composedPath().includes(this) || this.#close());
    this.#ears.on(this, 'keydown', ({ key }) => {
      if (key !== 'Escape' || !this.querySelector('details[open]')) return;
      this.#close();
      this.querySelector('summary').focus();
    });
    await this.#count();
  }

  disconnectedCallback() {
    this.#ears?.stop();
    this.#ears = null;
  }

  #close() {
    this.querySelector('details')?.removeAttribute('open');
  }

  #draw() {
    const me = this.replica.me();
    if (!me) {
      this.replaceChildren(h('a.bar-link', { href: '/login' }, t('acts.logIn')));
      return;
    }
    this.mark = h('span.unread', { 'aria-hidden': 'true', hidden: true });
    this.number = h('span.soft');
    this.summary = h('summary.bar-person', { 'aria-label': named(me.name, 0) }, icon('person'), this.mark);
    this.place = h('div.stack', {}, h('button.button.plain', { type: 'button', on: { click: () => this.#ask() } }, t('person.logOut')));
    const link = (address, ...words) => h('li', {}, h('a', { href: address }, ...words));
    this.replaceChildren(h('details.menu', {}, this.summary,
      h('div.menu-body', {},
        h('p', {}, h('strong', {}, me.name)),
        h('p.soft.small', {}, me.email),
        h('ul.ways', {}, link('/inbox', t('inbox.title'), ' ', this.number), link('/wallet', t('wallet.title')), link('/account', t('account.title'))),
        this.place)));
  }

  async #count() {
    const me = this.replica.me();
    if (!me || !this.mark) return;
    const unread = await unreadCount(this.replica);
    this.dataset.unread = unread;
    this.mark.textContent = shortly(unread);
    this.mark.hidden = !unread;
    this.number.textContent = unread ? t('person.count', { n: unread }) : '';
    this.summary.setAttribute('aria-label', named(me.name, unread));
  }

  /** What was not sent is said before somebody goes. */
  #ask() {
    const { pending, rejected } = this.replica.status();
    if (!pending && !rejected) return this.#leave();
    this.place.replaceChildren(
      h('p', { role: 'alert' }, t('person.waits', { n: pending + rejected })),
      h('button.button', { type: 'button', on: { click: () => this.#leave() } }, t('person.logOut')),
      h('a.button.plain', { href: '/sync' }, t('person.seeFirst')));
    return undefined;
  }

  async #leave() {
    await silence().catch(() => {}); // without a network it may not be had; the person goes all the same
    await this.replica.logout();
    this.mark = null;
    this.#draw();
    this.dispatchEvent(new CustomEvent('left', { bubbles: true }));
  }
}

customElements.define('arxos-account', ArxosAccount);
