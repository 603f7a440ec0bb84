// What is done at a thing with the device in hand: drawing on photos, speaking notes, reading codes.

export default {
  marks: {
    choose: 'Choose', arrow: 'Arrow', line: 'Line', box: 'Box', text: 'Text', red: 'red', yellow: 'yellow', blue: 'blue', white: 'white',
    tool: 'What to draw', colour: 'Colour', redo: 'Redo', delete: 'Delete', pieces: 'Marks', put: 'Put it here', name: 'Name',
    surface: 'The photo. Choose what to draw and drag; Enter puts it in the middle', seen: 'The photo with its marks',
    keys: 'With a mark chosen, the arrow keys move it, Shift with an arrow key moves its end alone, and Delete removes it.',
    look: '{shape}, {colour}', named: '{words} ({look})', where: '{across} % across, {down} % down',
    count: { one: '{n} mark', other: '{n} marks' }, odd: { one: '{n} mark cannot be drawn here.', other: '{n} marks cannot be drawn here.' },
    whole: 'Whole photo', reading: 'Your role lets you look at these marks, not draw.', photo: 'Photo {name}', at: '{look}, {where}',
  },
  voice: {
    title: 'Voice notes', record: 'Record a voice note', stop: 'Stop', time: 'Recording {time} of {longest}', play: 'Play {name}', heard: 'What was recorded',
    discard: 'Discard', discarded: 'Discarded. Nothing was kept.', kept: 'Voice note kept', keptOnLeaving: 'What you recorded was kept', called: 'Voice note {time}',
    denied: 'The browser does not let us use the microphone. Allow it for this site in the browser’s settings, then try again.',
    noMicrophone: 'This device has no microphone that we could use.', cannot: 'This browser cannot record sound here.',
  },
  codes: {
    scan: 'Scan a code', opening: 'Opening the camera…', point: 'Point the camera at a barcode or QR code.', several: 'Several codes. Which one?', torch: 'Light',
    denied: 'The browser does not let us use the camera. Allow it for this site in the browser’s settings, then try again.',
    noCamera: 'This device has no camera that we could use. Type the code instead.',
    nothing: 'Nothing here has the code {code}.', put: 'Put it on {name}', add: 'Add an element with it', written: 'Barcode of {name}: {code}', adding: 'Its barcode: {code}',
  },
};
