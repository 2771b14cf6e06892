use std::collections::BTreeSet;

use indexer::guard::Biometric;

use super::{PAGE, SCRIPTS, STYLE, TABLET, TABLET_STYLE, WORKER};
use crate::base::{Right, Role};
use crate::documents::{Channel, Direction, State, WaitingState};

const ACTIONS: &str = include_str!("../../../docs/audit-actions.md");

fn script(name: &str) -> &'static str {
    let found = SCRIPTS.iter().find(|(known, _)| *known == name);
    found.expect("a script").1
}

/// The words of a language, in their order.
fn keys(name: &str, language: &str) -> Vec<&'static str> {
    let (_, after) = script(name)
        .split_once(&format!("{language}: {{\n"))
        .expect("the language");
    let (block, _) = after.split_once("\n  },").expect("its end");
    let lines = block.lines();
    lines
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(key, _)| key)
        .collect()
}

const WORDS: [&str; 8] = [
    "words.js",
    "words-registry.js",
    "words-beside.js",
    "words-flow.js",
    "words-people.js",
    "words-tablet.js",
    "words-tasks.js",
    "words-withheld.js",
];

fn known() -> BTreeSet<&'static str> {
    WORDS.iter().flat_map(|name| keys(name, "de")).collect()
}

/// What the policy for pages forbids, and what would turn text of documents into markup.
#[test]
fn nothing_is_inline_nothing_comes_from_elsewhere_and_no_text_becomes_markup() {
    for forbidden in [
        "<style",
        " style=",
        " onclick",
        " onload",
        "javascript:",
        "http:",
        "https:",
    ] {
        for page in [PAGE, TABLET] {
            assert!(!page.contains(forbidden), "{forbidden} in a page");
        }
    }
    for script in [PAGE, TABLET].into_iter().flat_map(|page| {
        page.match_indices("<script")
            .map(|(at, _)| page.get(at..).unwrap_or_default())
    }) {
        let (head, body) = script.split_once('>').expect("a whole element");
        assert!(
            head.contains("src=\"/pages/") && body.starts_with("</script>"),
            "an inline script"
        );
    }
    for forbidden in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        ".style.",
        "localStorage.setItem(\"token",
        "sessionStorage",
        "document.cookie",
    ] {
        for (name, script) in SCRIPTS {
            assert!(!script.contains(forbidden), "{forbidden} in {name}");
        }
    }
    for style in [STYLE, TABLET_STYLE] {
        assert!(!style.contains("url(") && !style.contains("@import"));
    }
}

/// What a script takes from another one is given out, and none is given out in vain.
#[test]
fn the_scripts_find_each_other() {
    let mut taken = BTreeSet::from(["app.js", "tablet.js", WORKER]);
    for (name, script) in SCRIPTS {
        for after in script.split("from \"/pages/").skip(1) {
            let (wanted, _) = after.split_once('"').expect("the end of the name");
            let found = SCRIPTS.iter().find(|(known, _)| *known == wanted);
            taken.insert(found.unwrap_or_else(|| panic!("{name} takes {wanted}")).0);
        }
    }
    let given: BTreeSet<&str> = SCRIPTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(taken, given);
}

/// What stands between the tablet and the network keeps nothing of what passes.
#[test]
fn nothing_of_a_document_stays_on_a_tablet() {
    for forbidden in [
        "caches",
        "indexedDB",
        "importScripts",
        ".json()",
        ".text()",
        ".clone()",
    ] {
        assert!(!script(WORKER).contains(forbidden), "{forbidden}");
    }
    assert!(script("tablet.js").contains(&format!("register(\"/pages/{WORKER}\"")));
}

/// Every word of the pages exists in both languages: the same keys, in the same order, and each once.
#[test]
fn both_languages_have_the_same_words() {
    let mut all = BTreeSet::new();
    for name in WORDS {
        let german = keys(name, "de");
        assert_eq!(german, keys(name, "en"), "{name}");
        for key in german {
            assert!(all.insert(key), "{key} stands twice");
        }
    }
}

/// What the page and its scripts say by name has its words.
#[test]
fn what_is_said_has_its_words() {
    let known = known();
    let mut said = 0;
    let texts = SCRIPTS.iter().map(|(_, script)| *script);
    for text in texts.chain([PAGE]) {
        for (opening, endings) in [
            ("data-t=\"", &[""][..]),
            ("data-label=\"", &[""]),
            (" t(\"", &[""]),
            ("(t(\"", &[""]),
            ("[t(\"", &[""]),
            ("{t(\"", &[""]),
            ("plural(\"", &["One", "Many"]),
        ] {
            for after in text.split(opening).skip(1) {
                let (key, _) = after.split_once('"').expect("the end of the key");
                for ending in endings {
                    let key = format!("{key}{ending}");
                    assert!(known.contains(key.as_str()), "{key} has no words");
                    said += 1;
                }
            }
        }
    }
    assert!(said > 300, "only {said} words were looked at");
}

/// Whoever signs in with any role reads what it is called.
#[test]
fn every_role_has_its_words() {
    let known = known();
    for role in Role::GIVEN {
        assert!(known.contains(role.code()), "{}", role.code());
    }
}

/// What the contract says in codes, people read in words: ways, states, reasons.
#[test]
fn what_the_contract_says_in_codes_has_its_words() {
    let known = known();
    let has = |key: String| assert!(known.contains(key.as_str()), "{key} has no words");
    Direction::ALL
        .iter()
        .for_each(|one| has(one.code().to_owned()));
    Channel::ALL
        .iter()
        .for_each(|one| has(one.code().to_owned()));
    for state in State::ALL {
        let quoted = format!("{}: [", state.code());
        assert!(script("app.js").contains(&quoted), "{quoted}");
    }
    for reason in [
        "not_closed",
        "retention_runs",
        "kept_forever",
        "hold",
        "hold_inside",
        "no_archive_decision",
    ] {
        has(format!("against_{reason}"));
    }
    for disposal in ["A", "B", "V"] {
        has(format!("disposal_{disposal}"));
        has(format!("disposal_{disposal}_long"));
    }
    // What is still to be done for a text is said, and looked at again.
    for name in ["app.js", "pictures.js"] {
        assert!(script(name).contains("`waits_${waiting.task}_${waiting.state}`"));
    }
    for state in [
        WaitingState::Running,
        WaitingState::Waiting,
        WaitingState::Failed,
    ] {
        for task in ["text", "scan", "copy"] {
            has(format!("waits_{task}_{}", state.code()));
        }
    }
    // Why no text is named that says the same.
    assert!(script("beside.js").contains("`sameTexts_${answer.text}`"));
    for looked in ["compared", "pending", "short"] {
        has(format!("sameTexts_{looked}"));
    }
    // What is withheld, by what was found in it.
    assert!(script("withheld.js").contains("`found_${one.found}`"));
    for found in Biometric::ALL {
        has(format!("found_{}", found.as_str()));
    }
    for state in crate::signing::State::ALL {
        has(format!("signing_{}", state.code()));
    }
    for code in crate::signing::identity_codes() {
        let quoted = format!("\"{code}\"");
        assert!(script("desk.js").contains(&quoted), "{code} is not offered");
        has(format!("identity_{code}"));
    }
    for kind in ["file", "case", "document"] {
        has(format!("goTo_{kind}"));
        has(format!("holdOn_{kind}"));
    }
}

/// What workflows say in codes, people read in words: kinds and states of steps, what is done with them, what is told.
#[test]
fn what_workflows_say_in_codes_has_its_words() {
    let known = known();
    let all = |before: &str, codes: &str| {
        for code in codes.split_whitespace() {
            let key = format!("{before}{code}");
            assert!(known.contains(key.as_str()), "{key} has no words");
        }
    };
    let kinds = "task seen information consult statement co_sign final_sign attest order approve identity counter \
        resubmit dispatch event system";
    all("stepKind_", kinds);
    for kind in kinds.split_whitespace() {
        let quoted = format!("\"{kind}\"");
        assert!(
            script("tasks.js").contains(&quoted),
            "{kind} is not offered"
        );
    }
    all(
        "stepStatus_",
        "future open waiting done voided skipped withdrawn",
    );
    all("flowEnd_", "done dropped");
    all(
        "act_step_",
        "claim release resume complete delegate hold insert withdraw skip extend return",
    );
    all(
        "flowTitle_",
        "delegate hold insert withdraw skip extend return cancel",
    );
    // What was asked, where the log has no action of the same name.
    all("did_workflow_", "fire");
    all(
        "flowEvent_",
        "entered step_made step_opened completed skipped withdrawn voided returned delegated held resumed extended \
            excluded editorial_announced editorial_taken reminded escalated field_set field_emptied effect ended migrated",
    );
    all(
        "flowEffect_",
        "register freeze dispatch destroy close_case close_file move_to open_case notify seal form export",
    );
    all("flowTimer_", "remind escalate lapse resume");
    all(
        "sealEnd_",
        "superseded discarded withheld destroyed revoked no_sources",
    );
    all(
        "sealWaits_",
        "authority responder document withheld no_later",
    );
    all("tasksDue_", "overdue today week later none");
    all("tasksClaimed_", "me nobody others");
    all(
        "notice_",
        "asked reminded due escalated done voided ended notify",
    );
    all("noticeMail_", "off each daily");
    all("definition_", "proposed active retired");
    all("act_definition_", "approve retire");
    all("limit_", "waiting approved ended");
    all("act_limit_", "give approve end");
}

/// What stands in the log, people read in words.
#[test]
fn what_happened_has_its_words() {
    let known = known();
    let has = |key: String| assert!(known.contains(key.as_str()), "{key} has no words");
    let (changes, _) = ACTIONS
        .split_once("## The access log")
        .expect("the second log");
    let codes = changes.lines().filter_map(|line| {
        let (code, _) = line.strip_prefix("| `")?.split_once('`')?;
        code.split_once('.')
    });
    let mut seen = 0;
    for (object, what) in codes {
        match object {
            "document" => has(format!("did_{what}")),
            "file" | "case" | "hold" | "note" | "relation" | "correspondent" | "content"
            | "signing" | "identity" | "workflow" => {
                has(format!("did_{object}_{what}"));
            }
            _ => continue,
        }
        seen += 1;
    }
    assert!(seen > 18, "only {seen} actions were looked at");
}

/// The rights that the pages ask for exist.
#[test]
fn the_pages_know_the_names_of_rights() {
    let names: BTreeSet<&str> = Right::ALL.iter().map(|right| right.code()).collect();
    let mut asked = 0;
    for (name, script) in SCRIPTS {
        for opening in [
            "may(\"",
            "can(\"",
            "placesFor(\"",
            "Picker(\"",
            "departmentChoice(\"",
        ] {
            for after in script.split(opening).skip(1) {
                let (right, _) = after.split_once('"').expect("the end of the name");
                assert!(names.contains(right), "{right} in {name}");
                asked += 1;
            }
        }
    }
    assert!(asked > 20, "only {asked} questions were looked at");
}
