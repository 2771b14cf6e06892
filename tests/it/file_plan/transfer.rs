//! Plans come in and go out: what becomes of units, what is refused, what the schemas say.

use std::fmt::Write as _;

use reqwest::Method;
use serde_json::{Value, json};
use tests::town::{Town, walk};

use super::{DEMO, HEAD, PLANS, demo, import, judge, unit};

/// What becomes of the units that do not stay as they are.
fn effects(report: &Value) -> Vec<(String, String, Value)> {
    let units = report["units"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    units
        .iter()
        .filter(|one| one["effect"] != "unchanged")
        .map(|one| {
            (
                text(&one["code"]),
                text(&one["effect"]),
                one["fields"].clone(),
            )
        })
        .collect()
}

#[tokio::test]
async fn an_import_is_one_unit_of_work_and_the_same_again_changes_nothing() {
    let Some(town) = Town::start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let mut dry = demo();
    dry["dry_run"] = json!(true);
    let asked = import(&registrar, DEMO.as_bytes(), dry).await.is(200);
    assert!(asked.header("papierlos-log-seq").is_none());
    let asked = asked.json();
    assert_eq!(asked["created"], 27);
    assert_eq!(asked["effect"], "created");
    let none = town.clerk().get(PLANS).await.is(200).json();
    assert_eq!(none["items"], json!([]), "a dry run wrote something");

    let done = import(&registrar, DEMO.as_bytes(), demo()).await.is(200);
    let record = town.record_of(&done).await;
    assert_eq!(record["action"], "plan_unit.create");
    let (last, _) = done.receipt();
    let records = town.records(last - 27).await;
    let actions: Vec<_> = records
        .iter()
        .map(|(_, _, one)| one["action"].clone())
        .collect();
    assert_eq!(actions[0], "plan.create");
    let work: Vec<_> = records
        .iter()
        .map(|(_, _, one)| one["uow"].clone())
        .collect();
    assert!(work.iter().all(|one| *one == work[0]), "{work:?}");

    let again = import(&registrar, DEMO.as_bytes(), demo()).await.is(200);
    assert!(again.header("papierlos-log-seq").is_none());
    let again = again.json();
    assert_eq!(again["nothing_changed"], true);
    assert_eq!(again["unchanged"], 27);
    assert_eq!(town.records(last + 1).await.len(), 0);
}

#[tokio::test]
async fn a_plan_that_changed_becomes_changes_of_units() {
    let Some(town) = Town::start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let old = format!("{HEAD}\n1;Eins;10;B\n1.1;Eins-eins;10;B\n2;Zwei;10;B\n3;Drei;10;B\n");
    let plan = import(&registrar, old.as_bytes(), demo())
        .await
        .is(200)
        .json();
    let plan = plan["plan"].as_str().expect("an id").to_owned();
    let before = unit(&registrar, &plan, "1.1").await;
    // The new unit stands behind its child; 1.1 moves below it.
    let new = format!(
        "{HEAD};uebergeordnet;stillgelegt\n1;Eins;10;B;;\n1.1;Eins-eins, neu;unbefristet;A;4;\n\
         4;Vier;5;V;;\n3;Drei;10;B;;1\n"
    );
    let report = import(&registrar, new.as_bytes(), demo())
        .await
        .is(200)
        .json();
    assert_eq!(
        effects(&report),
        [
            (
                "1.1".to_owned(),
                "changed".to_owned(),
                json!(["title", "retention_years", "disposal", "parent"])
            ),
            ("4".to_owned(), "created".to_owned(), Value::Null),
            ("3".to_owned(), "changed".to_owned(), json!(["retired"])),
            ("2".to_owned(), "missing".to_owned(), Value::Null),
        ]
    );
    let after = unit(&registrar, &plan, "1.1").await;
    assert_eq!(after["id"], before["id"], "a unit is known by its mark");
    assert_eq!(after["version"], 2);
    assert_eq!(after["retention_years"], Value::Null);
    assert_eq!(after["parent"], unit(&registrar, &plan, "4").await["id"]);
    assert!(unit(&registrar, &plan, "3").await["retired_at"].is_string());
    assert_eq!(
        unit(&registrar, &plan, "2").await["retired_at"],
        Value::Null
    );

    let mut retire = demo();
    retire["retire_missing"] = json!(true);
    let report = import(&registrar, new.as_bytes(), retire.clone())
        .await
        .is(200)
        .json();
    let missing = ("2".to_owned(), "retired".to_owned(), Value::Null);
    assert_eq!(effects(&report), [missing]);
    assert!(unit(&registrar, &plan, "2").await["retired_at"].is_string());
    let report = import(&registrar, new.as_bytes(), retire)
        .await
        .is(200)
        .json();
    assert_eq!(report["nothing_changed"], true);
    // One that comes back lives again.
    let report = import(&registrar, old.as_bytes(), demo())
        .await
        .is(200)
        .json();
    let back = ("2".to_owned(), "changed".to_owned(), json!(["retired"]));
    assert!(effects(&report).contains(&back), "{report}");
}

#[tokio::test]
async fn a_file_that_is_wrong_is_refused_with_everything_at_once() {
    let Some(town) = Town::start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let file = format!("{HEAD};abschottung\n1;;10;B;\n2;Zwei;zehn;Q;\n");
    let refused = import(&registrar, file.as_bytes(), demo())
        .await
        .is_problem(422, "validation")
        .json();
    let errors = refused["errors"].as_array().cloned().unwrap_or_default();
    let at: Vec<_> = errors
        .iter()
        .map(|one| {
            (
                one["line"].clone(),
                one["path"].clone(),
                one["code"].clone(),
            )
        })
        .collect();
    assert_eq!(
        at,
        [
            (json!(2), json!("bezeichnung"), json!("required")),
            (json!(3), json!("aufbewahrung_jahre"), json!("wrong-format")),
            (json!(3), json!("aussonderungsart"), json!("not-one-of")),
        ]
    );
    assert!(errors.iter().all(|one| one["part"] == "content"));
    assert_eq!(
        errors[0]["detail"],
        "Zeile 2, bezeichnung: Diese Angabe fehlt."
    );
    // The compartment is looked up in the archive.
    let file = format!("{HEAD};abschottung\n1;Eins;10;B;GEHEIM\n");
    let refused = import(&registrar, file.as_bytes(), demo()).await;
    let refused = refused.is_problem(422, "validation").json();
    assert_eq!(refused["errors"][0]["code"], "no-compartment");
    // A table does not say what the plan is called.
    let refused = import(&registrar, DEMO.as_bytes(), json!({})).await;
    let refused = refused.is_problem(422, "validation").json();
    assert_eq!(refused["errors"][0]["pointer"], "/name");
    assert_eq!(refused["errors"][1]["pointer"], "/edition");
    // Too large, by the form and alone.
    let large = vec![b'a'; (16 << 20) + 1];
    import(&registrar, &large, demo())
        .await
        .is_problem(413, "payload-too-large");
    let request = registrar.request(Method::POST, &format!("{PLANS}/import?name=a&edition=b"));
    let request = request.header("content-type", "text/csv").body(large);
    registrar
        .send(request)
        .await
        .is_problem(413, "payload-too-large");
    let request = registrar.request(Method::POST, &format!("{PLANS}/import"));
    let request = request.header("content-type", "image/png").body("a");
    registrar
        .send(request)
        .await
        .is_problem(415, "unsupported-media-type");
    assert_eq!(
        registrar.get(PLANS).await.is(200).json()["items"],
        json!([])
    );
}

#[tokio::test]
async fn what_is_exported_is_valid_and_comes_back_as_it_was() {
    let Some(town) = Town::start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let table = format!(
        "{}\n17;Stiftung <A> & \"B\";unbefristet;A;STIFTUNG;;;{{unit}}/{{year}}/{{seq:4}};\
         {{file}}-{{seq}};{{case}}-{{seq}};3;;§ 100 GO NRW;1\n",
        "kennzeichen;bezeichnung;aufbewahrung_jahre;aussonderungsart;schutzstufe;hinweis;uebergeordnet;\
         muster_akte;muster_vorgang;muster_dokument;transfer_jahre;abschottung;rechtsgrundlage;stillgelegt"
    );
    let request = registrar.request(
        Method::POST,
        &format!("{PLANS}/import?name=Plan&edition=2026"),
    );
    let request = request.header("content-type", "text/csv").body(table);
    registrar.send(request).await.is(200);
    let report = import(&registrar, DEMO.as_bytes(), demo())
        .await
        .is(200)
        .json();
    let plan = report["plan"].as_str().expect("an id").to_owned();
    for (format, media, schema) in [
        ("csv", "text/csv", None),
        ("xdomea-4.0.0", "application/xml", Some("4.0.0")),
        ("xdomea-3.1.0", "application/xml", Some("3.1.0")),
    ] {
        let path = format!("{PLANS}/{plan}/export?format={format}");
        let exported = town.clerk().get(&path).await.is(200);
        assert_eq!(exported.media_type(), Some(media));
        let name = exported.header("content-disposition").unwrap_or_default();
        assert!(name.contains("Plan 2026."), "{name}");
        if let Some(schema) = schema {
            judge(schema, &exported.body);
        }
        let again = import(
            &registrar,
            &exported.body,
            json!({"name": "Plan", "edition": "2026"}),
        );
        let again = again.await.is(200).json();
        assert_eq!(again["nothing_changed"], true, "{format}: {again}");
        assert_eq!(again["unchanged"], 28, "{format}");
    }
    // xdomea says by itself what it is, and 4.0.0 is what is written where nothing is asked.
    let exported = registrar
        .get(&format!("{PLANS}/{plan}/export"))
        .await
        .is(200);
    assert!(exported.text().contains("urn:xoev-de:xdomea:schema:4.0.0"));
    let request = registrar.request(Method::POST, &format!("{PLANS}/import"));
    let request = request
        .header("content-type", "application/xml")
        .body(exported.body);
    let again = registrar.send(request).await.is(200).json();
    assert_eq!(again["nothing_changed"], true);
    assert_eq!(again["valid_from"], "2026-01-01");
}

#[tokio::test]
async fn an_import_that_is_refused_leaves_everything_as_it_was() {
    let Some(town) = Town::start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let old = format!("{HEAD};abschottung\n1;Eins;10;B;\n2;Zwei;10;B;\n");
    let done = import(&registrar, old.as_bytes(), demo()).await.is(200);
    let (last, _) = done.receipt();
    let plan = done.json()["plan"].as_str().expect("an id").to_owned();
    let wrong = [
        // The last line is wrong, the others would change something.
        format!("{HEAD};abschottung\n1;Neu;10;B;\n3;Drei;10;B;\n2;Zwei;zwei;B;\n"),
        // Only the archive knows that this is wrong.
        format!("{HEAD};abschottung\n1;Neu;10;B;\n3;Drei;10;B;GEHEIM\n"),
    ];
    for file in &wrong {
        import(&registrar, file.as_bytes(), demo())
            .await
            .is_problem(422, "validation");
    }
    // Another edition stands in the way.
    let other = json!({"name": "Plan", "edition": "2027", "valid_from": "2027-01-01"});
    import(&registrar, old.as_bytes(), other)
        .await
        .is_problem(409, "conflict");
    assert!(town.records(last + 1).await.is_empty());
    let all = walk(&registrar, &format!("{PLANS}/{plan}/units?limit=100")).await;
    let all: Vec<_> = all
        .iter()
        .map(|one| {
            (
                one["code"].clone(),
                one["title"].clone(),
                one["version"].clone(),
            )
        })
        .collect();
    assert_eq!(
        all,
        [
            (json!("1"), json!("Eins"), json!(1)),
            (json!("2"), json!("Zwei"), json!(1))
        ]
    );
    // Two at once: one takes it over, the other finds it there or is told to look again.
    let new = format!("{HEAD};abschottung\n1;Eins, neu;10;B;\n4;Vier;10;B;\n");
    let (one, two) = tokio::join!(
        import(&registrar, new.as_bytes(), demo()),
        import(&registrar, new.as_bytes(), demo())
    );
    let mut receipts = 0;
    for answer in [one, two] {
        receipts += usize::from(answer.header("papierlos-log-seq").is_some());
        if answer.status != 200 {
            answer.is_problem(409, "conflict");
        }
    }
    assert_eq!(receipts, 1);
    assert_eq!(town.records(last + 1).await.len(), 2);
}

#[tokio::test]
async fn units_that_a_file_does_not_name_are_not_pushed_too_deep() {
    let Some(town) = Town::start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let line = |level: usize, parent: String| format!("{level};Ebene;1;V;{parent}\n");
    let chain: String = (2..=12)
        .map(|level| line(level, (level - 1).to_string()))
        .collect();
    let head = format!("{HEAD};uebergeordnet");
    let old = format!("{head}\n{}{chain}", line(1, String::new()));
    import(&registrar, old.as_bytes(), demo()).await.is(200);
    // Unit 1 moves down; the eleven below it are not in the file.
    let new = format!(
        "{head}\n{}{}",
        line(0, String::new()),
        line(1, "0".to_owned())
    );
    let refused = import(&registrar, new.as_bytes(), demo()).await;
    let refused = refused.is_problem(422, "validation").json();
    assert_eq!(refused["errors"][0]["code"], "too-deep");
    assert_eq!(refused["errors"][0]["path"], "12");
}

#[tokio::test]
async fn hostile_xml_is_refused_and_the_server_goes_on() {
    let Some(town) = Town::start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let laughs: String = (1..12)
        .map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10)))
        .collect();
    let secret = town.app.data().join("papierlos.toml");
    let outside = format!("<!ENTITY l11 SYSTEM \"file://{}\">", secret.display());
    let root = "x:Aktenplan.Aktenplan.0301";
    let space = "xmlns:x=\"urn:xoev-de:xdomea:schema:4.0.0\"";
    let plan = |inside: &str| {
        format!(
            "<{root} {space}><x:Aktenplan><x:Bezeichnung>{inside}</x:Bezeichnung></x:Aktenplan></{root}>"
        )
    };
    for (file, code) in [
        (
            format!("<!DOCTYPE a [{laughs}]>{}", plan("&l11;")),
            "document-type",
        ),
        (
            format!("<!DOCTYPE a [{outside}]>{}", plan("&l11;")),
            "document-type",
        ),
        (plan("&l11;"), "entity"),
        (plan(&"<a>".repeat(70_000)), "too-nested"),
    ] {
        let request = registrar.request(Method::POST, &format!("{PLANS}/import"));
        let request = request.header("content-type", "application/xml");
        let refused = registrar.send(request.body(file)).await;
        let refused = refused.is_problem(422, "validation").json();
        assert_eq!(refused["errors"][0]["code"], code, "{refused}");
        assert_eq!(refused["errors"][0]["line"], 1);
    }
    registrar.get(PLANS).await.is(200);
}

#[tokio::test]
async fn five_thousand_units_are_taken_over_changed_and_written_at_once() {
    let Some(town) = Town::start().await else {
        return;
    };
    let registrar = town.registrar().await;
    let table = |title: &str| {
        let mut table = format!("{HEAD}\n");
        for main in 0..10 {
            writeln!(table, "{main};{title};10;B").expect("text");
            for group in 0..499 {
                writeln!(table, "{main}.{group:03};{title} {group};10;B").expect("text");
            }
        }
        table
    };
    let begun = std::time::Instant::now();
    let first = import(&registrar, table("Straßen").as_bytes(), demo()).await;
    let first = first.is(200).json();
    assert_eq!(first["created"], 5000);
    let created = begun.elapsed();
    let again = import(&registrar, table("Straßen").as_bytes(), demo()).await;
    assert_eq!(again.is(200).json()["nothing_changed"], true);
    let compared = begun.elapsed() - created;
    let changed = import(&registrar, table("Wege").as_bytes(), demo()).await;
    assert_eq!(changed.is(200).json()["changed"], 5000);
    let replaced = begun.elapsed() - created - compared;
    let plan = first["plan"].as_str().expect("an id");
    let path = format!("{PLANS}/{plan}/export");
    judge("4.0.0", &registrar.get(&path).await.is(200).body);
    println!("created in {created:?}, compared in {compared:?}, changed in {replaced:?}");
    // Not a promise: a wait of an hour would be found out, a slow machine would not.
    assert!(begun.elapsed().as_secs() < 120, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn the_command_line_takes_a_plan_over_and_writes_it() {
    let Some(town) = Town::start().await else {
        return;
    };
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("plan.csv");
    std::fs::write(&file, DEMO).expect("a file");
    let file = file.to_str().expect("a path");
    let run = async |arguments: &[&str]| {
        let output = town.app.command(arguments).await;
        let code = output.status.code().unwrap_or(-1);
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        (code, said, complained)
    };
    let (code, _, complained) = run(&["plan", "import", file]).await;
    assert_eq!(code, 3, "{complained}");
    let named = [
        "plan",
        "import",
        file,
        "--name",
        "Plan",
        "--edition",
        "1",
        "--json",
    ];
    let (code, said, _) = run(&[&named[..], &["--dry-run"]].concat()).await;
    assert_eq!(code, 0);
    let report: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(
        (&report["dry_run"], &report["effect"]),
        (&json!(true), &json!("created"))
    );
    let (code, _, complained) = run(&named).await;
    assert_eq!(code, 0, "{complained}");
    let (_, said, _) = run(&named).await;
    let report: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(report["nothing_changed"], true);
    let (_, said, _) = run(&["plan", "list", "--json"]).await;
    let listed: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(
        (&listed["name"], &listed["in_force"]),
        (&json!("Plan"), &json!(true))
    );
    let out = folder.path().join("plan.xml");
    let out = out.to_str().expect("a path");
    let (code, _, complained) = run(&["plan", "export", "Plan", "--out", out]).await;
    assert_eq!(code, 0, "{complained}");
    judge("4.0.0", &std::fs::read(out).expect("a file"));
    let (code, said, _) = run(&["plan", "import", out]).await;
    assert_eq!(code, 0);
    assert!(
        said.ends_with("es ändert sich nichts, derselbe Plan ist schon da"),
        "{said}"
    );
    std::fs::write(file, format!("{HEAD}\n1;;1;V\n")).expect("a file");
    let (code, _, complained) = run(&named).await;
    assert_eq!(code, 1);
    assert!(
        complained.contains("Zeile 2, bezeichnung: Diese Angabe fehlt."),
        "{complained}"
    );
}
