use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::model::{
    Level, SECONDS_MAX, SeenPage, SigningError, SigningJob, Spot, State, Step, Tongue,
    WAIT_SECONDS_MAX, seen_together, wait_seconds,
};
use super::outside::Reach;
use crate::base::{
    AccountId, DepartmentId, DocumentId, SigningJobId, TabletId, Timestamp, VersionId,
};
use crate::config::{Config, ConfigErrors, Seal, Sources};

const STEPS: [Step; 9] = [
    Step::Show,
    Step::Begin,
    Step::Sign,
    Step::Refuse,
    Step::Cancel,
    Step::Expire,
    Step::Fail,
    Step::Change,
    Step::Link,
];

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::of_micros(0).plus_seconds(seconds)
}

pub(super) fn job() -> SigningJob {
    SigningJob {
        id: SigningJobId::new(),
        version: 1,
        document: DocumentId::new(),
        shown: VersionId::new(),
        number: 1,
        sha256: [1; 32],
        department: DepartmentId::of(Uuid::nil()),
        tablet: TabletId::new(),
        clerk: AccountId::new(),
        purpose: "Empfang".to_owned(),
        sentence: "Ich habe den Ausweis erhalten.".to_owned(),
        language: Tongue::German,
        spot: Spot::Field("unterschrift".to_owned()),
        nonce: "00".to_owned(),
        state: State::Waiting,
        reason: None,
        created_at: at(0),
        expires_at: at(600),
        shown_at: None,
        signing_at: None,
        ended_at: None,
        pages: Vec::new(),
        restarts: 0,
        outcome: None,
        identity_check: None,
        protocol: None,
        paper: None,
    }
}

#[test]
fn a_seal_is_raised_by_one_level_after_the_other() {
    let mut level = Level::Basic;
    let mut codes = vec![level.code()];
    while let Some(next) = level.next() {
        assert!(next > level);
        level = next;
        codes.push(level.code());
    }
    assert_eq!(codes, ["B-B", "B-T", "B-LT", "B-LTA"]);
    for one in Level::ALL {
        assert_eq!(Level::parse(one.code()), Some(one));
    }
    assert_eq!(Level::parse("b-t"), None);
}

#[test]
fn what_could_not_be_raised_waits_longer_each_time_and_a_day_at_most() {
    let waits: Vec<i64> = (1..40).map(wait_seconds).collect();
    assert!(waits.windows(2).all(|pair| pair[0] <= pair[1]), "{waits:?}");
    assert_eq!(waits.first(), Some(&5));
    assert_eq!(waits.last(), Some(&WAIT_SECONDS_MAX));
    assert_eq!(wait_seconds(u32::MAX), WAIT_SECONDS_MAX);
}

fn seal(variables: &[(&str, &str)]) -> Result<Option<Seal>, ConfigErrors> {
    let env: BTreeMap<String, String> = variables
        .iter()
        .map(|(name, value)| (format!("PAPIERLOS_SEAL_{name}"), (*value).to_owned()))
        .collect();
    let sources = Sources {
        file: None,
        env: &env,
        arguments: &[],
        read: &|path| std::fs::read_to_string(path),
    };
    Config::load(&sources).map(|config| config.seal)
}

const KEY: [(&str, &str); 2] = [("KEY", "seal.key"), ("CERTIFICATES", "seal.pem")];

#[test]
fn only_public_addresses_of_the_web_are_asked_unless_the_settings_name_others() {
    let reach = |more: &[(&str, &str)]| {
        let seal = seal(&[&KEY[..], more].concat()).unwrap().unwrap();
        Reach::of(&seal)
    };
    let strict = reach(&[]);
    for refused in [
        "",
        "ldap://example.org/cn=ca",
        "file:///etc/passwd",
        "http://a:b@example.org/",
        "http://example.org:8080/",
        "http://127.0.0.1/ocsp",
        "http://[::1]/ocsp",
        "http://169.254.169.254/latest/meta-data",
        "http://0x7f000001/",
    ] {
        assert!(strict.url(refused).is_none(), "{refused}");
    }
    for asked in ["http://ocsp.example.org/", "https://example.org/ca.crl"] {
        assert!(strict.url(asked).is_some(), "{asked}");
    }
    let open = reach(&[("ALLOW_PRIVATE", "10.0.0.0/8"), ("PORTS", "8000-8999")]);
    assert!(open.url("http://10.1.2.3:8080/ocsp").is_some());
    assert!(open.url("http://127.0.0.1:8080/ocsp").is_none());
    assert!(open.url("http://10.1.2.3/ocsp").is_none());
}

#[test]
fn settings_of_the_seal_that_do_not_fit_together_are_refused() {
    let refused = |more: &[(&str, &str)]| seal(more).is_err();
    assert!(seal(&[]).unwrap().is_none());
    assert!(seal(&KEY).unwrap().is_some());
    for level in ["b-lt", "b-lta"] {
        assert!(refused(&[&KEY[..], &[("LEVEL", level)]].concat()));
        let tsa = [("LEVEL", level), ("TSA", "https://tsa.example.org/")];
        assert!(!refused(&[&KEY[..], &tsa].concat()));
    }
    assert!(refused(&[&KEY[..], &[("LEVEL", "b-x")]].concat()));
    assert!(refused(&[("KEY", "seal.key")]));
    let remote = [
        ("CERTIFICATES", "seal.pem"),
        ("REMOTE_CREDENTIAL", "siegel"),
        ("REMOTE_TOKEN", "geheim"),
    ];
    let at = |url| [&remote[..], &[("REMOTE", url)]].concat();
    assert!(!refused(&at("https://seal.example.org/csc/v2")));
    assert!(!refused(&at("http://127.0.0.1:8080/csc/v2")));
    assert!(refused(&at("http://seal.example.org/csc/v2")));
    assert!(refused(&at("http://localhost:1@seal.example.org/csc/v2")));
    assert!(refused(&[
        ("REMOTE", "https://seal.example.org"),
        ("CERTIFICATES", "seal.pem")
    ]));
    assert!(refused(
        &[&at("https://seal.example.org")[..], &KEY].concat()
    ));
}

#[test]
fn a_container_fills_its_place_and_no_more() {
    let filled = |der: &[u8], gap| super::stamp::filled(der, gap).ok();
    assert_eq!(
        filled(&[0x30, 0xff], 10).as_deref(),
        Some(b"<30ff0000>".as_slice())
    );
    assert_eq!(
        filled(&[0x30, 0xff], 6).as_deref(),
        Some(b"<30ff>".as_slice())
    );
    assert_eq!(filled(&[0x30, 0xff], 5), None);
}

#[test]
fn nobody_signs_or_refuses_what_he_was_not_shown() {
    for step in [Step::Sign, Step::Refuse, Step::Begin] {
        assert_eq!(State::Waiting.after(step), None, "{step:?}");
    }
}

#[test]
fn when_its_time_is_over_all_that_is_left_on_the_tablet_is_to_say_so() {
    let shown = job().stepped(Step::Show, at(10)).expect("shown");
    assert_eq!(shown.state_at(at(599)), State::Shown);
    assert_eq!(shown.state_at(at(600)), State::Expired);
    let others = STEPS.into_iter();
    for step in others.filter(|step| !matches!(step, Step::Expire | Step::Link)) {
        let stepped = shown.clone().stepped(step, at(600));
        assert!(
            matches!(
                stepped,
                Err(SigningError::State {
                    current: State::Expired
                })
            ),
            "{step:?}"
        );
    }
    let over = shown.stepped(Step::Expire, at(700)).expect("over");
    assert_eq!(over.ended_at, Some(at(700)));
    assert!(over.stepped(Step::Expire, at(701)).is_err());
}

#[test]
fn what_was_not_signed_on_the_tablet_may_have_been_signed_on_paper() {
    let called_off = job().stepped(Step::Cancel, at(20)).expect("called off");
    let linked = called_off.stepped(Step::Link, at(900)).expect("linked");
    assert_eq!(
        (linked.state, linked.ended_at),
        (State::Paper, Some(at(20)))
    );
    assert!(linked.stepped(Step::Link, at(901)).is_err());
    for state in [
        State::Waiting,
        State::Shown,
        State::Signing,
        State::Done,
        State::Changed,
    ] {
        assert_eq!(state.after(Step::Link), None, "{state:?}");
    }
}

#[test]
fn a_page_that_is_loaded_anew_is_read_anew() {
    let job = job().stepped(Step::Show, at(1)).expect("shown");
    let job = job.stepped(Step::Begin, at(5)).expect("signing");
    let job = job.stepped(Step::Show, at(9)).expect("shown again");
    assert_eq!((job.state, job.shown_at), (State::Shown, Some(at(1))));
    assert_eq!(job.signing_at, Some(at(5)));
}

proptest! {
    #[test]
    fn no_path_leaves_an_end_and_only_a_path_over_a_page_signs(
        path in proptest::collection::vec(0..STEPS.len(), 0..12),
    ) {
        let mut state = State::Waiting;
        let mut shown = false;
        for step in path.into_iter().filter_map(|at| STEPS.get(at).copied()) {
            let was_over = state.is_over();
            if let Some(next) = state.after(step) {
                // What was not signed on the tablet may have been signed on paper, and that is all.
                prop_assert!(!was_over || next == State::Paper, "{state:?} {step:?}");
                prop_assert!(state != State::Done && state != State::Paper);
                shown |= step == Step::Show;
                if matches!(next, State::Done | State::Refused) {
                    prop_assert!(shown);
                }
                state = next;
            }
        }
    }

    #[test]
    fn a_state_reads_back(at in 0..State::ALL.len()) {
        let state = State::ALL[at];
        prop_assert_eq!(State::parse(state.code()), Some(state));
    }

    #[test]
    fn what_was_seen_is_never_less_than_what_was_told(
        before in proptest::collection::vec((1_u32..9, 0_u32..9_000), 0..9),
        now in proptest::collection::vec((1_u32..9, 0_u32..9_000), 0..9),
    ) {
        let pages = |told: &[(u32, u32)]| -> Vec<SeenPage> {
            told.iter().map(|(page, seconds)| SeenPage { page: *page, seconds: *seconds }).collect()
        };
        let (before, now) = (pages(&before), pages(&now));
        let all = seen_together(&before, &now);
        for told in before.iter().chain(&now) {
            let kept = all.iter().find(|one| one.page == told.page);
            prop_assert!(kept.is_some_and(|kept| kept.seconds >= told.seconds.min(SECONDS_MAX)));
        }
        prop_assert!(all.windows(2).all(|pair| pair[0].page < pair[1].page));
        prop_assert_eq!(seen_together(&all, &now), all);
    }
}
