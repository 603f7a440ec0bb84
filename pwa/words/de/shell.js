// Was auf jeder Seite steht: die Leiste, die Marke, Hinweise, was aus einer Änderung wird.

export default {
  acts: {
    again: 'Erneut versuchen', back: 'Zurück', close: 'Schließen', keep: 'Behalten', leave: 'Abbrechen', logIn: 'Anmelden',
    older: 'Ältere', remove: 'Entfernen', save: 'Speichern', toBuildings: 'Zu den Gebäuden', undo: 'Rückgängig',
  },
  shell: {
    skip: 'Zum Inhalt springen', wrong: 'Etwas ist schiefgegangen.',
    nothing: 'Hier ist nichts', noPage: 'Unter dieser Adresse gibt es keine Seite.',
    notShown: 'Diese Seite lässt sich nicht anzeigen', stillHere: 'Was Sie erfasst haben, ist weiterhin auf diesem Gerät.',
    saveFirst: 'Speichern Sie zuerst Ihre Eingabe.', leave: 'Eingabe verwerfen',
    update: 'Eine neue Version liegt bereit.', saveThenUpdate: 'Speichern Sie zuerst Ihre Eingabe, dann aktualisieren Sie.',
    updateNow: 'Jetzt aktualisieren', later: 'Später',
  },
  install: {
    label: 'ARXOS installieren', now: 'Installieren', later: 'Nicht jetzt',
    why: 'Installiert öffnet sich ARXOS vom Startbildschirm, und der Browser hält Ihre Gebäude fester.',
    byHand: 'Safari löscht nach sieben Tagen ohne Besuch, was eine Website gespeichert hat. Auf dem Home-Bildschirm bleibt es: Tippen Sie auf „Teilen“, dann „Zum Home-Bildschirm“ (am Mac: „Zum Dock hinzufügen“).',
  },
  insecure: {
    title: 'Eine sichere Adresse ist nötig', try: '{address} öffnen',
    why: '{host} wurde unverschlüsselt (http) geöffnet. Browser bewahren dann für eine Website nichts auf, Ihre Eingaben könnten nicht auf diesem Gerät bleiben.',
    remedy: 'Antwortet diese Adresse nicht, fragen Sie beim Betreiber des Servers nach einer, die mit https beginnt.',
  },
  counts: {
    buildings: { one: '{n} Gebäude', other: '{n} Gebäude' },
    conflicts: { one: '{n} Konflikt', other: '{n} Konflikte' },
    edits: { one: '{n} Änderung', other: '{n} Änderungen' },
    elements: { one: '{n} Bauteil', other: '{n} Bauteile' },
    minutes: { one: '{n} Minute', other: '{n} Minuten' },
    points: { one: '{n} Punkt', other: '{n} Punkte' },
    times: '{n}-mal',
  },
  badge: {
    opening: 'Wird geöffnet…', reading: 'Nur lesen', happened: 'bitte Hinweis ansehen', memory: 'nach dem Schließen verloren',
    rejected: '{n} abgelehnt', toSend: '{n} zu senden', sentAt: 'Alles gesendet {time}', sent: 'Alles gesendet', sending: 'Wird gesendet…',
    checking: 'Wird geprüft…', offline: 'Offline', logInToSend: 'Anmelden, um {n} zu senden', nobody: 'Nicht angemeldet', cannot: 'Senden nicht möglich',
  },
  person: {
    logOut: 'Abmelden', seeFirst: 'Erst ansehen', count: '{n} ungelesen',
    named: '{name}, Konto', unread: '{name}, Konto, {n} ungelesen',
    waits: {
      one: '{n} Änderung von Ihnen ist noch nicht beim Server. Sie bleibt auf diesem Gerät, für andere nicht sichtbar, und wird gesendet, sobald Sie sich hier wieder anmelden.',
      other: '{n} Änderungen von Ihnen sind noch nicht beim Server. Sie bleiben auf diesem Gerät, für andere nicht sichtbar, und werden gesendet, sobald Sie sich hier wieder anmelden.',
    },
  },
  once: { copy: 'Kopieren', copied: 'Kopiert.', kept: 'Ich habe es notiert', picture: 'Dasselbe als QR-Code für eine Kamera' },
  bringing: {
    coming: 'Das Gebäude wird auf dieses Gerät geladen…', received: 'Bisher geladen',
    refused: 'Dieses Gebäude lässt sich hier nicht öffnen. {why}',
  },
  keeping: {
    keeping: 'Wird gespeichert…', kept: 'Auf diesem Gerät gespeichert', sent: 'Gesendet',
    rejected: 'Der Server hat es abgelehnt. Was und warum, steht hinter der Statusanzeige.',
    offline: 'Auf diesem Gerät gespeichert, wird gesendet, sobald Sie online sind',
    login: 'Auf diesem Gerät gespeichert, wird nach der Anmeldung gesendet',
    takingBack: 'Wird zurückgenommen…', takenBack: 'Zurückgenommen', notBack: 'Das lässt sich nicht zurücknehmen. {why}',
  },
  lengths: {
    number: 'Bitte eine Zahl eingeben, zum Beispiel {example}.', metres: 'Bitte eine Länge eingeben, zum Beispiel {example} oder 101 cm.',
    feet: 'Bitte eine Länge eingeben, zum Beispiel {example}.', feetAndInches: 'Fuß, Zoll',
  },
};
