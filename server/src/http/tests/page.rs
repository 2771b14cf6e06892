use actix_web::Responder;
use actix_web::test::TestRequest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use crate::http::page::{Cursors, Page, PageRequest};

fn cursors() -> Cursors {
    Cursors::new([7; 32])
}

#[test]
fn a_cursor_reads_back() {
    let sealed = cursors()
        .seal("documents", &(12_u64, "id"))
        .expect("it can be made");
    let opened: (u64, String) = cursors().open("documents", &sealed).expect("it reads back");
    assert_eq!(opened, (12, "id".to_owned()));
}

#[test]
fn a_cursor_of_another_list_key_or_kind_is_refused() {
    let sealed = cursors()
        .seal("documents", &12_u64)
        .expect("it can be made");
    assert!(cursors().open::<u64>("files", &sealed).is_err());
    assert!(
        Cursors::new([8; 32])
            .open::<u64>("documents", &sealed)
            .is_err()
    );
    assert!(cursors().open::<String>("documents", &sealed).is_err());
    for junk in ["", "A", "!!!", "AAAAAAAAAAAAAAAAAAAA"] {
        assert!(cursors().open::<u64>("documents", junk).is_err(), "{junk}");
    }
}

proptest! {
    #[test]
    fn an_edited_cursor_is_refused(key in any::<u64>(), at in 0_usize..64, flip in 1_u8..=255) {
        let sealed = cursors().seal("documents", &key).expect("it can be made");
        let mut bytes = URL_SAFE_NO_PAD.decode(&sealed).expect("base64");
        let at = at % bytes.len();
        bytes[at] ^= flip;
        let edited = URL_SAFE_NO_PAD.encode(bytes);
        prop_assert!(cursors().open::<u64>("documents", &edited).is_err());
    }

    #[test]
    fn walking_the_pages_visits_each_row_once(rows in 0_usize..70, limit in 1_u16..20) {
        let all: Vec<usize> = (0..rows).collect();
        let mut seen = vec![];
        let mut request = PageRequest { limit, cursor: None };
        loop {
            let after: Option<usize> =
                request.after(&cursors(), "rows").expect("our own cursor");
            let from = after.map_or(0, |after| after + 1);
            let found: Vec<usize> =
                all.iter().copied().skip(from).take(usize::from(limit) + 1).collect();
            let page = Page::of_rows(found, &request, &cursors(), "rows", |row| *row)
                .expect("a page");
            prop_assert!(page.items.len() <= usize::from(limit));
            seen.extend(page.items);
            match page.next_cursor {
                Some(next) => request.cursor = Some(next),
                None => break,
            }
        }
        prop_assert_eq!(seen, all);
    }
}

#[test]
fn a_page_links_to_the_next_and_keeps_the_filter() {
    let page = Page {
        items: vec![1],
        next_cursor: Some("NEXT".to_owned()),
    };
    let request = TestRequest::with_uri("/api/v1/x?tag=a%20b&cursor=OLD&limit=1").to_http_request();
    let response = page.respond_to(&request);
    assert_eq!(
        response.headers().get("link").expect("there is one"),
        "</api/v1/x?tag=a%20b&limit=1&cursor=NEXT>; rel=\"next\""
    );
    let last = Page {
        items: vec![1],
        next_cursor: None,
    }
    .respond_to(&request);
    assert!(!last.headers().contains_key("link"));
}
