//! The workflows that come with the program, each as a story through the front door: from the first document to the
//! files, and every way in which it may go otherwise.

mod certificates;
mod complaints;
mod council;
mod exports;
mod handover;
mod invoices;
mod lapsing;
mod letters;
mod own_parts;
mod personnel;
mod registrations;
mod reminding;
mod trips;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tempfile::TempDir;
use tests::faketime::days_later;
use tests::plan::{compartment, plan, unit};
use tests::town::{OTHER, OWN, Town, add, id_of, token_of};
use tests::{Answer, Client, Start, fixtures, wait_until};

use crate::records::{act, act_on};
use crate::workflows::{LIMITS, WORKFLOWS, post};

/// The clerk with whom most stories begin.
pub(crate) const CLERK: &str = "m.brandt";
/// A unit outside of compartments.
pub(crate) const OPEN: &str = "02";
/// A unit in the compartment of a hall.
pub(crate) const INSIDE: &str = "09";
/// The unit in the compartment of a hall that a definition of the program names.
const PERSONNEL: &str = "01.3";
/// How a refusal looks where others are asked.
pub(crate) const FORBIDDEN: (u16, &str) = (403, "forbidden");
/// How a refusal looks where something is missing or not met.
pub(crate) const INVALID: (u16, &str) = (422, "validation");
/// How a refusal looks where things stand otherwise.
pub(crate) const CONFLICT: (u16, &str) = (409, "state-conflict");

/// Who there is besides: login, role, department.
type Person = (&'static str, &'static str, &'static str);
/// A function and who holds it.
type Held = (&'static str, &'static [&'static str]);

/// A town hall with the people of a story.
pub(crate) struct Hall {
    pub(crate) town: Town,
    people: BTreeMap<&'static str, Client>,
    second: Client,
    /// What is handed over to other programs lies there.
    pub(crate) exports: TempDir,
}

impl Hall {
    /// A hall with these people and functions, and a compartment, if one is named.
    pub(crate) async fn open(
        start: Start,
        (people, functions): (&[Person], &[Held]),
        inside: Option<&str>,
    ) -> Option<Hall> {
        let exports = TempDir::new().expect("a folder");
        let place = exports.path().display().to_string();
        let start = start.with("PAPIERLOS_WORKFLOWS_EXPORT_FOLDER", place);
        let town = Town::of(start).await?;
        let mut units = vec![unit(OPEN)];
        if let Some(code) = inside {
            compartment(&town.app, code).await;
            units.push(unit(INSIDE).within(code));
            units.push(unit(PERSONNEL).within(code).kept(5, 5));
        }
        plan(&town, "2020", ("2020-01-01", None), units).await;
        let mut known = BTreeMap::from([(CLERK, town.clerk()), ("k.sommer", town.other())]);
        for (login, role, department) in people.iter().copied() {
            let token = add(&town.app, login, role, Some(department)).await;
            known.insert(login, town.app.with_token(&token));
        }
        let second = add(&town.app, "zweite", "admin", None).await;
        let hall = Hall {
            second: town.app.with_token(&second),
            people: known,
            town,
            exports,
        };
        for (code, holders) in functions {
            hall.function(code, holders, people).await;
        }
        Some(hall)
    }

    async fn function(&self, code: &str, holders: &[&str], people: &[Person]) {
        let mut all = people.iter();
        let own = all.find(|(login, _, _)| holders.first() == Some(login));
        let department = match own {
            Some((_, _, department)) => *department,
            None if holders.first() == Some(&"k.sommer") => OTHER,
            None => OWN,
        };
        let admin = self.town.admin();
        let new = json!({"code": code, "name": code, "department": department});
        let made = admin.post("/api/v1/functions", &new).await.is(201);
        let path = format!("/api/v1/functions/{}/holders", id_of(&made));
        for holder in holders {
            admin.post(&path, &json!({"account": holder})).await.is(201);
        }
    }

    /// Opens the compartment of the hall to people.
    pub(crate) async fn admit(&self, logins: &[&str]) {
        let admin = self.town.admin();
        let all = admin.get("/api/v1/compartments").await.is(200).json();
        let id = all["items"][0]["id"].as_str().expect("a compartment");
        let grants = format!("/api/v1/compartments/{id}/grants");
        for login in logins {
            let ask = json!({"account": login, "reason": "Sachbearbeitung"});
            let asked = id_of(&admin.post(&grants, &ask).await.is(201));
            let path = format!("/api/v1/compartment-grants/{asked}/approve");
            post(&self.second, &path, None).await.is(200);
        }
    }

    /// Says up to which amount somebody orders.
    pub(crate) async fn limit(&self, who: &str, amount: &str) {
        let limit = json!({"who": who, "amount": amount, "reason": "Dienstanweisung"});
        let given = self.town.admin().post(LIMITS, &limit).await.is(201);
        let path = format!("{LIMITS}/{}/approve", id_of(&given));
        post(&self.second, &path, None).await.is(200);
    }

    /// Ends the server and starts it again so many days later; these people come back, with new tokens.
    pub(crate) async fn days_later(&mut self, days: u32, logins: &[&'static str]) {
        days_later(&mut self.town.app, days);
        self.people.clear();
        for login in logins.iter().copied() {
            let token = token_of(&self.town.app, login).await;
            let client = self.town.app.with_token(&token);
            self.people.insert(login, client);
        }
    }

    /// Somebody.
    pub(crate) fn by(&self, who: &str) -> &Client {
        let found = self.people.get(who);
        found.unwrap_or_else(|| unreachable!("{who} is not in this story"))
    }

    /// An open case of a type, in a file of its own.
    pub(crate) async fn case(&self, who: &str, plan_unit: &str, kind: &str) -> String {
        let client = self.by(who);
        let new = json!({"plan_unit": plan_unit, "subject": "Eine Geschichte"});
        let file = client.post("/api/v1/files", &new).await.is(201);
        let new = json!({"file": id_of(&file), "subject": "Eine Geschichte", "type": kind});
        id_of(&client.post("/api/v1/cases", &new).await.is(201))
    }

    /// Files a document; gives its id.
    pub(crate) async fn document(&self, who: &str, said: &Value) -> String {
        let content = fixtures::unique_pdf("Sehr geehrte Damen und Herren");
        let filed = self.by(who).file("brief.pdf", &content, said).await;
        id_of(&filed.is(201))
    }

    /// Files a draft in a case; gives its id.
    pub(crate) async fn draft(&self, who: &str, case: &str, title: &str) -> String {
        let said = json!({"title": title, "case": case});
        self.document(who, &said).await
    }

    /// Begins a workflow.
    pub(crate) async fn begin(
        &self,
        who: &'static str,
        definition: &str,
        (case, document): (&str, Option<&str>),
        fields: Value,
    ) -> Story<'_> {
        let mut new = json!({"definition": definition, "case": case, "fields": fields});
        if let Some(document) = document {
            new["document"] = json!(document);
        }
        let begun = self.by(who).post(WORKFLOWS, &new).await.is(201);
        Story {
            hall: self,
            id: id_of(&begun),
            case: case.to_owned(),
            watch: who,
            shown: begun.json(),
        }
    }

    /// A workflow in a case that somebody else has begun, as one who works in the case sees it.
    pub(crate) async fn watched(&self, who: &'static str, (id, case): (&str, &str)) -> Story<'_> {
        let mut story = Story {
            hall: self,
            id: id.to_owned(),
            case: case.to_owned(),
            watch: who,
            shown: Value::Null,
        };
        story.look().await;
        story
    }

    /// How a document stands.
    pub(crate) async fn standing(&self, who: &str, document: &str) -> Value {
        let path = format!("/api/v1/documents/{document}");
        self.by(who).get(&path).await.is(200).json()
    }

    /// The day on which a case was opened, by the clocks of the server, so many days later.
    pub(crate) async fn day(&self, who: &str, case: &str, later: i64) -> String {
        let path = format!("/api/v1/cases/{case}");
        let shown = self.by(who).get(&path).await.is(200).json();
        let opened = shown["opened_on"].as_str().expect("a day");
        let format = time::macros::format_description!("[year]-[month]-[day]");
        let day = time::Date::parse(opened, format).expect("a day");
        let day = day + time::Duration::days(later);
        day.format(format).expect("a day")
    }
}

/// A workflow that runs, as somebody who works in its case sees it.
pub(crate) struct Story<'h> {
    hall: &'h Hall,
    pub(crate) id: String,
    pub(crate) case: String,
    watch: &'static str,
    shown: Value,
}

fn texts<'v>(list: &'v Value, field: &str) -> Vec<&'v str> {
    let all = list.as_array().into_iter().flatten();
    all.filter_map(|one| one[field].as_str()).collect()
}

fn is_unfinished(step: &Value) -> bool {
    let status = step["status"].as_str().unwrap_or_default();
    matches!(status, "open" | "waiting" | "future")
}

/// How a step is completed.
pub(crate) fn with(outcome: &str, fields: Value) -> Value {
    json!({"outcome": outcome, "fields": fields})
}

impl Story<'_> {
    /// Looks again.
    pub(crate) async fn look(&mut self) {
        let path = format!("{WORKFLOWS}/{}", self.id);
        self.shown = self.hall.by(self.watch).get(&path).await.is(200).json();
    }

    /// In which state it is.
    pub(crate) fn state(&self) -> &str {
        self.shown["state"]["id"].as_str().unwrap_or_default()
    }

    /// What stands in a field.
    pub(crate) fn field(&self, key: &str) -> &Value {
        &self.shown["fields"][key]
    }

    /// The document that a field names.
    pub(crate) fn paper(&self, key: &str) -> String {
        let named = self.field(key).as_str();
        let named = named.unwrap_or_else(|| unreachable!("no {key}: {}", self.shown));
        named.to_owned()
    }

    fn steps(&self) -> &[Value] {
        self.shown["slip"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The last step with a key.
    pub(crate) fn last(&self, key: &str) -> &Value {
        let found = self.steps().iter().rfind(|step| step["key"] == key);
        found.unwrap_or_else(|| unreachable!("no {key}: {}", self.shown))
    }

    /// Whom a step asks for.
    pub(crate) fn asked(&self, key: &str) -> Vec<&str> {
        texts(&self.last(key)["assigned"], "who")
    }

    /// The address of a step that is not done yet.
    pub(crate) fn at(&self, key: &str, what: &str) -> String {
        let mut steps = self.steps().iter();
        let found = steps.find(|step| step["key"] == key && is_unfinished(step));
        let found =
            found.unwrap_or_else(|| unreachable!("{key} is not to be done: {}", self.shown));
        format!("{WORKFLOWS}/{}/steps/{}/{what}", self.id, found["number"])
    }

    async fn did(&mut self, answer: Answer) {
        answer.is(200);
        self.look().await;
    }

    /// Somebody completes a step so.
    pub(crate) async fn completes(&mut self, who: &str, key: &str, body: Value) {
        let path = self.at(key, "complete");
        let answer = post(self.hall.by(who), &path, Some(&body)).await;
        self.did(answer).await;
    }

    /// Somebody completes a step.
    pub(crate) async fn does(&mut self, who: &str, key: &str, outcome: &str, fields: Value) {
        self.completes(who, key, with(outcome, fields)).await;
    }

    /// Somebody completes a step and says why.
    pub(crate) async fn says(&mut self, who: &str, key: &str, (outcome, why): (&str, &str)) {
        let body = json!({"outcome": outcome, "note": why});
        self.completes(who, key, body).await;
    }

    /// SHA-512 of the version of a document in force.
    pub(crate) async fn seen(&self, document: &str) -> String {
        let shown = self.hall.standing(self.watch, document).await;
        let seen = shown["content"]["sha512"].as_str();
        seen.unwrap_or_default().to_owned()
    }

    /// Somebody signs or sends what a field names.
    pub(crate) async fn signs(&mut self, who: &str, key: &str, (outcome, field): (&str, &str)) {
        let seen = self.seen(&self.paper(field)).await;
        let body = json!({"outcome": outcome, "seen": seen, "note": "Gesehen"});
        self.completes(who, key, body).await;
    }

    /// Somebody agrees to the reply by the step of this key that asks for him: there is one for each.
    pub(crate) async fn agrees(&mut self, who: &str, key: &str) {
        let asks = |step: &Value| texts(&step["assigned"], "who").contains(&who);
        let mut steps = self.steps().iter();
        let found = steps.find(|step| step["key"] == key && is_unfinished(step) && asks(step));
        let found = found.unwrap_or_else(|| unreachable!("{who} is not asked: {}", self.shown));
        let path = format!("{WORKFLOWS}/{}/steps/{}/complete", self.id, found["number"]);
        let seen = self.seen(&self.paper("reply")).await;
        let body = json!({"outcome": "agreed", "seen": seen});
        let answer = post(self.hall.by(who), &path, Some(&body)).await;
        self.did(answer).await;
    }

    /// Somebody would complete a step so, and is refused; gives the problem.
    pub(crate) async fn refuses(
        &self,
        (who, key): (&str, &str),
        body: Value,
        (status, kind): (u16, &str),
    ) -> Value {
        let path = self.at(key, "complete");
        let answer = post(self.hall.by(who), &path, Some(&body)).await;
        answer.is_problem(status, kind).json()
    }

    /// Somebody would complete a step so, and what he says is not right: pointer and code of the first fault.
    pub(crate) async fn faults(&self, (who, key): (&str, &str), body: Value) -> (String, String) {
        let problem = self.refuses((who, key), body, INVALID).await;
        let text = |name: &str| problem["errors"][0][name].as_str().map(str::to_owned);
        (
            text("pointer").unwrap_or_default(),
            text("code").unwrap_or_default(),
        )
    }

    /// An application tells that something has happened.
    pub(crate) async fn hears(&mut self, who: &str, event: &str, outcome: &str, fields: Value) {
        let answer = self.tell(who, event, outcome, fields).await;
        self.did(answer).await;
    }

    /// What comes of it when somebody tells that something has happened.
    pub(crate) async fn tell(
        &self,
        who: &str,
        event: &str,
        outcome: &str,
        fields: Value,
    ) -> Answer {
        let path = format!("{WORKFLOWS}/{}/events", self.id);
        let body = json!({"event": event, "outcome": outcome, "fields": fields});
        post(self.hall.by(who), &path, Some(&body)).await
    }

    /// A step is sent back to a state.
    pub(crate) async fn returns(&mut self, who: &str, key: &str, (to, why): (&str, &str)) {
        let path = self.at(key, "return");
        let body = json!({"to": to, "reason": why});
        let answer = post(self.hall.by(who), &path, Some(&body)).await;
        self.did(answer).await;
    }

    /// Somebody begins a side way.
    pub(crate) async fn begins_beside(&mut self, who: &str, state: &str) {
        let path = format!("{WORKFLOWS}/{}/beside", self.id);
        let body = json!({"state": state});
        let answer = post(self.hall.by(who), &path, Some(&body)).await;
        self.did(answer).await;
    }

    /// Somebody would begin a side way, and is refused.
    pub(crate) async fn begins_not(&self, who: &str, state: &str, (status, kind): (u16, &str)) {
        let path = format!("{WORKFLOWS}/{}/beside", self.id);
        let body = json!({"state": state});
        let answer = post(self.hall.by(who), &path, Some(&body)).await;
        answer.is_problem(status, kind);
    }

    /// Waits until the system has done its step.
    pub(crate) async fn past(&mut self, key: &str) {
        let path = format!("{WORKFLOWS}/{}", self.id);
        let client = self.hall.by(self.watch).clone();
        wait_until("the system does its step", async || {
            let shown = client.get(&path).await.is(200).json();
            let steps = shown["slip"].as_array().into_iter().flatten();
            !steps.filter(|step| step["key"] == key).any(is_unfinished)
        })
        .await;
        self.look().await;
    }

    /// Waits until it has come to a state by the clock.
    pub(crate) async fn reaches(&mut self, state: &str) {
        let path = format!("{WORKFLOWS}/{}", self.id);
        let client = self.hall.by(self.watch).clone();
        wait_until("the time is over", async || {
            client.get(&path).await.is(200).json()["state"]["id"] == state
        })
        .await;
        self.look().await;
    }

    /// Waits until a form has been made that the field did not name before.
    pub(crate) async fn made(&mut self, field: &str, before: Option<&str>) -> String {
        let path = format!("{WORKFLOWS}/{}", self.id);
        let client = self.hall.by(self.watch).clone();
        wait_until("the form is made", async || {
            let shown = client.get(&path).await.is(200).json();
            let named = shown["fields"][field].as_str();
            named.is_some() && named != before
        })
        .await;
        self.look().await;
        self.paper(field)
    }

    /// The routing slip: what was done, by whom, with which outcome; and what else became of steps.
    pub(crate) fn slip(&self) -> Vec<String> {
        let line = |step: &Value| {
            let key = step["key"].as_str().unwrap_or_default();
            let status = step["status"].as_str().unwrap_or_default();
            let done = &step["done"];
            let outcome = done["outcome"].as_str().unwrap_or_default();
            let by = done["by"]["who"].as_str().unwrap_or_default();
            match status {
                "done" => format!("{key} {outcome} {by}"),
                other => format!("{key} ({other})"),
            }
        };
        self.steps().iter().map(line).collect()
    }

    /// What the log has recorded of the case, in order.
    pub(crate) async fn records(&self) -> Vec<String> {
        let path = format!("/api/v1/cases/{}/history", self.case);
        let told = self.hall.by(self.watch).get(&path).await.is(200).json();
        let told = texts(&told["items"], "action");
        told.into_iter().map(str::to_owned).collect()
    }

    /// How often something is recorded of the case.
    pub(crate) async fn recorded(&self, action: &str) -> usize {
        let all = self.records().await;
        all.iter().filter(|one| *one == action).count()
    }

    async fn case_is(&self) -> (String, String) {
        let path = format!("/api/v1/cases/{}", self.case);
        let shown = self.hall.by(self.watch).get(&path).await.is(200);
        let state = shown.json()["state"].as_str().map(str::to_owned);
        (state.unwrap_or_default(), shown.etag())
    }

    /// It has ended well, and its case has gone to the files by that.
    pub(crate) async fn is_filed(&self) {
        assert_eq!(self.shown["ended"]["how"], "done", "{:?}", self.slip());
        assert_eq!(self.case_is().await.0, "closed");
        assert_eq!(self.recorded("case.close").await, 1);
    }

    /// It has ended otherwise, in this state. Its case is open still, and whoever works in it closes it.
    pub(crate) async fn is_dropped(&self, state: &str) {
        assert_eq!(self.shown["ended"]["how"], "dropped", "{:?}", self.slip());
        assert_eq!(self.state(), state);
        assert_eq!(self.case_is().await.0, "open");
    }

    /// Somebody opens the case again, or would.
    pub(crate) async fn reopens(&self, who: &str, reason: &str, expected: u16) {
        let (_, etag) = self.case_is().await;
        let path = format!("/api/v1/cases/{}/reopen", self.case);
        let why = json!({"reason": reason});
        let answer = act(self.hall.by(who), &path, &etag, &why).await;
        answer.is(expected);
    }

    /// The case is one of another type from now on.
    pub(crate) async fn becomes(&self, kind: &str) {
        let (_, etag) = self.case_is().await;
        let path = format!("/api/v1/cases/{}", self.case);
        let other = json!({"type": kind});
        let client = self.hall.by(self.watch);
        client.patch(&path, &etag, &other).await.is(200);
    }

    /// Closes the case by hand.
    pub(crate) async fn closes_by_hand(&self) {
        let (_, etag) = self.case_is().await;
        let path = format!("/api/v1/cases/{}/close", self.case);
        act_on(self.hall.by(self.watch), &path, &etag).await.is(200);
    }
}

/// Everything that is recorded leads to what there is.
pub(crate) async fn is_proven(town: &Town) {
    let verified = town.app.command(&["verify"]).await;
    assert!(verified.status.success(), "{verified:?}");
}
