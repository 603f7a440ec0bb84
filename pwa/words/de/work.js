// Arbeit: Aufgaben, Feststellungen und ihre Prüfung; Konflikte, und Änderungen in Worten.

export default {
  work: {
    title: 'Arbeit', toPlan: 'Zum Plan', allTasks: 'Alle Aufgaben', gone: 'Diese Aufgabe gibt es nicht mehr.',
    kept: '{what}: auf diesem Gerät gespeichert, wird nach dem Senden geprüft',
    toDo: 'Zu erledigen', toReview: 'Zu prüfen', waiting: 'Wartet auf Prüfung', nothing: 'Hier ist nichts mehr zu tun.',
    mine: 'Meine', anybody: 'Für alle', mostFirst: 'Was am meisten bringt, zuerst', more: 'und {n} weitere',
    minutes: '{n} min', due: 'fällig am {day}', sentBack: 'Zurückgegeben', aMinute: 'je Minute',
  },
  task: {
    sentBack: 'Von der Prüfung zurückgegeben.', onPlan: 'Im Plan zeigen', reading: 'Mit Ihrer Rolle können Sie diese Aufgabe lesen, aber nicht beantworten.',
    note: 'Notiz (falls es etwas zu sagen gibt)', else: 'Etwas anderes?', noAccess: 'Kein Zugang', unexpected: 'Etwas Unerwartetes',
    conditionSoFar: 'Zustand, bisher {condition}', there: 'Ist es vorhanden?', isThere: 'Ist vorhanden', planSays: 'Laut Plan {value}.',
    'asked.dimension': 'Breite', 'asked.scale': 'Länge der Wand', 'asked.north': 'Winkel zur Nordrichtung', 'asked.count': 'Wie viele',
    spread: '± 95 % (falls bekannt)', record: 'Erfassen', whole: 'Bitte eine ganze Zahl eingeben, zum Beispiel 12.', impact: 'Wirkung {n}',
  },
  review: {
    nothing: 'Es wartet nichts auf Ihre Prüfung.', nothingOfYours: 'Von Ihnen wartet nichts auf eine Prüfung.',
    ofOthers: {
      one: '{n} Feststellung von anderen. Was Sie annehmen, gilt sofort; was Sie zurückgeben, braucht eine Begründung.',
      other: '{n} Feststellungen von anderen. Was Sie annehmen, gilt sofort; was Sie zurückgeben, braucht eine Begründung.',
    },
    ofYours: {
      one: '{n} Feststellung. Eine andere Person prüft sie; was sie annimmt, gilt.',
      other: '{n} Feststellungen. Eine andere Person prüft sie; was sie annimmt, gilt.',
    },
    you: 'Sie', accept: 'Annehmen', sendBack: 'Zurückgeben', sentBack: 'Zurückgegeben', why: 'Warum?',
    sayWhy: 'Nennen Sie den Grund, damit es berichtigt werden kann.', noAccess: 'Kein Zugang',
    condition: 'Zustand: {now}, bisher {before}', sameCondition: 'Zustand: {now}, unverändert',
    value: '{name} {value}', valueAndPlan: '{name} {value}, laut Plan {stands}',
  },
  conflicts: {
    title: 'Konflikte', drawing: 'eine Zeichnung', toBuilding: 'Zum Gebäude', none: 'Keine Konflikte. Alle Angaben stimmen überein.',
    open: {
      one: '{n} Feld mit zwei Angaben. Was derzeit gilt, ist markiert; nichts geht verloren, bis Sie entscheiden.',
      other: '{n} Felder mit zwei Angaben. Was derzeit gilt, ist markiert; nichts geht verloren, bis Sie entscheiden.',
    },
    keep: 'So lassen', take: 'Andere übernehmen', delete: 'Löschen', deleting: 'gelöscht und geändert', toDelete: 'Löschen',
    deletedAndChanged: 'Eine Person hat es gelöscht, während eine andere es geändert hat. Noch ist es vorhanden.',
    keepAll: 'Alle so lassen', takeAll: 'Alle anderen übernehmen', anew: 'Keine von beiden: neu eingeben',
    sureKeep: { one: '{n} Konflikt so lassen?', other: 'Alle {n} Konflikte so lassen?' },
    sureTake: { one: 'In {n} Konflikt die andere Angabe übernehmen?', other: 'In {n} Konflikten die andere Angabe übernehmen?' },
    decided: { one: '{n} Konflikt entschieden', other: '{n} Konflikte entschieden' },
    before: 'Vorher', now: 'Gilt derzeit', other: 'Andere Angabe', otherWanted: 'Gewünscht war',
    empty: 'nichts', place: 'eine Stelle im Plan', outline: 'ein Umriss im Plan', yes: 'Ja', no: 'Nein',
  },
  versions: {
    looking: 'Beide Angaben im Plan', drawn: 'Beide im Plan: Was gilt, ist eine Scheibe oder durchgezogene Linie, die andere Angabe eine Raute oder gestrichelte Linie. {words}',
    apart: '{metres} auseinander', turned: 'um {n}° gedreht', larger: '{n} % größer', smaller: '{n} % kleiner',
  },
  edits: {
    more: 'und {n} weitere', added: '{what} hinzugefügt', deleted: '{what} gelöscht', gains: '{field}: neu {values}', loses: '{field}: ohne {values}',
    is: '{field} ist {value}', by: '{field} um {value}', empty: 'leer', place: 'eine neue Stelle', yes: 'ja', no: 'nein',
  },
};
