// Was mit dem Gerät in der Hand an einem Ding geschieht: in Fotos zeichnen.

export default {
  marks: {
    choose: 'Auswählen', arrow: 'Pfeil', line: 'Linie', box: 'Rahmen', text: 'Text', red: 'rot', yellow: 'gelb', blue: 'blau', white: 'weiß',
    tool: 'Was gezeichnet wird', colour: 'Farbe', redo: 'Wiederholen', delete: 'Löschen', pieces: 'Markierungen', put: 'Hier einsetzen', name: 'Name',
    surface: 'Das Foto. Wählen Sie aus, was Sie zeichnen, und ziehen Sie; die Eingabetaste setzt es in die Mitte', seen: 'Das Foto mit seinen Markierungen',
    keys: 'Eine ausgewählte Markierung bewegen Sie mit den Pfeiltasten, mit Umschalt nur ihr Ende; Entf löscht sie.',
    look: '{shape}, {colour}', named: '{words} ({look})', where: '{across} % von links, {down} % von oben',
    count: { one: '{n} Markierung', other: '{n} Markierungen' }, odd: { one: '{n} Markierung lässt sich hier nicht zeichnen.', other: '{n} Markierungen lassen sich hier nicht zeichnen.' },
    reading: 'Mit Ihrer Rolle können Sie die Markierungen ansehen, aber nicht zeichnen.', photo: 'Foto {name}', at: '{look}, {where}',
  },
};
