use super::instant::Instant;

#[test]
fn an_instant_is_written_as_a_pdf_writes_it() {
    let at = |seconds| Instant::from_unix_seconds(seconds).pdf_date();
    assert_eq!(at(0), "D:19700101000000Z");
    assert_eq!(at(1_772_452_800), "D:20260302120000Z");
    assert_eq!(at(1_709_164_799), "D:20240228235959Z");
    assert_eq!(at(1_709_164_800), "D:20240229000000Z");
    assert_eq!(at(u64::MAX), "D:99991231235959Z");
}

#[test]
fn the_time_of_a_timestamp_is_read_to_the_second() {
    let read = |text: &str| Instant::from_generalized(text.as_bytes()).map(Instant::unix_seconds);
    assert_eq!(read("20260302120000Z"), Some(1_772_452_800));
    assert_eq!(read("20260302120000.123Z"), Some(1_772_452_800));
    for text in [
        "",
        "Z",
        "20260302120000",
        "202603021200Z",
        "20260302120000.Z",
        "20260302120000.1x3Z",
        "20260302120000+0100",
        "20261302120000Z",
        "2026030212000xZ",
        "+0260302120000Z",
    ] {
        assert_eq!(read(text), None, "{text}");
    }
}

#[test]
fn what_comes_behind_the_second_of_a_timestamp_is_read_to_the_microsecond() {
    let read = |text: &str| Instant::micros_of_generalized(text.as_bytes());
    for (text, micros) in [
        ("20260302120000Z", 0),
        ("20260302120000.1Z", 100_000),
        ("20260302120000.000123Z", 123),
        ("20260302120000.9999999Z", 999_999),
    ] {
        assert_eq!(read(text), micros, "{text}");
    }
}

#[test]
fn the_first_element_ends_where_it_says() {
    use super::cms::first_element;
    assert_eq!(
        first_element(&[0x30, 2, 1, 2, 0, 0]),
        Some([0x30, 2, 1, 2].as_slice())
    );
    assert_eq!(
        first_element(&[0x30, 0x81, 1, 9, 0]),
        Some([0x30, 0x81, 1, 9].as_slice())
    );
    for broken in [
        [].as_slice(),
        &[0x30],
        &[0x30, 5, 1],
        &[0x30, 0x80, 0, 0],
        &[0x30, 0x85, 0, 0, 0, 0, 1, 1],
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
    ] {
        assert_eq!(first_element(broken), None, "{broken:?}");
    }
}
