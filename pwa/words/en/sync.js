// The page behind the badge: what waits, what was refused, what happened to this device.

export default {
  sync: {
    title: 'Sync', now: 'Sync now', save: 'Save unsent work as a file', waiting: 'Waiting to be sent', oldest: 'the oldest for {age}',
    rejected: 'Rejected by the server', conflicts: 'Conflicts to decide', files: 'Files', filesUp: '{n} to send ({size})', filesDown: '{n} to fetch',
    notYet: 'not yet', verified: 'Verified', mended: 'Differed from the server, and mended', ownSettings: 'Your own settings',
  },
  unsent: {
    again: 'Send again', change: 'Change it', giveUp: 'Give it up', refused: 'The server refused it.', nothingTyped: 'Nothing of it can be typed here.',
    sendSo: 'Send it so', aside: 'Kept aside', building: 'A building', save: 'Save as a file', letGo: 'Let it go',
    asideHint: 'Edits of buildings that you can no longer open, or whose files this device has lost. You can save them as a file; what the server refused, its administrators can read too.',
  },
  proof: {
    verify: 'Verify against the server', comparing: 'Comparing every value with the server…',
    same: 'Every value on this device is the one the server holds.', moved: '{table} moved on while it was compared: verify again.',
    differed: '{table} differed from the server\'s:', otherValues: '{table} held other values than the server:',
    again: { one: '{n} row was fetched again', other: '{n} rows were fetched again' },
    andRecorded: '{again}, and what stood in {recorded} without an edit is now an edit of yours.',
  },
  notices: {
    understood: 'Understood', building: 'a building',
    memory: 'This browser lets us keep nothing: what you record is lost when the page closes, unless it is sent first.',
    nobody: 'Nobody is logged in on this device. What was recorded stays here and is sent after logging in.',
    offline: 'No network. Everything you record is kept on this device and goes out by itself when the network is back.',
    forked: '{day}: this device was cloned, or went back to an earlier state. It goes on under a new name of its own.',
    kept: { one: '{n} unsent edit was kept and will be sent.', other: '{n} unsent edits were kept and will be sent.' },
    nothingUnsent: 'Nothing was unsent.',
    revoked: '{day}: you can no longer open {place}, so it was removed from this device.',
    notSent: {
      one: '{n} unsent edit could not be sent: it is kept below, and with the administrators of the server.',
      other: '{n} unsent edits could not be sent: they are kept below, and with the administrators of the server.',
    },
    cleared: {
      one: '{day}: the browser has cleared what it kept of {place}. The server has {n} edit that came from here. What was not sent by then is lost.',
      other: '{day}: the browser has cleared what it kept of {place}. The server has {n} edits that came from here. What was not sent by then is lost.',
    },
    clockBehind: 'The clock of this device is {age} behind. Times you see here may be wrong; nothing is lost by it. Set the clock in the device’s settings.',
    clockAhead: 'The clock of this device is {age} ahead. Times you see here may be wrong; nothing is lost by it. Set the clock in the device’s settings.',
    used: '{used} used.', usedOf: '{used} used of {quota}.',
    full: 'Room is running out. Remove buildings you no longer need from this device; unsent work stays.',
    persisted: 'The browser has promised to keep it until you remove it.',
    ask: 'Ask the browser to keep it', granted: 'It has promised to.',
    notGranted: 'It has not promised it: send your work before you put this device away for days.',
    mayClear: 'This browser may clear what is kept here when space runs out, or after a week without a visit. What is sent is safe with the server.',
  },
};
