//! The contract as YAML that readers of an older YAML understand too.

/// YAML as readers of YAML 1.1 take it too, which many generators of clients are: there `off` and `on` are no words, and
/// `2026-03-02` is no text. What they would read as something else is quoted; what is quoted or a block stays.
pub fn for_old_readers(yaml: &str) -> String {
    let mut written = String::with_capacity(yaml.len());
    let mut block = None;
    for line in yaml.lines() {
        let text = line.trim_start_matches(' ');
        let indent = line.len() - text.len();
        if block.is_some_and(|parent| text.is_empty() || indent > parent) {
            written.push_str(line);
        } else {
            block = rewritten(line, &mut written);
        }
        written.push('\n');
    }
    written
}

/// Writes one line that belongs to no block; gives how far what a block beneath it belongs to is indented, where one
/// begins here.
fn rewritten(line: &str, written: &mut String) -> Option<usize> {
    let (mut rest, mut parent) = (line, 0);
    loop {
        let text = rest.trim_start_matches(' ');
        let at = line.len() - text.len();
        rest = text;
        let Some(item) = rest.strip_prefix("- ") else {
            written.push_str(line.get(..at).unwrap_or_default());
            let key = rest
                .split_once(": ")
                .or_else(|| Some((rest.strip_suffix(':')?, "")));
            if let Some((key, value)) = key {
                parent = at;
                quote(key, written);
                written.push(':');
                if !value.is_empty() {
                    written.push(' ');
                }
                rest = value;
            }
            break;
        };
        parent = at;
        rest = item;
    }
    quote(rest, written);
    rest.starts_with(['|', '>']).then_some(parent)
}

fn quote(plain: &str, written: &mut String) {
    if is_read_otherwise(plain) {
        written.push('\'');
        written.push_str(&plain.replace('\'', "''"));
        written.push('\'');
    } else {
        written.push_str(plain);
    }
}

/// Whether YAML 1.1 takes what stands here without quotes for a truth, a day or a number of sixties.
fn is_read_otherwise(plain: &str) -> bool {
    let truths = ["y", "n", "yes", "no", "on", "off"];
    let digits = plain.bytes().take_while(u8::is_ascii_digit).count();
    match plain.as_bytes().get(digits) {
        Some(b'-') => digits == 4,
        Some(b':') => digits > 0,
        Some(_) | None => truths.iter().any(|word| plain.eq_ignore_ascii_case(word)),
    }
}

#[cfg(test)]
mod tests {
    use super::for_old_readers;

    #[test]
    fn what_is_a_truth_a_day_or_a_time_elsewhere_is_quoted_and_all_else_stays() {
        let written = "\
enum:
- off
- y
- - on
- key: No
  on:
    2026-03-02: 2026-03-02T12:00:00Z
    at: 12:30
    'on': 'off'
    number: 2026
    code: 404-a
    empty: \"\"
    text: on the day
  description: |-
    on: off

    - off
  until: 2026-03-02
- |
  off
- off
";
        let wanted = "\
enum:
- 'off'
- 'y'
- - 'on'
- key: 'No'
  'on':
    '2026-03-02': '2026-03-02T12:00:00Z'
    at: '12:30'
    'on': 'off'
    number: 2026
    code: 404-a
    empty: \"\"
    text: on the day
  description: |-
    on: off

    - off
  until: '2026-03-02'
- |
  off
- 'off'
";
        assert_eq!(for_old_readers(written), wanted);
        assert_eq!(for_old_readers(wanted), wanted);
    }
}
