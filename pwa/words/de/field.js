// Was mit dem Gerät in der Hand an einem Ding geschieht: in Fotos zeichnen, Notizen sprechen, Codes lesen.

export default {
  marks: {
    choose: 'Auswählen', arrow: 'Pfeil', line: 'Linie', box: 'Rahmen', text: 'Text', red: 'rot', yellow: 'gelb', blue: 'blau', white: 'weiß',
    tool: 'Was gezeichnet wird', colour: 'Farbe', redo: 'Wiederholen', delete: 'Löschen', pieces: 'Markierungen', put: 'Hier einsetzen', name: 'Name',
    surface: 'Das Foto. Wählen Sie aus, was Sie zeichnen, und ziehen Sie; die Eingabetaste setzt es in die Mitte', seen: 'Das Foto mit seinen Markierungen',
    keys: 'Eine ausgewählte Markierung bewegen Sie mit den Pfeiltasten, mit Umschalt nur ihr Ende; Entf löscht sie.',
    look: '{shape}, {colour}', named: '{words} ({look})', where: '{across} % von links, {down} % von oben',
    count: { one: '{n} Markierung', other: '{n} Markierungen' }, odd: { one: '{n} Markierung lässt sich hier nicht zeichnen.', other: '{n} Markierungen lassen sich hier nicht zeichnen.' },
    whole: 'Ganzes Foto', reading: 'Mit Ihrer Rolle können Sie die Markierungen ansehen, aber nicht zeichnen.', photo: 'Foto {name}', at: '{look}, {where}',
  },
  voice: {
    title: 'Sprachnotizen', record: 'Sprachnotiz aufnehmen', stop: 'Anhalten', time: 'Aufnahme {time} von {longest}', play: '{name} abspielen', heard: 'Die Aufnahme',
    discard: 'Verwerfen', discarded: 'Verworfen. Nichts wurde gespeichert.', kept: 'Sprachnotiz gespeichert', keptOnLeaving: 'Ihre Aufnahme wurde gespeichert', called: 'Sprachnotiz {time}',
    denied: 'Der Browser lässt uns das Mikrofon nicht benutzen. Erlauben Sie es für diese Seite in den Einstellungen des Browsers und versuchen Sie es dann noch einmal.',
    noMicrophone: 'Dieses Gerät hat kein Mikrofon, das wir benutzen könnten.', cannot: 'Dieser Browser kann hier keinen Ton aufnehmen.',
  },
  codes: {
    scan: 'Code scannen', opening: 'Die Kamera wird geöffnet…', point: 'Richten Sie die Kamera auf einen Barcode oder QR-Code.', several: 'Mehrere Codes. Welcher?', torch: 'Licht',
    denied: 'Der Browser lässt uns die Kamera nicht benutzen. Erlauben Sie es für diese Seite in den Einstellungen des Browsers und versuchen Sie es dann noch einmal.',
    noCamera: 'Dieses Gerät hat keine Kamera, die wir benutzen könnten. Geben Sie den Code ein.',
    nothing: 'Hier hat nichts den Code {code}.', put: 'Bei {name} eintragen', add: 'Bauteil damit hinzufügen', written: 'Barcode von {name}: {code}', adding: 'Sein Barcode: {code}',
  },
};
