// /inbox: what the person was told, newest first, as this device has it; ?show=unread those alone, ?show=settings how they
// want to be told. That something was read is the server's to write, and needs the network.

import { h, icon, keep, listening } from '../view/dom.js';
import { inboxSettings } from '../view/inbox_settings.js';
import { isOffline, own, watchOwn } from '../view/own.js';
import { ownPage, tabs } from '../view/own_page.js';
import { acting } from '../view/sure.js';
import { titleOf } from '../view/told.js';
import { markRead } from '../view/unread.js';
import { problem, when } from '../view/words.js';
import { t } from '../words/language.js';

const SHOWN = 30;
const COUNTS = 'select count(*) as total, count(*) - count(read_at) as unread from notification';
const ROWS = `
  select id, kind, title, body, link, created_at, read_at
  from notification
  where ?1 = 0 or read_at is null
  order by created_at desc, id desc
  limit ?2`;

let current = null;

export async function show(page, { replica, query }) {
  const ears = listening();
  const stay = { replica, query, shown: SHOWN, head: h('div.stack'), place: h('div.stack') };
  if (!ownPage(page, replica, { title: t('inbox.title'), words: t('inbox.logIn'), address: '/inbox' }, stay.head, stay.place)) return undefined;
  current = stay;
  watchOwn(replica, ears, ['notification'], () => draw(stay));
  await draw(stay);
  return () => {
    current = null;
    ears.stop();
  };
}

export function moved(query) {
  if (!current) return false;
  Object.assign(current, { query, shown: SHOWN, settings: null, list: null });
  draw(current);
  return true;
}

async function draw(stay) {
  const asked = (stay.turn = {});
  const showing = ['unread', 'settings'].find((name) => name === stay.query.get('show')) ?? 'all';
  try {
    const [counts = null] = (await own(stay.replica, COUNTS)) ?? [];
    const rows = counts && showing !== 'settings' ? await own(stay.replica, ROWS, [showing === 'unread' ? 1 : 0, stay.shown]) : [];
    if (stay.turn !== asked) return;
    drawHead(stay, showing, counts);
    if (showing === 'settings') drawSettings(stay);
    else drawList(stay, showing, counts, rows);
  } catch (error) {
    if (stay.turn === asked) stay.place.replaceChildren(h('p.error', { role: 'alert' }, problem(error)));
  }
}

function drawHead(stay, showing, counts) {
  const said = `${showing} ${counts?.total} ${counts?.unread} ${isOffline(stay.replica)}`;
  if (stay.said === said) return; // a tab under a finger stays
  stay.said = said;
  const nav = tabs(t('inbox.title'), '/inbox', [['all', t('inbox.all'), counts?.total], ['unread', t('inbox.unread'), counts?.unread], ['settings', t('inbox.settings')]], showing);
  const { button, error } = acting('button.plain.slim', t('inbox.allRead'), () => markRead(stay.replica, '/api/v1/notifications/read'));
  const some = showing !== 'settings' && counts?.unread > 0;
  stay.head.replaceChildren(
    h('div.apart', {}, nav, some ? button : null), error,
    isOffline(stay.replica) && showing !== 'settings' ? h('p.callout.warn', { role: 'status' }, icon('offline'), h('span', {}, t('inbox.offline'))) : '');
}

function drawSettings(stay) {
  stay.list = null;
  if (stay.settings) return;
  stay.settings = h('div.stack');
  stay.place.replaceChildren(stay.settings);
  inboxSettings(stay.settings, stay.replica);
}

function drawList(stay, showing, counts, rows) {
  if (!rows.length) {
    stay.list = null;
    stay.place.replaceChildren(h('p', { role: 'status' }, counts === null ? t('inbox.coming') : showing === 'unread' ? t('inbox.nothingUnread') : t('inbox.nothing')));
    return;
  }
  if (!stay.list) {
    stay.list = h('ul.told-list');
    stay.older = h('button.button.plain', { type: 'button' }, t('acts.older'));
    stay.older.addEventListener('click', () => {
      stay.shown += SHOWN;
      draw(stay);
    });
    stay.place.replaceChildren(stay.list, h('div.row', {}, stay.older));
  }
  keep(stay.list, rows.map((row) => [row.id, row.read_at, () => item(stay, row)]));
  stay.older.hidden = rows.length >= (showing === 'unread' ? counts.unread : counts.total);
}

function item(stay, row) {
  const unread = row.read_at === null;
  const title = titleOf(row);
  const path = `/api/v1/notifications/${row.id}/read`;
  const { button, error } = acting('round', '', () => markRead(stay.replica, path));
  button.append(icon('check'));
  button.setAttribute('aria-label', t('inbox.read', { title }));
  // the page behind it is what was wanted: where the mark cannot be made, it stays unread
  const open = () => unread && markRead(stay.replica, path).catch(() => {});
  return h('li.told', { data: { notice: row.id, unread } },
    h('a', { href: inside(row.link), on: { click: open } },
      h('strong', {}, unread ? h('span.dot', {}, h('span.sr-only', {}, `${t('inbox.unread')}: `)) : null, title),
      row.body ? h('span.soft', {}, row.body) : null,
      h('time.soft.small', { datetime: row.created_at }, when(row.created_at))),
    unread ? button : null, error);
}

/** Only a page of this app. */
function inside(link) {
  return link?.startsWith('/') && !link.startsWith('//') ? link : '/inbox';
}
