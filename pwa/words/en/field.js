// What is done at a thing with the device in hand: drawing on photos.

export default {
  marks: {
    choose: 'Choose', arrow: 'Arrow', line: 'Line', box: 'Box', text: 'Text', red: 'red', yellow: 'yellow', blue: 'blue', white: 'white',
    tool: 'What to draw', colour: 'Colour', redo: 'Redo', delete: 'Delete', pieces: 'Marks', put: 'Put it here', name: 'Name',
    surface: 'The photo. Choose what to draw and drag; Enter puts it in the middle', seen: 'The photo with its marks',
    keys: 'With a mark chosen, the arrow keys move it, Shift with an arrow key moves its end alone, and Delete removes it.',
    look: '{shape}, {colour}', named: '{words} ({look})', where: '{across} % across, {down} % down',
    count: { one: '{n} mark', other: '{n} marks' }, odd: { one: '{n} mark cannot be drawn here.', other: '{n} marks cannot be drawn here.' },
    reading: 'Your role lets you look at these marks, not draw.', photo: 'Photo {name}', at: '{look}, {where}',
  },
};
