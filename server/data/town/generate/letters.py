"""Subjects of complaints, answers, applications: (topic, where it goes, complaint, answer)."""

COMPLAINTS = [
    ("Überfüllte Papierkörbe an der Uferpromenade", "Abfall",
     "Seit Beginn der Badesaison quellen die Papierkörbe an der Promenade über. Krähen zerren Pizzakartons heraus, der Wind treibt den Unrat ins Wasser. {Wann} habe ich zwölf volle Körbe gezählt, einer war umgestürzt.",
     "Die Leerung an der Uferpromenade erfolgt ab sofort auch samstags und sonntags. Zusätzlich stellt der Bauhof vier größere Behälter mit Deckel auf, die von Vögeln nicht geöffnet werden können."),
    ("Zugeparkter Radweg vor dem Getränkemarkt", "Verkehr",
     "Vor dem Getränkemarkt in der {strasse} stehen täglich Lieferwagen auf dem Radweg. Wer ausweicht, gerät in den fließenden Verkehr. {Wann} musste ich mit meiner Tochter im Anhänger auf die Fahrbahn wechseln und wurde beinahe von einem Bus erfasst.",
     "Der Marktleiter hat zugesagt, die Anlieferung auf den Hof zu verlegen. Die Überwachungskräfte kontrollieren den Abschnitt in den nächsten Wochen täglich; Fahrzeuge, die den Radweg blockieren, werden kostenpflichtig umgesetzt."),
    ("Nächtlicher Lärm auf dem Bolzplatz", "Lärm",
     "Auf dem Bolzplatz an der {strasse} wird bis weit nach Mitternacht gespielt und Musik gehört. {Wann} flogen Flaschen über den Zaun. Auf freundliche Ansprache reagieren die Jugendlichen mit Gelächter.",
     "Die Nutzungszeit endet um 21 Uhr; ein neues Schild weist darauf hin. Die Streetworkerin hat mit der Gruppe gesprochen, und das Ordnungspersonal schaut an den Wochenenden vorbei. Das Flutlicht schaltet sich künftig automatisch ab."),
    ("Schlaglöcher nach dem Frost", "Straße",
     "Nach dem Frost ist der Belag der {strasse} an mehreren Stellen aufgebrochen. Das tiefste Loch misst etwa einen halben Meter. {Wann} ist meinem Mann dort eine Felge gebrochen, die Rechnung über 214 Euro lege ich bei.",
     "Der Bauhof hat die gefährlichsten Stellen mit Kaltasphalt geschlossen. Eine dauerhafte Erneuerung der Deckschicht ist für den Sommer eingeplant. Über Ihren Schadenersatz entscheidet die Haftpflichtversicherung, an die ich die Rechnung weitergeleitet habe."),
    ("Fehlende Beleuchtung am Fußweg zur Auenschule", "Beleuchtung",
     "Der Verbindungsweg zwischen der {strasse} und der Auenschule ist seit der Umstellung auf LED stockdunkel, weil zwei Masten entfernt wurden. {Wann} ist eine Schülerin über eine Wurzel gestolpert und hat sich das Handgelenk verstaucht.",
     "Bei der Umstellung wurde ein Mast zu viel abgebaut. Die Stadtwerke setzen ihn innerhalb von drei Wochen wieder ein. Die hochstehende Wurzel wurde bereits überpflastert."),
    ("Wartezeiten in der telefonischen Vermittlung", "Erreichbarkeit",
     "{Wann} habe ich zwischen 9 und 11 Uhr sechsmal versucht, das Rathaus zu erreichen. Jedes Mal lief das Band, nach zehn Minuten brach die Verbindung ab. Berufstätige können nicht einen halben Vormittag am Apparat verbringen.",
     "An diesem Vormittag waren zwei von drei Plätzen der Vermittlung erkrankt. Wir haben einen Rückrufdienst eingerichtet: Wer länger als drei Minuten wartet, kann seine Nummer hinterlassen und wird am selben Tag angerufen."),
    ("Hundekot auf der Liegewiese", "Ordnung",
     "Auf der Liegewiese am Wehr kann man keine Decke mehr ausbreiten, ohne vorher den Boden abzusuchen. {Wann} trat mein zweijähriger Enkel barfuß in einen Haufen. Die Tütenspender sind seit Wochen leer.",
     "Die Spender werden nun zweimal wöchentlich aufgefüllt. An den Zugängen weisen Schilder darauf hin, dass Hunde von Mai bis September nicht auf die Liegewiese dürfen; Verstöße werden mit 35 Euro verwarnt."),
    ("Unleserliches Straßenschild", "Verkehr",
     "Das Namensschild an der Einmündung der {strasse} ist von Efeu überwuchert und zusätzlich beschmiert. {Wann} irrte der Rettungswagen zehn Minuten umher, bis eine Nachbarin ihn einwies.",
     "Der Bewuchs wurde entfernt und ein neues, retroreflektierendes Schild bestellt. Bis zur Lieferung hängt eine Folie. Der Leitstelle habe ich den Sachverhalt mitgeteilt."),
    ("Graffiti an der Friedhofskapelle", "Sachbeschädigung",
     "Die Nordwand der Friedhofskapelle ist großflächig mit Farbe besprüht. {Wann} fand dort eine Trauerfeier statt; die Angehörigen waren entsetzt. Der Schriftzug ist auch von der {strasse} aus zu sehen.",
     "Die Stadt hat Strafanzeige erstattet. Ein Malerbetrieb entfernt die Farbe mit einem für Sandstein zugelassenen Verfahren und trägt einen Schutzfilm auf. Die Kosten belaufen sich auf rund 900 Euro."),
    ("Gefährlicher Überweg an der Bushaltestelle", "Verkehr",
     "An der Haltestelle {strasse} müssen die Fahrgäste hinter dem stehenden Bus auf die andere Seite. Autofahrer überholen mit hohem Tempo. {Wann} konnte ein Kleintransporter nur durch eine Notbremsung halten.",
     "Bei einem Ortstermin mit Polizei und Verkehrsbetrieb wurde vereinbart, die Haltestelle um 20 Meter zu versetzen und eine Mittelinsel zu markieren. Bis dahin gilt ein Überholverbot."),
    ("Verschmutztes Wasser im Löschteich", "Umwelt",
     "Auf dem Löschteich an der {strasse} schwimmt ein schillernder Film, es riecht nach Diesel. {Wann} lagen zwei tote Enten am Rand. Ich habe mit einem Einmachglas eine Probe genommen.",
     "Die Feuerwehr hat den Film mit Ölschlängeln aufgenommen. Ursache war ein undichter Tank auf einem Nachbargrundstück; die untere Wasserbehörde hat die Sanierung angeordnet. Ihre Probe wurde dort ausgewertet."),
    ("Ungepflegte Grünanlage am Kriegerdenkmal", "Grünflächen",
     "In den Beeten vor dem Ehrenmal stehen die Brennnesseln hüfthoch, die Platten sind lose. {Wann} wollten wir dort einen Kranz niederlegen und kamen kaum an den Stein heran.",
     "Die Kolonne war wegen der Sturmschäden im Stadtpark gebunden. Inzwischen wurden die Beete gejätet und mit Lavendel bepflanzt; die Platten verlegt ein Fachbetrieb neu."),
    ("Baustellenverkehr durch das Wohngebiet", "Verkehr",
     "Seit Beginn der Erschließungsarbeiten fahren die Sattelzüge nicht über die ausgewiesene Strecke, sondern durch die {strasse}. {Wann} haben wir in einer Stunde 31 Kipper gezählt, die Gläser im Schrank klirrten.",
     "Der Auftragnehmer wurde abgemahnt und hat seine Fahrer angewiesen, die Zufahrt über den Ziegeleiweg zu nutzen. Eine Sperre für Fahrzeuge über 7,5 Tonnen ist angeordnet."),
    ("Ausfall der Trauungen am Samstag", "Standesamt",
     "Unser reservierter Termin wurde vier Wochen vor der Feier abgesagt, weil am Samstag angeblich niemand zur Verfügung steht. {Wann} erfuhren wir davon durch einen Anruf, obwohl die Gäste längst eingeladen sind.",
     "Durch eine Fehleintragung im Kalender wurden zwei Trauungen gestrichen. Ihr Termin bleibt bestehen; als Ausgleich übernimmt die Stadt die Miete für den Trausaal. Ich bitte um Entschuldigung."),
]

WHEN = ["Am vergangenen Samstag", "Gestern Abend", "In der vorigen Woche", "Am Montagmorgen", "An Pfingsten",
        "Am ersten Ferientag", "Vor drei Tagen", "Am Sonntagnachmittag"]

CLOSE = ["Ich erwarte, dass die Stadt rasch handelt, und bitte um eine Zwischennachricht.",
         "Bitte teilen Sie mir mit, wer dafür zuständig ist und bis wann ich mit Abhilfe rechnen kann.",
         "Für eine kurze Rückmeldung wäre ich dankbar. Bilder kann ich nachreichen.",
         "Ich zahle hier meine Abgaben gern, aber ein wenig Aufmerksamkeit darf man dafür erwarten.",
         "Mehrere Nachbarn haben mich gebeten, auch in ihrem Namen zu schreiben.",
         "Sollte sich nichts tun, wende ich mich an die Lokalzeitung."]

THANKS = ["vielen Dank für Ihren Hinweis vom {d}. Ohne solche Meldungen wüssten wir manches nicht.",
          "für Ihr Schreiben vom {d} danke ich Ihnen. Ihren Ärger kann ich nachvollziehen.",
          "Ihre Nachricht vom {d} habe ich erhalten und noch am selben Tag mit dem Bauhof besprochen.",
          "haben Sie Dank für Ihre offenen Worte vom {d}. Ich bin der Angelegenheit nachgegangen."]

TAIL = ["Sollte das Problem wieder auftreten, wenden Sie sich bitte unmittelbar an mich.",
        "Über das Mängelportal der Stadt können Sie künftig auch ein Bild mitsenden; Sie sehen dort jederzeit den Stand der Bearbeitung.",
        "Ich hoffe, dass damit Abhilfe geschaffen ist, und bitte noch um etwas Geduld.",
        "Bitte haben Sie Verständnis, dass nicht alle Arbeiten sofort ausgeführt werden können."]

EMAILS = [
    ("Schließung des Rathauses am Brückentag", "liebe Kolleginnen und Kollegen,\n\nam Freitag nach Himmelfahrt bleibt das Rathaus geschlossen. Wer Bereitschaft hat, trägt sich bitte bis Ende der Woche in die Liste am Empfang ein. Die Telefone werden auf das Band umgeleitet, die Poststelle leert den Nachtbriefkasten am Samstag."),
    ("Neue Vorlage für Zwischennachrichten", "liebe Kolleginnen und Kollegen,\n\nim Vorlagenordner liegt ab heute ein Muster für Zwischennachrichten. Bitte verwendet es, wenn absehbar ist, dass eine Anfrage nicht innerhalb von vierzehn Tagen beantwortet werden kann. Die alte Fassung mit dem früheren Briefkopf bitte löschen."),
    ("Probealarm am Donnerstag", "guten Morgen zusammen,\n\nam Donnerstag um 10:15 Uhr wird die Brandmeldeanlage geprüft. Bitte verlasst trotzdem alle das Gebäude und sammelt euch am Kirchplatz. Die Räumungshelfer tragen orangefarbene Westen. Besucherinnen und Besucher nehmen wir mit nach draußen."),
    ("Umzug in den zweiten Stock", "hallo zusammen,\n\nwegen der Malerarbeiten zieht unser Team für drei Wochen in die Zimmer 208 bis 211. Die Durchwahlen bleiben gleich. Bitte räumt die Schreibtische bis Mittwoch leer und beschriftet die Kisten; die Rollcontainer werden nicht transportiert, wenn sie offen sind."),
    ("Rückfrage zum Kassenzeichen", "hallo Birgit,\n\nauf dem Kontoauszug steht eine Einzahlung über 36,00 Euro ohne Kassenzeichen. Der Name passt zu zwei Vorgängen. Kannst du im Verfahren nachsehen, welcher Betrag noch offen ist? Ich würde die Buchung sonst als ungeklärt verwahren."),
    ("Fortbildung „Verständlich schreiben“", "liebe Kolleginnen und Kollegen,\n\nfür das Seminar am 12. des nächsten Monats sind noch vier Plätze frei. Wir üben an echten Schreiben aus unserem Haus, wie ein Amtsbrief kürzer und freundlicher wird. Anmeldungen bitte mit Zustimmung der Leitung an mich."),
    ("Vertretung während des Urlaubs", "hallo Günter,\n\nvom 3. bis zum 21. bin ich nicht im Haus. Meine Wiedervorlagen habe ich auf Annegret übertragen, in der Akte ist die Vertretung eingerichtet. Dringend ist nur die Bescheinigung für das Altenheim, die bis zum 10. hinaus muss."),
    ("Kaputter Wasserspender im Flur", "hallo Herr Ahlsdorf,\n\nder Wasserspender im Erdgeschoss tropft und hat den Teppich durchnässt. Ich habe den Hahn zugedreht und einen Eimer untergestellt. Können Sie den Wartungsdienst bestellen? Bis dahin bitte nicht einschalten."),
    ("Termin mit dem Stadtarchiv", "sehr geehrte Kolleginnen und Kollegen,\n\ndas Archiv kommt am Dienstag um 14 Uhr, um die Anbietungsliste der Jahre 2008 bis 2012 durchzusehen. Bitte haltet die Ablieferungsverzeichnisse bereit. Akten mit Sperrvermerk werden gesondert besprochen."),
    ("Bilanz der Sprechtage in den Ortsteilen", "sehr geehrte Frau Bürgermeisterin,\n\nan den sechs Sprechtagen in Wendhus und Oberhollern haben 83 Personen das mobile Bürgerbüro genutzt. Am häufigsten gefragt waren Bescheinigungen, Fischereischeine und Hilfe beim Bürgerkonto. Ich schlage vor, das Angebot im nächsten Jahr fortzusetzen."),
    ("Korrektur im Telefonverzeichnis", "guten Tag,\n\nim Verzeichnis steht bei der Vergabestelle noch die alte Nebenstelle. Richtig ist 0221 4710-405. Außerdem fehlt der neue Auszubildende, Herr Vennewald, Zimmer 112. Bitte ergänzen."),
    ("Dank der Nachbargemeinde", "liebes Team,\n\ndie Gemeinde Oberlohe bedankt sich für die unbürokratische Hilfe nach dem Serverausfall. Zwei Wochen lang haben wir ihre Passanträge mit angenommen. Ein Korb Äpfel steht in der Teeküche."),
]

TRIPS = [
    ("Fachtagung „Melderecht aktuell“", "Landeshaven", "Die Änderungen des Bundesmeldegesetzes wirken sich unmittelbar auf die Arbeit am Schalter aus."),
    ("Erfahrungsaustausch der Ratsbüros", "Altenrode", "Besprochen werden die Einführung digitaler Sitzungsunterlagen und die Aufzeichnung von Sitzungen."),
    ("Lehrgang „Kassenprüfung“", "Seehaven", "Der Lehrgang ist Voraussetzung für die Übernahme der Prüfaufgaben ab dem kommenden Jahr."),
    ("Messe für Verwaltungsmodernisierung", "Landeshaven", "Es sollen Selbstbedienungsgeräte für biometrische Lichtbilder verglichen werden."),
    ("Vorstellungsgespräche im Studieninstitut", "Lohmark", "Die Stadt beteiligt sich an der gemeinsamen Auswahl der Auszubildenden."),
    ("Anwendertreffen Dokumentenmanagement", "Brakenrode", "Andere Gemeinden berichten über ihre Erfahrungen mit der elektronischen Akte."),
    ("Seminar „Umgang mit schwierigen Gesprächssituationen“", "Altenrode", "Nach mehreren Vorfällen am Schalter ist die Schulung dringend geboten."),
    ("Ortstermin im Rechenzentrum", "Seehaven", "Vor der Verlängerung des Vertrages sollen die Schutzmaßnahmen besichtigt werden."),
    ("Gerichtstermin als Zeugin", "Altenrode", "Die Ladung des Verwaltungsgerichts liegt bei; eine Teilnahme per Bildübertragung wurde nicht gestattet."),
    ("Arbeitskreis Vergabe des Kreises", "Lohmark", "Erörtert werden Muster für Rahmenvereinbarungen und gemeinsame Einkäufe."),
]
