// <arxos-badge>: on every page, the truth about what has been sent. A link to the page behind it.

import { open } from '/replica/client.js';
import { h, icon } from '../view/dom.js';
import { t } from '../words/language.js';
import { standing } from '../view/standing.js';

export class ArxosBadge extends HTMLElement {
  #replica = null;
  #told = (event) => this.#show(event.detail);

  async connectedCallback() {
    this.text = h('span', { 'aria-live': 'polite' }, t('badge.opening'));
    this.mark = icon('turning');
    this.replaceChildren(h('a', { href: '/sync' }, this.mark, this.text));
    const replica = await open();
    if (!this.isConnected) return;
    this.#replica = replica;
    replica.addEventListener('status', this.#told);
    this.#show(replica.status());
  }

  disconnectedCallback() {
    this.#replica?.removeEventListener('status', this.#told);
    this.#replica = null;
  }

  #show(status) {
    const { mark, text, tone } = standing(status);
    Object.assign(this.dataset, {
      state: status.state, pending: status.pending, conflicts: status.conflicts, rejected: status.rejected, tone,
    });
    const next = icon(mark);
    this.mark.replaceWith(next);
    this.mark = next;
    if (this.text.textContent !== text) this.text.textContent = text;
  }
}

customElements.define('arxos-badge', ArxosBadge);
