//! Another reader of calendars (python3-icalendar), where this machine has it.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::python::python_with;

const SCRIPT: &str = r#"
import json, sys
from icalendar import Calendar

read = Calendar.from_ical(sys.stdin.buffer.read())
print(json.dumps([{
    'uid': str(event['UID']),
    'day': event['DTSTART'].dt.isoformat(),
    'ends': event['DTEND'].dt.isoformat(),
    'summary': str(event['SUMMARY']),
    'said': str(event['DESCRIPTION']),
    'sequence': int(event['SEQUENCE']),
} for event in read.walk('VEVENT')]))
"#;

/// The events of a calendar, as another program reads them. None where that is missing (outside CI).
///
/// # Panics
/// In CI when it is missing; and where it cannot read the calendar.
#[must_use]
pub fn events(calendar: &str) -> Option<Vec<Value>> {
    let mut process = python_with("icalendar")?
        .args(["-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a process");
    let mut stdin = process.stdin.take().expect("a pipe");
    stdin.write_all(calendar.as_bytes()).expect("it is read");
    drop(stdin);
    let output = process.wait_with_output().expect("it ends");
    assert!(output.status.success(), "unreadable: {calendar}");
    Some(serde_json::from_slice(&output.stdout).expect("a list"))
}
