//! Passwords: never kept, only what argon2id makes of them.

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use zeroize::Zeroizing;

use super::model::PeopleError;
use crate::config::Auth;

/// Passwords that are hashed at the same time: each takes its memory, and whoever knocks need not
/// be signed in.
static HASHING: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(4);

/// A password's argon2id hash.
#[derive(Debug)]
pub struct PasswordDigest(pub(super) String);

impl PasswordDigest {
    /// Hashes a password, off the async threads: it takes its time on purpose.
    pub async fn of(auth: &Auth, password: Zeroizing<String>) -> Result<Self, PeopleError> {
        let argon2 = argon2(auth)?;
        let hashed = apart(move || {
            let hash = argon2.hash_password(password.as_bytes());
            hash.map(|hash| hash.to_string())
        });
        Ok(Self(hashed.await?.map_err(|_source| PeopleError::Hash)?))
    }
}

fn argon2(auth: &Auth) -> Result<Argon2<'static>, PeopleError> {
    let params = Params::new(auth.argon2_memory_kib, auth.argon2_passes, 1, None);
    let params = params.map_err(|_source| PeopleError::Hash)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Runs what costs as much as a password, a few at a time.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, PeopleError> {
    let _turn = HASHING
        .acquire()
        .await
        .map_err(|_closed| PeopleError::Hash)?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_source| PeopleError::Hash)
}

/// Whether this is the password. Takes as long where there is none: what is compared then is a hash
/// that no password has.
pub(super) async fn matches(
    auth: &Auth,
    stored: Option<String>,
    password: Zeroizing<String>,
) -> Result<bool, PeopleError> {
    let nobody = format!(
        "$argon2id$v=19$m={},t={},p=1$bm9ib2R5bm9ib2R5bm9ib2R5${}",
        auth.argon2_memory_kib,
        auth.argon2_passes,
        "A".repeat(43)
    );
    apart(move || {
        let known = stored.is_some();
        let right = PasswordHash::new(&stored.unwrap_or(nobody)).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(password.as_bytes(), &hash)
                .is_ok()
        });
        known && right
    })
    .await
}

/// What of a password may stand in the fingerprint of a request: guessing it costs as much as
/// guessing the stored one. The salt is the key of the request, so that the same request gives the
/// same fingerprint.
pub(super) async fn fingerprint(
    auth: &Auth,
    password: &Zeroizing<String>,
    salt: &[u8; 32],
) -> Result<[u8; 32], PeopleError> {
    let (argon2, password, salt) = (argon2(auth)?, password.clone(), *salt);
    apart(move || {
        let mut print = [0; 32];
        let made = argon2.hash_password_into(password.as_bytes(), &salt, &mut print);
        made.map(|()| print).map_err(|_source| PeopleError::Hash)
    })
    .await?
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{PasswordDigest, fingerprint, matches};
    use crate::config::Auth;
    use zeroize::Zeroizing;

    const AUTH: Auth = Auth {
        session: Duration::from_secs(60),
        argon2_memory_kib: 8 * 1024,
        argon2_passes: 3,
        password_chars_min: 8,
    };

    fn word(word: &str) -> Zeroizing<String> {
        Zeroizing::new(word.to_owned())
    }

    #[tokio::test]
    async fn a_password_costs_what_the_settings_say() {
        let digest = PasswordDigest::of(&AUTH, word("ein langer Satz")).await;
        let digest = digest.expect("a hash").0;
        assert!(
            digest.starts_with("$argon2id$v=19$m=8192,t=3,p=1$"),
            "{digest}"
        );
        let dearer = Auth {
            argon2_passes: 4,
            ..AUTH
        };
        let fits = async |text: &str, stored: Option<String>| {
            matches(&dearer, stored, word(text))
                .await
                .expect("an answer")
        };
        // Passwords from before the settings were changed still count.
        assert!(fits("ein langer Satz", Some(digest.clone())).await);
        assert!(!fits("ein anderer Satz", Some(digest)).await);
        assert!(!fits("ein langer Satz", None).await);
        assert!(!fits("", None).await);
    }

    #[tokio::test]
    async fn the_fingerprint_of_a_password_depends_on_password_and_key() {
        let print = async |text: &str, salt: u8| {
            let print = fingerprint(&AUTH, &word(text), &[salt; 32]).await;
            print.expect("a fingerprint")
        };
        assert_eq!(print("eins", 1).await, print("eins", 1).await);
        assert_ne!(print("eins", 1).await, print("zwei", 1).await);
        assert_ne!(print("eins", 1).await, print("eins", 2).await);
    }
}
