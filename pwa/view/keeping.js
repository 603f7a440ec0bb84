// What becomes of an edit, said beside it: kept on this device, then sent, or why not; and the way back.

import { t } from '../words/language.js';
import { h } from './dom.js';
import { problem } from './words.js';

/** `record(changes)` answers true when kept; on a refusal it says why, marks the field and answers false. */
export function keeping(replica, scope, output) {
  let key = null; // the last edit, while it can be taken back
  let open = false, waited = false; // "sent" is said only of an edit that was seen waiting
  const tell = (tone, text) => {
    output.dataset.tone = tone;
    output.replaceChildren(h('span', {}, text), ...(key === null ? [] : [button()]));
  };
  const button = () => h('button.quiet.small', { type: 'button', on: { click: takeBack } }, t('acts.undo'));
  const takeBack = async () => {
    const taken = key;
    key = null;
    open = false;
    tell('plain', t('keeping.takingBack'));
    try {
      await replica.undo(scope, taken);
      tell('plain', t('keeping.takenBack'));
    } catch (error) {
      tell('bad', t('keeping.notBack', { why: problem(error) }));
    }
  };
  const told = ({ detail: status }) => {
    waited ||= status.pending > 0;
    const [tone, text, last] = (open && waited && afterwards(status)) || [];
    if (tone) tell(tone, text);
    if (last) open = waited = false;
  };
  replica.addEventListener('status', told);
  return {
    async record(changes, { refused = () => {} } = {}) {
      key = null;
      open = waited = false;
      tell('plain', t('keeping.keeping'));
      try {
        key = await replica.record(scope, changes);
      } catch (error) {
        tell('bad', problem(error));
        refused(error);
        return false;
      }
      tell('plain', t('keeping.kept'));
      open = true;
      if (replica.status().pending > 0) told({ detail: replica.status() });
      return true;
    },
    say: (text) => tell('plain', text),
    stop: () => replica.removeEventListener('status', told),
  };
}

/** [tone, text, whether there is nothing more to wait for]; null where there is nothing new to say. */
function afterwards({ state, pending, rejected }) {
  if (state === 'saved' && pending === 0) return ['good', t('keeping.sent'), true];
  if (state === 'rejected' && rejected > 0) return ['bad', t('keeping.rejected'), true];
  if (state === 'offline') return ['plain', t('keeping.offline'), false];
  if (state === 'login') return ['plain', t('keeping.login'), false];
  return null;
}
