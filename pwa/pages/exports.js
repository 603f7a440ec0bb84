// /b/<building>/exports: the building as a file. What is asked for here the server makes; every device knows of it by the
// rows of `export_activity`, and whoever asked for it sees how far it is.

import '../elements/arxos-exports.js';
import { ask } from '../sync/asking.js';
import { bar } from '../view/bar.js';
import { bring } from '../view/bringing.js';
import { h, listening } from '../view/dom.js';
import { CONTENT, FORMATS, wanted } from '../view/exporting.js';
import { isOffline } from '../view/own.js';
import { storeys as readStoreys } from '../view/plan_rows.js';
import { form } from '../view/sure.js';
import { t } from '../words/language.js';

export async function show(page, { replica, params }) {
  const building = await bring(page, replica, params.building);
  if (!building) return undefined;
  const ears = listening();
  const scope = building.id, storeys = await readStoreys(replica, scope);
  const note = h('div.stack', { role: 'status' });
  const list = h('arxos-exports');
  const asking = replica.me() ? askingFor({ replica, scope, storeys, list }) : logIn(scope);
  page.replaceChildren(
    bar({ title: t('exports.title'), back: `/b/${scope}`, words: t('work.toPlan') }),
    h('div.column', {}, h('p.soft', {}, t('exports.of', { name: building.name })), note, asking, list));
  const tell = () => tellWhatIsMissing(replica, scope, note, asking);
  ears.on(replica, 'status', tell);
  ears.on(replica, 'change', ({ detail }) => detail.scope === scope && tell());
  await Promise.all([tell(), list.show({ replica, scope, storeys })]);
  return () => ears.stop();
}

function logIn(scope) {
  return h('section.card', {}, h('p', {}, t('exports.logIn')),
    h('div.row', {}, h('a.button', { href: `/login?next=${encodeURIComponent(`/b/${scope}/exports`)}` }, t('acts.logIn'))));
}

/** Without a network nothing can be asked for; what this device has not sent yet is in no file of the server's. */
async function tellWhatIsMissing(replica, scope, note, asking) {
  const unsent = replica.me() ? (await replica.unsent(scope)).filter(({ state }) => state !== 'rejected').length : 0;
  const said = [isOffline(replica) ? t('exports.offline') : null, unsent ? t('exports.unsent', { n: unsent }) : null].filter(Boolean);
  if (said.join('\n') !== note.dataset.said) {
    note.dataset.said = said.join('\n');
    note.replaceChildren(...said.map((text) => h('p.notice', {}, text)));
  }
  const button = asking.querySelector('button[type=submit]');
  if (button) button.disabled = isOffline(replica);
}

function askingFor({ scope, storeys, list }) {
  let former = { said: '', key: '' }; // one that may have been taken is asked for again by its key
  const made = form({
    words: t('exports.make'), does: async () => {
      const chosen = new FormData(made);
      if (!chosen.getAll('content').length) throw Object.assign(new Error(), { detail: t('exports.nothing') });
      const format = chosen.get('format'), body = wanted(scope, chosen.getAll('storey'), chosen.getAll('content'));
      const said = JSON.stringify([format, body]);
      if (said !== former.said) former = { said, key: crypto.randomUUID() };
      const job = await ask('POST', `/api/v1/export/${format}`, body, { 'Idempotency-Key': former.key });
      former = { said: '', key: '' };
      list.asked(job);
    },
  },
  h('fieldset.choices', {}, h('legend', {}, t('exports.format')), FORMATS.map((format, place) => h('label.choice', {},
    h('input', { type: 'radio', name: 'format', value: format, checked: place === 0 }),
    h('span', {}, h('strong', {}, t(`exports.formats.${format}`)), h('br'), h('span.soft.small', {}, t(`exports.hints.${format}`)))))),
  storeys.length > 1 ? h('fieldset.chips', {}, h('legend', {}, t('exports.storeys')), h('p.soft.small', {}, t('exports.storeysHint')),
    h('div.row', {}, storeys.map((storey) => chip('storey', storey.id, storey.name, false)))) : null,
  h('fieldset.chips', {}, h('legend', {}, t('exports.content')),
    h('div.row', {}, Object.keys(CONTENT).map((word) => chip('content', word, t(`exports.contents.${word}`), true)))));
  return h('section.card', {}, h('h2', {}, t('exports.new')), made);
}

function chip(name, value, words, checked) {
  return h('label.chip', {}, h('input', { type: 'checkbox', name, value, checked }), words);
}
