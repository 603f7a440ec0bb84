// Speaking to the server from the worker, by the session's cookie. A failure is a `ServerError` whose `kind` is what
// `session.step` wants to hear: network, server, busy, login, upgrade, refused, device_taken, gone.

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

  /** The bytes of a snapshot; `onProgress(received, total)` as they come. */
  async snapshot(scope, onProgress) {
    const answer = await this.send('GET', `/api/v1/sync/snapshot/${scope}`);
    const total = Number(answer.headers.get('Content-Length') ?? 0);
    const reader = answer.body.getReader();
    const parts = [];
    let received = 0;
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new ServerError('network', { detail: 'The connection broke.' });
      });
      if (done) break;
      parts.push(value);
      received += value.length;
      onProgress?.(received, total);
    }
    const bytes = new Uint8Array(received);
    let place = 0;
    for (const part of parts) {
      bytes.set(part, place);
      place += part.length;
    }
    if (new TextDecoder().decode(bytes.subarray(0, 15)) !== 'SQLite format 3') {
      throw new ServerError('network', { detail: 'What came is no building file.' });
    }
    return bytes;
  }

  async send(method, path, body) {
    const answer = await this.attempt(method, path, body);
    if (answer.status === 401 && this.csrf && (await this.refreshed())) return this.judged(await this.attempt(method, path, body));
    return this.judged(answer);
  }

  async attempt(method, path, body) {
    const headers = { Accept: 'application/json' };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    if (this.csrf) headers['X-CSRF-Token'] = this.csrf;
    try {
      return await fetch(path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: 'same-origin',
        cache: 'no-store',
      });
    } catch (error) {
      throw new ServerError('network', { detail: 'The server cannot be reached.' });
    }
  }

  async judged(answer) {
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
