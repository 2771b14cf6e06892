"""What the counter produces: forms, certificates, notices."""

from datetime import timedelta

from build import euro
from compose import CITIZENS, german, salutation, spoken
from pools import FOUND, STREETS, TRADES

USES = ["die Familienkasse", "die Ausländerbehörde", "den Vermieter", "die Hochschule", "die Kraftfahrzeugzulassung", "das Nachlassgericht", "die Krankenkasse"]
OCCUPATIONS = [
    ("Container", "einen Absetzcontainer für Sperrmüll", "Der Container ist nachts mit Warnleuchten zu kennzeichnen. Er darf keine Abdeckungen von Schächten oder Hydranten verstellen."),
    ("Umzug", "eine Haltverbotszone von zwölf Metern für einen Möbelwagen", "Die Schilder sind vier Tage vorher aufzustellen. Eine Liste der zu diesem Zeitpunkt abgestellten Fahrzeuge ist aufzubewahren."),
    ("Infostand", "einen Informationsstand mit einem Tisch und einem Sonnenschirm", "Passanten dürfen nicht bedrängt werden. Lautsprecher sind nicht erlaubt. Flugblätter, die weggeworfen werden, sind aufzusammeln."),
    ("Straßenfest", "ein Nachbarschaftsfest mit Bierzeltgarnituren", "Eine Gasse von 3,50 Metern bleibt für Einsatzfahrzeuge frei. Musik ist nach 22 Uhr auf Zimmerlautstärke zu senken."),
    ("Dreharbeiten", "Filmaufnahmen mit einem Stativ und zwei Scheinwerfern", "Die Eingänge der Geschäfte bleiben zugänglich. Kabel sind in Brücken zu führen."),
    ("Weihnachtsbaumverkauf", "den Verkauf von Nordmanntannen auf 60 Quadratmetern", "Die Fläche ist nach Abschluss besenrein zu übergeben. Die Stromversorgung erfolgt über den vorhandenen Verteilerschrank."),
]


def certificates(town, count):
    rng = town.rng
    for _ in range(count):
        who, last = town.person()
        home, day = town.home(), town.day()
        clerk = rng.choice(CITIZENS)
        kind, law, fee = rng.choice([("Meldebescheinigung", "§ 18 Abs. 1 BMG", "9,00"), ("Erweiterte Meldebescheinigung", "§ 18 Abs. 2 BMG", "9,00"),
                                     ("Aufenthaltsbescheinigung", "§ 18 BMG", "12,00"), ("Lebensbescheinigung", "§ 18 BMG", "0,00")])
        use = rng.choice(USES)
        text = f"""Hiermit wird nach {law} bescheinigt, dass

{who}
geboren am {rng.randint(1, 28):02d}.{rng.randint(1, 12):02d}.{rng.randint(1938, 2004)}

seit dem {german(day - timedelta(days=rng.randint(400, 9000)))} unter der Anschrift {home[0]}, {home[1]}, mit {rng.choice(['alleiniger Wohnung', 'Hauptwohnung', 'Nebenwohnung'])} gemeldet ist.

Die Bescheinigung wurde zur Vorlage für {use} ausgestellt. Sie gibt den Stand des Melderegisters am Tag der Ausstellung wieder und darf nicht als Nachweis der Identität verwendet werden.

{'Die Ausstellung ist gebührenfrei.' if fee == '0,00' else f'Die Gebühr von {fee} Euro wurde am Kassenautomaten entrichtet.'}

{{GRUSS {clerk}}}"""
        town.add(f"{kind.split()[-1]}-{last}", "buergerbuero", "Bescheinigung", f"{kind} für {who}", day, "outgoing", rng.choice(["counter", "portal", "post"]),
                 who, home, ["Meldewesen"], [town.reference("02.1.4", day)], text, clerk)


def trades(town):
    rng = town.rng
    for trade, activity in TRADES:
        who, last = town.person()
        home, day = town.home(), town.day()
        change = rng.choice(["Neuerrichtung", "Übernahme eines bestehenden Betriebes", "Verlegung aus einer anderen Gemeinde", "Wiedereröffnung nach Umbau"])
        text = f"""Gewerbeanzeige nach § 14 Abs. 1 GewO

Name: {who}
Anschrift der Betriebsstätte: {home[0]}, {home[1]}
Bezeichnung: {trade}
Tätigkeit: {activity}
Beginn: {german(day + timedelta(days=rng.randint(1, 30)))}
Grund: {change}
Zahl der Beschäftigten: {rng.choice(['keine', 'eine Teilzeitkraft', 'zwei Vollzeitkräfte', 'eine Auszubildende'])}

{rng.choice(['Der Betrieb wird im Nebenerwerb geführt.', 'Der Betrieb wird hauptberuflich geführt.'])} Die Räume sind {rng.choice(['gemietet', 'Eigentum der Familie', 'vom Voreigentümer gepachtet'])}; {rng.choice(['eine Nutzungsänderung ist nicht erforderlich', 'die Nutzungsänderung wurde beim Kreis angezeigt', 'Stellplätze werden auf dem Hof nachgewiesen'])}.

Die anzeigende Person wurde darauf hingewiesen, dass die Bestätigung keine Erlaubnis ersetzt und dass jede Änderung der Tätigkeit erneut anzuzeigen ist. Die Gebühr von 26,00 Euro wurde entrichtet."""
        town.add(f"gewerbe-{trade}", "buergerbuero", "Formular", f"Gewerbeanzeige: {trade}", day, "incoming", rng.choice(["portal", "counter"]), who, home,
                 ["Gewerbe", "Anmeldung"], [town.reference("02.2", day)], text)


def finds(town):
    rng = town.rng
    for thing, place, value in FOUND:
        who, last = town.person()
        home, day = town.home(), town.day()
        number = rng.randint(10, 240)
        text = f"""Fundanzeige Nr. {day.year}/{number:03d}

Angezeigt durch: {who}, {', '.join(home)}, Telefon 0176 04069 {rng.randint(100, 999)}
Gegenstand: {thing}
Gefunden: {place}, {german(day - timedelta(days=rng.randint(0, 4)))} gegen {rng.randint(7, 21)} Uhr
Geschätzter Wert: {value}

{rng.choice(['Auf den Finderlohn wird verzichtet.', 'Finderlohn wird geltend gemacht.'])} {rng.choice(['Am Erwerb des Eigentums besteht kein Interesse.', 'Nach Ablauf von sechs Monaten soll das Eigentum erworben werden.'])}

{rng.choice(['Der Gegenstand wurde in Verwahrung genommen und in die Suchliste im Internet eingetragen.', 'Der Gegenstand blieb bei der anzeigenden Person; sie ist zur Aufbewahrung verpflichtet.', 'Die Eigentümerin konnte am folgenden Tag ermittelt werden; die Herausgabe ist auf der Rückseite quittiert.'])} Die Polizei wurde um Abgleich mit den gemeldeten Verlusten gebeten.

Aufgenommen im Bürgerbüro, Zimmer 004"""
        town.add(f"fundanzeige-{thing.split(',')[0].split(' mit ')[0]}", "buergerbuero", "Formular", f"Fundanzeige: {thing}", day, "incoming", "counter",
                 who, home, ["Fundbüro"], [town.reference("02", day)], text)


def taxes(town, count):
    rng = town.rng
    for index in range(count):
        who, last = town.person()
        home = town.home()
        year = rng.choice([2023, 2024, 2025, 2026])
        day = town.day().replace(year=year, month=rng.randint(1, 2), day=rng.randint(8, 27))
        day -= timedelta(days=max(0, day.weekday() - 4))
        mark = f"1.{rng.randint(1000, 9999)}.{year}.{rng.randint(1, 9)}"
        reference = town.reference("16", day)
        if index % 2:
            dogs = rng.choice([1, 1, 1, 2])
            amount = 96 if dogs == 1 else 240
            text = f"""{salutation(who)}

für {'den von Ihnen gehaltenen Hund' if dogs == 1 else 'die beiden von Ihnen gehaltenen Hunde'} wird die Hundesteuer für das Jahr {year} auf {euro(amount)} Euro festgesetzt. Rechtsgrundlage ist die Hundesteuersatzung der Stadt Hollerfurt vom 14. Dezember 2017 in der zurzeit geltenden Fassung.

Die Steuer wird {rng.choice(['in zwei Raten am 15. Februar und am 15. August', 'in einer Summe am 1. Juli'])} fällig. Sie gilt auch für die Folgejahre, bis ein neuer Bescheid ergeht. {rng.choice(['Für Hunde aus dem Tierheim entfällt die Steuer im ersten Jahr.', 'Rettungs- und Blindenführhunde sind auf Antrag befreit.', 'Ein Wechsel der Wohnung innerhalb der Stadt ist mitzuteilen.'])}

{{ZAHLUNG {mark}}}

{{RBB}}

{{GRUSS b.haeusermann}}"""
            name, title = f"hundesteuer-{last}", f"Hundesteuerbescheid {year}"
        else:
            base = rng.randint(2800, 11900) / 100
            rate = 690 if year >= 2025 else 565
            text = f"""{salutation(who)}

die Grundbesitzabgaben für Ihr Grundstück {home[0]} werden für das Jahr {year} wie folgt festgesetzt:

Abgabe	Berechnung	Jahresbetrag
Grundsteuer B	{euro(base)} × {rate} %	{euro(base * rate / 100)} EUR
Straßenreinigung	{(front := rng.randint(8, 31))} m × {'2,08' if year >= 2025 else '1,92'}	{euro(front * (2.08 if year >= 2025 else 1.92))} EUR
Abfallgefäß {rng.choice(['60', '80', '120'])} l	vierzehntäglich	{euro(rng.choice([132, 165, 214]))} EUR

Der Bescheid gilt so lange, bis ein neuer erteilt wird. Die Raten sind zur Mitte jedes Quartals zu zahlen. {rng.choice(['Ein Antrag auf Erlass wegen Ertragsminderung ist bis zum 31. März des Folgejahres möglich.', 'Bei einem Verkauf bleibt bis zum Jahresende steuerpflichtig, wer am 1. Januar Eigentümer war.'])}

{{ZAHLUNG {mark}}}

{{RBB}}

{{GRUSS b.haeusermann}}

{{DSGVO}}"""
            name, title = f"grundbesitzabgaben-{last}", f"Bescheid über Grundbesitzabgaben {year}"
        town.add(name, "internes", "Bescheid", title, day, "outgoing", "post", who, home, ["Steuern", "Bescheid"], [reference, mark], text, "b.haeusermann")


def occupations(town, count):
    rng = town.rng
    for index in range(count):
        kind, what, rule = OCCUPATIONS[index % len(OCCUPATIONS)]
        who, last = town.person()
        home, day = town.home(), town.day()
        if kind.startswith("Weihnachts"):
            day = day.replace(month=11, day=6 + day.day % 5)
        start = day + timedelta(days=rng.randint(8, 30))
        clerk = rng.choice(CITIZENS)
        fee = rng.choice([25, 38, 45, 60, 90])
        text = f"""{salutation(who)}

auf Ihren Antrag vom {german(day - timedelta(days=rng.randint(3, 12)))} erlaube ich Ihnen nach § 18 Abs. 1 StrWG NRW in Verbindung mit der Sondernutzungssatzung, die öffentliche Verkehrsfläche {rng.choice(STREETS)} in Höhe der Hausnummer {rng.randint(2, 90)} für {what} in Anspruch zu nehmen.

Zeitraum: {german(start)}, 7:00 Uhr, bis {german(start + timedelta(days=rng.randint(0, 9)))}, 20:00 Uhr

Auflagen

{rule} Rollstühle und Kinderwagen müssen ungehindert vorbeikommen. Verunreinigungen sind sofort zu beseitigen. Die Erlaubnis ist mitzuführen und auf Verlangen vorzuzeigen; sie ist nicht übertragbar.

Die Gebühr beträgt {euro(fee)} Euro.

{{ZAHLUNG 5.{day.year}.{rng.randint(3000, 9000):05d}}}

{{RBB}}

{{GRUSS {clerk}}}

{{DSGVO}}"""
        town.add(f"sondernutzung-{kind}-{last}", "buergerbuero", "Bescheid", f"Sondernutzungserlaubnis: {kind}", day, "outgoing", rng.choice(["post", "email"]),
                 who, home, ["Sondernutzung"], [town.reference("02", day)], text, clerk)


def reminders(town, count):
    rng = town.rng
    claims = ["Verwarnungsgeld wegen Parkens im Haltverbot", "Benutzungsgebühr der Musikschule", "Elternanteil Mittagessen", "Standgeld Wochenmarkt", "Miete Bürgerhaus",
              "Gebühr für die Nachlasssicherung", "Entgelt für die Stadtbücherei", "Kostenersatz für einen Feuerwehreinsatz"]
    for index in range(count):
        who, last = town.person()
        home, day = town.home(), town.day()
        amount = rng.randint(15, 280) + rng.choice([0, 0.5, 0.8])
        claim = claims[index % len(claims)]
        text = f"""{salutation(who)}

trotz Fälligkeit am {german(day - timedelta(days=rng.randint(20, 60)))} ist die folgende Forderung noch offen. Sicher haben Sie die Zahlung nur übersehen.

Forderung	Betrag
{claim}	{euro(amount)} EUR
Mahngebühr	5,00 EUR
Zu zahlen	{euro(amount + 5)} EUR

Bitte begleichen Sie den Betrag bis zum {german(day + timedelta(days=14))}. {rng.choice(['Haben Sie inzwischen gezahlt, betrachten Sie dieses Schreiben als gegenstandslos.', 'Nach Ablauf der Frist wird die Vollstreckung eingeleitet.', 'Wenn Sie nicht zahlen können, rufen Sie uns an; wir finden eine Lösung.'])}

{{ZAHLUNG 2.{rng.randint(1000, 9999)}.{day.year}.{rng.randint(1, 9)}}}

{{GRUSS b.haeusermann}}"""
        town.add(f"mahnung-{last}", "internes", "Mahnung", f"Mahnung: {claim}", day, "outgoing", "post", who, home, ["Mahnung"],
                 [town.reference("01.4.2", day)], text, "b.haeusermann")


def register_inquiries(town, count):
    rng = town.rng
    firms = [("Versandhaus Wollknäuel GmbH", "Kaufmannsweg 8 / 04999 Seehaven"), ("Wohnungsgenossenschaft Lohmark eG", "Kreishausring 30 / 05300 Lohmark"),
             ("Rechtsanwältin Isolde Brunswick", "Domgasse 9 / 04100 Altenrode"), ("Autohaus Kolbenhub KG", "Industriering 50 / 05329 Brakenrode")]
    for index in range(count):
        firm, address = firms[index % len(firms)]
        who, last = town.person()
        street, day = rng.choice(STREETS), town.day()
        clerk = rng.choice(CITIZENS)
        result = rng.choice([f"Die gesuchte Person ist verzogen. Neue Anschrift: {rng.choice(STREETS)} {rng.randint(1, 99)}, 05329 Brakenrode.",
                             "Die angefragte Person ist unter der von Ihnen genannten Anschrift gemeldet.",
                             "Die Person konnte mit den übermittelten Angaben nicht eindeutig bestimmt werden. Bitte nennen Sie das Geburtsdatum.",
                             "Die Person ist verstorben; weitere Auskünfte erteilt das Nachlassgericht."])
        text = f"""Sehr geehrte Damen und Herren,

auf Ihre Anfrage vom {spoken(day - timedelta(days=rng.randint(4, 15)))} zu {who}, letzte bekannte Anschrift {street} {rng.randint(1, 90)}, erteile ich nach § 44 Abs. 1 BMG folgende Auskunft:

{result}

Die Daten dürfen nur für den Zweck verwendet werden, für den sie übermittelt wurden (§ 47 BMG). Die Gebühr von 11,00 Euro ist mit dem Eingang der Anfrage entstanden.

{{ZAHLUNG 5.{day.year}.{rng.randint(3000, 9000):05d}}}

{{GRUSS {clerk}}}"""
        town.add(f"registerauskunft-{last}", "buergerbuero", "Brief", f"Einfache Melderegisterauskunft zu {who}", day, "outgoing", rng.choice(["post", "email"]),
                 firm, address.split(" / "), ["Meldewesen", "Auskunft"], [town.reference("02.1.4", day)], text, clerk)
