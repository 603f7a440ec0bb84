// What a replica's status means, in words. Green only when everything is with the server and nothing waits for a person.

import { clock, count } from './words.js';

/** {mark, text, tone}: an icon's name, a few words, and good | plain | warn | bad. */
export function standing({ state, pending, rejected, conflicts, saved_at: at, storage, person, notices }) {
  const reading = person === null && state === 'saved' && pending === 0; // nobody is logged in: nothing was ever sent
  const now = reading ? { mark: 'person', tone: 'plain', text: 'Reading only' } : heart(state, pending, rejected, at);
  const rest = [];
  if (rejected > 0 && state !== 'rejected') rest.push(`${rejected} rejected`);
  if (conflicts > 0) rest.push(count(conflicts, 'conflict'));
  if (notices.length) rest.push('see what happened');
  if (storage.kind === 'memory') rest.push('not kept after closing');
  if (state === 'saved' && rest.length) {
    return { mark: rejected ? 'refused' : conflicts ? 'split' : 'warning', tone: rejected ? 'bad' : 'warn', text: rest.join(' · ') };
  }
  return { ...now, text: [now.text, ...rest].join(' · ') };
}

function heart(state, pending, rejected, at) {
  const waiting = pending > 0 ? ` · ${pending.toLocaleString()} to send` : '';
  switch (state) {
    case 'saved': return { mark: 'check', tone: 'good', text: at ? `All sent ${clock(at)}` : 'All sent' };
    case 'waiting': return { mark: 'upload', tone: 'plain', text: `${pending.toLocaleString()} to send` };
    case 'syncing': return { mark: 'turning', tone: 'plain', text: pending > 0 ? 'Sending…' : 'Checking…' };
    case 'rejected': return { mark: 'refused', tone: 'bad', text: `${rejected} rejected${waiting}` };
    case 'offline': return { mark: 'offline', tone: 'warn', text: `Offline${waiting}` };
    case 'login': return { mark: 'person', tone: 'warn', text: pending > 0 ? `Log in to send ${pending}` : 'Not logged in' };
    default: return { mark: 'warning', tone: 'bad', text: `Cannot send${waiting}` };
  }
}
