//! What the documents say of findings.

use super::check::Code;

#[test]
fn every_code_of_the_check_stands_in_the_manual_with_its_meaning() {
    let manual = include_str!("../../../docs/operations.md");
    for code in Code::ALL {
        let line = format!(
            "| `{}` | {} |",
            code.name(),
            code.english().trim_end_matches('.')
        );
        assert!(manual.contains(&line), "docs/operations.md lacks: {line}");
        assert!(code.german().ends_with('.'), "{}: a sentence", code.name());
    }
}
