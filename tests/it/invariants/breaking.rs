//! Rows that somebody bends behind the guards: exactly the invariant that speaks of them is broken, by exactly them.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::{Engine, Start, Town};

use super::{Lively, with};
use crate::at_rest::{Copy, text};
use crate::records::Registry;
use crate::workflows::Office;

/// A way to break an invariant.
struct Break {
    /// What is done.
    name: &'static str,
    /// Which one is broken.
    id: &'static str,
    /// What offends: its kind, and SQL that gives one of their ids, in the text of an id.
    kind: &'static str,
    offender: &'static str,
    /// As the database's administrator, without triggers.
    sql: &'static [&'static str],
}

/// The id of a row as it is written: SQLite keeps the bytes.
const HEX: &str = "SELECT lower(substr(h,1,8)||'-'||substr(h,9,4)||'-'||substr(h,13,4)||'-'||substr(h,17,4)||'-'||substr(h,21)) FROM (SELECT hex(id) AS h FROM (";

const BREAKS: &[Break] = &[
    Break {
        name: "a file stands in no unit of the plan",
        id: "I-1",
        kind: "document",
        offender: "SELECT d.id FROM document d WHERE d.state = 'registered' ORDER BY d.id LIMIT 1",
        sql: &["UPDATE record_file SET plan_unit_id = zeroblob(16)"],
    },
    Break {
        name: "a case bears the reference of a file",
        id: "I-2",
        kind: "object",
        offender: "SELECT min(id) AS id FROM record_case",
        sql: &[
            "UPDATE record_case SET reference = (SELECT min(reference) FROM record_file) \
                WHERE id = (SELECT min(id) FROM record_case)",
        ],
    },
    Break {
        name: "a version names content that is not there",
        id: "I-3",
        kind: "version",
        offender: "SELECT v.id FROM document_version v JOIN document d ON d.id = v.document_id \
                   WHERE d.state <> 'registered' ORDER BY v.id LIMIT 1",
        sql: &[
            "UPDATE document_version SET blob_name = zeroblob(32) WHERE id = (SELECT v.id FROM document_version v \
                JOIN document d ON d.id = v.document_id WHERE d.state <> 'registered' ORDER BY v.id LIMIT 1)",
        ],
    },
    Break {
        name: "a version has the wrong number",
        id: "I-4",
        kind: "document",
        offender: "SELECT d.id FROM document d WHERE d.state <> 'registered' ORDER BY d.id LIMIT 1",
        sql: &[
            "UPDATE document_version SET number = 7 WHERE document_id = (SELECT d.id FROM document d \
                WHERE d.state <> 'registered' ORDER BY d.id LIMIT 1)",
        ],
    },
    Break {
        name: "a row changed without a record",
        id: "I-5",
        kind: "order_limit",
        offender: "SELECT min(id) AS id FROM order_limit",
        sql: &["UPDATE order_limit SET version = version + 1"],
    },
    Break {
        name: "a clerk had his role until long ago",
        id: "I-6",
        kind: "workflow",
        offender: "SELECT instance_id AS id FROM workflow_step WHERE status = 'done' AND kind = 'attest' LIMIT 1",
        sql: &[
            "UPDATE role_grant SET revoked_at = granted_at - 360000000000 WHERE role = 'clerk' \
                AND account_id = (SELECT id FROM account WHERE login = 'm.brandt')",
        ],
    },
    Break {
        name: "a deputy was one until long ago",
        id: "I-7",
        kind: "record",
        offender: "",
        sql: &["UPDATE deputation SET valid_from = 0, valid_until = 1"],
    },
    Break {
        name: "a completed step ended otherwise",
        id: "I-8",
        kind: "workflow",
        offender: "SELECT instance_id AS id FROM workflow_step WHERE status = 'done' AND kind = 'attest' LIMIT 1",
        sql: &[
            "UPDATE workflow_step SET outcome = 'rejected' WHERE status = 'done' AND kind = 'attest'",
        ],
    },
    Break {
        name: "what was sent is not what was signed",
        id: "I-9",
        kind: "workflow",
        offender: "SELECT id FROM workflow_instance WHERE definition_id = 'postausgang'",
        sql: &[
            "UPDATE blob SET sha512 = zeroblob(64) WHERE name IN (SELECT v.blob_name FROM document_version v \
                JOIN document d ON d.id = v.document_id WHERE d.title = 'Antwort')",
        ],
    },
    Break {
        name: "the final signer drafted it",
        id: "I-10",
        kind: "workflow",
        offender: "SELECT id FROM workflow_instance WHERE definition_id = 'postausgang'",
        sql: &[
            "UPDATE document_version SET created_by = (SELECT id FROM account WHERE login = 'l.heide') \
                WHERE document_id = (SELECT id FROM document WHERE title = 'Antwort')",
        ],
    },
    Break {
        name: "a definition was approved twice by the same",
        id: "I-10",
        kind: "workflow_definition",
        offender: "SELECT id FROM workflow_definition WHERE code = 'brief'",
        sql: &["UPDATE workflow_definition SET second_by = first_by WHERE code = 'brief'"],
    },
    Break {
        name: "the limit was lower",
        id: "I-11",
        kind: "workflow",
        offender: "SELECT id FROM workflow_instance WHERE definition_id = 'rechnung'",
        sql: &["UPDATE order_limit SET cents = 100"],
    },
    Break {
        name: "the final signature was none",
        id: "I-12",
        kind: "workflow",
        offender: "SELECT id FROM workflow_instance WHERE definition_id = 'postausgang'",
        sql: &[
            "UPDATE workflow_entry SET events = replace(events, '\"kind\":\"final_sign\"', '\"kind\":\"seen\"') \
             WHERE instance_id = (SELECT id FROM workflow_instance WHERE definition_id = 'postausgang')",
            "UPDATE workflow_instance SET data = replace(data, '\"kind\":\"final_sign\"', '\"kind\":\"seen\"') \
             WHERE definition_id = 'postausgang'",
        ],
    },
    Break {
        name: "a biometric record was let go by nobody",
        id: "I-16",
        kind: "version",
        offender: "SELECT min(id) AS id FROM document_version",
        sql: &[
            "INSERT INTO rendition (id, version, document_version_id, kind, engine, state, pages, created_at) \
             SELECT x'00000000000000000000000000000001', 1, min(id), 'biometric', 'guard 1', 'released', 0, 0 \
             FROM document_version",
            "INSERT INTO audit_subject (entity_id, version, seq, slot, kind, root_id) \
             SELECT x'00000000000000000000000000000001', 1, 1, 9, 'rendition', min(id) FROM document",
        ],
    },
    Break {
        name: "what was destroyed has kept its key",
        id: "I-17",
        kind: "proposal",
        offender: "SELECT x'00000000000000000000000000000002' AS id",
        sql: &[
            "INSERT INTO destroyed_blob (name, proposal_id, destroyed_at) \
                SELECT min(name), x'00000000000000000000000000000002', 0 FROM blob_key",
        ],
    },
    Break {
        name: "one person destroyed it",
        id: "I-18",
        kind: "proposal",
        offender: "SELECT x'00000000000000000000000000000003' AS id",
        sql: &[
            "INSERT INTO proposal (id, version, object_kind, object_id, act, versions, reason, proposed_at, proposed_by) \
             SELECT x'00000000000000000000000000000003', 1, 'version', min(id), 'destroy', '[]', 'Allein', 0, zeroblob(16) \
             FROM document_version",
            "INSERT INTO audit_subject (entity_id, version, seq, slot, kind, root_id) \
             VALUES (x'00000000000000000000000000000003', 1, 1, 9, 'proposal', x'00000000000000000000000000000003')",
            "INSERT INTO destroyed_blob (name, proposal_id, destroyed_at) \
             SELECT min(name), x'00000000000000000000000000000003', 0 FROM blob_key",
            "DELETE FROM blob_key WHERE name = (SELECT min(name) FROM destroyed_blob)",
        ],
    },
    Break {
        name: "a case is closed in which a workflow runs",
        id: "I-20",
        kind: "case",
        offender: "SELECT case_id AS id FROM workflow_instance WHERE ended_at IS NULL LIMIT 1",
        sql: &[
            "UPDATE record_case SET state = 'closed', closed_at = 1, closed_by = zeroblob(16) \
                WHERE id IN (SELECT case_id FROM workflow_instance WHERE ended_at IS NULL)",
        ],
    },
    Break {
        name: "documents stand elsewhere than the index says",
        id: "I-21",
        kind: "document",
        offender: "SELECT min(id) AS id FROM document",
        sql: &["UPDATE department SET number = number + 1000"],
    },
    Break {
        name: "a due date was moved",
        id: "I-24",
        kind: "workflow",
        offender: "SELECT id FROM workflow_instance WHERE ended_at IS NULL LIMIT 1",
        sql: &[
            "UPDATE workflow_entry SET events = replace(events, '\"overdue_at\":', '\"overdue_at\":1') \
             WHERE instance_id IN (SELECT id FROM workflow_instance WHERE ended_at IS NULL)",
            "UPDATE workflow_instance SET data = replace(data, '\"overdue_at\":', '\"overdue_at\":1') \
             WHERE ended_at IS NULL",
        ],
    },
    Break {
        name: "a definition was changed where it is kept",
        id: "I-25",
        kind: "workflow_definition",
        offender: "SELECT id FROM workflow_definition WHERE code = 'rechnung'",
        sql: &[
            "UPDATE workflow_definition SET source = CAST(source || x'0a' AS BLOB) WHERE code = 'rechnung'",
        ],
    },
];

/// What the command says of an archive, and how it ends.
fn judged(copy: &Copy) -> (Value, i32) {
    let output = copy.papierlos(&["audit", "invariants", "--json"]);
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|error| unreachable!("{error}: {output:?}"));
    (report, output.status.code().unwrap_or(-1))
}

/// The ids of those that break an invariant, and of which kind they are.
fn offenders(report: &Value, id: &str) -> Vec<(String, String)> {
    let items = report["items"].as_array().expect("items");
    let item = items.iter().find(|one| one["id"] == id).expect("an item");
    let word = |one: &Value, name: &str| one[name].as_str().unwrap_or_default().to_owned();
    let all = item["offenders"].as_array().expect("offenders");
    all.iter()
        .map(|one| (word(one, "kind"), word(one, "id")))
        .collect()
}

#[tokio::test]
async fn each_invariant_is_broken_by_what_breaks_it_and_by_nothing_else() {
    let Some(town) = Town::of(Start::new().on(Engine::Sqlite)).await else {
        return;
    };
    let office = Office::of(Registry::of(town).await).await;
    let mut lively = Lively::of(office).await;
    lively.town().settle().await;
    let app = &mut lively.office.registry.town.app;
    assert!(app.stop().success(), "{}", app.log());
    let archive = Copy::of(app);

    let (report, exit) = judged(&archive);
    assert_eq!((with(&report, "broken").len(), exit), (0, 0), "{report:#}");
    for one in BREAKS {
        let copy = archive.again();
        let database = copy.database().await;
        let expected = match one.offender {
            "" => None,
            offender => Some(text(&database, &format!("{HEX}{offender}))")).await),
        };
        database.close().await.expect("a connection closes");
        copy.sql(one.sql).await;
        let (report, exit) = judged(&copy);
        let broken: BTreeSet<String> = [one.id.to_owned()].into();
        assert_eq!(with(&report, "broken"), broken, "{}: {report:#}", one.name);
        assert_eq!(exit, 1, "{}", one.name);
        let found = offenders(&report, one.id);
        let named = found.iter().any(|(kind, id)| {
            kind == one.kind && expected.as_ref().is_none_or(|expected| expected == id)
        });
        assert!(named, "{}: {expected:?} is not among {found:?}", one.name);
    }
}

#[tokio::test]
async fn the_command_says_what_it_is_asked_for_wrongly() {
    let Some(app) = tests::TestApp::start().await else {
        return;
    };
    let wrong = app
        .command(&["audit", "invariants", "--only", "I-99"])
        .await;
    assert_eq!(wrong.status.code(), Some(3), "{wrong:?}");
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(said.contains("I-99 gibt es nicht"), "{said}");
    let some = app
        .command(&["audit", "invariants", "--only", "I-1,I-4"])
        .await;
    assert_eq!(some.status.code(), Some(0), "{some:?}");
    let said = String::from_utf8_lossy(&some.stdout).into_owned();
    assert!(
        said.contains("Kein Verstoß.") && !said.contains("I-2 "),
        "{said}"
    );
}
