// <arxos-voice>: what was said about one row, and the button to say more. `show({replica, scope, table, id})`. A note is
// heard before it is kept; who leaves with one that is not kept yet finds it kept, with the way to take it back. Null as table
// and id as with <arxos-photos>.

import { h, icon, keep, listening } from '../view/dom.js';
import { offerUndo } from '../view/undoing.js';
import { mover } from '../view/taken_off.js';
import { isVoice, LONGEST_MS, minutes, record, refusal, sound } from '../view/voice.js';
import { may } from '../view/rights.js';
import { problem, size, whenThere } from '../view/words.js';
import { number, t } from '../words/language.js';
import { whereabouts } from './arxos-photos.js';

const TICK_MS = 250;

export class ArxosVoice extends HTMLElement {
  #about = null;
  #ears = listening();
  #recording = null;
  #fresh = null; // recorded, not kept yet
  #urls = [];

  show(about) {
    this.close();
    this.#about = about;
    this.count = h('span.soft');
    this.list = h('ul.voices');
    this.desk = h('div.voice-desk');
    this.output = h('output.kept', { 'aria-live': 'polite' });
    const loose = about.table === null;
    this.replaceChildren(h('details.fold', { open: !loose }, h('summary', {}, t(loose ? 'off.voices' : 'voice.title'), this.count), this.list,
      may(about.replica, about.scope, 'attachment', 'insert') && !loose ? this.desk : null, this.output));
    this.#rest();
    this.#ears.on(about.replica, 'photos', ({ detail }) => detail.scope === about.scope && this.renew());
    this.#ears.on(about.replica, 'change', ({ detail }) => {
      if (detail.scope === about.scope && detail.tables.some((table) => table === 'attachment' || table === 'member')) this.renew();
    });
    return this.renew();
  }

  close() {
    this.#ears.stop();
    this.#ears = listening();
    if (this.#about) this.#keepWhatWasSaid(this.#about);
    for (const url of this.#urls.splice(0)) URL.revokeObjectURL(url);
    this.#about = null;
  }

  disconnectedCallback() {
    this.close();
  }

  async renew() {
    const about = this.#about;
    const rows = (await about.replica.photos(about.scope, about.table, about.id)).filter(isVoice);
    if (this.#about !== about) return;
    this.hidden = about.table === null && !rows.length;
    this.count.textContent = rows.length ? number(rows.length) : t('sheet.none');
    keep(this.list, rows.map((row) => [row.id, '', () => this.#item(row)])); // one that plays goes on playing
    rows.forEach((row, place) => this.list.children[place].tell(row));
  }

  #item(row) {
    const name = row.name ?? t('voice.title');
    const play = h('button.round', { type: 'button', 'aria-label': t('voice.play', { name }), on: { click: () => this.#play(item.row, item) } }, icon('play'));
    const facts = h('span.soft.small'), where = h('span.small');
    const item = h('li.voice', { data: { sha256: row.sha256 } }, play, h('div', {}, h('span', {}, name), facts, where), mover(this.#about, row, name, (tone, words) => this.#say(tone, words)));
    item.tell = (now) => {
      item.row = now;
      item.dataset.where = now.where;
      facts.textContent = [now.author, now.created_at ? whenThere(now.created_at) : t('photos.justNow'), size(now.byte_size ?? 0)].filter(Boolean).join(' · ');
      where.dataset.tone = now.problem ? 'bad' : 'plain';
      where.textContent = now.problem ? `${whereabouts(now)}. ${now.problem}` : whereabouts(now);
    };
    return item;
  }

  async #play(row, item) {
    const { replica, scope } = this.#about;
    if (row.where === 'elsewhere') return this.#say('plain', whereabouts(row));
    try {
      const player = this.#player(sound(await replica.photo(scope, row.sha256, true), row.media_type), row.name);
      item.querySelector('audio')?.remove();
      item.append(player);
      await player.play();
    } catch (error) {
      this.#say('bad', problem(error));
    }
    return undefined;
  }

  #player(blob, name) {
    const url = URL.createObjectURL(blob);
    this.#urls.push(url);
    return h('audio', { src: url, controls: true, 'aria-label': name });
  }

  #say(tone, text) {
    this.output.dataset.tone = tone;
    this.output.textContent = text;
  }

  // ------------------------------------------------------------ a new one

  #rest() {
    const begin = h('button.button.plain', { type: 'button', on: { click: () => this.#begin(begin) } }, icon('microphone'), t('voice.record'));
    this.desk.replaceChildren(begin);
    delete this.dataset.state;
    delete this.dataset.dirty;
    return begin;
  }

  async #begin(button) {
    const about = this.#about;
    button.disabled = true;
    this.#say('plain', '');
    try {
      const recording = await record();
      if (this.#about !== about) return recording.stop(); // left meanwhile: the microphone is let go
      this.#recording = recording;
      recording.ended.then((done) => this.#ended(recording, done));
      this.#showRecording(recording);
    } catch (error) {
      this.#say('bad', t(`voice.${refusal(error)}`));
      button.disabled = false;
    }
    return undefined;
  }

  #showRecording(recording) {
    const time = h('span.voice-time', { role: 'timer' });
    const tick = () => {
      if (this.#recording !== recording) return;
      time.textContent = t('voice.time', { time: minutes(recording.elapsed()), longest: minutes(LONGEST_MS) });
      setTimeout(tick, TICK_MS);
    };
    tick();
    const stop = h('button.button', { type: 'button', on: { click: () => recording.stop() } }, icon('stop'), t('voice.stop'));
    this.desk.replaceChildren(h('span.recording', {}, time), stop);
    this.dataset.state = 'recording';
    this.dataset.dirty = ''; // no new version of the app comes over what is being said
    stop.focus();
  }

  #ended(recording, done) {
    if (this.#recording !== recording) return;
    this.#recording = null;
    this.#fresh = done;
    this.dataset.state = 'recorded';
    const keepIt = h('button.button', { type: 'button', on: { click: () => this.#keep(this.#about) } }, t('acts.keep'));
    this.desk.replaceChildren(this.#player(done.blob, t('voice.heard')), h('div.row', {}, keepIt,
      h('button.button.plain', { type: 'button', on: { click: () => this.#discard() } }, icon('bin'), t('voice.discard'))));
    keepIt.focus();
  }

  #discard() {
    this.#fresh = null;
    this.#say('plain', t('voice.discarded'));
    this.#rest().focus();
  }

  async #keep(about) {
    const note = this.#fresh;
    this.#fresh = null;
    this.#say('plain', t('keeping.keeping'));
    try {
      const key = await attach(about, note);
      if (mayDelete(about)) offerUndo(t('voice.kept'), about.replica, about.scope, key);
      if (this.#about !== about) return;
      this.#say('good', t('keeping.kept'));
      this.#rest().focus();
    } catch (error) {
      this.#fresh = note;
      this.#say('bad', problem(error));
    }
  }

  /** The page is left: a note that nobody threw away is kept. */
  #keepWhatWasSaid(about) {
    const recording = this.#recording, note = this.#fresh;
    this.#recording = this.#fresh = null;
    recording?.stop();
    const done = recording ? recording.ended : note && Promise.resolve(note);
    const tell = (words, key) => offerUndo(words, about.replica, about.scope, mayDelete(about) ? key : null);
    done?.then(async (one) => tell(t('voice.keptOnLeaving'), await attach(about, one))).catch((error) => tell(problem(error), null));
  }
}

/** Most people may add what was said, but not take it from the others again. */
const mayDelete = ({ replica, scope }) => may(replica, scope, 'attachment', 'delete');

function attach({ replica, scope, table, id }, { blob, type, ending, ms }) {
  const name = `${t('voice.called', { time: minutes(ms).replace(':', '.') })}.${ending}`;
  return replica.attach(scope, { file: new File([blob], name, { type }), name, target_table: table, target_id: id });
}

customElements.define('arxos-voice', ArxosVoice);
