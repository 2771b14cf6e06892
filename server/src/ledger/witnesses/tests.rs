use super::stored::Rank;
use super::{Configured, Trouble};
use crate::audit::{NoteSigner, WitnessSigner};
use crate::config;

const fn rank(is_enough: bool, count: usize, size: u64) -> Rank {
    Rank {
        is_enough,
        count,
        size,
    }
}

#[test]
fn a_cosigned_checkpoint_gives_way_only_to_one_that_says_more() {
    let met = rank(true, 2, 10);
    for (other, replaces) in [
        (rank(true, 2, 11), true),
        (rank(true, 1, 11), true),
        (rank(true, 3, 10), true),
        (rank(true, 2, 10), false),
        (rank(true, 3, 9), false),
        (rank(false, 1, 11), false),
    ] {
        assert_eq!(other.replaces(met), replaces, "{other:?}");
    }
    let few = rank(false, 1, 10);
    for (other, replaces) in [
        (rank(true, 2, 10), true),
        (rank(true, 2, 9), false),
        (rank(false, 1, 11), true),
        (rank(false, 2, 10), true),
        (rank(false, 2, 9), false),
        (few, false),
    ] {
        assert_eq!(other.replaces(few), replaces, "{other:?}");
    }
}

fn log(witnesses: &[(String, &str)], witness_quorum: usize) -> config::Log {
    let witnesses = witnesses.iter().map(|(key, url)| config::LogWitness {
        key: key.clone(),
        url: (*url).to_owned(),
    });
    config::Log {
        report_dir: None,
        tsa: None,
        tsa_every: std::time::Duration::from_secs(86_400),
        origin: "archive.example/audit".to_owned(),
        signing_key_file: "keys/log.key".into(),
        lock_dir: "lock".into(),
        publish: std::time::Duration::from_secs(1),
        heartbeat: std::time::Duration::from_secs(1),
        witnesses: witnesses.collect(),
        witness_quorum,
    }
}

fn key(name: &str, seed: u8) -> String {
    let signer = WitnessSigner::from_seed(name, &[seed; 32]).expect("a name");
    signer.verifier().to_string()
}

#[test]
fn the_settings_make_a_policy_that_others_read() {
    let (one, other) = (key("one.example", 1), key("other.example", 2));
    let both = [
        (one.clone(), "https://one.example"),
        (other, "http://10.0.0.2:8090"),
    ];
    let origin = "archive.example/audit".parse().expect("a name");
    let signer = NoteSigner::from_seed(&origin, &[7; 32]).verifier();
    for (count, line) in [
        (2, "group witnesses all one.example other.example"),
        (1, "group witnesses any one.example other.example"),
        (0, "quorum none"),
    ] {
        let configured = Configured::of(&log(&both, count)).expect("two witnesses");
        let policy = configured.policy(vec![signer.clone()]);
        let text = policy.to_string();
        assert!(text.lines().any(|one| one == line), "{text}");
        assert!(!text.contains("http"), "nobody else needs the address");
        let again: crate::audit::Policy = crate::audit::Policy::parse(&text).expect("a policy");
        assert_eq!(again, policy);
    }
    let alone = Configured::of(&log(&both[..1], 1)).expect("a witness");
    let text = alone.policy(vec![signer]).to_string();
    assert!(text.ends_with("quorum one.example\n"), "{text}");
}

#[test]
fn what_is_no_witness_or_one_twice_is_refused_by_its_key() {
    let (url, one) = ("https://one.example", key("one.example", 1));
    for wrong in [
        // The key of a log.
        "archive.example/audit+7324b989+AepKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs".to_owned(),
        one.replace("one.", "two."),
        key("none", 3),
        key("witnesses", 3),
    ] {
        let refused = Configured::of(&log(&[(wrong.clone(), url)], 1));
        assert_eq!(refused.expect_err("refused").key, wrong);
    }
    // One key under two names would count twice.
    let twice = [(one, url), (key("two.example", 1), url)];
    assert!(Configured::of(&log(&twice, 2)).is_err());
}

#[test]
fn only_what_contradicts_the_log_is_an_alarm() {
    for trouble in [
        Trouble::Silent,
        Trouble::Stranger,
        Trouble::Unfit,
        Trouble::NoProof,
    ] {
        assert!(!trouble.is_alarm(), "{trouble:?}");
    }
    for trouble in [Trouble::Forked, Trouble::SetBack] {
        assert!(trouble.is_alarm(), "{trouble:?}");
    }
}
