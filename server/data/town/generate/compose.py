"""Documents composed from building blocks, the same on every run."""

import random
import unicodedata
from datetime import date, timedelta

from build import SIGN, euro, finish, received
from letters import CLOSE, COMPLAINTS, EMAILS, TAIL, THANKS, TRIPS, WHEN
from minutes import CLAUSES, COMMITTEES, CONTRACTS, ITEMS
from pools import FIRST, FOUND, LAST, STREETS, SUPPLIERS, TRADES

MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()
SIZES = [4, 9, 5, 16, 6, 7, 5, 12, 4, 8, 6]
CITIZENS = ["j.brinkhoff", "a.vosskuhl", "k.yildirim", "m.wisniewska-tapper"]


def german(day):
    return f"{day.day:02d}.{day.month:02d}.{day.year}"


def spoken(day):
    return f"{day.day}. {MONTHS[day.month - 1]} {day.year}"


def slug(text):
    for a, b in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss"), ("Ä", "ae"), ("Ö", "oe"), ("Ü", "ue")):
        text = text.replace(a, b)
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "-".join(filter(None, "".join(c if c.isalnum() else "-" for c in text).split("-")))


class Town:
    """Hands out people, days and references; remembers what it has given."""

    def __init__(self):
        self.rng = random.Random("hollerfurt")
        self.people = [(f, l) for f in FIRST for l in LAST]
        self.rng.shuffle(self.people)
        self.numbers = {}
        self.docs = []

    def person(self):
        first, last = self.people.pop()
        return f"{first} {last}", last

    def home(self):
        return [f"{self.rng.choice(STREETS)} {self.rng.randint(1, 118)}", "05321 Hollerfurt"]

    def day(self, first=date(2023, 1, 9), last=date(2026, 10, 16)):
        moment = first + timedelta(days=self.rng.randrange((last - first).days))
        moment -= timedelta(days=max(0, moment.weekday() - 4))
        # Between the years and on fixed holidays nobody works.
        closed = (moment.month == 12 and moment.day > 23) or (moment.day, moment.month) in ((1, 1), (1, 5), (3, 10), (1, 11))
        return moment - timedelta(days=14) if closed else moment

    def reference(self, unit, day):
        key = (unit, day.year)
        self.numbers[key] = self.numbers.get(key, 500) + self.rng.randint(1, 9)
        return f"{unit}-{day.year}/{self.numbers[key]:04d}"

    def add(self, name, department, kind, title, day, direction, channel, who, address, tags, references, text, clerk=""):
        number = sum(1 for d in self.docs if d["id"].startswith(slug(name)))
        doc = {
            "id": slug(name) + (f"-{number + 1}" if number else ""), "department": department, "type": kind,
            "title": title, "date": day.isoformat(), "received": received(day.isoformat(), direction, channel),
            "direction": direction, "channel": channel, "correspondent": who, "address": address, "clerk": clerk,
            "tags": tags, "references": references,
        }
        self.docs.append(finish(doc, text))


def salutation(name):
    return f"Guten Tag {name},"


def invoices(town, count):
    rng = town.rng
    for index in range(count):
        firm, address, topic, goods = SUPPLIERS[index % len(SUPPLIERS)]
        day = town.day()
        number = rng.choice([f"{day.year}-{rng.randint(100, 9899):04d}", f"R{day.year % 100}{rng.randint(1000, 9999)}", f"{rng.randint(30000, 98000)}"])
        rows = [(n, str(rng.randint(*span)), u, f"{p:.2f}".replace(".", ",")) for n, u, p, span in rng.sample(goods, rng.randint(2, len(goods)))]
        listing = "\n".join(f"{n}; {q}; {u}; {p}" for n, q, u, p in rows)
        opening = rng.choice(["für unsere Lieferung stellen wir Ihnen in Rechnung:", "wie vereinbart berechnen wir Ihnen die folgenden Leistungen:",
                              "vielen Dank für Ihren Auftrag. Wir erlauben uns, wie folgt abzurechnen:", "die Arbeiten wurden ordnungsgemäß abgenommen. Wir berechnen:"])
        terms = rng.choice(["Zahlbar innerhalb von 30 Tagen ohne Abzug.", "Bei Zahlung binnen 10 Tagen gewähren wir 2 % Skonto, sonst 30 Tage netto.",
                            "Der Rechnungsbetrag ist innerhalb von 14 Tagen fällig.", "Zahlungsziel: 21 Tage nach Erhalt der Rechnung."])
        extra = rng.choice(["Der Lieferschein liegt bei.", "Ein Stundennachweis ist beigefügt.", "Reklamationen bitten wir innerhalb einer Woche anzuzeigen.",
                            "Unsere Bankverbindung hat sich nicht geändert. Anderslautende Mitteilungen stammen nicht von uns.", "Bitte geben Sie bei der Überweisung die Rechnungsnummer an."])
        text = f"""Rechnungsnummer: {number}
Rechnungsdatum: {german(day)}
Leistungsdatum: {german(day - timedelta(days=rng.randint(3, 20)))}
Leitweg-ID: {{LEITWEG {rng.choice(['01', '02', '03'])}}}

Sehr geehrte Damen und Herren,

{opening}

[positions 19]
{listing}
[/positions]

{terms} {extra}

IBAN: {{{rng.choice(['IBAN', 'IBAN', 'IBANC'])} {slug(firm)}}}
Rückfragen: Telefon 0{rng.choice(['30 23125', '40 66969', '69 90009', '89 99998'])}-{rng.randint(100, 998)}

Mit freundlichen Grüßen
{firm}"""
        town.add(f"rechnung-{firm.split()[1]}-{number}", "internes", "Rechnung", f"Rechnung {number}: {topic}", day, "incoming",
                 rng.choice(["email", "email", "post", "portal"]), firm, address.split(" / "), ["Rechnung", topic],
                 [town.reference("01.4.1", day), number], text)


def complaints(town):
    rng = town.rng
    for topic, tag, problem, answer in COMPLAINTS:
        who, last = town.person()
        home, day = town.home(), town.day(date(2023, 2, 1), date(2026, 9, 1))
        reference = town.reference("01.1.2", day)
        street = rng.choice(STREETS)
        problem = problem.replace("{Wann}", rng.choice(WHEN)).replace("{strasse}", street)
        # After the salutation and its comma the sentence goes on.
        problem = problem[0].lower() + problem[1:]
        channel = rng.choice(["post", "email", "portal", "scan"])
        text = f"""Sehr geehrte Damen und Herren,

{problem}

{rng.choice(CLOSE)}

Mit freundlichen Grüßen
{who}"""
        town.add(f"beschwerde-{topic.split()[1]}-{last}", rng.choice(["buergerbuero", "buergermeisterbuero"]), "Beschwerde", topic, day,
                 "incoming", channel, who, home, ["Beschwerde", tag], [reference], text)
        department = town.docs[-1]["department"]
        clerk = rng.choice(CITIZENS) if department == "buergerbuero" else "t.meyer-luedinghoff"
        reply = f"""{salutation(who)}

{rng.choice(THANKS).format(d=spoken(day))}

{answer}

{rng.choice(TAIL)}

{{GRUSS {clerk}}}"""
        town.add(f"antwort-{topic.split()[1]}-{last}", department, "Brief", f"Ihre Nachricht: {topic}", day + timedelta(days=rng.randint(6, 20)),
                 "outgoing", "email" if channel == "email" else "post", who, home, [tag], [reference], reply, clerk)


def minutes(town, count):
    rng = town.rng
    for index in range(count):
        committee, chair = COMMITTEES[index % len(COMMITTEES)]
        day = town.day(date(2023, 1, 16), date(2026, 9, 30))
        items = rng.sample(ITEMS, SIZES[index % len(SIZES)])
        present = rng.randint(11, 17)
        parts = [f"""Sitzung des Ausschusses: {committee}
Ort: {rng.choice(['Großer Sitzungssaal', 'Kleiner Sitzungssaal', 'Bürgerhaus, Saal 2', 'Aula der Auenschule'])}
Beginn: {rng.choice(['17:00', '17:30', '18:00'])} Uhr, Ende: {rng.randint(19, 20)}:{rng.randint(10, 59)} Uhr
Vorsitz: {chair}
Schriftführung: Frauke Sünderkamp
Anwesend: {present} stimmberechtigte Mitglieder""", "TOP 1 – Eröffnung",
                 f"{'Der' if chair.startswith('Stadtverordneter') else 'Die'} Vorsitzende eröffnet die Sitzung und stellt fest, dass ordnungsgemäß eingeladen wurde und der Ausschuss beschlussfähig ist. Die Niederschrift der vorigen Sitzung wird ohne Einwände genehmigt."]
        for number, (title, report, talk, decision) in enumerate(items, 2):
            against = rng.choice([0, 0, 1, 2, 4])
            vote = "einstimmig" if not against else f"{present - against} Ja-Stimmen, {against} Nein-Stimme{'n' if against > 1 else ''}"
            before = rng.choice(["", "", "Die Beratung war in der vorigen Sitzung vertagt worden. ", "Die Vorlage wurde mit der Einladung versandt. ", "Zu diesem Punkt sind mehrere Zuhörer erschienen. ", "Eine Tischvorlage wird verteilt. "])
            after = rng.choice(["", "", " Weitere Wortmeldungen gibt es nicht.", " Die Antworten werden dem Protokoll beigefügt.", " Die Beratung dauert zwanzig Minuten.", " Eine Fraktion beantragt eine kurze Unterbrechung."])
            parts += [f"TOP {number} – {title}", before + report, talk + after, f"Beschluss: Der Ausschuss {decision}.\nAbstimmung: {vote}."]
        parts += [f"TOP {len(items) + 2} – Mitteilungen und Anfragen", rng.choice(
            ["Es liegen keine Mitteilungen vor.", "Die Verwaltung weist auf die Einwohnerversammlung im kommenden Monat hin.",
             "Eine Anfrage zur Sperrung der Aubrücke wird schriftlich beantwortet.", "Die nächste Sitzung beginnt ausnahmsweise eine Stunde früher."]),
            f"gez. {chair.split(' ', 1)[1]}, Vorsitz\ngez. Sünderkamp, Schriftführerin"]
        town.add(f"niederschrift-{committee}-{day.isoformat()}", "buergermeisterbuero", "Niederschrift",
                 f"Niederschrift: {committee}, Sitzung vom {spoken(day)}", day, "internal", "internal", committee, [],
                 ["Ausschuss", "Niederschrift"], [town.reference("01.1.3", day)], "\n\n".join(parts), "f.suenderkamp")


def papers(town):
    rng = town.rng
    for number, (title, report, talk, decision) in enumerate(ITEMS[:14]):
        day = town.day(date(2023, 1, 16), date(2026, 9, 30))
        committee, _ = rng.choice(COMMITTEES)
        cost = rng.randint(12, 900) * 1000
        money = rng.choice([f"Im Haushalt stehen {euro(cost)} Euro bereit. Folgekosten entstehen durch Wartung und Abschreibung; sie betragen jährlich etwa {euro(cost * 0.04)} Euro.",
                            f"Die Aufwendungen von {euro(cost)} Euro sind in der mittelfristigen Planung enthalten. Eine Deckung durch Zuwendungen ist beantragt.",
                            "Unmittelbare finanzielle Auswirkungen entstehen nicht."])
        text = f"""Vorlage Nr. {day.year}/{number + 31:03d} – öffentlich
Beratungsfolge: {committee}
Federführung: {rng.choice(['Fachbereich Internes', 'Bürgermeisterbüro', 'Fachbereich Planen und Umwelt'])}

Beschlussvorschlag

Der Ausschuss {decision}.

Sachverhalt

{report}

In der Vorberatung wurden folgende Gesichtspunkte genannt: {talk}

Finanzielle Auswirkungen

{money}

Alternativen

{rng.choice(['Auf die Maßnahme könnte verzichtet werden; die beschriebenen Mängel blieben dann bestehen.', 'Eine Verschiebung um ein Jahr wäre möglich, würde nach den Erfahrungen der letzten Zeit aber zu höheren Preisen führen.', 'Sinnvolle Alternativen sind nicht erkennbar.'])}

Auswirkungen auf das Klima: {rng.choice(['positiv', 'neutral', 'gering'])}.

Im Auftrag
Meyer-Lüdinghoff"""
        town.add(f"vorlage-{title.split(':')[0]}", "buergermeisterbuero", "Vorlage", f"Vorlage {day.year}/{number + 31:03d}: {title}", day, "internal",
                 "internal", committee, [], ["Vorlage"], [town.reference("01.1.3", day)], text, "t.meyer-luedinghoff")


def contracts(town):
    rng = town.rng
    for title, subject, firm, address in CONTRACTS:
        day = town.day(date(2023, 1, 9), date(2026, 6, 30))
        start = date(day.year + (day.month > 10), day.month % 12 + 1, 1)
        clauses = rng.sample(CLAUSES[:-1], rng.randint(10, 13))
        clauses.sort(key=CLAUSES.index)
        facts = {"betrag": euro(rng.randint(18, 960) * 100), "beginn": spoken(start), "jahre": rng.choice(["zwei", "drei", "vier"])}
        parts = [f"zwischen der Stadt Hollerfurt, vertreten durch die Bürgermeisterin, Rathausplatz 1, 05321 Hollerfurt (Stadt), und {firm}, {', '.join(address.split(' / '))} (Vertragspartner)",
                 "§ 1 Gegenstand", f"Gegenstand ist: {subject}."]
        for number, (name, body) in enumerate(clauses + [CLAUSES[-1]], 2):
            for key, value in facts.items():
                body = body.replace("{" + key + "}", value)
            parts += [f"§ {number} {name}", body]
        parts.append(f"Hollerfurt, den {german(day)}\nFür die Stadt: Grothenkemper\nFür den Vertragspartner: {town.person()[0]}")
        town.add(f"vertrag-{title}", "internes", "Vertrag", title, day, "outgoing", "post", firm, address.split(" / "), ["Vertrag"],
                 [town.reference("01.2", day)], "\n\n".join(parts), "d.poggendiek")


def mails(town):
    rng = town.rng
    users = list(SIGN)
    for subject, body in EMAILS:
        day = town.day()
        sender, reader = rng.sample(users, 2)
        text = f"""Von: {SIGN[sender]} <{sender}@hollerfurt.example>
An: {SIGN[reader]} <{reader}@hollerfurt.example>
Gesendet: {spoken(day)}, {rng.randint(7, 16):02d}:{rng.randint(0, 59):02d} Uhr
Betreff: {subject}

{body[0].upper()}{body[1:]}

{rng.choice(['Viele Grüße', 'Beste Grüße', 'Gruß', 'Schöne Grüße aus dem zweiten Stock'])}
{SIGN[sender]}"""
        town.add(f"mail-{subject}", rng.choice(["internes", "buergerbuero", "buergermeisterbuero"]), "E-Mail", subject, day, "internal", "email",
                 SIGN[sender], [], ["intern"], [town.reference("01.2", day)], text)


def trips(town):
    rng = town.rng
    for subject, place, reason in TRIPS:
        day = town.day()
        start = day + timedelta(days=rng.randint(15, 50))
        user = rng.choice([u for u in SIGN if u not in ("h.falkenrath", "u.grothenkemper")])
        text = f"""Name: {SIGN[user]}
Reiseziel: {place}
Anlass: {subject}
Beginn: {german(start)}, {rng.randint(6, 9)}:{rng.choice(['05', '20', '40'])} Uhr
Ende: {german(start + timedelta(days=rng.randint(0, 1)))}, {rng.randint(16, 19)}:{rng.choice(['10', '30', '55'])} Uhr
Verkehrsmittel: {rng.choice(['Bahn, zweite Klasse', 'Dienstwagen', 'Linienbus', 'Fahrgemeinschaft im privaten Pkw'])}
Voraussichtliche Kosten: {euro(rng.randint(18, 320))} Euro

Begründung: {reason} Die Möglichkeit einer Videokonferenz wurde geprüft und {rng.choice(['verneint', 'vom Veranstalter nicht angeboten'])}.

Vertretung: {SIGN[rng.choice([u for u in SIGN if u != user])]}

Befürwortet durch die Leitung am {german(day + timedelta(days=1))}
Haushaltsmittel vorhanden: ja
Genehmigt: Grothenkemper, {german(day + timedelta(days=3))}"""
        town.add(f"dienstreise-{place}-{user}", "internes", "Dienstreiseantrag", f"Dienstreiseantrag: {subject} in {place}", day, "internal", "internal",
                 SIGN[user], [], ["Dienstreise"], [town.reference("01.3.2", day)], text, user)
