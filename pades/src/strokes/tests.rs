use super::*;

/// A record of these strokes, each of places and times.
fn record(strokes: &[&[(f64, f64, f64)]]) -> String {
    let strokes: Vec<String> = strokes
        .iter()
        .map(|points| {
            let points: Vec<String> = points
                .iter()
                .map(|(x, y, t)| format!(r#"{{"x":{x},"y":{y},"t":{t},"p":0.5}}"#))
                .collect();
            format!(r#"{{"pts":[{}]}}"#, points.join(","))
        })
        .collect();
    format!(
        r#"{{"v":1,"unit":"css-px","w":800,"h":300,"dpr":1.5,"started":{{"client":1,"server":2}},"pointerType":"pen","strokes":[{}]}}"#,
        strokes.join(",")
    )
}

const HOOK: &[(f64, f64, f64)] = &[(10.0, 10.0, 0.0), (40.25, 12.5, 8.1), (44.0, 60.0, 16.4)];

fn parse(text: &str) -> Result<Strokes, StrokesError> {
    Strokes::parse(text.as_bytes())
}

#[test]
fn the_one_encoding_reads_back_to_the_same_record() {
    let strokes = parse(&record(&[HOOK, &[(70.0, 3.333, 20.0), (-4.5, 8.0, 20.0)]])).unwrap();
    let text = strokes.canonical();
    assert!(
        text.contains(r#"{"x":40.25,"y":12.5,"t":8.1,"p":0.5,"tx":0,"ty":0}"#),
        "{text}"
    );
    assert!(text.contains(r#"{"x":-4.5,"y":8,"t":20,"#), "{text}");
    let again = parse(&text).unwrap();
    assert_eq!(again, strokes);
    assert_eq!(again.canonical(), text);
    assert_eq!(again.sha256(), strokes.sha256());
}

#[test]
fn white_space_and_order_of_members_do_not_change_the_digest() {
    let text = record(&[HOOK]);
    let other = text.replace(",\"p\":0.5", ", \"p\": 0.50000");
    assert_ne!(text, other);
    assert_eq!(
        parse(&text).unwrap().sha256(),
        parse(&other).unwrap().sha256()
    );
}

#[test]
fn measures_tell_how_much_there_is() {
    let measures = parse(&record(&[HOOK])).unwrap().measures();
    assert_eq!((measures.strokes, measures.points), (1, 3));
    assert_eq!(measures.duration_tenths, 164);
    assert_eq!((measures.width, measures.height), (3_400, 5_000));
    assert_eq!(measures.length, 3_035 + 4_764);
}

#[test]
fn what_is_no_signature_is_refused() {
    for text in [
        record(&[]),
        record(&[&[]]),
        record(&[&[(5.0, 5.0, 0.0)], &[(6.0, 6.0, 9.0)]]),
    ] {
        assert!(matches!(parse(&text), Err(StrokesError::Empty)), "{text}");
    }
    let line = record(&[&[(0.0, 0.0, 0.0), (50.0, 25.5, 5.0), (100.0, 50.0, 9.0)]]);
    assert!(matches!(parse(&line), Err(StrokesError::StraightLine)));
}

#[test]
fn what_is_out_of_range_is_named_by_its_sample() {
    let text = record(&[HOOK]);
    let with = |from: &str, to: &str| parse(&text.replacen(from, to, 1));
    assert!(matches!(
        with("\"p\":0.5", "\"p\":1.5"),
        Err(StrokesError::OutOfRange {
            name: "p",
            index: 0
        })
    ));
    assert!(matches!(
        with("\"x\":44", "\"x\":1e9"),
        Err(StrokesError::OutOfRange {
            name: "x",
            index: 2
        })
    ));
    assert!(matches!(
        with("\"t\":16.4", "\"t\":3"),
        Err(StrokesError::OutOfOrder { index: 2 })
    ));
    assert!(matches!(
        with("\"t\":16.4", "\"t\":700000"),
        Err(StrokesError::OutOfOrder { index: 2 })
    ));
    assert!(matches!(
        with("\"v\":1", "\"v\":2"),
        Err(StrokesError::UnknownVersion { version: 2 })
    ));
    assert!(matches!(
        with("\"w\":800", "\"w\":0"),
        Err(StrokesError::OutOfRange { name: "w", .. })
    ));
    assert!(matches!(
        with("\"v\":1", "\"v\":1,\"name\":\"x\""),
        Err(StrokesError::Unreadable(_))
    ));
}

#[test]
fn limits_are_kept() {
    let long = vec![b' '; RECORD_BYTES_MAX + 1];
    assert!(matches!(
        Strokes::parse(&long),
        Err(StrokesError::TooLong { .. })
    ));
    let many = vec![HOOK; STROKES_MAX + 1];
    assert!(matches!(
        parse(&record(&many)),
        Err(StrokesError::TooMany { .. })
    ));
}

#[test]
fn what_is_sealed_names_its_document() {
    let bound = Bound {
        document_sha256: [0xa5; 32],
        strokes: parse(&record(&[HOOK])).unwrap(),
    };
    let text = bound.canonical();
    assert_eq!(Bound::parse(text.as_bytes()).unwrap(), bound);
    let other = text.replace("a5a5a5a5", "a5a5a5zz");
    assert!(Bound::parse(other.as_bytes()).is_err());
}

#[test]
fn a_picture_shows_every_sample() {
    let strokes = parse(&record(&[HOOK, &[(70.0, 9.5, 20.0)]])).unwrap();
    let svg = strokes.svg();
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 300\""));
    assert_eq!(svg.matches("<line ").count(), 2);
    assert!(
        svg.contains(r#"<line x1="10" y1="10" x2="40.25" y2="12.5" stroke-width="2"/>"#),
        "{svg}"
    );
    assert!(
        svg.contains(r#"<circle cx="70" cy="9.5" r="1" stroke="none"/>"#),
        "{svg}"
    );
}
