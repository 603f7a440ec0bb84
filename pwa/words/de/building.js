// Gebäude: Liste und Karte, der Plan, Bauteile mit allem, was zu ihnen gehört.

export default {
  buildings: {
    title: 'Gebäude', map: 'Karte der Gebäude', looking: 'Gebäude werden gesucht…', find: 'Gebäude suchen', nameOrAddress: 'Name oder Adresse',
    noneShared: 'Für Sie ist noch kein Gebäude freigegeben.', nonePublic: 'Hier gibt es kein öffentliches Gebäude. Melden Sie sich an, um Ihre zu sehen.',
    noMatch: 'Kein Gebäude passt dazu.', here: '{n} auf diesem Gerät', readOnly: 'Nur lesen', onDevice: 'Auf diesem Gerät',
    removeNamed: '{name} von diesem Gerät entfernen', removing: 'Wird entfernt…', keep: 'Laden', keepNamed: '{name} auf dieses Gerät laden',
    fetching: 'Wird geladen…', noOutline: 'Die Weltkarte ist noch nicht auf diesem Gerät.',
  },
  find: {
    title: 'Im Gebäude suchen', byKey: 'Im Gebäude suchen (/)', hint: 'Name, Kennzeichen, Seriennummer, Raum', found: 'Gefunden', close: 'Suche schließen',
    room: 'Raum', nothing: 'So heißt hier nichts.', many: 'Die besten {n}; ein weiteres Wort grenzt ein',
    matches: { one: '{n} Treffer', other: '{n} Treffer, die besten zuerst' },
  },
  building: {
    plan: 'Plan des Geschosses; die Liste daneben enthält dieselben Bauteile', list: 'Liste', elements: 'Bauteile', storeys: 'Geschosse', ground: 'EG',
    noStoreys: 'Dieses Gebäude hat noch keine Geschosse.', nothingDrawn: 'In diesem Geschoss ist noch nichts gezeichnet.',
  },
  people: {
    here: { one: '{n} weitere Person hier', other: '{n} weitere Personen hier' }, you: 'Sie, auf einem anderen Gerät', editing: 'bearbeitet „{field}“',
    mine: 'Sie haben das auch auf einem anderen Gerät offen',
    looking: '{name} sieht sich das auch an', atField: '{name} ist bei „{field}“',
  },
  canvas: {
    closer: 'Vergrößern', farther: 'Verkleinern', all: 'Alles zeigen', turnLeft: 'Nach links drehen ([)', turnRight: 'Nach rechts drehen (])', upright: 'Plan aufrecht stellen',
    northUpright: 'Norden; Plan aufrecht stellen', turned: 'um {n}° gedreht',
  },
  measure: {
    start: 'Messen', what: 'Was wird gemessen?', length: 'Länge', area: 'Fläche', angle: 'Winkel', undo: 'Letzten Punkt zurücknehmen',
    clear: 'Neu beginnen', leave: 'Messen beenden',
    'how.length': 'Tippen Sie die Punkte nacheinander an, oder bewegen Sie das Kreuz mit den Pfeiltasten und setzen Sie Punkte mit der Eingabetaste.',
    'how.area': 'Tippen Sie drei oder mehr Ecken an, oder bewegen Sie das Kreuz mit den Pfeiltasten und setzen Sie Ecken mit der Eingabetaste.',
    'how.angle': 'Tippen Sie einen Punkt, den Scheitel und einen Punkt am anderen Schenkel an, oder nehmen Sie Pfeil- und Eingabetaste.',
    'on.end': 'Auf einem Endpunkt', 'on.middle': 'Auf einer Mitte', 'on.edge': 'Auf einer Linie', onNothing: 'Auf nichts Gezeichnetem',
    byPlan: '± 95 %, aus der Kalibrierung des Plans und Ihren Punkten.',
    byTap: '± 95 % nur Ihrer Punkte: wie genau dieser Plan ist, hat niemand angegeben.',
    unknown: 'Zwischen gezeichneten Punkten. Wie genau dieser Plan ist, hat niemand angegeben.',
  },
  layers: { title: 'Ebenen', some: 'Ebenen, {n} ausgeblendet', all: 'Alle Ebenen zeigen' },
  elements: {
    hint: 'Kennzeichen, Name oder Art', find: 'Bauteil suchen', only: 'Nur zeigen', more: 'Mehr zeigen', whole: 'Das ganze Geschoss zeigen',
    attention: 'Zu beachten', none: { one: 'Keines von {n} Bauteil', other: 'Keines von {n} Bauteilen' },
    some: { one: '{found} von {n} Bauteil', other: '{found} von {n} Bauteilen' },
    notOnPlan: 'Im Plan ausgeblendet', unseen: '{n} im Plan ausgeblendet',
  },
  filters: {
    title: 'Filter', chosen: '{n} gewählt', clear: 'Filter aufheben', unset: 'Nicht angegeben',
    'by.system': 'Gewerk', 'by.status': 'Status', 'by.condition': 'Zustand', 'by.confidence': 'Verlässlichkeit', 'by.only': 'Nur solche, die',
    'band.blue': 'Vor Ort geprüft', 'band.green': 'Sicher, über 85 %', 'band.yellow': 'Wahrscheinlich, 60 bis 85 %', 'band.red': 'Zweifelhaft, unter 60 %', 'band.unknown': 'Nicht bewertet',
    'only.task': 'eine offene Aufgabe haben', 'only.contested': 'im Konflikt stehen', 'only.unsent': 'ich noch nicht gesendet habe',
  },
  views: {
    title: 'Gespeicherte Ansichten', name: 'Name dieser Auswahl', save: 'Ansicht speichern', here: 'Nur für das Geschoss „{name}“', nameless: 'Eine Ansicht braucht einen Namen.',
    saved: 'Ansicht „{name}“ gespeichert', removed: 'Ansicht „{name}“ entfernt', remove: 'Ansicht {name} entfernen',
  },
  adder: { add: 'Bauteil hinzufügen', what: 'Was ist es?', tap: 'Tippen Sie nun auf die Stelle im Plan.', added: '{name} hinzugefügt' },
  sheet: {
    gone: 'Nicht mehr vorhanden', deletedBy: 'Jemand hat dieses Bauteil gelöscht.', delete: 'Löschen', deleted: '{name} gelöscht', none: 'keine',
    reading: 'Ihre Rolle hier ist {role}: Sie können lesen, aber nichts ändern.', logIn: 'Zum Ändern anmelden',
    contested: 'Zu diesem Bauteil gibt es zwei widersprüchliche Angaben.', seeBoth: 'Beide ansehen', unchanged: 'Nichts geändert',
    removeNamed: '{name} entfernen',
  },
  properties: { new: 'Neue Eigenschaft', add: 'Hinzufügen', both: 'Eine Eigenschaft braucht einen Namen und einen Wert.' },
  photos: {
    title: 'Fotos', add: 'Foto hinzufügen', open: '{name} öffnen', sending: '{name} wird gesendet', preview: 'Vorschau', justNow: 'gerade eben', unseen: 'Dieser Browser kann es nicht zeigen.',
    waiting: 'Auf diesem Gerät gespeichert, noch nicht gesendet', here: 'Auf diesem Gerät und auf dem Server', server: 'Auf dem Server',
    mine: 'Noch nicht hier, auf einem anderen Gerät von Ihnen', theirs: 'Noch nicht hier, auf dem Gerät von {name}',
    somebodys: 'Noch nicht hier, auf dem Gerät einer anderen Person',
  },
  history: {
    title: 'Verlauf', looking: 'Der Server wird gefragt…', more: 'Frühere Änderungen zeigen', you: 'Sie', somebody: 'Jemand', server: 'ARXOS', moved: 'Verschoben oder neu gezeichnet',
    unsent: 'Noch nicht gesendet', refused: 'Vom Server nicht angenommen', created: 'Hinzugefügt', deleted: 'Gelöscht', restored: 'Wiederhergestellt',
    kept: 'Der Server ist gerade nicht erreichbar. Hier steht, was er {time} gesagt hat, und was auf diesem Gerät wartet.',
    away: 'Der Server ist gerade nicht erreichbar, und der Verlauf wurde hier noch nie geladen. Gezeigt wird, was auf diesem Gerät wartet.',
    'by.field': 'vor Ort', 'by.office': 'am Schreibtisch', 'by.import': 'aus einer Datei', 'by.ar': 'per AR', 'by.ai': 'von der KI gelesen', 'by.cmms': 'aus dem Wartungssystem',
  },
  measurements: {
    title: 'Messungen', what: 'Was', spread: '± 95 %', with: 'Gemessen mit', add: 'Messung hinzufügen',
    badSpread: 'Die Unsicherheit muss eine Zahl von null oder mehr sein.',
  },
};
