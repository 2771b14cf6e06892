//! A unit of the plan gets another compartment, and what stands in it follows.

use reqwest::Method;
use serde_json::{Value, json};
use tests::plan::{admit, compartment, plan, unit};
use tests::town::{OWN, Town, add, id_of, send};
use tests::{Answer, Client};

use super::{act_on, by_reference, register, text};

struct Standing {
    town: Town,
    units: std::collections::BTreeMap<String, String>,
    /// Everything that stands in the unit, by its address.
    things: Vec<String>,
    references: Vec<String>,
}

/// A file with a sub-file and a closed one, a case and a sub-case, documents registered in them; all
/// below `02`. `inside` is admitted to the compartment, the clerk is not.
async fn standing() -> Option<(Standing, Client)> {
    let town = Town::start().await?;
    let hidden = compartment(&town.app, "PERSONAL").await;
    let units = vec![unit("02"), unit("02.1").below("02"), unit("03")];
    let units = plan(&town, "2020", ("2020-01-01", None), units).await;
    let inside = add(&town.app, "h.personal", "clerk", Some(OWN)).await;
    admit(&town.app, hidden, "h.personal").await;
    let clerk = town.clerk();
    let open = async |new: Value| clerk.post("/api/v1/files", &new).await.is(201);
    let begin = async |new: Value| clerk.post("/api/v1/cases", &new).await.is(201);
    let file = open(json!({"plan_unit": "02.1", "subject": "Geheimniskram"})).await;
    let part = open(json!({"parent": id_of(&file), "subject": "Geheimniskram, Beiakte"})).await;
    let case = begin(json!({"file": id_of(&file), "subject": "Geheimniskram"})).await;
    let below = json!({"file": id_of(&file), "parent": id_of(&case), "subject": "Geheimniskram"});
    let below = begin(below).await;
    let old = open(json!({"plan_unit": "02.1", "subject": "Geheimniskram von früher"})).await;
    let past = begin(json!({"file": id_of(&old), "subject": "Geheimniskram von früher"})).await;
    let mut documents = Vec::new();
    for case in [&case, &below, &past] {
        let letter = town.letter("Geheimniskram", "Lebenslauf").await;
        documents.push(register(&clerk, &letter, case).await.is(200));
    }
    for (kind, one) in [("cases", &past), ("files", &old)] {
        let path = format!("/api/v1/{kind}/{}/close", id_of(one));
        act_on(&clerk, &path, &one.etag()).await.is(200);
    }
    town.settle().await;
    let named = |kind: &str, all: &[&Answer]| -> Vec<String> {
        let at = |one: &&Answer| format!("/api/v1/{kind}/{}", id_of(one));
        all.iter().map(at).collect()
    };
    let documents: Vec<&Answer> = documents.iter().collect();
    let (files, cases) = ([&file, &part, &old], [&case, &below, &past]);
    let everything = files.iter().chain(&cases).chain(&documents);
    let references = everything.map(|one| text(one, "reference")).collect();
    let things = [
        named("files", &files),
        named("cases", &cases),
        named("documents", &documents),
    ];
    let things = things.concat();
    let inside = town.app.with_token(&inside);
    let standing = Standing {
        town,
        units,
        things,
        references,
    };
    Some((standing, inside))
}

impl Standing {
    /// Gives a unit a compartment, or takes it away.
    async fn enclose(&self, client: &Client, code: &str, within: Value) -> Answer {
        let path = format!("/api/v1/plan-units/{}", self.units[code]);
        let etag = client.get(&path).await.is(200).etag();
        client
            .patch(&path, &etag, &json!({"compartment": within}))
            .await
    }

    /// How much of it `client` is told of, in every place that tells of files, cases and documents.
    async fn told(&self, client: &Client) -> [usize; 8] {
        let (mut seen, mut named) = (0, 0);
        for path in &self.things {
            seen += usize::from(client.get(path).await.status == 200);
        }
        for reference in &self.references {
            let answer = client.get(&by_reference(reference)).await;
            named += usize::from(answer.status == 200);
        }
        let total = async |path: &str| {
            let answer = client.get(path).await.is(200).json();
            answer["total"]
                .as_u64()
                .map_or(0, |total| usize::try_from(total).unwrap_or(0))
        };
        let changes = client
            .get("/api/v1/changes?limit=1000")
            .await
            .is(200)
            .json();
        let changes = changes.to_string();
        let id = |path: &&String| {
            path.rsplit('/')
                .next()
                .is_some_and(|id| changes.contains(id))
        };
        [
            seen,
            named,
            total("/api/v1/files?count=true").await,
            total("/api/v1/cases?count=true").await,
            total("/api/v1/documents?count=true").await,
            total("/api/v1/search?q=Lebenslauf").await,
            total("/api/v1/search?q=&facets=true").await,
            self.things.iter().filter(id).count(),
        ]
    }
}

const ALL: [usize; 8] = [9, 9, 3, 3, 3, 3, 3, 9];
const NOTHING: [usize; 8] = [0; 8];

#[tokio::test]
async fn a_unit_that_gets_a_compartment_hides_what_stands_in_it() {
    let Some((at, inside)) = standing().await else {
        return;
    };
    let (town, clerk) = (&at.town, at.town.clerk());
    let registrar = town.registrar().await;
    for client in [&clerk, &inside, &town.auditor()] {
        assert_eq!(at.told(client).await, ALL);
    }
    // The unit above the one in which they stand; from then on, whether the index knows it or not.
    let enclosed = at
        .enclose(&registrar, "02", json!("PERSONAL"))
        .await
        .is(200);
    for client in [&clerk, &registrar, &town.auditor(), &town.other()] {
        assert_eq!(at.told(client).await, NOTHING);
    }
    assert_eq!(at.told(&inside).await[..5], ALL[..5]);
    // Each of them has a record of its own, in the same unit of work.
    let (seq, _) = enclosed.receipt();
    let records = town.records(0).await;
    let (_, _, last) = records
        .iter()
        .find(|(at, _, _)| *at == seq)
        .expect("a record");
    let together = records
        .iter()
        .filter(|(_, _, one)| one["uow"] == last["uow"]);
    let actions: Vec<_> = together.map(|(_, _, one)| one["action"].clone()).collect();
    let count = |action: &str| actions.iter().filter(|one| *one == action).count();
    assert_eq!(count("plan_unit.change"), 1);
    assert_eq!(count("file.change"), 3);
    assert_eq!(count("case.change"), 3);
    assert_eq!(count("document.change"), 3);
    town.settle().await;
    tests::wait_until("the index has followed", async || {
        at.told(&inside).await == ALL
    })
    .await;
    assert_eq!(at.told(&clerk).await, NOTHING);
    assert_eq!(at.told(&town.auditor()).await, NOTHING);
    // The states are those of the log.
    let verified = town.app.command(&["verify"]).await;
    let said = String::from_utf8_lossy(&verified.stdout);
    assert!(verified.status.success(), "{said}");
}

#[tokio::test]
async fn nobody_takes_out_of_a_compartment_what_he_may_not_see() {
    let Some((at, inside)) = standing().await else {
        return;
    };
    let (town, clerk) = (&at.town, at.town.clerk());
    let registrar = town.registrar().await;
    let refused = at.enclose(&inside, "02", json!("PERSONAL")).await;
    refused.is_problem(403, "forbidden");
    for code in ["02", "03"] {
        at.enclose(&registrar, code, json!("PERSONAL"))
            .await
            .is(200);
    }
    // Full or empty: no difference is made.
    for code in ["02", "03"] {
        let refused = at.enclose(&registrar, code, Value::Null).await;
        refused.is_problem(403, "forbidden");
    }
    // Nor by the way round the place in the tree, nor by a plan that is brought.
    let path = format!("/api/v1/plan-units/{}", at.units["02.1"]);
    let etag = registrar.get(&path).await.is(200).etag();
    let elsewhere = json!({"parent": null});
    registrar
        .patch(&path, &etag, &elsewhere)
        .await
        .is_problem(403, "forbidden");
    let import = async |compartment: &str| {
        let path = "/api/v1/file-plans/import?name=Aktenplan&edition=2020";
        let table = format!(
            "code;title;retention_years;disposal;parent;compartment\n\
             02;Einheit 02;10;B;;{compartment}\n02.1;Einheit 02.1;10;B;02;\n\
             03;Einheit 03;10;B;;PERSONAL\n"
        );
        let request = registrar.request(Method::POST, path);
        let request = request.header("content-type", "text/csv").body(table);
        registrar.send(request).await
    };
    import("").await.is_problem(403, "forbidden");
    assert_eq!(at.told(&clerk).await, NOTHING);
    // Whoever enters it may.
    let all = town
        .admin()
        .get("/api/v1/compartments")
        .await
        .is(200)
        .json();
    let personal = all["items"][0]["id"]
        .as_str()
        .and_then(|id| id.parse().ok());
    admit(&town.app, personal.expect("an id"), "g.aktuar").await;
    import("").await.is(200);
    assert_eq!(at.told(&clerk).await[..5], ALL[..5]);
    import("PERSONAL").await.is(200);
    assert_eq!(at.told(&clerk).await, NOTHING);
    // The plan that was brought has changed the unit, too.
    let etag = registrar.get(&path).await.is(200).etag();
    registrar.patch(&path, &etag, &elsewhere).await.is(200);
    tests::wait_until("the index has followed", async || {
        at.told(&clerk).await == ALL
    })
    .await;
    let headers = [("if-match", "\"v1\"")];
    send(&clerk, Method::PATCH, &path, &headers, Some(&elsewhere))
        .await
        .is(403);
}
