// Photos and voice notes: kept here before their row is, then carried by a queue of their own beside that of the changes.
//
// Up goes what is in `new` (replica/attachment_files.js), from the byte where the server stands; down come small
// pictures, and originals when somebody looks at one, from the byte where they stand here. One that fails is told and
// left for the next turn, and the next one goes on. The mirror of client_kit/attachments_queue.py.

import { cleaned, takenOf } from '../core/photo.js';
import { sha256 } from '../core/sha256.js';

export const ROOT = '/api/v1/attachments';
const SMALL_PX = 256;
const PREVIEW_PX = 96; // rides in the row, so that others see something before the bytes come
const PREVIEW_BYTES_MAX = 6_000;
const RETRY_MS = 15_000;
const TRIES_MAX = 3;
const FREE_BYTES_MIN = 64 * 1024 * 1024; // left by downloads; what is made here may use it
const BYTES_MAX = 1024 * 1024 * 1024; // arxos_sync/limits.py, ATTACHMENT_BYTES_MAX

const TELLS = ['keep', 'place', 'all'];

export class Photos {
  /** `tell('photos', facts)`: something of them changed; `asked()`: the rows should be pulled. */
  constructor({ home, files, server, tell, asked }) {
    Object.assign(this, { home, files, server, tell, asked });
    this.turn = null;
    this.timer = null;
    this.coming = new Map(); // place → a picture that is being fetched, so that two who want one file do not write it both
    this.problems = new Map(); // hash → why it did not go, in words
    this.waiting = { waiting_up: 0, waiting_down: 0, bytes_up: 0 };
    this.drawings = null; // those that lie beneath plans (drawings.js)
  }

  place(scope, kind, name) {
    return [this.home.name, scope, kind, name];
  }

  // ------------------------------------------------------------ new ones

  /** What this server wants taken out of photos, as it said last: keep, place or all. */
  tells() {
    return this.home.kept('photos') ?? 'place';
  }

  /** The server said so; a word that is not known here changes nothing. */
  heed(tells) {
    if (TELLS.includes(tells) && tells !== this.tells()) this.home.keep('photos', tells);
  }

  /**
   * Keep a photo, without what it must not tell, and answer the insert of its row, which is not recorded yet.
   * `taken_at`: of one that a camera made just now, for where the file does not say.
   */
  async change(scope, id, { file, name, target_table, target_id, taken_at }) {
    if (!file.size || file.size > BYTES_MAX) {
      throw Object.assign(new Error('size'), { code: 'too_large', detail: `A file of ${file.size} bytes cannot be attached.` });
    }
    const tells = this.tells();
    const bytes = cleaned(new Uint8Array(await file.arrayBuffer()), tells);
    const hash = await hashOf(bytes), kept = new Blob([bytes], { type: file.type });
    await this.files.keep(this.place(scope, 'new', hash), kept);
    const set = { sha256: hash, name: name || 'photo', byte_size: bytes.length, media_type: file.type || 'application/octet-stream', target_table, target_id };
    const taken = takenOf(bytes, tells, this.zone(scope)) ?? (tells === 'all' ? null : taken_at);
    return { table: 'attachment', id, op: 'insert', set: { ...set, ...(taken ? { taken_at: taken } : {}), ...(await looks(kept)) } };
  }

  zone(scope) {
    return this.home.replica(scope).database.one('select timezone from building where id = ?', [scope]);
  }

  // ------------------------------------------------------------ what is shown

  /** The photos of a row, or by nulls those of none, newest first; `where` is waiting, here, server or elsewhere. */
  async of(scope, table, id) {
    const [fresh, whole] = await Promise.all(['new', 'whole'].map((kind) => this.files.names(this.place(scope, kind).slice(0, 3))));
    const me = this.home.me()?.id;
    return this.home.replica(scope).database.rows(OF_ROW, [table, id]).map(({ created_by, upload_state, ...row }) => ({
      ...row,
      mine: created_by === null || created_by === me,
      problem: this.problems.get(row.sha256) ?? null,
      where: place(row.sha256, { fresh, whole }, upload_state),
    }));
  }

  /** What waits to be sent, by name. */
  async toSend() {
    return (await this.queue()).map(({ scope, hash, row, file }) => ({
      scope, name: row.name ?? null, media_type: row.media_type ?? null, byte_size: file.size, problem: this.problems.get(hash) ?? null,
    }));
  }

  /** The picture of a hash: the original where it is here or asked for, else a small one; null where there is none. */
  async picture(scope, hash, whole) {
    const here = (await this.files.read(this.place(scope, 'new', hash))) ?? (await this.files.read(this.place(scope, 'whole', hash)));
    if (here) return copied(here);
    if (whole) return copied(await this.fetchWhole(scope, hash));
    const small = (await this.files.read(this.place(scope, 'small', hash))) ?? (await this.fetchSmall(scope, hash));
    return small?.size ? copied(small) : null;
  }

  // ------------------------------------------------------------ the queue

  /** Take a turn; one at a time, and another where more came meanwhile. */
  carry() {
    this.again = true;
    this.turn ??= this.turns().finally(() => {
      this.turn = null;
    });
    return this.turn;
  }

  async turns() {
    clearTimeout(this.timer);
    while (this.again) {
      this.again = false;
      try {
        const sent = await this.sendAll();
        await this.fetchSmallOnes();
        await this.drawings?.fetchAll();
        if (sent) this.asked();
      } catch (error) {
        if (!error.kind) this.tell('broken', { detail: String(error), stack: error.stack });
        this.timer = setTimeout(() => this.carry(), error.retryAfterMs ?? RETRY_MS);
      }
      await this.count();
    }
  }

  async count() {
    const up = await this.queue();
    let down = 0;
    for (const scope of this.buildings()) down += (await this.missing(scope)).length;
    this.waiting = { waiting_up: up.length, waiting_down: down, bytes_up: up.reduce((sum, one) => sum + one.file.size, 0) };
    this.tell('photos', { waiting: this.waiting });
  }

  /** What is to be sent: all that is new, but for photos whose row was refused or taken back; they wait. */
  async queue() {
    const found = [];
    for (const scope of await this.files.names([this.home.name])) {
      const rows = this.home.has(scope) ? new Map(this.rows(scope).map((row) => [row.sha256, row])) : null;
      for (const kind of ['new', 'whole']) {
        for (const hash of await this.files.names(this.place(scope, kind).slice(0, 3))) {
          const row = rows ? rows.get(hash) : {};
          if (!row || (kind === 'whole' && row.upload_state !== 'awaited')) continue;
          found.push({ scope, kind, hash, row, kept: Boolean(rows), file: await this.files.read(this.place(scope, kind, hash)) });
        }
      }
    }
    return found.filter((one) => one.file);
  }

  buildings() {
    return this.home.scopes().filter((scope) => this.home.replica(scope).kind === 'building');
  }

  rows(scope) {
    return this.home.replica(scope).database.rows(
      'select sha256, name, media_type, byte_size, upload_state from attachment where sha256 is not null order by id',
    );
  }

  async missing(scope) {
    const whole = await this.files.names(this.place(scope, 'whole').slice(0, 3));
    const fresh = await this.files.names(this.place(scope, 'new').slice(0, 3));
    const rows = this.rows(scope).filter((row) => row.upload_state === 'here');
    return rows.filter((row) => !whole.has(row.sha256) && !fresh.has(row.sha256));
  }

  /** Something that goes wrong with one file is its own affair; the network's troubles end the turn. */
  async each(one, work) {
    try {
      await work();
      this.problems.delete(one.hash);
      return true;
    } catch (error) {
      if (['network', 'login', 'busy', 'server'].includes(error.kind)) throw error;
      this.problems.set(one.hash, error.detail ?? String(error));
      this.tell('photos', { scope: one.scope, sha256: one.hash });
      return false;
    }
  }

  // ------------------------------------------------------------ up

  async sendAll() {
    let sent = 0;
    for (const one of await this.queue()) if (await this.each(one, () => this.send(one))) sent++;
    return sent;
  }

  async send(one) {
    for (let tried = 1; ; tried++) {
      try {
        await this.sendFromThere(one);
        break;
      } catch (error) {
        if (!['wrong_offset', 'wrong_hash', 'not_found'].includes(error.code) || tried === TRIES_MAX) throw error;
      }
    }
    if (!one.kept) await this.files.remove(this.place(one.scope, one.kind, one.hash)); // a building that was taken away
    else if (one.kind === 'new') await this.files.move(this.place(one.scope, 'new', one.hash), this.place(one.scope, 'whole', one.hash));
    this.tell('photos', { scope: one.scope, sha256: one.hash, done: one.file.size, total: one.file.size });
  }

  async sendFromThere({ scope, hash, row, file }) {
    const announced = { scope, sha256: hash, byte_size: file.size, media_type: row.media_type ?? null, name: row.name ?? null };
    let { offset, chunk_bytes: chunk, url } = await this.server.json('POST', ROOT, announced);
    demandNumber(offset);
    while (offset < file.size) {
      const answer = await this.server.send('PATCH', url, file.slice(offset, offset + chunk), {
        'Tus-Resumable': '1.0.0',
        'Content-Type': 'application/offset+octet-stream',
        'Upload-Offset': String(offset),
      });
      offset = parseInt(answer.headers.get('Upload-Offset'), 10);
      demandNumber(offset);
      this.tell('photos', { scope, sha256: hash, done: offset, total: file.size });
    }
  }

  // ------------------------------------------------------------ down

  async fetchSmallOnes() {
    for (const scope of this.buildings()) {
      const held = await this.files.names(this.place(scope, 'small').slice(0, 3));
      for (const row of await this.missing(scope)) {
        if (held.has(row.sha256) || !pictured(row.media_type)) continue;
        if (this.again || !(await hasRoom(0))) return; // what was made here meanwhile goes up first
        await this.each({ scope, hash: row.sha256 }, () => this.fetchSmall(scope, row.sha256));
        this.tell('photos', { scope, sha256: row.sha256 });
      }
    }
  }

  fetchSmall(scope, hash) {
    return this.fetchMade(this.place(scope, 'small', hash), `${ROOT}/${scope}/${hash}?size=${SMALL_PX}`);
  }

  /** Whoever asks for one that is under way waits for the same. */
  fetchMade(place, path) {
    const key = place.join('/');
    if (!this.coming.has(key)) this.coming.set(key, this.bringMade(place, path).finally(() => this.coming.delete(key)));
    return this.coming.get(key);
  }

  /** A picture that the server makes, kept under `place`: empty where it can make none. Null while it cannot be asked. */
  async bringMade(place, path) {
    let made = new Blob();
    try {
      const answer = await this.server.send('GET', path);
      if (answer.headers.get('Content-Type') !== 'image/webp') throw foreign();
      made = await answer.blob();
    } catch (error) {
      if (error.kind === 'network' || error.kind === 'login') return null;
      if (error.code !== 'no_picture') throw error;
    }
    await this.files.keep(place, made);
    return made;
  }

  /** The original, going on where a try before was cut; verified before it is kept. */
  async fetchWhole(scope, hash) {
    const part = this.place(scope, 'part', hash);
    const row = this.rows(scope).find((one) => one.sha256 === hash);
    if (!(await hasRoom(row?.byte_size ?? 0))) {
      throw Object.assign(new Error('full'), { code: 'storage_full', detail: 'This device is nearly full: photos of others are not fetched.' });
    }
    const at = (await this.files.read(part))?.size ?? 0;
    if (at === 0 || at !== row?.byte_size) await this.fetchRest(`${ROOT}/${scope}/${hash}`, part, at, `"${hash}"`);
    const came = await this.files.read(part);
    if (!came || (await hashOf(await came.arrayBuffer())) !== hash) {
      await this.files.remove(part);
      throw Object.assign(new Error('hash'), { code: 'wrong_hash', detail: 'What came is not what was attached; try again.' });
    }
    await this.files.move(part, this.place(scope, 'whole', hash));
    await this.count();
    return this.files.read(this.place(scope, 'whole', hash));
  }

  async fetchRest(path, part, from, tag) {
    const answer = await this.server.send('GET', path, undefined, from ? { Range: `bytes=${from}-`, 'If-Range': tag } : {});
    let at = answer.status === 206 ? from : 0;
    for await (const chunk of chunks(answer)) {
      await this.files.write(part, chunk, at, { cut: at === 0 });
      at += chunk.byteLength;
    }
  }

  // ------------------------------------------------------------ a building that goes

  async unsent(scope) {
    return (await this.queue()).filter((one) => one.scope === scope).length;
  }

  /** What the server has too leaves the device; the rest is sent and then leaves as well. */
  async dropped(scope) {
    for (const kind of ['whole', 'small', 'page', 'part']) await this.files.remove(this.place(scope, kind).slice(0, 3));
    return this.carry();
  }
}

const OF_ROW = `
  select attachment.id, sha256, attachment.name, media_type, byte_size, width, height, thumbnail, upload_state, taken_at,
    attachment.created_by, attachment.created_at, member.name as author
  from attachment
  left join member on member.user_id = attachment.created_by
  where target_table is ? and target_id is ? and sha256 is not null
    and (target_id is not null or attachment.id not in (select attachment_id from floor_plan where attachment_id is not null))
  order by attachment.created_at is null desc, attachment.created_at desc, attachment.id desc`;

function place(hash, { fresh, whole }, uploadState) {
  if (whole.has(hash) || (fresh.has(hash) && uploadState === 'here')) return 'here';
  if (fresh.has(hash)) return 'waiting';
  return uploadState === 'here' ? 'server' : 'elsewhere';
}

function pictured(mediaType) {
  return Boolean(mediaType?.startsWith('image/') || mediaType === 'application/pdf');
}

/** In memory, so that it does not change when its file moves. */
export async function copied(file) {
  return new Blob([await file.arrayBuffer()], { type: file.type });
}

export async function hasRoom(bytes) {
  const { usage = 0, quota = Infinity } = (await navigator.storage?.estimate?.()) ?? {};
  return quota - usage - bytes > FREE_BYTES_MIN;
}

function demandNumber(offset) {
  if (!Number.isInteger(offset)) throw foreign();
}

/** Somebody between us and the server answered, as a hotel's login page does. */
function foreign() {
  return Object.assign(new Error('foreign'), { kind: 'network', code: 'network', detail: 'Something other than the server answered.' });
}

/** As it comes, a cut being the network's. */
async function* chunks(answer) {
  const reader = answer.body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw Object.assign(new Error('cut'), { kind: 'network', code: 'network', detail: 'The connection broke.' });
    });
    if (done) return;
    yield value;
  }
}

async function hashOf(bytes) {
  if (!crypto.subtle) return [...sha256(new Uint8Array(bytes))].map((word) => word.toString(16).padStart(8, '0')).join('');
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Width, height and a small preview of a photo; nothing of what the browser cannot read. */
async function looks(file) {
  const image = await createImageBitmap(file).catch(() => null);
  if (!image) return {};
  const { width, height } = image;
  const scale = Math.min(1, PREVIEW_PX / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)));
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  const preview = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.6 })).arrayBuffer());
  const size = { width, height };
  return preview.length > PREVIEW_BYTES_MAX ? size : { ...size, thumbnail: [...preview].map((b) => b.toString(16).padStart(2, '0')).join('') };
}
