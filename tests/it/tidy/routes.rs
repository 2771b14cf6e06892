//! Every route that the server registers stands in a contract, and the other way round.

use std::collections::{BTreeMap, BTreeSet};

use tests::contract::{OUTSIDE, foreign_operations, operations};

use super::{report, sources};

/// A method and the template of a path.
type Route = (String, String);

/// How a source that is freed of spaces makes resources below a path:
/// `let to = |path: &str| web::resource(format!("/api/v1{path}"))`; its name and that path.
fn maker(statement: &str) -> Option<(&str, String)> {
    let (before, format) = statement.split_once("|web::resource(format!(\"")?;
    let (before, parameter) = before.rsplit_once("=|")?;
    let (_, name) = before.rsplit_once("let")?;
    let (parameter, _) = parameter.split_once(':')?;
    let (format, _) = format.split_once('"')?;
    let below = format.strip_suffix(&format!("{{{parameter}}}"))?;
    Some((name, below.replace("{{", "{").replace("}}", "}")))
}

/// What a path is that stands in quotes or in a constant of the same source.
fn literal<'a>(text: &'a str, path: &'a str) -> &'a str {
    let quoted = if path.starts_with('"') {
        path
    } else {
        let constant = format!("const{path}:&str=");
        let (_, after) = text.split_once(&constant).expect("a constant");
        after
    };
    quoted.split('"').nth(1).expect("a text")
}

/// The template as the contract writes it: `{reference:.+}` is `{reference}` there.
fn template(path: &str) -> String {
    let parts = path.split('/').map(|part| match part.split_once(':') {
        Some((name, _)) => format!("{name}}}"),
        None => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The routes that a source registers: `.service(to("/documents").get(...))`.
fn routes(text: &str) -> Vec<Route> {
    let text: String = text.split_whitespace().collect();
    let mut makers = BTreeMap::from([("web::resource", String::new())]);
    let mut found = Vec::new();
    for statement in text.split(';') {
        if let Some((name, below)) = maker(statement) {
            makers.insert(name, below);
            continue;
        }
        for service in statement.split(".service(").skip(1) {
            let (name, rest) = service.split_once('(').expect("a resource");
            let (path, chain) = rest.split_once(')').expect("a path");
            let path = format!("{}{}", makers[name], literal(&text, path));
            for method in ["get", "post", "put", "patch", "delete"] {
                if chain.contains(&format!(".{method}(")) {
                    found.push((method.to_uppercase(), template(&path)));
                }
            }
        }
    }
    found
}

#[test]
fn every_route_stands_in_a_contract_and_every_operation_is_served() {
    let served: BTreeSet<Route> = sources(&["rs"])
        .iter()
        .filter(|(path, _)| path.starts_with("server/src/") && !path.contains("/tests"))
        .flat_map(|(_, text)| routes(text))
        .collect();
    let documented: BTreeSet<Route> = operations()
        .into_iter()
        .chain(foreign_operations())
        .map(|operation| (operation.method, operation.path))
        .collect();
    let mut findings = Vec::new();
    for (method, path) in served.difference(&documented) {
        if !OUTSIDE.iter().any(|(outside, _)| outside == path) {
            findings.push(format!(
                "{method} {path} is served and stands in no contract"
            ));
        }
    }
    for (method, path) in documented.difference(&served) {
        findings.push(format!(
            "{method} {path} stands in a contract and is not served"
        ));
    }
    for (outside, _) in OUTSIDE {
        let has = |routes: &BTreeSet<Route>| routes.iter().any(|(_, path)| path == outside);
        if has(&documented) || !has(&served) {
            findings.push(format!(
                "{outside} is documented or not served: OUTSIDE is no place for it"
            ));
        }
    }
    report(&findings);
}
