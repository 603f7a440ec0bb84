// What a replica's status means, in words. Green only when everything is with the server and nothing waits for a person.

import { t } from '../words/language.js';
import { clock } from './words.js';

/** {mark, text, tone}: an icon's name, a few words, and good | plain | warn | bad. */
export function standing({ state, pending, rejected, conflicts, saved_at: at, storage, person, notices }) {
  const reading = person === null && state === 'saved' && pending === 0; // nobody is logged in: nothing was ever sent
  const now = reading ? { mark: 'person', tone: 'plain', text: t('badge.reading') } : heart(state, pending, rejected, at);
  const rest = [];
  if (rejected > 0 && state !== 'rejected') rest.push(t('badge.rejected', { n: rejected }));
  if (conflicts > 0) rest.push(t('counts.conflicts', { n: conflicts }));
  if (notices.length) rest.push(t('badge.happened'));
  if (storage.kind === 'memory') rest.push(t('badge.memory'));
  if (state === 'saved' && rest.length) {
    return { mark: rejected ? 'refused' : conflicts ? 'split' : 'warning', tone: rejected ? 'bad' : 'warn', text: rest.join(' · ') };
  }
  return { ...now, text: [now.text, ...rest].join(' · ') };
}

function heart(state, pending, rejected, at) {
  const waiting = pending > 0 ? ` · ${t('badge.toSend', { n: pending })}` : '';
  switch (state) {
    case 'saved': return { mark: 'check', tone: 'good', text: at ? t('badge.sentAt', { time: clock(at) }) : t('badge.sent') };
    case 'waiting': return { mark: 'upload', tone: 'plain', text: t('badge.toSend', { n: pending }) };
    case 'syncing': return { mark: 'turning', tone: 'plain', text: t(pending > 0 ? 'badge.sending' : 'badge.checking') };
    case 'rejected': return { mark: 'refused', tone: 'bad', text: `${t('badge.rejected', { n: rejected })}${waiting}` };
    case 'offline': return { mark: 'offline', tone: 'warn', text: `${t('badge.offline')}${waiting}` };
    case 'login': return { mark: 'person', tone: 'warn', text: pending > 0 ? t('badge.logInToSend', { n: pending }) : t('badge.nobody') };
    default: return { mark: 'warning', tone: 'bad', text: `${t('badge.cannot')}${waiting}` };
  }
}
