//! Codes on pages, blank pages, and parts of documents, by a worker.

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use indexer::extract::{
    CodeKind, PageRange, PageWish, Picture, PictureState, Reason, Seen, Taken, Want,
};
use indexer::qr::Qr;
use tokio::sync::mpsc;

use crate::builder::{Builder, show};
use crate::support::{block_on, data, extract, extractor, limits};

fn sheet(content: &[u8], page: u32) -> (Picture, Option<Seen>) {
    let limits = indexer::extract::Limits {
        memory_bytes_max: 512 << 20,
        cpu_seconds_max: 20,
        ..limits()
    };
    match block_on(extractor(limits).sheet(content, page)).expect("a worker") {
        PictureState::Drawn(drawn) => drawn,
        PictureState::Refused(reason) => panic!("page {page} was refused: {reason}"),
        PictureState::NoPage => panic!("there is no page {page}"),
    }
}

fn png(image: GrayImage) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = DynamicImage::ImageLuma8(image);
    image.write_to(&mut bytes, ImageFormat::Png).expect("a PNG");
    bytes.into_inner()
}

/// A page of A4 at 150 dots of an inch with a code.
fn with_code(text: &str) -> GrayImage {
    let qr = Qr::of(text).expect("a code");
    let mut page = GrayImage::from_pixel(1_240, 1_754, Luma([245]));
    for (x, y) in &qr.dark {
        for at in 0..64 {
            page.put_pixel(300 + x * 8 + at % 8, 300 + y * 8 + at / 8, Luma([10]));
        }
    }
    page
}

pub(crate) fn a_code_is_told_with_the_page_that_is_drawn() {
    let page = with_code("PL1:T");
    for page in [page.clone(), image::imageops::rotate180(&page)] {
        let (_, seen) = sheet(&png(page), 0);
        let seen = seen.expect("a look");
        let said: Vec<_> = seen
            .codes
            .iter()
            .map(|code| (code.kind, &*code.text))
            .collect();
        assert_eq!(said, [(CodeKind::Qr, "PL1:T")]);
        assert!(!seen.bare);
    }
}

pub(crate) fn a_page_on_which_nothing_stands_is_told_from_a_scan() {
    let blank = GrayImage::from_pixel(1_240, 1_754, Luma([240]));
    let (_, seen) = sheet(&png(blank), 0);
    assert!(seen.is_some_and(|seen| seen.bare && seen.codes.is_empty()));
    for name in ["scan-emog.pdf", "fax-markeng.tif", "photo-eurhiuebk.jpg"] {
        let content = data(name);
        let (picture, seen) = sheet(&content, 0);
        assert!(
            seen.is_some_and(|seen| !seen.bare && seen.codes.is_empty()),
            "{name}"
        );
        // What is looked at is what recognition gets.
        let limits = indexer::extract::Limits {
            memory_bytes_max: 512 << 20,
            cpu_seconds_max: 20,
            ..limits()
        };
        let painter = extractor(limits);
        let alone = painter.picture(content.as_slice(), 0, Want::Recognition);
        let alone = block_on(alone).expect("a worker");
        assert!(alone == PictureState::Drawn(picture), "{name}");
    }
}

/// The parts of a document, or why there are none.
fn parts(content: &[u8], ranges: &[(u32, u32)]) -> Result<Vec<Vec<u8>>, Reason> {
    let ranges: Vec<PageRange> = ranges
        .iter()
        .map(|(first, last)| PageRange {
            first: *first,
            last: *last,
        })
        .collect();
    block_on(async {
        let (taker, mut taken) = mpsc::channel(4);
        let extractor = extractor(limits());
        let cutting = extractor.cut(content, &ranges, taker);
        let taking = async {
            let mut parts: Vec<Vec<u8>> = Vec::new();
            while let Some(one) = taken.recv().await {
                match one {
                    Taken::Head(_) => parts.push(Vec::new()),
                    Taken::Bytes(bytes) => parts.last_mut().expect("a head").extend(bytes),
                    Taken::End { whole } => assert!(whole),
                }
            }
            parts
        };
        let (cut, parts) = tokio::join!(cutting, taking);
        cut.expect("a worker").map(|()| parts)
    })
}

pub(crate) fn pages_of_a_document_become_documents() {
    let texts = ["Erste", "Zweite", "Dritte", "Vierte"];
    let mut pdf = Builder::new();
    let pages: Vec<_> = texts
        .iter()
        .map(|text| pdf.text_page(&[&format!("{text} Seite")]))
        .collect();
    let pdf = pdf.finish(&pages);
    let made = parts(&pdf, &[(1, 2), (4, 4)]).expect("parts");
    let read: Vec<Vec<String>> = made
        .iter()
        .map(|part| {
            let pages = extract(part).pages.into_iter();
            pages.map(|page| page.text.trim().to_owned()).collect()
        })
        .collect();
    assert_eq!(
        read,
        [vec!["Erste Seite", "Zweite Seite"], vec!["Vierte Seite"]]
    );
    // The same pages are the same document.
    assert_eq!(parts(&pdf, &[(4, 4)]).expect("a part"), made[1..]);

    // A page of a fax has all its dots.
    let fax = data("fax-markeng.tif");
    let made = parts(&fax, &[(2, 2)]).expect("a part");
    let (of_fax, of_part) = (sheet(&fax, 1).0, sheet(&made[0], 0).0);
    assert!(of_fax.size.width.abs_diff(of_part.size.width) <= 2);
    assert!(of_fax.size.height.abs_diff(of_part.size.height) <= 2);

    for (content, ranges, reason) in [
        (&pdf, &[(4, 5)][..], Reason::TooLarge),
        (
            &b"%PDF-1.7 nothing".to_vec(),
            &[(1, 1)][..],
            Reason::Damaged,
        ),
        (&b"Ein Brief".to_vec(), &[(1, 1)][..], Reason::UnknownFormat),
        (
            &data("photo-eurhiuebk.jpg"),
            &[(1, 1)][..],
            Reason::UnknownFormat,
        ),
    ] {
        assert_eq!(parts(content, ranges).err(), Some(reason), "{ranges:?}");
    }
}

/// A page of text with a code that is drawn square by square.
fn page_with_squares(pdf: &mut Builder, text: &str) -> usize {
    let qr = Qr::of(text).expect("a code");
    let mut drawn = show(&["Ein Blatt, das seinen Text schon mitbringt"]);
    for (x, y) in &qr.dark {
        let (left, below) = (150 + x * 6, 500 - y * 6);
        drawn.extend(format!("{left} {below} 6 6 re ").bytes());
    }
    drawn.extend(b"f");
    let contents = pdf.stream("", &drawn);
    pdf.page(&format!("{contents} 0 R"), "")
}

pub(crate) fn a_code_beside_text_is_looked_for_where_something_looks_like_one() {
    let mut pdf = Builder::new();
    let pages = [
        pdf.text_page(&["Nur Text, und nichts, was ein Code sein könnte"]),
        page_with_squares(&mut pdf, "PL1:T"),
        pdf.text_page(&["Wieder nur Text"]),
    ];
    let pdf = pdf.finish(&pages);
    let read = extract(&pdf);
    assert_eq!(read.marked, [1], "{:?}", read.pages);
    let limits = indexer::extract::Limits {
        memory_bytes_max: 512 << 20,
        cpu_seconds_max: 20,
        ..limits()
    };
    let extractor = extractor(limits);
    let look = |content: Vec<u8>, pages: Vec<u32>| {
        let opening = extractor.opening(indexer::extract::Passwords::none());
        block_on(async move { opening.look(content.as_slice(), &pages).await }).expect("a worker")
    };
    let PictureState::Drawn(seen) = look(pdf.clone(), vec![1, 2]) else {
        panic!("it was not looked at");
    };
    let said = |one: &Option<Seen>| -> Vec<(CodeKind, String)> {
        let codes = one.as_ref().map(|seen| seen.codes.as_slice());
        let codes = codes.expect("a look").iter();
        codes.map(|code| (code.kind, code.text.clone())).collect()
    };
    let said: Vec<_> = seen.iter().map(said).collect();
    assert_eq!(said, [vec![(CodeKind::Qr, "PL1:T".to_owned())], Vec::new()]);

    // A page that there is not is one of which nothing is known; what is no PDF is not looked at.
    assert_eq!(look(pdf, vec![7]), PictureState::Drawn(vec![None]));
    let refused = PictureState::Refused(Reason::UnknownFormat);
    assert_eq!(look(b"Ein Brief".to_vec(), vec![0]), refused);
}

pub(crate) fn pages_that_one_worker_draws_are_those_that_many_draw() {
    let mut pdf = Builder::new();
    let pages = [
        pdf.text_page(&["Erste Seite"]),
        page_with_squares(&mut pdf, "PL1:T"),
        pdf.text_page(&["Dritte Seite"]),
    ];
    let pdf = pdf.finish(&pages);
    let limits = indexer::extract::Limits {
        memory_bytes_max: 512 << 20,
        cpu_seconds_max: 20,
        ..limits()
    };
    let extractor = extractor(limits);
    let want = Want::Copy { dots_per_inch: 100 };
    let several = |content: &[u8], wishes: &[PageWish]| {
        let opening = extractor.opening(indexer::extract::Passwords::none());
        block_on(async {
            let (give, mut given) = mpsc::channel(1);
            let drawing = opening.several(content, wishes, want, give);
            let taking = async {
                let mut pages = Vec::new();
                while let Some(page) = given.recv().await {
                    pages.push(page);
                }
                pages
            };
            let (done, pages) = tokio::join!(drawing, taking);
            (done.expect("a worker"), pages)
        })
    };
    for (content, many) in [(&pdf, 3), (&data("fax-markeng.tif"), 2)] {
        let wishes: Vec<PageWish> = (0..many)
            .map(|number| PageWish {
                number,
                words: number > 0,
            })
            .collect();
        let (done, pages) = several(content, &wishes);
        assert_eq!(done, many);
        for (wish, page) in wishes.iter().zip(pages) {
            let alone = extractor.picture(content.as_slice(), wish.number, want);
            let alone = block_on(alone).expect("a worker");
            assert!(alone == PictureState::Drawn(page.picture), "{wish:?}");
            let words = extractor.words(content.as_slice(), wish.number);
            let words = match block_on(words).expect("a worker") {
                PictureState::Drawn(words) if wish.words => Some(words),
                PictureState::Drawn(_) | PictureState::Refused(_) | PictureState::NoPage => None,
            };
            assert_eq!(page.words, words, "{wish:?}");
        }
    }
    // What there is comes before what there is not.
    let wishes = [2, 3].map(|number| PageWish {
        number,
        words: false,
    });
    let (done, pages) = several(&pdf, &wishes);
    assert_eq!((done, pages.len()), (1, 1));
    assert_eq!(several(&pdf, &wishes[1..]).0, 0);
    assert_eq!(several(b"Ein Brief", &wishes).0, 0);
}
