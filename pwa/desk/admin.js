// What the pages of administrators need beside HTMX: the CSRF header, a login renewed when its hour is over, problems shown.
// HTMX hands the server's answers to the browser as text; the page's policy lets that through here alone, and nothing that
// could bring a script along. Inline handlers are kept from running by the policy itself.
const ACTIVE = /<(?:script|iframe|object|embed|base)\b/i;
globalThis.trustedTypes?.createPolicy('default', {
  createHTML: (text) => {
    if (ACTIVE.test(text)) throw new TypeError('an answer of the server is no script');
    return text;
  },
});

const cookie = (name) => document.cookie.split('; ').find((one) => one.startsWith(`${name}=`))?.slice(name.length + 1) ?? '';

const renew = async () => {
  const answer = await fetch('/api/v1/auth/refresh', { method: 'POST', headers: { 'X-CSRF-Token': cookie('arxos_csrf') } });
  return answer.ok;
};

document.addEventListener('htmx:config:request', (event) => {
  event.detail.ctx.request.headers['X-CSRF-Token'] = cookie('arxos_csrf');
});

document.addEventListener('htmx:before:swap', (event) => {
  const { response, text } = event.detail.ctx;
  const place = document.querySelector('#problem');
  place.replaceChildren();
  if (!response || response.status < 400) return;
  event.preventDefault();
  if (response.status === 401) {
    renew().then((ok) => (ok ? location.reload() : location.assign('/login')));
    return;
  }
  place.append(...new DOMParser().parseFromString(text ?? '', 'text/html').body.childNodes);
});

if (document.documentElement.dataset.renew && cookie('arxos_csrf')) {
  renew().then((ok) => ok && location.reload());
}
