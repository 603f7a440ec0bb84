// What stands on every page: the bar, the badge, notices, what becomes of an edit.

export default {
  acts: {
    again: 'Try again', back: 'Back', close: 'Close', keep: 'Keep it', leave: 'Leave it', logIn: 'Log in',
    older: 'Older', remove: 'Remove', save: 'Save', toBuildings: 'To the buildings', undo: 'Undo',
  },
  shell: {
    skip: 'Skip to the page', wrong: 'Something went wrong.',
    nothing: 'Nothing here', noPage: 'No page has this address.',
    notShown: 'This page could not be shown', stillHere: 'What you recorded is still on this device.',
    saveFirst: 'Save what you are typing first.', leave: 'Leave it',
    update: 'An update is ready.', saveThenUpdate: 'Save what you are typing first, then update.', updateNow: 'Update now', later: 'Later',
  },
  install: {
    label: 'Install ARXOS', now: 'Install', later: 'Not now',
    why: 'Installed, ARXOS opens from the home screen, and the browser holds on to your buildings more firmly.',
    byHand: 'Safari clears what a site keeps after seven days without a visit. On the home screen it stays: tap Share, then “Add to Home Screen” (on a Mac: “Add to Dock”).',
  },
  insecure: {
    title: 'A secure address is needed', try: 'Open {address}',
    why: '{host} was opened without encryption (http). Browsers then keep nothing for a site, so what you record could not be kept on this device.',
    remedy: 'If that address does not answer, ask whoever runs this server for one that begins with https.',
  },
  counts: {
    buildings: { one: '{n} building', other: '{n} buildings' },
    conflicts: { one: '{n} conflict', other: '{n} conflicts' },
    edits: { one: '{n} edit', other: '{n} edits' },
    elements: { one: '{n} element', other: '{n} elements' },
    minutes: { one: '{n} minute', other: '{n} minutes' },
    points: { one: '{n} point', other: '{n} points' },
    times: { one: '{n} time', other: '{n} times' },
  },
  badge: {
    opening: 'Opening…', reading: 'Reading only', happened: 'see what happened', memory: 'not kept after closing',
    rejected: '{n} rejected', toSend: '{n} to send', sentAt: 'All sent {time}', sent: 'All sent', sending: 'Sending…', checking: 'Checking…',
    offline: 'Offline', logInToSend: 'Log in to send {n}', nobody: 'Not logged in', cannot: 'Cannot send',
  },
  person: {
    logOut: 'Log out', seeFirst: 'See them first', count: '{n} unread',
    named: '{name}, account', unread: '{name}, account, {n} unread',
    waits: {
      one: '{n} edit of yours is not with the server. It stays on this device, out of others’ sight, and goes on when you log in here again.',
      other: '{n} edits of yours are not with the server. They stay on this device, out of others’ sight, and go on when you log in here again.',
    },
  },
  once: { copy: 'Copy', copied: 'Copied.', kept: 'I have kept it', picture: 'The same as a QR code, for a camera' },
  bringing: {
    coming: 'Bringing the building onto this device…', received: 'Received so far',
    refused: 'This building cannot be opened here. {why}',
  },
  keeping: {
    keeping: 'Keeping…', kept: 'Kept on this device', sent: 'Sent', rejected: 'The server rejected it. See what and why behind the badge.',
    offline: 'Kept on this device, sent when you are online', login: 'Kept on this device, sent after you log in',
    takingBack: 'Taking it back…', takenBack: 'Taken back', notBack: 'It cannot be taken back. {why}',
  },
  lengths: {
    number: 'A number is wanted, as {example}.', metres: 'A length is wanted, as {example} or 101 cm.', feet: 'A length is wanted, as {example}.', feetAndInches: 'ft, in',
  },
};
