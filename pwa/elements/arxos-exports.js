// <arxos-exports>: what was exported of a building, the newest first: how far it is, with the way to stop it; the file and
// how long it is there; what went wrong, with the way to try again. `show({replica, scope, storeys})`, `asked(job)`.

import { ask } from '../sync/asking.js';
import { h, icon, keep, listening } from '../view/dom.js';
import { contentOf, merged, problemOf } from '../view/exporting.js';
import { isOffline } from '../view/own.js';
import { act } from '../view/sure.js';
import { problem, size, when } from '../view/words.js';
import { known, number, t } from '../words/language.js';

const LOOK_MS = 4000; // where the socket is shut, or a worker beside the server does the jobs
const JOBS = '/api/v1/jobs?kind=export&limit=100';

export class ArxosExports extends HTMLElement {
  #ears = listening();
  #jobs = new Map();
  #again = 0;
  #states = new Map();

  async show(about) {
    this.about = about;
    this.list = h('ul');
    this.said = h('p.sr-only', { role: 'status' });
    this.replaceChildren(h('section.card', {}, h('h2', {}, t('exports.list')), this.list, this.said));
    const { replica, scope } = about;
    this.#ears.on(replica, 'job', ({ detail }) => this.#heard(detail));
    this.#ears.on(replica, 'change', ({ detail }) => {
      if (detail.scope === scope && detail.tables.some((table) => table === 'export_activity' || table === 'member')) this.#draw();
    });
    await this.#draw();
    await this.#look();
  }

  disconnectedCallback() {
    this.#ears.stop();
    clearTimeout(this.#again);
    this.about = null;
  }

  /** Somebody has just asked for one here. */
  asked(job) {
    this.#heard(job);
  }

  /** All of a job, or what a frame of the socket says of it. */
  #heard(job) {
    if (job.kind !== 'export' || job.building_id !== this.about?.scope) return;
    const former = this.#jobs.get(job.id) ?? { user_id: this.about.replica.me()?.id, created_at: new Date().toISOString() };
    const ended = ['done', 'failed', 'cancelled'].includes(job.state) ? { finished_at: former.finished_at ?? new Date().toISOString() } : {};
    this.#jobs.set(job.id, { ...former, ...ended, ...job });
    this.#draw();
    this.#lookLater();
  }

  /** How the jobs stand, asked of the server. */
  async #look() {
    const { replica } = this.about;
    if (replica.me() && !isOffline(replica)) {
      const found = await ask('GET', JOBS).catch(() => null); // the rows say the most of it, and the next look comes
      if (!this.about) return;
      for (const job of found?.items ?? []) if (job.building_id === this.about.scope) this.#jobs.set(job.id, job);
      await this.#draw();
    }
    this.#lookLater();
  }

  #lookLater() {
    clearTimeout(this.#again);
    const open = [...this.#jobs.values()].some(({ state }) => state === 'waiting' || state === 'running');
    if (this.about && open) this.#again = setTimeout(() => this.#look(), LOOK_MS);
  }

  async #draw() {
    const { replica, scope, storeys } = this.about;
    const [rows, members] = await Promise.all([replica.query(scope, ROWS, []), replica.query(scope, MEMBERS, [])]);
    if (!this.about) return;
    const found = merged(rows.map((row) => ({ ...row, filter: row.filter ? JSON.parse(row.filter) : null })), [...this.#jobs.values()], Date.now());
    const names = { people: new Map(members.map(({ user_id: id, name }) => [id, name])), storeys: new Map(storeys.map(({ id, name }) => [id, name])) };
    if (!found.length) return this.list.replaceChildren(h('li.soft', {}, t('exports.none')));
    keep(this.list, found.map((one) => [one.id, JSON.stringify([one.state, one.until, one.fetched, one.problem, one.job, names.people.get(one.by)]), () => this.#item(one, names)]));
    found.forEach((one, place) => this.list.children[place].tell?.(one));
    this.#announce(found);
    return undefined;
  }

  /** To who does not see the list: what has come to its end since it was drawn last. */
  #announce(found) {
    for (const one of found) {
      const before = this.#states.get(one.id);
      if (before && before !== one.state && (one.state === 'done' || one.state === 'failed')) {
        this.said.textContent = t(one.state === 'done' ? 'exports.ready' : 'exports.failed', { format: t(`exports.formats.${one.format}`) });
      }
      this.#states.set(one.id, one.state);
    }
  }

  #item(one, names) {
    const item = h('li.owned.export', { data: { export: one.id, state: one.state } }, h('div', {},
      h('strong', {}, t(`exports.formats.${one.format}`)), h('br'), h('span.soft.small', {}, this.#facts(one, names))));
    const error = h('p.error', { role: 'alert' });
    if (one.state === 'done') item.append(this.#file(one, error));
    else if (one.state === 'failed') item.append(...this.#failure(one, error));
    else item.append(...this.#way(one, item, error));
    item.append(error);
    return item;
  }

  #facts({ storeys, tables, by, at }, names) {
    const { replica } = this.about;
    const where = storeys ? storeys.map((id) => names.storeys.get(id) ?? t('exports.aStorey')).join(', ') : t('exports.whole');
    const what = contentOf(tables).map((word) => t(`exports.contents.${word}`)).join(', ');
    const who = by && by === replica.me()?.id ? t('history.you') : names.people.get(by) ?? t('history.somebody');
    return [where, what, who, when(at)].filter(Boolean).join(' · ');
  }

  /** How far it is; only who asked for it is told, and may stop it. */
  #way(one, item, error) {
    const far = h('progress', { 'aria-label': t('exports.progress') }), words = h('span.small');
    item.tell = ({ state, done, of }) => {
      if (of) Object.assign(far, { max: of, value: done });
      words.textContent = state === 'waiting' ? t('exports.waiting') : of ? t('exports.rows', { done: number(done), of: number(of) }) : t('exports.running');
    };
    item.tell(one);
    const stop = one.job ? act('button.plain.slim', t('exports.stop'), error, async () => this.#heard(await ask('DELETE', `/api/v1/jobs/${one.id}`))) : null;
    return [h('div.export-way', {}, far, words), h('div.row', {}, stop)];
  }

  #file(one, error) {
    const href = `/api/v1/buildings/${this.about.scope}/exports/${one.id}`;
    const facts = [size(one.bytes ?? 0), one.until ? t('exports.until', { when: when(one.until) }) : null, one.fetched ? t('exports.fetched', { n: one.fetched }) : null];
    const link = h('a.button.slim', { href, download: '', on: { click: (event) => this.#fetch(event, href, error) } }, icon('download'), t('exports.fetch'));
    return h('div.apart', {}, h('span.small', {}, facts.filter(Boolean).join(' · ')), link);
  }

  /** The browser fetches it by itself, with a login that was renewed where it had grown old. */
  async #fetch(event, href, error) {
    event.preventDefault();
    error.textContent = '';
    try {
      if (this.about.replica.me()) await ask('GET', '/api/v1/me');
      h('a', { href, download: '' }).click();
    } catch (refused) {
      error.textContent = problem(refused);
    }
  }

  #failure(one, error) {
    const { code, detail } = problemOf(one.problem);
    const why = one.problem ? known(`exports.because.${code}`) ?? problem({ code, detail }) : t('exports.failedOthers');
    const again = one.job ? act('button.plain.slim', t('acts.again'), error, async () => {
      const { format, storeys, tables } = one;
      this.asked(await ask('POST', `/api/v1/export/${format}`, { building_id: this.about.scope, ...(storeys && { storeys }), ...(tables && { tables }) }));
    }) : null;
    return [h('p.small.export-why', {}, icon('warning'), t('exports.why', { why })), h('div.row', {}, again)];
  }
}

const ROWS = 'select id, format, filter, state, byte_size, download_count, expires_at, created_at, created_by from export_activity';
const MEMBERS = 'select user_id, name from member';

customElements.define('arxos-exports', ArxosExports);
