//! The table that a review looks at: role, action, answer. In parts, so that each is walked in a house of its
//! own at the same time as the others.

use std::fmt::Write as _;

use tests::Answer;
use tests::app::Start;
use tests::clamd::{self, FakeClamd};
use tests::town::{OWN, Town};

use super::attempts::attempt;
use crate::inspections::attempts::INSPECTED;
use crate::virus::attempts::QUARANTINED;
use crate::withheld::attempts::ENDED;
use crate::workflows::attempts::{RULED, RUN};

/// Documents. In the order of the lines.
const DOCUMENTS: &[&str] = &[
    "file in own",
    "file in other",
    "list",
    "read",
    "content",
    "copy",
    "text",
    "page",
    "picture",
    "thumbnail",
    "signatures",
    "versions",
    "components",
    "parts",
    "duplicates",
    "history",
    "mail",
    "mail history",
    "what to say",
    "change",
    "unlock",
    "add version",
    "split up",
    "discard",
    "restore",
    "draft in case",
    "register",
    "route",
    "recipients",
    "refile document",
    "undo a route",
    "list forms",
    "read form",
    "fill form",
    "fill form in case",
    "preview form",
];

/// Files, cases, holds. In the order of the lines.
const RECORDS: &[&str] = &[
    "open file",
    "list files",
    "read file",
    "file history",
    "file label",
    "change file",
    "refile file",
    "close file",
    "reopen file",
    "open case",
    "list cases",
    "read case",
    "case history",
    "case label",
    "change case",
    "refile case",
    "close case",
    "reopen case",
    "place hold",
    "lift hold",
    "reference",
];

/// Many documents, correspondents, notes, relations, types, fields. In the order of the lines.
const DESCRIBING: &[&str] = &[
    "preview bulk",
    "apply bulk",
    "list correspondents",
    "read correspondent",
    "who it was",
    "create correspondent",
    "change correspondent",
    "merge",
    "split",
    "list notes",
    "read note",
    "note history",
    "add note",
    "change note",
    "withdraw note",
    "list relations",
    "read relation",
    "relation history",
    "relate",
    "withdraw relation",
    "list types",
    "read type",
    "history of type",
    "create type",
    "change type",
    "list fields",
    "read field",
    "history of field",
    "create field",
    "change field",
];

/// Search, the log, tokens, webhooks. In the order of the lines.
const ASKING: &[&str] = &[
    "search",
    "suggest",
    "index",
    "rebuild index",
    "changes",
    "log records",
    "log stamps",
    "stamp log",
    "checkpoint",
    "access checkpoint",
    "identity",
    "me",
    "own tokens",
    "issue token",
    "own webhooks",
    "create webhook",
    "read webhook",
    "change webhook",
    "end webhook",
    "rotate webhook",
    "test webhook",
    "deliveries",
    "own inbox",
    "count inbox",
    "do in inbox",
    "own notices",
    "read notices",
    "mail settings",
    "set mail",
    "own calendars",
    "create calendar",
    "end token",
];

/// Departments, accounts, roles, functions. In the order of the lines.
const PEOPLE: &[&str] = &[
    "departments",
    "create department",
    "accounts",
    "account",
    "create account",
    "change account",
    "set roles",
    "unlock account",
    "own session",
    "own sessions",
    "end others",
    "end session",
    "end of account",
    "link account",
    "unlink account",
    "roles of another",
    "waiting roles",
    "give role",
    "end role",
    "functions",
    "create function",
    "holders",
    "give function",
    "end function",
];

/// The file plan. In the order of the lines.
const PLAN: &[&str] = &[
    "plans",
    "plan units",
    "export plan",
    "create plan",
    "change plan",
    "import plan",
    "add unit",
    "change unit",
    "retire unit",
];

/// How an answer stands in the table. What is told of a document, and of its content or not, has one status.
fn cell(what: &str, answer: &Answer) -> String {
    let status = answer.status.as_str();
    let of_content = match what {
        "mail" => "\"mail\":",
        "mail history" => "\"rendition.details\"",
        _ => "",
    };
    if answer.status == 200 && !answer.text().contains(of_content) {
        return format!("{status} less");
    }
    status.to_owned()
}

/// The answers to these actions, of everybody.
async fn answers(tried: &[&str]) -> Option<String> {
    let clamd = FakeClamd::start().await;
    let start = Start::new()
        .with("PAPIERLOS_RATES_SIGN_IN_PER_MINUTE", "0")
        .with(clamd::VARIABLE, clamd.address());
    let town = Town::of(start).await?;
    tests::wait_until("a checkpoint is published", async || {
        town.clerk().get("/api/v1/log/checkpoint").await.status == 200
    })
    .await;
    let units = vec![tests::plan::unit("02.1"), tests::plan::unit("02.2")];
    tests::plan::plan(&town, "2020", ("2020-01-01", None), units).await;
    let head = tests::town::add(&town.app, "l.heide", "head", Some(OWN)).await;
    let person = async |login: &str, role: &str, department: Option<&str>| {
        let token = tests::town::add(&town.app, login, role, department).await;
        town.app.with_token(&token)
    };
    let intake = town.token("intake").await;
    let read = town.token("read").await;
    let people = [
        ("clerk", town.clerk()),
        ("other", town.other()),
        ("head", town.app.with_token(&head)),
        ("mayor", person("o.haupt", "mayor", Some(OWN)).await),
        (
            "mail_room",
            person("p.stelle", "mail_room", Some(OWN)).await,
        ),
        (
            "integrator",
            person("f.verfahren", "integrator", Some(OWN)).await,
        ),
        ("auditor", town.auditor()),
        ("registrar", town.registrar().await),
        ("archive", person("a.chiv", "archive", None).await),
        ("tablet", person("t.ablett", "tablet", Some(OWN)).await),
        ("admin", town.admin()),
        ("intake", town.app.with_token(&intake)),
        ("read", town.app.with_token(&read)),
        ("nobody", town.app.anonymous()),
        (
            "forged",
            town.app
                .with_token("plt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ),
    ];
    let mut table = format!("{:<18}", "");
    for (name, _) in &people {
        write!(table, "{name:<11}").expect("text");
    }
    for what in tried {
        write!(table, "\n{what:<18}").expect("text");
        for (name, client) in &people {
            let answer = attempt(&town, client, what, name).await;
            write!(table, "{:<11}", cell(what, &answer)).expect("text");
        }
    }
    let table: Vec<_> = table.lines().map(str::trim_end).collect();
    Some(table.join("\n"))
}

#[tokio::test]
async fn who_may_do_what_with_documents() {
    let Some(table) = answers(DOCUMENTS).await else {
        return;
    };
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn who_may_do_what_with_files_and_cases() {
    let Some(table) = answers(RECORDS).await else {
        return;
    };
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn who_may_do_what_with_what_describes() {
    let Some(table) = answers(DESCRIBING).await else {
        return;
    };
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn who_may_do_what_with_questions_and_keys() {
    let Some(table) = answers(ASKING).await else {
        return;
    };
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn who_may_do_what_with_people() {
    let Some(table) = answers(PEOPLE).await else {
        return;
    };
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn who_may_do_what_with_the_plan() {
    let Some(table) = answers(PLAN).await else {
        return;
    };
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn who_may_do_what_with_inspections() {
    let Some(table) = answers(INSPECTED).await else {
        return;
    };
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn who_may_do_what_with_the_quarantine() {
    let Some(table) = answers(QUARANTINED).await else {
        return;
    };
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn who_may_do_what_with_what_is_withheld() {
    let Some(table) = answers(ENDED).await else {
        return;
    };
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn who_may_do_what_with_definitions_and_limits() {
    let Some(table) = answers(RULED).await else {
        return;
    };
    insta::assert_snapshot!(table);
}

#[tokio::test]
async fn who_may_do_what_with_workflows() {
    let Some(table) = answers(RUN).await else {
        return;
    };
    insta::assert_snapshot!(table);
}
