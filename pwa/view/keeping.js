// What becomes of an edit, said beside it: kept on this device, then sent, or why not.

import { problem } from './words.js';

/** `record(changes, reason)` answers true when kept; on a refusal it says why, marks the field and answers false. */
export function keeping(replica, scope, output) {
  let kept = false, waited = false; // "sent" is said only of an edit that was seen waiting
  const told = ({ detail: status }) => {
    waited ||= status.pending > 0;
    if (kept && waited && afterwards(output, status)) kept = waited = false;
  };
  replica.addEventListener('status', told);
  return {
    async record(changes, { refused = () => {} } = {}) {
      tell(output, 'plain', 'Keeping…');
      kept = waited = false;
      try {
        await replica.record(scope, changes);
      } catch (error) {
        tell(output, 'bad', problem(error));
        refused(error);
        return false;
      }
      tell(output, 'plain', 'Kept on this device');
      kept = true;
      if (replica.status().pending > 0) told({ detail: replica.status() });
      return true;
    },
    say: (text) => tell(output, 'plain', text),
    stop: () => replica.removeEventListener('status', told),
  };
}

/** True when there is nothing more to wait for. */
function afterwards(output, { state, pending, rejected }) {
  if (state === 'saved' && pending === 0) return tell(output, 'good', 'Sent');
  if (state === 'rejected' && rejected > 0) return tell(output, 'bad', 'The server rejected it. See what and why behind the badge.');
  if (state === 'offline') tell(output, 'plain', 'Kept on this device, sent when you are online');
  if (state === 'login') tell(output, 'plain', 'Kept on this device, sent after you log in');
  return false;
}

function tell(output, tone, text) {
  output.dataset.tone = tone;
  output.textContent = text;
  return true;
}
