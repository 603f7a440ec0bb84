// <arxos-photos>: the photos of one row, and the buttons for one more. `show({replica, scope, table, id})`; each photo
// says where its bytes are: kept here, on the server, or on somebody's device from where they have not come yet. With null as
// table and id: those of the building that belong to nothing, hidden where there are none.

import { h, icon, listening } from '../view/dom.js';
import { marksOn } from '../view/marks.js';
import { marked } from '../view/marks_layer.js';
import { mover } from '../view/taken_off.js';
import { isVoice } from '../view/voice.js';
import { problem, size, whenThere } from '../view/words.js';
import { number, t } from '../words/language.js';
import './arxos-markup.js';

const SHOWN_OF = ['attachment', 'annotation', 'member', 'floor_plan'];
const CLOCK_MS = 1_000; // as coarse as some file systems write when a file was made

export class ArxosPhotos extends HTMLElement {
  #about = null;
  #ears = listening();
  #urls = new Map(); // hash → address of the picture shown
  #asked = Infinity; // when the camera was asked for a photo

  show(about) {
    this.close();
    this.#about = about;
    this.list = h('ul.photos');
    this.count = h('span.soft');
    this.output = h('output.kept', { 'aria-live': 'polite' });
    this.viewer = h('dialog.photo-viewer', { 'aria-labelledby': 'photo-name', on: { close: () => this.viewer.replaceChildren(), keydown: (event) => event.stopPropagation() } });
    this.tells = h('p.soft.small');
    const loose = about.table === null;
    this.replaceChildren(
      h('details.fold', { open: !loose }, h('summary', {}, t(loose ? 'off.photos' : 'photos.title'), this.count), this.list,
        about.replica.me() && !loose ? this.#adder() : null, this.output),
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
    const tells = await replica.photosTell();
    if (this.#about !== about) return;
    this.hidden = table === null && !rows.length;
    this.tells.textContent = t(`photos.tells.${tells}`);
    this.count.textContent = rows.length ? number(rows.length) : t('sheet.none');
    this.list.replaceChildren(...rows.map((row) => this.#item(row, marks.get(row.id).pieces)));
  }

  #adder() {
    const input = (id, more) => h('input.sr-only', { type: 'file', id, accept: 'image/*', ...more, on: {
      click: () => { this.#asked = Date.now(); },
      change: (event) => this.#add(event.target),
    } });
    return h('div.photo-adder', {},
      h('div.with-camera', {}, input('photo-camera', { capture: 'environment' }), h('label.button.plain', { for: 'photo-camera' }, t('photos.take'))),
      h('div', {}, input('photo-file'), h('label.button.plain', { for: 'photo-file' }, t('photos.pick'))),
      this.tells);
  }

  async #add(input) {
    const [file] = input.files;
    if (!file) return;
    const { replica, scope, table, id } = this.#about;
    this.#say('plain', t('keeping.keeping'));
    // a file that came to be while the camera was open is what it took; of any other only the file can say when
    const fresh = input.hasAttribute('capture') && file.lastModified >= this.#asked - CLOCK_MS;
    const taken = fresh ? { taken_at: new Date(file.lastModified).toISOString() } : {};
    try {
      await replica.attach(scope, { file, name: file.name, target_table: table, target_id: id, ...taken });
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
      row.taken_at ? h('span.soft.small', {}, t('photos.taken', { time: whenThere(row.taken_at) })) : null,
      h('span.small', { data: { tone: row.problem ? 'bad' : 'plain' } }, row.problem ? `${words}. ${row.problem}` : words),
      h('progress', { hidden: true, max: 1, 'aria-label': t('photos.sending', { name: nameOf(row) }) }),
      mover(this.#about, row, nameOf(row), (tone, words) => this.#say(tone, words)));
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
