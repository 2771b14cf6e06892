use proptest::prelude::*;

use crate::audit::canonical::{Fault, SAFE_INT_MAX, SafeInt, Value, check};

/// The slow reference: another reader, another writer, compared byte by byte.
fn reference(bytes: &[u8]) -> bool {
    fn convert(value: &serde_json::Value) -> Option<Value> {
        Some(match value {
            serde_json::Value::Null => return None,
            serde_json::Value::Bool(flag) => Value::Flag(*flag),
            serde_json::Value::Number(number) => Value::Int(SafeInt::new(number.as_i64()?)?),
            serde_json::Value::String(text) => Value::Text(text.clone()),
            serde_json::Value::Array(list) => {
                Value::List(list.iter().map(convert).collect::<Option<_>>()?)
            }
            serde_json::Value::Object(members) => {
                let mut object = crate::audit::Object::new();
                for (key, value) in members {
                    object.insert(key, convert(value)?).ok()?;
                }
                Value::Object(object)
            }
        })
    }
    let parsed = serde_json::from_slice::<serde_json::Value>(bytes).ok();
    let depth = bytes
        .iter()
        .fold((0_i32, 0), |(depth, most), byte| match byte {
            b'[' | b'{' => (depth + 1, most.max(depth + 1)),
            b']' | b'}' => (depth - 1, most),
            _ => (depth, most),
        });
    // Brackets inside texts would count too; the generator below makes none.
    depth.1 <= 16
        && parsed
            .and_then(|value| convert(&value))
            .is_some_and(|it| it.to_bytes() == bytes)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z \"\\\\/\\u{0}-\\u{1f}]{0,12}",
        "[äß€\u{1d11e}\u{7f}\u{ffff}a]{0,9}",
        "[a-zA-Z0-9 ]{0,40}",
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        text().prop_map(Value::Text),
        any::<bool>().prop_map(Value::Flag),
        (-SAFE_INT_MAX..=SAFE_INT_MAX).prop_map(|int| Value::Int(SafeInt::new(int).expect("safe"))),
        (-20_i32..20).prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let object = prop::collection::btree_map("[a-zA-Z0-9_:.]{1,6}", inner.clone(), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..5).prop_map(Value::List),
            object.prop_map(|members| {
                let mut object = crate::audit::Object::new();
                for (key, value) in members {
                    object.insert(&key, value).expect("a key");
                }
                Value::Object(object)
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_canonical_and_reads_back(value in value()) {
        let bytes = value.to_bytes();
        prop_assert_eq!(check(&bytes), Ok(()));
        prop_assert_eq!(Value::parse(&bytes), Ok(value));
        prop_assert!(reference(&bytes));
    }

    #[test]
    fn every_changed_byte_is_judged_as_the_reference_does(
        value in value(), place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>(),
    ) {
        let mut bytes = value.to_bytes();
        let place = place.index(bytes.len());
        if cut { bytes.remove(place); } else { bytes[place] = byte; }
        // A bracket in a text would make the reference count depth wrongly; skip those few.
        prop_assert_eq!(check(&bytes).is_ok(), reference(&bytes), "{}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_bytes_are_judged_as_the_reference_does(bytes in prop::collection::vec(
        prop::sample::select(b"{}[]\",:\\u01ab-.eE ntruefals\n\x80".to_vec()), 0..14,
    )) {
        prop_assert_eq!(check(&bytes).is_ok(), reference(&bytes), "{}", String::from_utf8_lossy(&bytes));
    }
}

#[track_caller]
fn refused(bytes: &[u8], fault: Fault) {
    assert_eq!(check(bytes).map_err(|error| error.fault), Err(fault));
    assert!(!reference(bytes), "{}", String::from_utf8_lossy(bytes));
}

#[test]
fn traps_are_refused_by_name() {
    refused(b"9007199254740993", Fault::Number);
    refused(b"9007199254740992", Fault::Number);
    refused(b"-0", Fault::Number);
    refused(b"01", Fault::Number);
    refused(b"-", Fault::Number);
    refused(b"99999999999999999999999999", Fault::Number);
    refused(b"1.0", Fault::Trailing);
    refused(b"1e3", Fault::Trailing);
    refused(b"null", Fault::Byte);
    refused(b" 1", Fault::Byte);
    refused(b"1 ", Fault::Trailing);
    refused(b"", Fault::End);
    refused(b"{\"a\":1,\"a\":1}", Fault::Order);
    refused(b"{\"b\":1,\"a\":1}", Fault::Order);
    refused(b"{\"\":1}", Fault::Key);
    refused("{\"ä\":1}".as_bytes(), Fault::Key);
    refused(b"{\"a\\u0062\":1}", Fault::Key);
    refused(b"{\"a\" :1}", Fault::Byte);
    refused(b"[1,]", Fault::Byte);
    refused(b"\"\\/\"", Fault::Escape);
    refused(b"\"\\u0041\"", Fault::Escape);
    refused(b"\"\\u001F\"", Fault::Escape);
    refused(b"\"\\u000a\"", Fault::Escape);
    refused(b"\"\n\"", Fault::Escape);
    refused(b"\"abcdefgh", Fault::End);
    refused(b"\"\xff\"", Fault::Encoding);
    refused(&[b"[".repeat(17), b"]".repeat(17)].concat(), Fault::Depth);
    assert_eq!(check(&[b"[".repeat(16), b"]".repeat(16)].concat()), Ok(()));
    assert_eq!(check(b"9007199254740991"), Ok(()));
    assert_eq!(check(b"\"\\u001f\\u000b\x7f\\b\\\"\""), Ok(()));
}
