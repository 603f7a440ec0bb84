// Speaking to the server from the worker, by the session's cookie. A failure is a `ServerError` whose `kind` is what
// `session.step` wants to hear: network, server, busy, login, upgrade, refused, device_taken, gone.

import { SCHEMA } from '../core/catalogue.js';
import { openPart } from './partial.js';

const KINDS = {
  unauthenticated: 'login',
  upgrade_required: 'upgrade',
  device_taken: 'device_taken',
  not_found: 'gone',
  too_many_requests: 'busy',
};

export class ServerError extends Error {
  constructor(kind, { code = kind, detail = '', hint = '', retryAfterMs = null } = {}) {
    super(detail || code);
    Object.assign(this, { kind, code, detail: detail || code, hint, retryAfterMs });
  }
}

export class Server {
  constructor() {
    this.csrf = '';
    this.refreshing = null;
    this.owed = ''; // what a session that was left repeats: it is ended before anything else is asked
    this.onSettled = () => {};
    this.onPhotos = () => {}; // hears what the server wants taken out of photos
    this.partOf = (scope) => openPart(scope, true);
  }

  /** End the session of somebody who has logged out, perhaps without a network. */
  async settle() {
    if (!this.owed) return;
    const headers = { Accept: 'application/json', 'X-CSRF-Token': this.owed };
    const answer = await fetch('/api/v1/auth/logout', { method: 'POST', headers, credentials: 'same-origin' }).catch(() => {
      throw new ServerError('network', { detail: 'The server cannot be reached.' });
    });
    if (answer.status >= 500) throw new ServerError('server', { detail: 'The last login could not be ended.' });
    this.owed = this.csrf = '';
    this.onSettled();
  }

  async json(method, path, body = undefined) {
    const answer = await this.send(method, path, body);
    try {
      return await answer.json();
    } catch (error) {
      // a page where JSON belongs: somebody between us and the server answered
      throw new ServerError('network', { detail: 'Something other than the server answered.' });
    }
  }

  /**
   * The bytes of a snapshot, going on where a try before was cut; `onProgress(received, total)` as they come. It comes
   * packed as a file of its own (`packed=gzip`): what a browser unpacks by itself cannot be gone on with.
   */
  async snapshot(scope, onProgress) {
    const part = await this.partOf(scope);
    try {
      await this.fetchRest(`/api/v1/sync/snapshot/${scope}?schema=${SCHEMA}&packed=gzip`, part, onProgress);
    } catch (error) {
      part.close();
      throw error;
    }
    const packed = part.read();
    await part.drop();
    return unpacked(packed);
  }

  async fetchRest(path, part, onProgress) {
    const more = part.size ? { Range: `bytes=${part.size}-`, 'If-Range': part.tag } : {};
    const answer = await this.send('GET', path, undefined, more);
    if (answer.status !== 206) part.begin(answer.headers.get('ETag') ?? '');
    const total = part.size + Number(answer.headers.get('Content-Length') ?? 0);
    const reader = answer.body.getReader();
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new ServerError('network', { detail: 'The connection broke.' });
      });
      if (done) break;
      part.append(value);
      onProgress?.(part.size, total);
    }
    if (part.size !== total) throw new ServerError('network', { detail: 'The connection broke.' });
  }

  async send(method, path, body, more = {}) {
    const answer = await this.attempt(method, path, body, more);
    if (answer.status === 401 && this.csrf && (await this.refreshed())) return this.judged(await this.attempt(method, path, body, more));
    return this.judged(answer);
  }

  async attempt(method, path, body, more = {}) {
    await this.settle();
    const headers = { Accept: 'application/json', ...more };
    if (body !== undefined) headers['Content-Type'] ??= 'application/json';
    if (this.csrf) headers['X-CSRF-Token'] = this.csrf;
    try {
      return await fetch(path, {
        method,
        headers,
        body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
        credentials: 'same-origin',
        cache: 'no-store',
      });
    } catch (error) {
      throw new ServerError('network', { detail: 'The server cannot be reached.' });
    }
  }

  async judged(answer) {
    const tell = answer.headers.get('ARXOS-Photos');
    if (tell) this.onPhotos(tell);
    if (answer.ok) return answer;
    const problem = await answer.json().catch(() => ({}));
    const retryAfter = Number(answer.headers.get('Retry-After'));
    const kind = KINDS[problem.code] ?? (answer.status === 503 && retryAfter ? 'busy' : answer.status >= 500 ? 'server' : 'refused');
    throw new ServerError(kind, { ...problem, retryAfterMs: retryAfter ? retryAfter * 1000 : null });
  }

  /** One refresh at a time; true when the session goes on. */
  async refreshed() {
    this.refreshing ??= this.attempt('POST', '/api/v1/auth/refresh', {})
      .then((answer) => answer.ok)
      .finally(() => {
        this.refreshing = null;
      });
    return this.refreshing;
  }
}

async function unpacked(packed) {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer().catch(() => new ArrayBuffer(0)));
  if (new TextDecoder().decode(bytes.subarray(0, 15)) !== 'SQLite format 3') {
    throw new ServerError('network', { detail: 'What came is no building file.' });
  }
  return bytes;
}
