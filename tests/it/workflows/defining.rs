//! How a definition comes to hold.

use serde_json::json;

use super::{DEFINITIONS, Office, letter, post};

#[tokio::test]
async fn a_definition_holds_when_two_others_have_approved_it() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let body = json!({"source": letter("neu")});
    let refused = town.clerk().post(DEFINITIONS, &body).await;
    refused.is_problem(403, "forbidden");
    let only = format!("{DEFINITIONS}?check=true");
    town.admin().post(&only, &body).await.is(204);
    let proposed = town.admin().post(DEFINITIONS, &body).await.is(201).json();
    assert_eq!(proposed["state"], "proposed");
    assert_eq!(proposed["proposed_by"], "chef");
    assert_eq!(proposed["case_type"], "brief");
    let again = town.admin().post(DEFINITIONS, &body).await;
    again.is_problem(409, "already-exists");

    let case = office.case("brief").await;
    let begin = json!({"definition": "neu", "case": tests::town::id_of(&case)});
    town.clerk()
        .post(super::WORKFLOWS, &begin)
        .await
        .is_problem(422, "validation");

    let approve = format!("{DEFINITIONS}/neu/versions/1/approve");
    post(&town.admin(), &approve, None)
        .await
        .is_problem(403, "forbidden");
    let first = post(office.head(), &approve, None).await.is(200).json();
    assert_eq!(first["state"], "proposed");
    post(office.head(), &approve, None)
        .await
        .is_problem(403, "forbidden");
    let second = post(&town.registrar().await, &approve, None)
        .await
        .is(200)
        .json();
    assert_eq!(second["state"], "active");
    assert_eq!(second["approved_by"], json!(["l.heide", "g.aktuar"]));

    let source = format!("{DEFINITIONS}/neu/source");
    assert_eq!(
        town.clerk().get(&source).await.is(200).text(),
        letter("neu")
    );
    let text = town
        .clerk()
        .get(&format!("{DEFINITIONS}/neu/text"))
        .await
        .is(200);
    assert!(text.text().contains("Schlusszeichnung"));
    let picture = town
        .clerk()
        .get(&format!("{DEFINITIONS}/neu/diagram"))
        .await
        .is(200);
    assert_eq!(picture.media_type(), Some("image/svg+xml"));

    let retire = format!("{DEFINITIONS}/neu/versions/1/retire");
    let reason = json!({"reason": "Durch Fassung 2 ersetzt"});
    let retired = post(office.head(), &retire, Some(&reason))
        .await
        .is(200)
        .json();
    assert_eq!(retired["state"], "retired");
    post(office.head(), &retire, Some(&reason))
        .await
        .is_problem(409, "state-conflict");
    town.clerk()
        .post(super::WORKFLOWS, &begin)
        .await
        .is_problem(422, "validation");
}

#[tokio::test]
async fn what_is_wrong_with_a_definition_is_told_with_its_line() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let broken = letter("neu").replace("next = \"sign\"", "next = \"nirgends\"");
    let body = json!({"source": broken});
    let refused = town
        .admin()
        .post(DEFINITIONS, &body)
        .await
        .is_problem(422, "validation");
    let error = &refused.json()["errors"][0];
    assert_eq!(error["pointer"], "/source");
    assert_eq!(error["code"], "definition");
    let said = error["detail"].as_str().unwrap_or_default();
    assert!(said.contains("Zeile"), "{said}");
    let stranger =
        letter("neu").replace("{ role = \"clerk\" }", "{ function = \"gibt-es-nicht\" }");
    let refused = town
        .admin()
        .post(DEFINITIONS, &json!({"source": stranger}))
        .await;
    let refused = refused.is_problem(422, "validation").json();
    assert_eq!(refused["errors"][0]["code"], "no-function");
    let said = refused["errors"][0]["detail"].as_str().unwrap_or_default();
    assert!(said.starts_with("Zeile "), "{said}");
    let move_to = "{ move_to = \"NIRGENDS\", plan_unit = \"99\", lead = \"gibt-es-nicht\" }";
    let inside = letter("neu").replace("{ close_case = true }", move_to);
    let refused = town
        .admin()
        .post(DEFINITIONS, &json!({"source": inside}))
        .await;
    let refused = refused.is_problem(422, "validation").json();
    assert_eq!(refused["errors"][0]["code"], "no-function");
    assert_eq!(refused["errors"][1]["code"], "no-compartment");
    // The form wants a day that nothing in the definition knows.
    let asked = "  ask = [{ field = \"remark\"";
    let made = "  form = { form = \"zwischennachricht\", into = \"letter\" }\n";
    let made = letter("neu").replacen(asked, &format!("{made}{asked}"), 1);
    let refused = town
        .admin()
        .post(DEFINITIONS, &json!({"source": made}))
        .await;
    let refused = refused.is_problem(422, "validation").json();
    assert_eq!(refused["errors"][0]["code"], "form-field");
    let said = refused["errors"][0]["detail"].as_str().unwrap_or_default();
    assert!(
        said.starts_with("Zeile ") && said.contains("received_on"),
        "{said}"
    );
    let elsewhere = letter("neu").replace(
        "assignee = { role = \"clerk\" }",
        "assignee = { role = \"clerk\", department = \"gibt-es-nicht\" }",
    );
    let refused = town
        .admin()
        .post(DEFINITIONS, &json!({"source": elsewhere}))
        .await;
    let refused = refused.is_problem(422, "validation").json();
    assert_eq!(refused["errors"][0]["code"], "no-department");
    town.clerk()
        .get(&format!("{DEFINITIONS}/gibt-es-nicht"))
        .await
        .is_problem(404, "not-found");
}

#[tokio::test]
async fn what_comes_with_the_program_is_offered_from_the_start() {
    let Some(office) = Office::open().await else {
        return;
    };
    let listed = office.town().clerk().get(DEFINITIONS).await.is(200).json();
    let all = listed["items"].as_array().cloned().unwrap_or_default();
    let shipped = all.iter().filter(|one| one["shipped"] == true);
    let shipped: Vec<_> = shipped.collect();
    assert!(shipped.len() >= 9, "{} definitions", shipped.len());
    for one in shipped {
        assert_eq!(one["state"], "active");
        let id = one["id"].as_str().unwrap_or_default();
        for rest in ["", "/source", "/text", "/diagram", "/diagram?format=bpmn"] {
            let path = format!("{DEFINITIONS}/{id}{rest}");
            office.town().clerk().get(&path).await.is(200);
        }
    }
}

#[tokio::test]
async fn what_is_only_proposed_takes_nothing_away() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let other = letter("complaint").replace("version = 1", "version = 7");
    let body = json!({"source": other});
    let proposed = town.admin().post(DEFINITIONS, &body).await.is(201).json();
    assert_eq!(proposed["state"], "proposed");
    let path = format!("{DEFINITIONS}/complaint");
    let holds = || async { town.clerk().get(&path).await.is(200).json() };
    let shown = holds().await;
    assert_eq!(shown["state"], "active");
    assert_eq!(shown["version"], 2);
    let reason = json!({"reason": "So nicht"});
    let retire = format!("{path}/versions/7/retire");
    post(office.head(), &retire, Some(&reason)).await.is(200);
    let shown = holds().await;
    assert_eq!(shown["state"], "active");
    assert_eq!(shown["version"], 2);
}

#[tokio::test]
async fn what_was_replaced_does_not_come_back_when_the_newer_one_is_retired() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let first = letter("neu");
    super::approve(town, office.head(), &first).await;
    for next in ["version = 2", "version = 3"] {
        let next = first.replace("version = 1", next);
        super::approve(town, office.head(), &next).await;
    }
    let case = tests::town::id_of(&office.case("brief").await);
    let retire = |number: u32| format!("{DEFINITIONS}/neu/versions/{number}/retire");
    let reason = json!({"reason": "Das Verfahren entfällt"});
    let shown = async || {
        let path = format!("{DEFINITIONS}/neu");
        let shown = town.clerk().get(&path).await.is(200).json();
        (shown["version"].clone(), shown["state"].clone())
    };
    // An older one goes alone: the newest still holds.
    post(office.head(), &retire(2), Some(&reason)).await.is(200);
    assert_eq!(shown().await, (json!(3), json!("active")));
    post(office.head(), &retire(3), Some(&reason)).await.is(200);
    assert_eq!(shown().await, (json!(3), json!("retired")));
    let begin = json!({"definition": "neu", "case": case});
    let refused = town.clerk().post(super::WORKFLOWS, &begin).await;
    let refused = refused.is_problem(422, "validation").json();
    assert_eq!(refused["errors"][0]["pointer"], "/definition");
    let begin = json!({"definition": "neu", "version": 1, "case": case});
    let refused = town.clerk().post(super::WORKFLOWS, &begin).await;
    let refused = refused.is_problem(409, "state-conflict").json();
    assert_eq!(refused["current_state"], "superseded");
}

#[tokio::test]
async fn nothing_begins_by_rules_that_newer_ones_have_replaced() {
    let Some(office) = Office::open().await else {
        return;
    };
    let town = office.town();
    let (flow, _, _) = office.begun().await;
    let next = letter("brief").replace("version = 1", "version = 2");
    super::approve(town, office.head(), &next).await;
    let case = office.case("brief").await;
    let document = town.letter("Entwurf", "Text").await;
    let (case, document) = (tests::town::id_of(&case), tests::town::id_of(&document));
    let old = json!({"definition": "brief", "version": 1, "case": case, "document": document});
    let refused = town.clerk().post(super::WORKFLOWS, &old).await;
    let refused = refused.is_problem(409, "state-conflict").json();
    assert_eq!(refused["current_state"], "superseded");
    let new = json!({"definition": "brief", "case": case, "document": document});
    let begun = town.clerk().post(super::WORKFLOWS, &new).await.is(201);
    assert_eq!(begun.json()["definition"]["version"], 2);
    // Nor does whoever began it leave out what is still to be done by going over to another version.
    let migrate = format!("{}/{}/migrate", super::WORKFLOWS, tests::town::id_of(&flow));
    for beyond in ["sign", "closed"] {
        let to = json!({"version": 2, "states": {"work": beyond}, "reason": "Es eilt"});
        post(&town.clerk(), &migrate, Some(&to))
            .await
            .is_problem(409, "state-conflict");
    }
    let nowhere = json!({"version": 2, "states": {"work": "nirgends"}, "reason": "Es eilt"});
    let refused = post(&town.clerk(), &migrate, Some(&nowhere)).await;
    let refused = refused.is_problem(422, "validation").json();
    assert_eq!(refused["errors"][0]["pointer"], "/states");
    let to = json!({"version": 2, "reason": "Neue Dienstanweisung"});
    post(&town.clerk(), &migrate, Some(&to)).await.is(200);
}
