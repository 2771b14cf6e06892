use super::{PAGE, SCRIPT, STYLE, WORDS};
use crate::base::Role;

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
        assert!(!PAGE.contains(forbidden), "{forbidden} in the page");
    }
    for script in PAGE
        .match_indices("<script")
        .map(|(at, _)| PAGE.get(at..).unwrap_or_default())
    {
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
        "localStorage.setItem(\"token",
        "sessionStorage",
        "document.cookie",
    ] {
        assert!(
            !SCRIPT.contains(forbidden) && !WORDS.contains(forbidden),
            "{forbidden} in the script"
        );
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
}

/// Every word of the page exists in both languages: the same keys, in the same order.
#[test]
fn both_languages_have_the_same_words() {
    let keys = |language: &str| {
        let (_, after) = WORDS
            .split_once(&format!("{language}: {{\n"))
            .expect("the language");
        let (block, _) = after.split_once("\n  },").expect("its end");
        let keys = block
            .lines()
            .filter_map(|line| line.trim().split_once(": "));
        keys.map(|(key, _)| key.to_owned()).collect::<Vec<_>>()
    };
    let german = keys("de");
    assert_eq!(german, keys("en"));
    for used in PAGE
        .split("data-t=\"")
        .chain(PAGE.split("data-label=\""))
        .skip(1)
    {
        let used = used.split('"').next().unwrap_or_default();
        let is_key = used.chars().all(char::is_alphanumeric) && !used.is_empty();
        assert!(
            !is_key || german.iter().any(|key| key == used),
            "{used} has no words"
        );
    }
}

/// Who signs in with any role reads what it is called.
#[test]
fn every_role_has_its_words() {
    for role in Role::GIVEN {
        let key = format!("\n    {}: \"", role.code());
        assert_eq!(WORDS.matches(&key).count(), 2, "{}", role.code());
    }
}
