"""Names, streets, suppliers: everything invented."""

FIRST = """Adelina Albrecht Alina Almuth Anneliese Arno Babette Bastian Benedikt Birte Carsten Christel
Conrad Dagmar Detmar Dörte Edda Egbert Eike Elfriede Fabian Femke Finn Friederike Gero Gesa Gisbert Hanno
Heike Helmut Henning Hilmar Imke Ingmar Insa Jesko Jost Karin Kerstin Konstantin Lene Leonhard Lioba Lothar
Lutz Mareike Marius Meike Merle Nadja Neele Norbert Olga Pamina Ralf Regine Renate Silke Sören Stefanie
Svenja Tabea Thilo Tjark Ursula Uwe Veronika Volker Wanda Wencke Wenzel Wolfhard Xaver Yara""".split()

LAST = """Abendroth Achterberg Ahrensmeier Altevogt Bartelheimer Beckschulte Blankemeier Bollhorst Borgstede
Brinkschulte Brokamp Buddensiek Dallmeier Deppenkamp Diekhaus Dreckmann Eickhoff Ellerbrake Fechtelkord
Fiekers Flottmann Gerdsmeier Gieselmann Grabenhorst Güldenpfennig Habrock Hagensieker Hanebrink Heckewerth
Heitbreder Hengelbrock Hilgenstock Holtkötter Höpker Imbusch Ikenmeyer Kampwerth Kassebaum Kerkhoff
Klusmeyer Knollmann Kötterheinrich Langhorst Leimkühler Lienenlüke Meinolf Mersmann Niedermowwe Nordsieck
Obermöller Oevermann Paschedag Pelkmann Pohlschmidt Quakernack Rabeneck Rahmeier Riewenherm Rottschäfer
Ruhkopf Sandhäger Schildheuer Schnatmeier Schürenkamp Sielemann Stallbörger Stuckenholz Sudhölter Tellenbröker
Terbrüggen Thiemeyer Tönsing Uphoff Varwick Vennewald Wehmöller Wiethölter Windhorst Wortmann Zurborg""".split()

STREETS = """Lindenallee|Mühlenstraße|Am Auenwehr|Kirchstraße|Gerbergasse|Brückenstraße|Holunderweg|Schützenstraße
Bahnhofstraße|Kastanienweg|Fährgasse|Große Straße|Stiftsgasse|Weberstraße|Goethestraße|Am Stadtgraben
Ziegeleiweg|Rosenhügel|Alte Landstraße|Amselweg|Birkenhain|Dorfstraße|Erlengrund|Feldrain|Hasenkamp|Im Winkel
Jahnstraße|Kampstraße|Lerchenweg|Moorweg|Nordwall|Pappelweg|Querstraße|Sonnenstraße|Tulpenweg|Wiesengrund""".replace("\n", "|").split("|")

SUPPLIERS = [
    ("Papeterie Klecks GmbH", "Federweg 9 / 05300 Lohmark", "Büromaterial", [
        ("Kopierpapier A4, 80 g, Recycling, Karton zu 2.500 Blatt", "Karton", 18.90, (4, 40)),
        ("Hängeregister, grau", "Packung", 21.40, (2, 9)), ("Toner, schwarz, wiederaufbereitet", "Stück", 64.00, (1, 8)),
        ("Briefumschläge DIN lang mit Fenster", "Packung", 14.75, (2, 20)), ("Etiketten für Archivkartons", "Rolle", 9.30, (1, 6))]),
    ("Elektro Funkenflug Inh. R. Tewes", "Querstraße 18 / 05321 Hollerfurt", "Elektroarbeiten", [
        ("Prüfung ortsveränderlicher Geräte", "Stück", 4.85, (40, 210)), ("Erneuerung von Steckdosen im Foyer", "Stück", 38.00, (3, 14)),
        ("Monteurstunde", "Stunde", 62.50, (2, 16)), ("Fahrtkosten", "Pauschale", 35.00, (1, 1))]),
    ("Gärtnerei Immergrün OHG", "Moorweg 2 / 05340 Oberlohe", "Grünpflege", [
        ("Sommerbepflanzung der Kübel auf dem Marktplatz", "Kübel", 42.00, (8, 24)), ("Heckenschnitt Friedhof Niederaue", "m", 3.10, (80, 320)),
        ("Blumenzwiebeln, Narzissen und Krokusse", "Sack", 27.60, (3, 15)), ("Rasenmahd Sportplatz", "Mal", 118.00, (1, 6))]),
    ("Tischlerei Hobelbank GmbH", "Tischlerhof 11 / 05340 Oberlohe", "Tischlerarbeiten", [
        ("Reparatur der Eingangstür zum Bürgerhaus", "Pauschale", 385.00, (1, 1)), ("Regalböden, Buche, 90 × 35 cm", "Stück", 29.50, (6, 40)),
        ("Garderobenleiste für die Auenschule", "Stück", 84.00, (2, 12)), ("Arbeitsstunde Tischlergeselle", "Stunde", 54.00, (3, 20))]),
    ("Druckerei Bleisatz e. K.", "Weberstraße 70 / 05321 Hollerfurt", "Drucksachen", [
        ("Plakate A2, vierfarbig, Lichterfest", "Stück", 1.95, (50, 200)), ("Faltblatt „Neu in Hollerfurt“", "Stück", 0.42, (500, 3000)),
        ("Satz und Gestaltung", "Stunde", 48.00, (1, 9)), ("Visitenkarten, 300 g", "Satz", 31.00, (1, 8))]),
    ("Kaffeerösterei Bohnenglück", "Kirchstraße 5 / 05321 Hollerfurt", "Bewirtung", [
        ("Kaffee, ganze Bohne", "kg", 17.80, (2, 14)), ("Mineralwasser, Kasten", "Kasten", 6.90, (4, 30)),
        ("Belegte Brötchen für die Fraktionssitzung", "Stück", 2.40, (20, 90))]),
    ("Dachdeckerei Firstziegel GmbH & Co. KG", "Industriering 31 / 05329 Brakenrode", "Dacharbeiten", [
        ("Auswechseln gebrochener Ziegel, Turnhalle", "Stück", 18.70, (10, 70)), ("Reinigung der Dachrinnen", "m", 4.60, (40, 180)),
        ("Hubsteiger, Tagesmiete", "Tag", 210.00, (1, 3))]),
    ("Netzwerkstatt Byteler GmbH", "Technologiepark 9 / 05300 Lohmark", "Datenverarbeitung", [
        ("Netzwerkkabel Cat 6a, verlegt und geprüft", "m", 5.20, (30, 240)), ("Speicherriegel 32 GB", "Stück", 88.00, (2, 10)),
        ("Technikerstunde vor Ort", "Stunde", 96.00, (2, 12)), ("Monitor 27 Zoll, entspiegelt", "Stück", 219.00, (2, 12))]),
    ("Schlüsseldienst Riegel & Schloss", "Im Winkel 1 / 05321 Hollerfurt", "Schließtechnik", [
        ("Schließzylinder nach Schließplan", "Stück", 74.50, (2, 18)), ("Nachfertigung von Schlüsseln", "Stück", 12.80, (3, 30)),
        ("Notöffnung außerhalb der Geschäftszeit", "Einsatz", 95.00, (1, 2))]),
    ("Sportgeräte Klimmzug KG", "Jahnstraße 44 / 05300 Lohmark", "Sportstätten", [
        ("Sicherheitsprüfung der Turngeräte nach DIN EN 913", "Halle", 240.00, (1, 4)), ("Turnmatte 200 × 100 cm", "Stück", 139.00, (2, 10)),
        ("Tornetz, Handball, knotenlos", "Paar", 64.90, (1, 4))]),
    ("Malerwerkstatt Pinselstrich", "Pappelweg 27 / 05321 Hollerfurt", "Malerarbeiten", [
        ("Anstrich Klassenraum, zweimal, Dispersionsfarbe", "m²", 7.40, (60, 260)), ("Lackieren von Türblättern", "Stück", 58.00, (2, 14)),
        ("Abdeckarbeiten und Möbelrücken", "Stunde", 41.00, (2, 12))]),
    ("Kanaltechnik Rohrfrei GmbH", "Hafenstraße 3 / 04999 Seehaven", "Entwässerung", [
        ("Kamerabefahrung DN 300", "m", 6.80, (60, 400)), ("Hochdruckspülung", "Stunde", 145.00, (2, 9)),
        ("Entsorgung von Räumgut", "t", 118.00, (1, 7))]),
]

TRADES = [
    ("Friseursalon", "Friseurhandwerk mit zwei Bedienplätzen; die Eintragung in die Handwerksrolle wurde vorgelegt"),
    ("Hausmeisterdienst", "Hausmeistertätigkeiten ohne handwerkliche Leistungen, Gartenpflege, Schneeräumen"),
    ("Onlinehandel mit Wolle", "Versandhandel mit handgefärbter Wolle, Strickanleitungen und Zubehör"),
    ("Fahrradwerkstatt", "Reparatur von Fahrrädern und Pedelecs, Handel mit Ersatzteilen"),
    ("Nachhilfeinstitut", "Einzel- und Gruppenunterricht in Mathematik und Fremdsprachen"),
    ("Imbisswagen", "Verkauf von Kartoffelpuffern und Suppen auf Märkten; die Reisegewerbekarte wird gesondert beantragt"),
    ("Hundepension", "Tagesbetreuung von bis zu sechs Hunden; die tierschutzrechtliche Erlaubnis des Kreises liegt vor"),
    ("Grafikbüro", "Gestaltung von Drucksachen und Internetseiten, keine Druckleistungen"),
    ("Änderungsschneiderei", "Kürzen, Ändern und Ausbessern von Kleidung, Annahmestelle für Reinigung"),
    ("Fotostudio", "Porträt- und Hochzeitsfotografie, Vermietung des Studios"),
    ("Blumenladen", "Einzelhandel mit Schnittblumen, Trauerfloristik, Grabpflege"),
    ("Ingenieurbüro für Vermessung", "Vermessungstechnische Dienstleistungen ohne hoheitliche Tätigkeiten"),
    ("Kosmetikstudio", "Fußpflege ohne Heilkunde, Gesichtsbehandlungen, Handel mit Pflegeprodukten"),
    ("Getränkelieferdienst", "Lieferung von Getränken an Privathaushalte und Büros mit einem Elektrolieferwagen"),
    ("Übersetzungsdienst", "Übersetzungen aus dem Polnischen, Türkischen und Ukrainischen"),
    ("Töpferei", "Herstellung und Verkauf von Gebrauchskeramik, Kurse für Kinder"),
]

FOUND = [
    ("Herrenarmbanduhr mit braunem Lederband", "im Wartebereich des Bahnhofs", "90 Euro"),
    ("Smartphone mit gesprungenem Display", "auf der Bank am Marktbrunnen", "120 Euro"),
    ("Geldbörse, rot, ohne Ausweispapiere", "vor der Bäckerei in der Weberstraße", "25 Euro"),
    ("Kindersitz für das Auto", "neben dem Altkleidercontainer am Nordwall", "40 Euro"),
    ("Ehering mit Gravur „Elke 1988“", "im Sand des Beachvolleyballfeldes", "300 Euro"),
    ("Gehstock mit Silberknauf", "in der Linie 4, Endhaltestelle", "60 Euro"),
    ("Querflöte im Koffer", "auf dem Parkplatz der Musikschule", "450 Euro"),
    ("Rollator, blau, mit Sitzfläche", "am Eingang zum Friedhof", "80 Euro"),
    ("Kinderwagen mit grauem Verdeck", "im Tunnel unter der Bahn", "150 Euro"),
    ("Zeltplane und zwei Luftmatratzen", "auf der Festwiese", "30 Euro"),
    ("Brille mit Sonnenclip", "im Lesesaal der Stadtbücherei", "70 Euro"),
    ("Spiegelreflexkamera mit Tasche", "am Aussichtspunkt Rosenhügel", "380 Euro"),
    ("Wellensittich, gelbgrün, zahm", "auf einem Balkon im Tulpenweg", "20 Euro"),
    ("Turnbeutel mit Hallenschuhen Größe 34", "in der Umkleide der Turnhalle", "15 Euro"),
]
