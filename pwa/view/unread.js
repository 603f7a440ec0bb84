// How much of the person's inbox is unread, and that something of it was read: the latter is the server's to write.

import { ask } from '../sync/asking.js';
import { number } from '../words/language.js';
import { own } from './own.js';

const UNREAD = 'select count(*) as unread from notification where read_at is null';
const SHOWN_MAX = 99;
const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export async function unreadCount(replica) {
  const rows = await own(replica, UNREAD).catch(() => null); // somebody else may be here by now
  return rows?.[0].unread ?? 0;
}

export const shortly = (unread) => (unread > SHOWN_MAX ? `${number(SHOWN_MAX)}+` : number(unread));

export async function markRead(replica, path) {
  await ask('POST', path);
  await replica.sync();
}

/** A push was opened: where the mark cannot be made the notice stays unread, and the page is there all the same. */
export function markOpened(replica, id) {
  if (replica.me() && ID.test(id ?? '')) markRead(replica, `/api/v1/notifications/${id}/read`).catch(() => {});
}
