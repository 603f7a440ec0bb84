// Die Seite hinter der Statusanzeige: was wartet, was abgelehnt wurde, was mit diesem Gerät geschehen ist.

export default {
  sync: {
    title: 'Abgleich', now: 'Jetzt abgleichen', save: 'Ungesendetes sichern', waiting: 'Wartet auf das Senden', oldest: 'älteste: {age}',
    rejected: 'Vom Server abgelehnt', conflicts: 'Offene Konflikte', files: 'Dateien', filesUp: '{n} zu senden ({size})', filesDown: '{n} zu laden',
    notYet: 'noch nicht', verified: 'Geprüft', mended: 'Abweichungen vom Server, behoben', ownSettings: 'Ihre eigenen Einstellungen',
  },
  unsent: {
    again: 'Erneut senden', change: 'Ändern', giveUp: 'Verwerfen', refused: 'Der Server hat es abgelehnt.', nothingTyped: 'Davon lässt sich hier nichts eingeben.',
    sendSo: 'So senden', aside: 'Zurückgelegt', building: 'Ein Gebäude', save: 'Als Datei sichern', letGo: 'Verwerfen',
    asideHint: 'Änderungen an Gebäuden, die Sie nicht mehr öffnen können oder deren Dateien auf diesem Gerät verloren sind. Sie können sie als Datei sichern; was der Server nicht übernommen hat, können auch seine Administratoren lesen.',
  },
  proof: {
    verify: 'Mit dem Server vergleichen', comparing: 'Jeder Wert wird mit dem Server verglichen…',
    same: 'Jeder Wert auf diesem Gerät stimmt mit dem Server überein.', moved: '{table}: hat sich während des Vergleichs geändert. Bitte noch einmal vergleichen.',
    differed: '{table}: abweichend vom Server;', otherValues: '{table}: andere Werte als auf dem Server;',
    again: { one: '{n} Zeile wurde neu geladen', other: '{n} Zeilen wurden neu geladen' },
    andRecorded: '{again}, und was ohne Änderung in {recorded} stand, ist nun eine Änderung von Ihnen.',
  },
  notices: {
    understood: 'Verstanden', building: 'einem Gebäude',
    memory: 'Dieser Browser lässt kein Speichern zu: Was Sie erfassen, geht beim Schließen der Seite verloren, wenn es nicht vorher gesendet wird.',
    nobody: 'Auf diesem Gerät ist niemand angemeldet. Erfasstes bleibt hier und wird nach der Anmeldung gesendet.',
    offline: 'Keine Verbindung. Alles, was Sie erfassen, bleibt auf diesem Gerät und wird von selbst gesendet, sobald die Verbindung wieder da ist.',
    forked: '{day}: Dieses Gerät wurde kopiert oder auf einen früheren Stand zurückgesetzt. Es arbeitet unter einer eigenen neuen Kennung weiter.',
    kept: { one: '{n} nicht gesendete Änderung wurde behalten und wird gesendet.', other: '{n} nicht gesendete Änderungen wurden behalten und werden gesendet.' },
    nothingUnsent: 'Es war alles gesendet.',
    revoked: '{day}: Sie haben keinen Zugang mehr zu {place}; die Daten wurden von diesem Gerät entfernt.',
    notSent: {
      one: '{n} Änderung konnte nicht gesendet werden: Sie ist unten zurückgelegt und liegt den Administratoren des Servers vor.',
      other: '{n} Änderungen konnten nicht gesendet werden: Sie sind unten zurückgelegt und liegen den Administratoren des Servers vor.',
    },
    cleared: {
      one: '{day}: Der Browser hat die Daten zu {place} gelöscht. Der Server hat {n} Änderung, die von hier kam. Was bis dahin nicht gesendet war, ist verloren.',
      other: '{day}: Der Browser hat die Daten zu {place} gelöscht. Der Server hat {n} Änderungen, die von hier kamen. Was bis dahin nicht gesendet war, ist verloren.',
    },
    clockBehind: 'Die Uhr dieses Geräts geht {age} nach. Angezeigte Zeiten können falsch sein; verloren geht dadurch nichts. Stellen Sie die Uhr in den Geräteeinstellungen.',
    clockAhead: 'Die Uhr dieses Geräts geht {age} vor. Angezeigte Zeiten können falsch sein; verloren geht dadurch nichts. Stellen Sie die Uhr in den Geräteeinstellungen.',
    used: '{used} belegt.', usedOf: '{used} von {quota} belegt.',
    full: 'Der Platz wird knapp. Entfernen Sie Gebäude, die Sie auf diesem Gerät nicht mehr brauchen; Ungesendetes bleibt.',
    persisted: 'Der Browser hat zugesagt, die Daten zu behalten, bis Sie sie entfernen.',
    ask: 'Dauerhaft speichern', granted: 'Der Browser hat es zugesagt.',
    notGranted: 'Der Browser hat es nicht zugesagt: Senden Sie Ihre Arbeit, bevor Sie dieses Gerät tagelang weglegen.',
    mayClear: 'Dieser Browser kann die Daten löschen, wenn der Speicher knapp wird oder Sie eine Woche lang nicht hier waren. Was gesendet ist, liegt sicher auf dem Server.',
  },
};
