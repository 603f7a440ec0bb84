// What a page asks the server itself, where nothing of it is kept on the device: logins, settings, invitations. A login
// that has grown old is renewed once. What is refused is thrown as the server's problem: code, detail, hint.

export async function ask(method, path, body = undefined, more = {}) {
  const answer = await answered(method, path, body, more);
  return answer.status === 204 ? {} : answer.json();
}

/** Every item of a list, page by page. */
export async function askAll(path) {
  const items = [];
  let next = '';
  do {
    const page = await ask('GET', next ? `${path}?next=${encodeURIComponent(next)}` : path);
    items.push(...page.items);
    next = page.next;
  } while (next);
  return items;
}

export async function askFile(path) {
  return (await answered('GET', path)).blob();
}

async function answered(method, path, body, more = {}) {
  let answer = await send(method, path, body, more);
  if (answer.status === 401 && csrf() && (await send('POST', '/api/v1/auth/refresh', {})).ok) answer = await send(method, path, body, more);
  if (answer.ok) return answer;
  const found = await answer.json().catch(() => ({}));
  throw Object.assign(new Error(found.detail ?? found.title), found);
}

function send(method, path, body, more = {}) {
  const headers = { Accept: 'application/json', 'X-CSRF-Token': csrf(), ...more };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  return fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: 'no-store' }).catch(() => {
    throw Object.assign(new Error('offline'), { code: 'offline', detail: 'The server cannot be reached.' });
  });
}

function csrf() {
  return document.cookie.match(/(?:^|; )arxos_csrf=([^;]*)/)?.[1] ?? '';
}
