// Buildings: the list and the map, the plan, elements with all that hangs on them.

export default {
  buildings: {
    title: 'Buildings', map: 'Map of the buildings', looking: 'Looking for buildings…', find: 'Find a building', nameOrAddress: 'Name or address',
    noneShared: 'No building has been shared with you yet.', nonePublic: 'No public building is here. Log in to see yours.',
    noMatch: 'No building matches.', here: '{n} on this device', readOnly: 'Read only', onDevice: 'On this device',
    removeNamed: 'Remove {name} from this device', removing: 'Removing…', keep: 'Keep', keepNamed: 'Keep {name} on this device', fetching: 'Fetching…',
    noOutline: 'The outline of the world is not on this device yet.',
  },
  find: {
    title: 'Search the building', byKey: 'Search the building (/)', hint: 'Name, tag, serial number, room', found: 'Found', close: 'Close the search',
    room: 'Room', nothing: 'Nothing here is called that.', many: 'The best {n}; another word finds less',
    matches: { one: '{n} match, the best first', other: '{n} matches, the best first' },
  },
  building: {
    plan: 'Plan of the storey; the list beside it holds the same elements', list: 'List', elements: 'Elements', storeys: 'Storeys', ground: 'G',
    noStoreys: 'This building has no storeys yet.', nothingDrawn: 'Nothing has been drawn on this storey yet.',
  },
  people: {
    here: { one: '{n} other here', other: '{n} others here' }, you: 'You, on another device', editing: 'editing “{field}”',
    mine: 'You have this open on another device too',
    looking: '{name} looks at this too', atField: '{name} is at “{field}”',
  },
  canvas: {
    closer: 'Closer', farther: 'Farther', all: 'Show all', turnLeft: 'Turn left ([)', turnRight: 'Turn right (])', upright: 'Set the plan upright',
    northUpright: 'North; set the plan upright', turned: 'turned by {n}°',
  },
  measure: {
    start: 'Measure', what: 'What to measure', length: 'Length', area: 'Area', angle: 'Angle', undo: 'Take the last point back',
    clear: 'Start again', leave: 'Leave measuring',
    'how.length': 'Tap points one after another, or move the cross with the arrow keys and set a point with Enter.',
    'how.area': 'Tap three corners or more, or move the cross with the arrow keys and set a corner with Enter.',
    'how.angle': 'Tap a point, the corner, and a point on the other leg, or use the arrow keys and Enter.',
    'on.end': 'On an end', 'on.middle': 'On a middle', 'on.edge': 'On a line', onNothing: 'On nothing drawn',
    byPlan: '± 95 %, from the plan’s calibration and your taps.',
    byTap: '± 95 % of your taps alone: nobody has said how exact this plan is.',
    unknown: 'Between drawn points. Nobody has said how exact this plan is.',
  },
  layers: { title: 'Layers', some: 'Layers, {n} left out', all: 'Show all layers' },
  elements: {
    hint: 'Tag, name or class', find: 'Find an element', only: 'Show only', more: 'Show more', whole: 'Show the whole storey', attention: 'Needs attention',
    none: { one: 'None of {n} element', other: 'None of {n} elements' },
    some: { one: '{found} of {n} element', other: '{found} of {n} elements' },
    notOnPlan: 'Left out of the plan', unseen: '{n} left out of the plan',
  },
  filters: {
    title: 'Filter', chosen: '{n} chosen', clear: 'Clear the filter', unset: 'Not said',
    'by.system': 'System', 'by.status': 'Status', 'by.condition': 'Condition', 'by.confidence': 'Confidence', 'by.only': 'Only those that',
    'band.blue': 'Checked on site', 'band.green': 'Sure, over 85 %', 'band.yellow': 'Likely, 60 to 85 %', 'band.red': 'Doubtful, under 60 %', 'band.unknown': 'Not rated',
    'only.task': 'have an open task', 'only.contested': 'are in conflict', 'only.unsent': 'I have not sent yet',
  },
  views: {
    title: 'Saved views', name: 'Name of this selection', save: 'Save view', here: 'Only for the storey “{name}”', nameless: 'A view needs a name.',
    saved: 'View “{name}” saved', removed: 'View “{name}” removed', remove: 'Remove the view {name}',
  },
  adder: { add: 'Add an element', what: 'What is it?', tap: 'Now tap its place on the plan.', added: '{name} added' },
  sheet: {
    gone: 'No longer here', deletedBy: 'Somebody has deleted this element.', delete: 'Delete', deleted: '{name} deleted', none: 'none',
    reading: 'Your role here is {role}: you can read, not change.', logIn: 'Log in to change something',
    contested: 'Two people said different things about this element.', seeBoth: 'See both', unchanged: 'Nothing has changed', removeNamed: 'Remove {name}',
  },
  properties: { new: 'New property', add: 'Add', both: 'A property needs a name and a value.' },
  photos: {
    title: 'Photos', add: 'Add a photo', open: 'Open {name}', sending: 'Sending {name}', preview: 'A first impression', justNow: 'just now', unseen: 'This browser cannot show it.',
    waiting: 'Kept on this device, not sent yet', here: 'On this device and on the server', server: 'On the server',
    mine: 'Not here yet, on another device of yours', theirs: 'Not here yet, on {name}’s device', somebodys: 'Not here yet, on another person’s device',
  },
  history: {
    title: 'History', looking: 'Asking the server…', more: 'Show earlier edits', you: 'You', somebody: 'Somebody', server: 'ARXOS', moved: 'Moved or drawn anew',
    unsent: 'Not sent yet', refused: 'Not accepted by the server', created: 'Added', deleted: 'Deleted', restored: 'Brought back',
    kept: 'The server cannot be asked just now. This is what it said {time}, and what waits on this device.',
    away: 'The server cannot be asked just now, and nothing of this was fetched before. What waits on this device is shown.',
    'by.field': 'on site', 'by.office': 'at a desk', 'by.import': 'from a file', 'by.ar': 'by AR', 'by.ai': 'read by AI', 'by.cmms': 'from the maintenance system',
  },
  measurements: {
    title: 'Measurements', what: 'What', spread: '± 95 %', with: 'Measured with', add: 'Add measurement',
    badSpread: 'The uncertainty must be a number of zero or more.',
  },
};
