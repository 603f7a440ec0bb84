// A page about a building first brings it onto this device, if it is not here yet, and says how far it is.

import { bar } from './bar.js';
import { h, listening } from './dom.js';
import { t } from '../words/language.js';
import { problem, useZone } from './words.js';

/** {id, name}; null where it cannot be opened here: then the page says so, with a way on. */
export async function bring(page, replica, id) {
  const here = await find(replica, id).catch((error) => {
    if (error.code) return null; // not on this device yet
    throw error;
  });
  if (here) return here;
  const words = h('p', { role: 'status' }, t('bringing.coming'));
  const far = h('progress', { 'aria-label': t('bringing.received') });
  page.replaceChildren(bar({ title: t('values.building'), back: '/' }), h('div.column', {}, words, far));
  const ears = listening();
  ears.on(replica, 'progress', ({ detail }) => detail.scope === id && measure(far, detail));
  try {
    await replica.keep(id);
    return await find(replica, id);
  } catch (error) {
    const [href, text] = replica.me() ? ['/', t('acts.toBuildings')] : [`/login?next=${encodeURIComponent(`/b/${id}`)}`, t('acts.logIn')];
    words.textContent = t('bringing.refused', { why: problem(error) });
    far.replaceWith(h('a.button', { href }, text));
    return null;
  } finally {
    ears.stop();
  }
}

function measure(far, { received, total }) {
  if (!total) return;
  far.max = total;
  far.value = received;
}

async function find(replica, id) {
  const rows = await replica.query(id, 'select id, name, timezone from building where id = ?', [id]);
  useZone(rows[0]?.timezone);
  return rows[0] ?? null;
}
