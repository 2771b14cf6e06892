//! What stands around the text. Each function gives back where the text may begin and where it must end.

use super::canvas::{Canvas, Colour, MM, PAGE_HEIGHT, PAGE_WIDTH};
use super::{LEFT, Paper, TEXT_WIDTH};
use crate::demo::content::{Channel, Direction, Town, TownDocument};
use crate::demo::layout::Style;
use crate::demo::metrics::Font;

const RIGHT: f64 = LEFT + TEXT_WIDTH;
const MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

pub(super) fn first(
    canvas: &mut Canvas,
    document: &TownDocument,
    town: &Town,
    paper: Paper,
) -> (f64, f64) {
    match paper {
        Paper::Letter => letter(canvas, document, town),
        Paper::Memo | Paper::Form => memo(canvas, document, town, paper),
        Paper::Private => private(canvas, document, town),
        Paper::Company => company(canvas, document, town),
        Paper::Mail => mail(canvas, document, town),
    }
}

pub(super) fn following(
    canvas: &mut Canvas,
    document: &TownDocument,
    town: &Town,
    paper: Paper,
) -> (f64, f64) {
    let y = from_top(20.0);
    let ours = matches!(paper, Paper::Letter | Paper::Memo | Paper::Form);
    let name = if ours {
        format!("Stadt {}", town.about.name)
    } else {
        document.correspondent.clone()
    };
    if ours {
        canvas.arms(LEFT, y - 4.0, 14.0);
    }
    let x = if ours { LEFT + 20.0 } else { LEFT };
    canvas.text(x, y, Font::SansBold, 9.0, Colour::GREY, &name);
    let what = format!("{} vom {}", document.kind, numeric(document.date));
    canvas.text_right(RIGHT, y, Font::Sans, 9.0, Colour::GREY, &what);
    canvas.line(LEFT, y - 7.0, RIGHT, y - 7.0, 0.5, Colour::GREY);
    (from_top(28.0), 20.0 * MM)
}

fn from_top(millimetres: f64) -> f64 {
    PAGE_HEIGHT - millimetres * MM
}

fn numeric(day: time::Date) -> String {
    format!(
        "{:02}.{:02}.{}",
        day.day(),
        u8::from(day.month()),
        day.year()
    )
}

fn spoken(day: time::Date) -> String {
    let month = MONTHS
        .get(usize::from(u8::from(day.month())) - 1)
        .copied()
        .unwrap_or_default();
    format!("{}. {month} {}", day.day(), day.year())
}

/// Arms, name, department, a line.
fn head(canvas: &mut Canvas, document: &TownDocument, town: &Town) {
    let about = &town.about;
    canvas.arms(RIGHT - 34.0, from_top(28.5), 34.0);
    canvas.text(
        LEFT,
        from_top(19.0),
        Font::SansBold,
        19.0,
        Colour::GREEN,
        &format!("Stadt {}", about.name),
    );
    let department = town
        .department(&document.department)
        .map_or("", |it| it.name.as_str());
    let below = format!("{} · {department}", about.epithet);
    canvas.text(LEFT, from_top(24.5), Font::Sans, 9.5, Colour::GREY, &below);
    canvas.line(
        LEFT,
        from_top(31.5),
        RIGHT,
        from_top(31.5),
        1.4,
        Colour::GREEN,
    );
}

fn foot(canvas: &mut Canvas, town: &Town) {
    let about = &town.about;
    let y = 25.0 * MM;
    canvas.line(LEFT, y + 11.0, RIGHT, y + 11.0, 0.5, Colour::GREEN);
    let columns = [
        (LEFT, [about.street.as_str(), &about.place]),
        (LEFT + 48.0 * MM, [&about.phone, &about.email]),
        (LEFT + 102.0 * MM, [&about.hours, &about.iban]),
    ];
    for (x, lines) in columns {
        for (line, drop) in lines.iter().zip([0.0, 9.5]) {
            canvas.text(x, y - drop, Font::Sans, 7.2, Colour::GREY, line);
        }
    }
}

fn address(canvas: &mut Canvas, sender: &str, lines: &[&str]) {
    canvas.text(LEFT, from_top(46.0), Font::Sans, 6.8, Colour::GREY, sender);
    canvas.line(
        LEFT,
        from_top(47.0),
        LEFT + 82.0 * MM,
        from_top(47.0),
        0.4,
        Colour::GREY,
    );
    for (line, row) in lines.iter().zip([55.0, 60.0, 65.0, 70.0]) {
        canvas.text(LEFT, from_top(row), Font::Sans, 10.5, Colour::BLACK, line);
    }
}

/// Subject, broken where it is too long; gives back where the text begins.
fn subject(canvas: &mut Canvas, text: &str, top: f64, size: f64, font: Font) -> f64 {
    let style = Style {
        regular: font,
        bold: font,
        size,
        width: TEXT_WIDTH,
        justify: false,
        hyphenate: false,
        columns: false,
    };
    let mut y = from_top(top);
    for row in style.rows(text) {
        for run in row.runs {
            canvas.text(LEFT, y, font, size, Colour::BLACK, &run.text);
        }
        y -= style.leading();
    }
    y + 4.0
}

fn letter(canvas: &mut Canvas, document: &TownDocument, town: &Town) -> (f64, f64) {
    let about = &town.about;
    head(canvas, document, town);
    foot(canvas, town);
    let mut lines = vec![document.correspondent.as_str()];
    lines.extend(document.address.iter().map(String::as_str));
    let sender = format!("Stadt {} · {} · {}", about.name, about.street, about.place);
    address(canvas, &sender, &lines);
    let mut facts = Vec::new();
    if let Some(clerk) = town.person(&document.clerk) {
        facts.push(("Auskunft erteilt", clerk.name.clone()));
        facts.push(("Zimmer", clerk.room.clone()));
        facts.push(("Telefon", clerk.phone.clone()));
    }
    let mut references = document.references.iter();
    facts.extend(references.next().map(|it| ("Aktenzeichen", it.clone())));
    facts.extend(references.next().map(|it| (whose(it), it.clone())));
    facts.push(("Datum", spoken(document.date)));
    for ((name, value), row) in facts.iter().zip([46.0, 50.5, 55.0, 59.5, 64.0, 68.5, 73.0]) {
        canvas.text(
            LEFT + 98.0 * MM,
            from_top(row),
            Font::Sans,
            8.0,
            Colour::GREY,
            name,
        );
        canvas.text(
            LEFT + 122.0 * MM,
            from_top(row),
            Font::Sans,
            8.8,
            Colour::BLACK,
            value,
        );
    }
    (
        subject(canvas, &document.title, 92.0, 11.0, Font::SansBold),
        33.0 * MM,
    )
}

/// A payment reference of the treasury is all digits and points.
fn whose(reference: &str) -> &'static str {
    let ours = reference
        .chars()
        .all(|letter| letter.is_ascii_digit() || letter == '.');
    if ours { "Kassenzeichen" } else { "Ihr Zeichen" }
}

fn memo(canvas: &mut Canvas, document: &TownDocument, town: &Town, paper: Paper) -> (f64, f64) {
    if document.direction == Direction::Incoming && paper == Paper::Memo {
        canvas.text(
            LEFT,
            from_top(22.0),
            Font::SansBold,
            13.0,
            Colour::BLACK,
            &document.correspondent,
        );
        canvas.text(
            LEFT,
            from_top(27.0),
            Font::Sans,
            9.0,
            Colour::GREY,
            &document.address.join(", "),
        );
        canvas.line(
            LEFT,
            from_top(31.5),
            RIGHT,
            from_top(31.5),
            0.8,
            Colour::GREY,
        );
    } else {
        head(canvas, document, town);
    }
    let kind = if paper == Paper::Form {
        "Formblatt"
    } else {
        document.kind.as_str()
    };
    canvas.text(LEFT, from_top(40.0), Font::Sans, 9.0, Colour::GREY, kind);
    let reference = document.references.first().map_or("", String::as_str);
    let right = format!("{reference} · {}", spoken(document.date));
    canvas.text_right(RIGHT, from_top(40.0), Font::Sans, 9.0, Colour::GREY, &right);
    let y = subject(canvas, &document.title, 50.0, 14.0, Font::SansBold);
    if paper == Paper::Form {
        canvas.frame(
            LEFT - 8.0,
            20.0 * MM,
            TEXT_WIDTH + 16.0,
            y - 20.0 * MM + 4.0,
            Colour::GREY,
        );
    }
    (y, 22.0 * MM)
}

fn private(canvas: &mut Canvas, document: &TownDocument, town: &Town) -> (f64, f64) {
    let about = &town.about;
    let office = document.correspondent.contains("Kreis") || document.correspondent.contains("amt");
    let (name, plain) = if office {
        (Font::SansBold, Font::Sans)
    } else {
        (Font::SerifBold, Font::Serif)
    };
    canvas.text(
        LEFT,
        from_top(22.0),
        name,
        12.5,
        Colour::BLACK,
        &document.correspondent,
    );
    for (line, row) in document.address.iter().zip([27.0, 31.5, 36.0]) {
        canvas.text(LEFT, from_top(row), plain, 10.0, Colour::BLACK, line);
    }
    let department = town
        .department(&document.department)
        .map_or("", |it| it.name.as_str());
    let to = format!("Stadt {}", about.name);
    for (line, row) in [to.as_str(), department, &about.street, &about.place]
        .iter()
        .zip([52.0, 57.0, 62.0, 67.0])
    {
        canvas.text(LEFT, from_top(row), plain, 11.0, Colour::BLACK, line);
    }
    canvas.text_right(
        RIGHT,
        from_top(80.0),
        plain,
        11.0,
        Colour::BLACK,
        &spoken(document.date),
    );
    if matches!(
        document.channel,
        Channel::Post | Channel::Scan | Channel::Fax
    ) {
        stamp(canvas, document, town);
    }
    (
        subject(canvas, &document.title, 92.0, 11.5, name),
        22.0 * MM,
    )
}

fn stamp(canvas: &mut Canvas, document: &TownDocument, town: &Town) {
    let (x, y) = (RIGHT - 46.0 * MM, from_top(62.0));
    canvas.frame(x, y, 46.0 * MM, 17.0 * MM, Colour::STAMP);
    let middle = x + 23.0 * MM;
    let name = format!("Stadt {}", town.about.name);
    let day = numeric(document.received);
    for (line, row, font, size) in [
        (name.as_str(), 11.5, Font::Sans, 8.0),
        ("Eingegangen", 6.8, Font::SansBold, 11.0),
        (&day, 2.2, Font::SansBold, 10.0),
    ] {
        let half = font.width(line, size) / 2.0;
        canvas.text(middle - half, y + row * MM, font, size, Colour::STAMP, line);
    }
}

fn company(canvas: &mut Canvas, document: &TownDocument, town: &Town) -> (f64, f64) {
    let about = &town.about;
    let shade = document
        .correspondent
        .bytes()
        .fold(7_u8, |sum, byte| sum.wrapping_mul(31) ^ byte);
    let colour = match shade % 4 {
        0 => Colour(0.55, 0.13, 0.16),
        1 => Colour(0.13, 0.27, 0.48),
        2 => Colour(0.43, 0.33, 0.08),
        _ => Colour(0.20, 0.20, 0.24),
    };
    canvas.bar(0.0, PAGE_HEIGHT - 9.0 * MM, PAGE_WIDTH, 9.0 * MM, colour);
    canvas.text(
        LEFT,
        from_top(22.0),
        Font::SansBold,
        16.0,
        colour,
        &document.correspondent,
    );
    canvas.text(
        LEFT,
        from_top(27.5),
        Font::Sans,
        9.0,
        Colour::GREY,
        &document.address.join(" · "),
    );
    let department = town
        .department("internes")
        .map_or("", |it| it.name.as_str());
    let to = format!("Stadt {}", about.name);
    let sender = format!(
        "{} · {}",
        document.correspondent,
        document.address.join(" · ")
    );
    address(
        canvas,
        &sender,
        &[&to, department, &about.street, &about.place],
    );
    canvas.text_right(
        RIGHT,
        from_top(80.0),
        Font::Sans,
        10.0,
        Colour::BLACK,
        &spoken(document.date),
    );
    if document.channel == Channel::Post {
        stamp(canvas, document, town);
    }
    (
        subject(canvas, &document.title, 92.0, 13.0, Font::SansBold),
        22.0 * MM,
    )
}

fn mail(canvas: &mut Canvas, document: &TownDocument, town: &Town) -> (f64, f64) {
    let y = from_top(20.0);
    canvas.text(LEFT, y, Font::SansBold, 9.0, Colour::GREY, "E-Mail");
    let filed = format!("Stadt {} · Postfach", town.about.name);
    canvas.text_right(RIGHT, y, Font::Sans, 9.0, Colour::GREY, &filed);
    canvas.line(LEFT, y - 6.0, RIGHT, y - 6.0, 1.0, Colour::GREY);
    (
        subject(canvas, &document.title, 34.0, 15.0, Font::SansBold),
        22.0 * MM,
    )
}
