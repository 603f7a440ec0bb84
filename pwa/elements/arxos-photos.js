// <arxos-photos>: the photos of one row, and the button for one more. `show({replica, scope, table, id})`; each photo
// says where its bytes are: kept here, on the server, or on somebody's device from where they have not come yet.

import { h, icon, listening } from '../view/dom.js';
import { marksOn } from '../view/marks.js';
import { marked } from '../view/marks_layer.js';
import { isVoice } from '../view/voice.js';
import { problem, size, whenThere } from '../view/words.js';
import { number, t } from '../words/language.js';
import './arxos-markup.js';

const SHOWN_OF = ['attachment', 'annotation', 'member'];

export class ArxosPhotos extends HTMLElement {
  #about = null;
  #ears = listening();
  #urls = new Map(); // hash → address of the picture shown

  show(about) {
    this.close();
    this.#about = about;
    this.list = h('ul.photos');
    this.count = h('span.soft');
    this.output = h('output.kept', { 'aria-live': 'polite' });
    this.viewer = h('dialog.photo-viewer', { 'aria-labelledby': 'photo-name', on: { close: () => this.viewer.replaceChildren(), keydown: (event) => event.stopPropagation() } });
    this.replaceChildren(
      h('details.fold', { open: true }, h('summary', {}, t('photos.title'), this.count), this.list,
        about.replica.me() ? this.#adder() : null, this.output),
      this.viewer);
    this.#ears.on(about.replica, 'photos', ({ detail }) => this.#heard(detail));
    this.#ears.on(about.replica, 'change', ({ detail }) => {
      if (detail.scope === about.scope && detail.tables.some((table) => SHOWN_OF.includes(table))) this.renew();
    });
    return this.renew();
  }

  close() {
    this.#ears.stop();
    this.#ears = listening();
    for (const url of this.#urls.values()) URL.revokeObjectURL(url);
    this.#urls.clear();
    this.#about = null;
  }

  disconnectedCallback() {
    this.close();
  }

  async renew() {
    const about = this.#about;
    const { replica, scope, table, id } = about;
    const rows = (await replica.photos(scope, table, id)).filter((row) => !isVoice(row));
    const marks = await marksOn(replica, scope, rows.map((row) => row.id));
    if (this.#about !== about) return;
    this.count.textContent = rows.length ? number(rows.length) : t('sheet.none');
    this.list.replaceChildren(...rows.map((row) => this.#item(row, marks.get(row.id).pieces)));
  }

  #adder() {
    const input = h('input.sr-only', { type: 'file', id: 'photo-file', accept: 'image/*', capture: 'environment', on: {
      change: () => this.#add(input),
    } });
    return h('div', {}, input, h('label.button.plain', { for: 'photo-file' }, t('photos.add')));
  }

  async #add(input) {
    const [file] = input.files;
    if (!file) return;
    const { replica, scope, table, id } = this.#about;
    this.#say('plain', t('keeping.keeping'));
    try {
      await replica.attach(scope, { file, name: file.name, target_table: table, target_id: id });
      this.#say('good', t('keeping.kept'));
      input.value = '';
    } catch (error) {
      this.#say('bad', problem(error));
    }
  }

  #say(tone, text) {
    this.output.dataset.tone = tone;
    this.output.textContent = text;
  }

  /** Progress of one, or that where the bytes are has changed. */
  #heard({ scope, sha256, done, total }) {
    if (scope !== this.#about.scope) return;
    const item = this.list.querySelector(`[data-sha256="${sha256}"]`);
    const bar = item?.querySelector('progress');
    if (bar && done !== undefined && done < total) {
      bar.hidden = false;
      bar.value = done / total;
    } else if (item) this.renew();
  }

  #item(row, pieces) {
    const words = whereabouts(row);
    const label = [t('photos.open', { name: nameOf(row) }), pieces.length ? t('marks.count', { n: pieces.length }) : ''].filter(Boolean).join(', ');
    const frame = h('button.photo-frame', { type: 'button', 'aria-label': label, on: { click: () => this.#open(row) } });
    this.#picture(row, frame, pieces);
    return h('li', { data: { sha256: row.sha256, where: row.where } },
      frame,
      h('span', {}, nameOf(row)),
      h('span.soft.small', {}, [row.author, row.created_at ? whenThere(row.created_at) : t('photos.justNow'), size(row.byte_size ?? 0)].filter(Boolean).join(' · ')),
      h('span.small', { data: { tone: row.problem ? 'bad' : 'plain' } }, row.problem ? `${words}. ${row.problem}` : words),
      h('progress', { hidden: true, max: 1, 'aria-label': t('photos.sending', { name: nameOf(row) }) }));
  }

  async #picture(row, frame, pieces) {
    const about = this.#about;
    if (!this.#urls.has(row.sha256)) {
      const known = row.where === 'elsewhere' ? null : await about.replica.photo(about.scope, row.sha256).catch(() => null);
      const picture = known ?? (row.thumbnail ? new Blob([row.thumbnail], { type: 'image/webp' }) : null);
      if (!picture || this.#about !== about) return;
      const url = URL.createObjectURL(picture);
      if (!known) this.#once(frame, url);
      if (!known) return;
      this.#urls.set(row.sha256, url);
    }
    frame.replaceChildren(marked(h('img', { src: this.#urls.get(row.sha256), alt: nameOf(row) }), pieces));
  }

  /** A preview, until the picture itself is here. */
  #once(frame, url) {
    const image = h('img.preview', { src: url, alt: t('photos.preview') });
    image.addEventListener('load', () => URL.revokeObjectURL(url), { once: true });
    frame.replaceChildren(image);
  }

  async #open(row) {
    const { replica, scope } = this.#about;
    if (row.where === 'elsewhere') return this.#say('plain', whereabouts(row));
    try {
      const image = await loaded(await replica.photo(scope, row.sha256, true), nameOf(row));
      if (!image) return this.#say('bad', t('photos.unseen'));
      const markup = h('arxos-markup');
      await markup.show({ replica, scope, photo: row, image });
      this.viewer.replaceChildren(
        h('header.viewer-head', {}, h('h2', { id: 'photo-name' }, nameOf(row)),
          h('form', { method: 'dialog' }, h('button.round', { 'aria-label': t('acts.close') }, icon('close')))),
        markup);
      this.viewer.showModal();
      if (row.where === 'server') this.renew();
    } catch (error) {
      this.#say('bad', problem(error));
    }
    return undefined;
  }
}

/** The picture, to be shown at once; null of what the browser cannot read. */
async function loaded(picture, name) {
  const url = URL.createObjectURL(picture);
  const image = h('img', { src: url, alt: name, draggable: 'false' });
  try {
    await image.decode();
  } catch {
    return null;
  } finally {
    URL.revokeObjectURL(url);
  }
  return image;
}

const nameOf = (row) => row.name ?? t('values.photo');

/** Where a photo's bytes are, in words. */
export function whereabouts({ where, mine, author }) {
  switch (where) {
    case 'waiting':
      return t('photos.waiting');
    case 'here':
      return t('photos.here');
    case 'server':
      return t('photos.server');
    default:
      return mine ? t('photos.mine') : author ? t('photos.theirs', { name: author }) : t('photos.somebodys');
  }
}

customElements.define('arxos-photos', ArxosPhotos);
