//! Tokens that are believed and tokens that are not, without a server.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};

use super::claims::{ClaimsError, Groups, Parties, Person, SignedOut};
use super::flow::{Begun, FLOW_SECONDS, Seal};
use super::jose::{JoseError, Jwks, Signed};
use super::model::roles_of;
use super::page::escaped;
use crate::base::{DepartmentId, Role, Timestamp};
use crate::config::GroupRole;
use crate::departments::Department;

const RSA: &[u8] = include_bytes!("../../../tests/data/oidc/rsa.pk8");

fn b64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn rsa() -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(RSA).expect("a key")
}

fn rsa_jwk(kid: &str) -> Value {
    let public = PublicKeyComponents::<Vec<u8>>::from(rsa().public());
    json!({"kty": "RSA", "kid": kid, "use": "sig", "n": b64(&public.n), "e": b64(&public.e)})
}

fn jwks(keys: &[Value]) -> Jwks {
    serde_json::from_value(json!({"keys": keys})).expect("keys")
}

fn signed(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let (header, claims) = (header.to_string(), claims.to_string());
    let text = format!("{}.{}", b64(header.as_bytes()), b64(claims.as_bytes()));
    let signature = sign(text.as_bytes());
    format!("{text}.{}", b64(&signature))
}

fn by_rsa(message: &[u8], how: &'static dyn ring::signature::RsaEncoding) -> Vec<u8> {
    let key = rsa();
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(how, &SystemRandom::new(), message, &mut signature)
        .expect("a signature");
    signature
}

fn verdict(token: &str, keys: &[Value]) -> Result<Value, JoseError> {
    let token = Signed::parse(token)?;
    let keys = jwks(keys);
    let said = token.verified(&keys)?;
    Ok(serde_json::from_slice(said).expect("JSON"))
}

#[test]
fn what_one_of_the_keys_signed_is_believed_by_each_algorithm() {
    let says = json!({"sub": "1"});
    let header = |alg: &str| json!({"alg": alg, "kid": "a"});
    let rs = signed(&header("RS256"), &says, |text| {
        by_rsa(text, &RSA_PKCS1_SHA256)
    });
    let ps = signed(&header("PS256"), &says, |text| {
        by_rsa(text, &RSA_PSS_SHA256)
    });
    for token in [&rs, &ps] {
        assert_eq!(verdict(token, &[rsa_jwk("a")]), Ok(says.clone()));
    }
    let chance = SystemRandom::new();
    let ec = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &chance);
    let ec = EcdsaKeyPair::from_pkcs8(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        ec.expect("a key").as_ref(),
        &chance,
    )
    .expect("a key");
    let point = ec.public_key().as_ref();
    let ec_jwk = json!({"kty": "EC", "crv": "P-256", "kid": "a", "alg": "ES256",
        "x": b64(&point[1..33]), "y": b64(&point[33..])});
    let es = signed(&header("ES256"), &says, |text| {
        ec.sign(&chance, text)
            .expect("a signature")
            .as_ref()
            .to_vec()
    });
    assert_eq!(verdict(&es, &[rsa_jwk("a"), ec_jwk]), Ok(says.clone()));
    let ed = Ed25519KeyPair::generate_pkcs8(&chance).expect("a key");
    let ed = Ed25519KeyPair::from_pkcs8(ed.as_ref()).expect("a key");
    let ed_jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "a",
        "x": b64(ed.public_key().as_ref())});
    let token = signed(&header("EdDSA"), &says, |text| {
        ed.sign(text).as_ref().to_vec()
    });
    assert_eq!(verdict(&token, &[ed_jwk]), Ok(says));
}

#[test]
fn what_is_signed_otherwise_is_not_believed() {
    let says = json!({"sub": "1"});
    let by = |header: Value| signed(&header, &says, |text| by_rsa(text, &RSA_PKCS1_SHA256));
    let keys = [rsa_jwk("a")];
    let good = by(json!({"alg": "RS256", "kid": "a"}));
    assert!(verdict(&good, &keys).is_ok());
    for (alg, wrong) in [("none", ""), ("HS256", ""), ("RS384", ""), ("rs256", "")] {
        let token = format!("{}{wrong}", by(json!({"alg": alg, "kid": "a"})));
        assert_eq!(verdict(&token, &keys), Err(JoseError::Algorithm), "{alg}");
    }
    // The public key as the secret of a keyed digest: what it is made with is no secret.
    let n = keys[0]["n"].as_str().expect("a number");
    let secret = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, n.as_bytes());
    let keyed = signed(&json!({"alg": "HS256", "kid": "a"}), &says, |text| {
        ring::hmac::sign(&secret, text).as_ref().to_vec()
    });
    assert_eq!(verdict(&keyed, &keys), Err(JoseError::Algorithm));
    let critical = by(json!({"alg": "RS256", "kid": "a", "crit": ["exp"]}));
    assert_eq!(verdict(&critical, &keys), Err(JoseError::Critical));
    let other = by(json!({"alg": "RS256", "kid": "b"}));
    assert_eq!(verdict(&other, &keys), Err(JoseError::NoKey));
    // A key of another kind, and one that is not for this.
    let as_ps = by(json!({"alg": "PS256", "kid": "a"}));
    assert_eq!(verdict(&as_ps, &keys), Err(JoseError::Signature));
    let mut for_secrets = rsa_jwk("a");
    for_secrets["use"] = json!("enc");
    assert_eq!(verdict(&good, &[for_secrets]), Err(JoseError::NoKey));
    let mut for_another = rsa_jwk("a");
    for_another["alg"] = json!("PS256");
    assert_eq!(verdict(&good, &[for_another]), Err(JoseError::NoKey));
    // One letter of it is another.
    let (head, rest) = good.split_once('.').expect("parts");
    let (_, signature) = rest.split_once('.').expect("parts");
    let says_else = b64(json!({"sub": "2"}).to_string().as_bytes());
    let bent = format!("{head}.{says_else}.{signature}");
    assert_eq!(verdict(&bent, &keys), Err(JoseError::Signature));
    for form in [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c",
        &format!("{good}.x"),
        good.split_at(good.len() / 2).0,
    ] {
        assert!(verdict(form, &keys).is_err(), "{form}");
    }
}

#[test]
fn without_a_name_any_key_of_the_kind_may_have_signed_it() {
    let says = json!({"sub": "1"});
    let token = signed(&json!({"alg": "RS256"}), &says, |text| {
        by_rsa(text, &RSA_PKCS1_SHA256)
    });
    let mut broken = rsa_jwk("b");
    broken["n"] = json!(b64(&[0xff; 256]));
    assert_eq!(verdict(&token, &[broken, rsa_jwk("a")]), Ok(says));
    assert_eq!(verdict(&token, &[]), Err(JoseError::NoKey));
}

const NOW: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::of_micros(seconds * 1_000_000)
}

const PARTIES: Parties<'static> = Parties {
    issuer: "https://op.example",
    client: "archiv",
};

fn good() -> Value {
    json!({"iss": "https://op.example", "sub": "248289761001", "aud": "archiv", "nonce": "n",
        "iat": NOW, "exp": NOW + 300, "preferred_username": "a.lang", "groups": ["archiv"]})
}

fn read(claims: &Value) -> Result<Person, ClaimsError> {
    Person::read(claims.to_string().as_bytes(), PARTIES, "n", at(NOW))
}

#[test]
fn a_token_counts_that_is_for_us_now_and_answers_what_was_asked() {
    let person = read(&good()).expect("a person");
    assert_eq!(person.subject, "248289761001");
    assert_eq!(person.words("preferred_username"), Some("a.lang"));
    let check = |change: &dyn Fn(&mut Value), expected: Option<ClaimsError>| {
        let mut claims = good();
        change(&mut claims);
        assert_eq!(read(&claims).err(), expected, "{claims}");
    };
    let set =
        |name: &'static str, value: Value| move |claims: &mut Value| claims[name] = value.clone();
    let without = |name: &'static str| {
        move |claims: &mut Value| {
            claims.as_object_mut().expect("an object").remove(name);
        }
    };
    check(
        &set("iss", json!("https://op.example/")),
        Some(ClaimsError::Issuer),
    );
    check(&set("aud", json!("another")), Some(ClaimsError::Audience));
    check(&set("aud", json!([])), Some(ClaimsError::Audience));
    check(&set("aud", json!(["archiv"])), None);
    // For several it says for whom; for one it may, and must not say another.
    check(
        &set("aud", json!(["archiv", "b"])),
        Some(ClaimsError::Audience),
    );
    check(&set("azp", json!("archiv")), None);
    check(&set("azp", json!("b")), Some(ClaimsError::Audience));
    check(
        &|claims| {
            claims["aud"] = json!(["archiv", "b"]);
            claims["azp"] = json!("archiv");
        },
        None,
    );
    check(&set("exp", json!(NOW - 121)), Some(ClaimsError::Expired));
    check(&set("exp", json!(NOW - 60)), None);
    check(&without("exp"), Some(ClaimsError::Form));
    check(&set("exp", json!("tomorrow")), Some(ClaimsError::Form));
    check(&set("iat", json!(NOW + 121)), Some(ClaimsError::Issued));
    check(&set("iat", json!(NOW - 1_021)), Some(ClaimsError::Issued));
    // Entra ID sets these two five minutes back, whenever somebody signs in.
    check(
        &|claims| {
            claims["iat"] = json!(NOW - 300);
            claims["nbf"] = json!(NOW - 300);
        },
        None,
    );
    check(&without("iat"), Some(ClaimsError::Form));
    check(&set("nbf", json!(NOW + 600)), Some(ClaimsError::Issued));
    check(&set("nonce", json!("m")), Some(ClaimsError::Nonce));
    check(&without("nonce"), Some(ClaimsError::Nonce));
    check(&without("sub"), Some(ClaimsError::Form));
    check(&set("sub", json!("")), Some(ClaimsError::Form));
    check(&set("sub", json!("a\u{0}")), Some(ClaimsError::Form));
    check(&set("sub", json!("a".repeat(256))), Some(ClaimsError::Form));
    check(&set("sub", json!(7)), Some(ClaimsError::Form));
}

#[test]
fn no_word_of_groups_is_not_no_groups() {
    let groups = |value: Value| {
        let mut claims = good();
        claims["groups"] = value;
        read(&claims).expect("a person").groups("groups")
    };
    let said = |all: &[&str]| Groups::Said(all.iter().map(|one| (*one).to_owned()).collect());
    assert_eq!(groups(json!(["a", "b"])), said(&["a", "b"]));
    assert_eq!(groups(json!("a")), said(&["a"]));
    assert_eq!(groups(json!([])), said(&[]));
    // Of a part of them nobody knows which ended: more than are looked at are as good as unsaid.
    let many = |count: usize| json!(vec!["a"; count]);
    assert_eq!(
        groups(many(2_000)),
        Groups::Said(vec!["a".to_owned(); 2_000])
    );
    for unsaid in [
        json!(null),
        json!(7),
        json!({"a": 1}),
        json!(["a", 7]),
        json!(""),
        json!(" "),
        many(2_001),
    ] {
        assert_eq!(groups(unsaid), Groups::Unsaid);
    }
    let person = read(&good()).expect("a person");
    assert_eq!(person.groups("roles"), Groups::Unsaid);
}

#[test]
fn what_is_said_when_asked_is_of_the_same_person_and_adds_only() {
    let more = |value: Value| serde_json::from_value(value).expect("an object");
    let mut person = read(&good()).expect("a person");
    let other = json!({"sub": "another", "name": "B"});
    assert_eq!(person.add(more(other)), Err(ClaimsError::Form));
    assert_eq!(
        person.add(more(json!({"name": "B"}))),
        Err(ClaimsError::Form)
    );
    let same = json!({"sub": "248289761001", "name": "A. Lang", "preferred_username": "root"});
    assert_eq!(person.add(more(same)), Ok(()));
    assert_eq!(person.words("name"), Some("A. Lang"));
    assert_eq!(person.words("preferred_username"), Some("a.lang"));
}

#[test]
fn what_the_token_names_without_a_word_is_said_when_asked() {
    let mut claims = good();
    claims["groups"] = json!(null);
    let mut person = read(&claims).expect("a person");
    assert!(!person.says("groups"));
    let more = json!({"sub": "248289761001", "groups": ["revision"]});
    let more = serde_json::from_value(more).expect("an object");
    assert_eq!(person.add(more), Ok(()));
    let said = Groups::Said(vec!["revision".to_owned()]);
    assert_eq!(person.groups("groups"), said);
}

#[test]
fn the_subject_can_be_the_login() {
    let person = read(&good()).expect("a person");
    assert!(person.says("sub"), "it is not asked for again");
    assert_eq!(person.words("sub"), Some("248289761001"));
}

#[test]
fn groups_stand_for_the_roles_that_the_settings_name() {
    let department = Department {
        id: DepartmentId::new(),
        version: 1,
        number: 1,
        slug: "buergerbuero".to_owned(),
        name: "Bürgerbüro".to_owned(),
        parent: None,
    };
    let all = [department.clone()];
    let meant: Vec<GroupRole> = [
        "archiv=clerk@buergerbuero",
        "akten=clerk@buergerbuero",
        "archiv=clerk@verschwunden",
        "revision=auditor",
    ]
    .into_iter()
    .filter_map(GroupRole::parse)
    .collect();
    let of = |groups: &[&str]| {
        let groups = groups.iter().map(|one| (*one).to_owned()).collect();
        let found = roles_of(&Groups::Said(groups), &meant, &all).expect("something is said");
        let pair = |one: &crate::departments::NewRole| (one.role, one.department);
        found.iter().map(pair).collect::<Vec<_>>()
    };
    let clerk = (Role::Clerk, Some(department.id));
    assert_eq!(of(&["archiv", "akten"]), [clerk]);
    assert_eq!(of(&["revision", "archiv"]), [clerk, (Role::Auditor, None)]);
    assert_eq!(of(&["Archiv", "sonst"]), []);
    assert_eq!(of(&[]), []);
    assert_eq!(roles_of(&Groups::Unsaid, &meant, &all), None);
}

#[test]
fn a_message_that_ends_sessions_says_so_and_nothing_else() {
    let good = json!({"iss": "https://op.example", "aud": "archiv", "iat": NOW, "jti": "1", "sub": "7",
        "exp": NOW + 60, "events": {"http://schemas.openid.net/event/backchannel-logout": {}}});
    let read = |claims: &Value| SignedOut::read(claims.to_string().as_bytes(), PARTIES, at(NOW));
    let out = read(&good).expect("a message");
    assert_eq!((out.subject.as_deref(), out.session), (Some("7"), None));
    for (name, value, expected) in [
        ("nonce", json!("n"), ClaimsError::Event),
        ("events", json!({}), ClaimsError::Event),
        ("events", json!(null), ClaimsError::Event),
        ("jti", json!(null), ClaimsError::Form),
        ("sub", json!(null), ClaimsError::Form),
        ("iss", json!("https://other.example"), ClaimsError::Issuer),
        ("aud", json!("another"), ClaimsError::Audience),
        ("exp", json!(NOW - 300), ClaimsError::Expired),
        ("iat", json!(NOW - 3_600), ClaimsError::Issued),
    ] {
        let mut claims = good.clone();
        claims[name] = value;
        assert_eq!(read(&claims).err(), Some(expected), "{name}");
    }
}

#[test]
fn an_attempt_comes_back_to_the_browser_that_began_it_while_it_is_fresh() {
    let (seal, other) = (Seal::new([1; 32]), Seal::new([2; 32]));
    let before = Some([7; 32]);
    let begun = Begun::now(at(NOW), before).expect("chance");
    let cookie = begun.cookie(&seal).expect("a cookie");
    assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"));
    let value = cookie.split_once('=').expect("a value").1;
    let value = value.split_once(';').expect("attributes").0;
    let kept = |value: &str, seal: &Seal, state: Option<&str>, now: i64| {
        Begun::kept(value, seal, state, at(now))
    };
    let state = Some(begun.state.as_str());
    let back = kept(value, &seal, state, NOW + 5).expect("the attempt");
    assert_eq!(back.nonce, begun.nonce);
    assert_eq!(back.challenge(), begun.challenge());
    assert_eq!(back.before, before, "the session that ends with it");
    assert!(kept(value, &other, state, NOW).is_none(), "another seal");
    assert!(
        kept(value, &seal, Some("x"), NOW).is_none(),
        "another state"
    );
    assert!(kept(value, &seal, None, NOW).is_none(), "no state");
    assert!(
        kept(value, &seal, state, NOW + FLOW_SECONDS).is_none(),
        "too late"
    );
    let later = value.replacen(&NOW.to_string(), &(NOW + 9_000).to_string(), 1);
    assert!(
        kept(&later, &seal, state, NOW + 9_000).is_none(),
        "bent to be fresh"
    );
    for broken in ["", ".", "a.b", "1.2.3.4"] {
        assert!(kept(broken, &seal, state, NOW).is_none(), "{broken}");
    }
}

#[test]
fn nothing_that_is_said_becomes_markup() {
    assert_eq!(
        escaped("<script>alert('&\"')</script>\u{0}"),
        "&lt;script&gt;alert(&#39;&amp;&quot;&#39;)&lt;/script&gt;\u{fffd}"
    );
}
