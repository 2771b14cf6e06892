//! What rights cost: the same requests of somebody who works in some units and of somebody who sees
//! everything, and how soon a change of rights is seen.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Instant;

use futures_util::{StreamExt as _, stream};
use sea_orm::ConnectionTrait as _;
use server::base::actor::Scope;
use server::base::db::sql;
use server::base::{AccountId, Actor, CaseId, DepartmentId, DocumentId, Role};
use server::cases::{self, NewCase};
use server::departments::{self, Giving, Login, NewRole, NewToken, Slug};
use server::documents::{self, CivilDate};
use server::file_plan::{self, Said};
use server::files::{self, Confidentiality, Medium, NewFile};
use server::refiling;
use server::search;
use server::unit::Unit;
use uuid::Uuid;

use crate::Plan;
use crate::client::{Http, search_path};
use crate::filled::{Filled, filled};
use crate::material::queries;
use crate::process::{Served, place};
use crate::table::{Line, Series, figure};
use crate::town::{Town, config};

/// Raised with every change of what is put in.
const VERSION: u32 = 1;
const UNITS: usize = 20;
const PEOPLE: usize = 200;
const FILES: usize = 500;
const CASES_OF_A_FILE: usize = 4;
/// Every so many documents stand in cases.
const REGISTERED: u64 = 4;
const PLAN_CSV: &str = "kennzeichen;bezeichnung;aufbewahrung_jahre;aussonderungsart\n\
                        01;Allgemeine Verwaltung;10;B\n02;Ordnung;5;V\n03;Bauen;30;A\n";
const MARKS: [&str; 3] = ["01", "02", "03"];

/// The archive of the other rows with a registry in it: a copy, kept between runs.
fn furnished(plan: &Plan) -> Filled {
    let source = filled(plan, plan.large());
    let folder = place().join(format!("registry-v{VERSION}-{}", source.count));
    let made = Filled {
        data: folder.join("data"),
        folder,
        count: source.count,
    };
    let done = made.folder.join("complete");
    if !done.exists() {
        fs::remove_dir_all(&made.folder).ok();
        copy(&source.data, &made.data);
        plan.runtime.block_on(furnish(plan, &made));
        fs::write(&done, "").expect("a mark");
    }
    made
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            match fs::copy(&from, &to) {
                // The write-ahead file of a server that has just ended goes while others are copied.
                Err(gone) if gone.kind() == ErrorKind::NotFound => {}
                done => {
                    done.expect("room");
                }
            }
        }
    }
}

async fn furnish(plan: &Plan, made: &Filled) {
    let town = Town::open(&made.data).await;
    let db = &town.archive.db;
    let system = Actor::system();
    let mut units: Vec<(DepartmentId, String)> = Vec::new();
    for one in departments::departments(db.read()).await.expect("units") {
        units.push((one.id, one.slug));
    }
    for number in units.len()..UNITS {
        let slug = format!("sachgebiet-{number}");
        let parsed = Slug::parse(&slug).expect("a slug");
        let name = slug.clone();
        let made = db.write(&system, async move |unit: &mut Unit| {
            departments::create_department(unit, parsed, name).await
        });
        units.push((made.await.expect("a unit").value.id, slug));
    }
    // Most work in two units, one in ten of them, one in all.
    for number in 0..PEOPLE {
        let reach = match number {
            0 => UNITS,
            1 => UNITS / 2,
            _ => 2,
        };
        let roles: Vec<DepartmentId> = (0..reach)
            .filter_map(|at| units.get((number + at) % UNITS).map(|unit| unit.0))
            .collect();
        account(&town, &format!("person-{number}"), Role::Clerk, &roles).await;
    }
    account(&town, "verwaltung", Role::Admin, &[]).await;
    put_plan(&town).await;
    let mut cases = Vec::new();
    for number in 0..FILES {
        let unit = units.get(number % UNITS).expect("a unit").1.clone();
        cases.extend(open(&town, number, unit).await);
    }
    plan.note(&format!("{FILES} files with {} cases", cases.len()));
    register(&town, &cases).await;
    plan.note("documents are registered");
    let settings = config(&made.data);
    let options = search::options(settings.index.memory_bytes_max, settings.serials.clone());
    let index = indexer::Index::open(&settings.index.dir, options).expect("the index");
    search::rebuild(db.read(), &town.archive.storage, &index, |_, _| {})
        .await
        .expect("an index");
    index.close_writer().expect("the index ends well");
    drop(index);
    town.close().await;
}

/// A file plan of three units.
pub(crate) async fn put_plan(town: &Town) {
    let draft = file_plan::read(PLAN_CSV.as_bytes()).expect("a plan");
    let said = Said {
        name: Some("Plan der Messung".to_owned()),
        edition: Some("1".to_owned()),
        valid_from: CivilDate::parse("2020-01-01"),
        valid_until: None,
        retire_missing: false,
    };
    let system = Actor::system();
    let put = town
        .archive
        .db
        .write(&system, async move |unit: &mut Unit| {
            file_plan::import(unit, &draft, &said, refiling::FOLLOW).await
        });
    put.await.expect("a plan");
}

pub(crate) async fn account(town: &Town, login: &str, role: Role, units: &[DepartmentId]) {
    let (login, name) = (Login::parse(login).expect("a login"), login.to_owned());
    let (units, system) = (units.to_vec(), Actor::system());
    let made = town
        .archive
        .db
        .write(&system, async move |unit: &mut Unit| {
            let account = departments::create_account(unit, login, name, None).await?;
            if units.is_empty() {
                departments::grant(unit, account.id, NewRole::of(role, None), Giving::ByOne)
                    .await?;
            }
            for one in units {
                departments::grant(
                    unit,
                    account.id,
                    NewRole::of(role, Some(one)),
                    Giving::ByOne,
                )
                .await?;
            }
            Ok::<_, departments::PeopleError>(())
        });
    made.await.expect("an account");
}

/// A file with its cases.
pub(crate) async fn open(town: &Town, number: usize, department: String) -> Vec<CaseId> {
    let mark = MARKS.get(number % MARKS.len()).copied();
    let new = NewFile {
        plan_unit: mark.map(str::to_owned),
        subject: format!("Bewohnerparken, Abschnitt {number}"),
        department: Some(department),
        medium: Medium::Electronic,
        confidentiality: Confidentiality::Open,
        opened_on: None,
        tags: vec!["Messung".to_owned()],
        note: None,
        parent: None,
    };
    let db = &town.archive.db;
    let system = Actor::system();
    let opened = db.write(&system, async move |unit: &mut Unit| {
        files::open(unit, new).await
    });
    let file = opened.await.expect("a file").value;
    let mut cases = Vec::new();
    for case in 0..CASES_OF_A_FILE {
        let new = NewCase {
            file: file.id,
            parent: None,
            subject: format!("Antrag {case} zu Abschnitt {number}"),
            kind: None,
            department: None,
            opened_on: None,
            note: None,
            tags: Vec::new(),
        };
        let opened = db.write(&system, async move |unit: &mut Unit| {
            cases::open(unit, new).await
        });
        cases.push(opened.await.expect("a case").value.id);
    }
    cases
}

async fn register(town: &Town, cases: &[CaseId]) {
    let rows = town.archive.db.read();
    let asked = sql(rows, "SELECT id FROM document ORDER BY id", []);
    let found = rows.query_all_raw(asked).await.expect("documents");
    let chosen = (0..)
        .zip(found)
        .filter(|(number, _): &(u64, _)| number % REGISTERED == 0)
        .map(|(number, row)| {
            let id: Uuid = row.try_get_by_index(0).expect("an id");
            (number / REGISTERED, DocumentId::of(id))
        });
    stream::iter(chosen)
        .map(async |(number, id)| {
            let at = usize::try_from(number).unwrap_or_default() % cases.len();
            let case = *cases.get(at).expect("a case");
            let system = Actor::system();
            let done = town
                .archive
                .db
                .write(&system, async move |unit: &mut Unit| {
                    documents::register(unit, id, 1, case).await
                });
            done.await.expect("a registered document");
        })
        .buffer_unordered(256)
        .collect::<Vec<()>>()
        .await;
}

pub(crate) async fn token(town: &Town, login: &str) -> (AccountId, String) {
    let db = &town.archive.db;
    let account = departments::account_of_login(db.read(), login)
        .await
        .expect("a database")
        .expect("an account");
    let new = NewToken {
        label: "Messung".to_owned(),
        scope: Scope::Full,
        seconds: 86_400,
        destination: None,
    };
    let system = Actor::system();
    let issued = db.write(&system, async move |unit: &mut Unit| {
        departments::issue_token(unit, account, new).await
    });
    let secret = issued.await.expect("a token").value.1.0;
    (account, secret.as_str().to_owned())
}

/// Lists, searches and counts under rights, and a change of rights.
pub(crate) fn rights_row(plan: &Plan) -> Vec<Line> {
    let made = furnished(plan);
    let (all, many, two, changed, admin) = plan.runtime.block_on(async {
        let town = Town::open(&made.data).await;
        let all = token(&town, "person-0").await.1;
        let many = token(&town, "person-1").await.1;
        let two = token(&town, "person-20").await.1;
        let changed = token(&town, "person-40").await;
        let admin = token(&town, "verwaltung").await.1;
        town.close().await;
        (all, many, two, changed, admin)
    });
    let served = Served::start(&made.data);
    served.ready();
    let mut lines = Vec::new();
    let searches: Vec<String> = queries().into_iter().map(|(_, query)| query).collect();
    let lists = |path: &str| vec![path.to_owned()];
    let of = |rest: &str| -> Vec<String> {
        searches
            .iter()
            .map(|query| search_path(query, rest))
            .collect()
    };
    let kinds: [(&str, Vec<String>); 6] = [
        ("list of documents", lists("/api/v1/documents?limit=25")),
        (
            "list of documents of a type",
            lists("/api/v1/documents?limit=25&type=Bescheid"),
        ),
        ("list of files", lists("/api/v1/files?limit=25")),
        ("list of cases", lists("/api/v1/cases?limit=25")),
        ("search", of("&limit=20")),
        ("search with facets", of("&limit=20&facets=true")),
    ];
    for (what, paths) in kinds {
        let rounds = (if plan.quick { 100 } else { 1000 } / paths.len()).max(2);
        for (who, token) in [("2 of 20 units", &two), ("10 of 20 units", &many)] {
            lines.push(compare(&served, what, who, &paths, rounds, token, &all));
        }
    }
    lines.push(change(plan, &served, &changed, &admin));
    served.stop();
    lines
}

/// The same requests of both, in turns.
fn compare(
    served: &Served,
    what: &str,
    who: &str,
    paths: &[String],
    rounds: usize,
    mine: &str,
    all: &str,
) -> Line {
    let mut http = Http::connect(&served.address);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 0..=rounds {
        for path in paths {
            let mut once = |token: &str| {
                let since = Instant::now();
                http.get(path, Some(token)).is(200);
                since.elapsed().as_secs_f64() * 1e3
            };
            let (mine, all) = if round % 2 == 0 {
                let mine = once(mine);
                (mine, once(all))
            } else {
                let all = once(all);
                (once(mine), all)
            };
            // Once for the caches.
            if round > 0 {
                ours.push(mine);
                theirs.push(all);
            }
        }
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let ratio = mean(&ours) / mean(&theirs);
    let (ours, theirs) = (Series::of(ours), Series::of(theirs));
    let shown = |series: &Series| {
        format!(
            "p50 {}, p99 {} ms",
            figure(series.median()),
            figure(series.percentile(99))
        )
    };
    let met = ours.percentile(99) <= 25.0 && ratio <= 1.15;
    Line::new(
        format!("{what}, as one who sees {who}, of {}", ours.len()),
        shown(&ours),
    )
    .against(
        format!("sees everything: {}", shown(&theirs)),
        format!("{} × of the means", figure(ratio)),
    )
    .must("p99 ≤ 25 ms, ≤ 1.15 ×", met)
}

/// From the answer of a change of rights until list and search follow it, both ways.
fn change(plan: &Plan, served: &Served, of: &(AccountId, String), admin: &str) -> Line {
    let (account, token) = of;
    let address = &served.address;
    let mut http = Http::connect(address);
    let at = format!("/api/v1/accounts/{account}");
    let mut took = Vec::new();
    let rounds = if plan.quick { 10 } else { 50 };
    for round in 0..rounds {
        let units = if round % 2 == 0 {
            serde_json::json!([])
        } else {
            serde_json::json!([{"role": "clerk", "department": "buergerbuero"}])
        };
        let body = serde_json::json!({ "roles": units }).to_string();
        let version = http.get(&at, Some(admin)).is(200).json()["version"].clone();
        let request = format!(
            "PUT {at}/roles HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {admin}\r\n\
             If-Match: \"v{version}\"\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        http.send(request.as_bytes()).is(200);
        let since = Instant::now();
        let sees = round % 2 == 1;
        for path in ["/api/v1/documents?limit=1", "/api/v1/search?limit=1"] {
            loop {
                let items = http.get(path, Some(token)).is(200).json();
                let found = items["items"]
                    .as_array()
                    .is_some_and(|items| !items.is_empty());
                if found == sees {
                    break;
                }
            }
        }
        took.push(since.elapsed().as_secs_f64() * 1e3);
    }
    let took = Series::of(took);
    Line::new(
        "a change of rights, until list and search follow it",
        took.show("ms"),
    )
    .must("≤ 1 s", took.max() <= 1000.0)
}
