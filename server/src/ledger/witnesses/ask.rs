//! One witness is asked: the proof out of the published tiles, the question, the answer.

use std::collections::HashMap;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect;
use reqwest::{Client, Response};
use storage::{Storage, StoreError};

use super::Trouble;
use crate::audit::add_checkpoint::{AddCheckpoint, PATH, number};
use crate::audit::merkle::{self, Hash};
use crate::audit::note::Checkpoint;
use crate::audit::tile::{Tile, TileError, TileHashes, TileReader};
use crate::audit::{Cosignature, WitnessKey};
use crate::ledger::{Which, objects};

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest answer that is read: a few signature lines.
const ANSWER_BYTES_MAX: usize = 16 << 10;
/// How often a witness is asked in a row: it says where it stands, then it is asked from there.
const QUESTIONS_MAX: u32 = 3;

/// Follows no other address and no proxy: whom the settings name is asked, and nobody else.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(concat!("Papierlos/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(PATIENCE)
        .timeout(PATIENCE)
        .build()
}

/// Tiles that were read, for whoever computes and cannot wait.
struct Fetched(HashMap<Tile, Vec<u8>>);

/// A tile that has to be read first.
struct NotYet(Tile);

impl TileReader for Fetched {
    type Error = NotYet;

    fn tile(&mut self, tile: Tile) -> Result<Option<Vec<u8>>, NotYet> {
        match self.0.get(&tile) {
            Some(bytes) => Ok(Some(bytes.clone())),
            None => Err(NotYet(tile)),
        }
    }
}

/// Computes something from the published tiles of the tree of `size` leaves: again and again, until
/// all that it needs was read. Nothing where a tile is missing.
async fn from_tiles<T>(
    storage: &Storage,
    size: u64,
    compute: impl Fn(&mut TileHashes<'_, Fetched>) -> Result<T, TileError<NotYet>>,
) -> Result<Option<T>, StoreError> {
    let mut fetched = Fetched(HashMap::new());
    loop {
        let computed = compute(&mut TileHashes::new(size, &mut fetched));
        let wanted = match computed {
            Ok(value) => return Ok(Some(value)),
            Err(TileError::Read(NotYet(wanted))) => wanted,
            Err(TileError::Missing(_) | TileError::Length(_)) => return Ok(None),
        };
        let Some(bytes) = objects::tile(storage, Which::Changes, wanted).await? else {
            return Ok(None);
        };
        fetched.0.insert(wanted, bytes);
    }
}

/// The root that the log had with its first `size` records, by its tiles of today; nothing where it
/// has not so many, or a tile is missing.
pub(super) async fn root_at(
    storage: &Storage,
    size: u64,
    newest: &Checkpoint,
) -> Result<Option<Hash>, StoreError> {
    if size > newest.size {
        return Ok(None);
    }
    from_tiles(storage, newest.size, move |hashes| {
        merkle::root(size, hashes)
    })
    .await
}

/// The proof that the log of today continues its first `old` records. It is checked before anybody
/// else looks at it: a witness that refuses it then knows another log.
async fn proof(storage: &Storage, old: u64, newest: &Checkpoint) -> Result<Vec<Hash>, Trouble> {
    let size = newest.size;
    let found = from_tiles(storage, size, move |hashes| {
        let root = merkle::root(old, hashes)?;
        Ok((root, merkle::consistency(old, size, hashes)?))
    });
    let found = found.await.map_err(|error| {
        tracing::warn!(error = %error, cause = ?error, "published tiles could not be read");
        Trouble::NoProof
    })?;
    let Some((root, Some(proof))) = found else {
        return Err(Trouble::NoProof);
    };
    let fits = merkle::verify_consistency(old, size, &root, &newest.root, &proof);
    fits.map_err(|_bad| Trouble::NoProof)?;
    Ok(proof)
}

/// What a witness answers that understood the question.
enum Answer {
    /// Signature lines.
    Cosigned(Vec<u8>),
    /// The size of what it cosigned last.
    Stands(u64),
}

async fn send(client: &Client, url: &str, body: Vec<u8>) -> Result<Answer, Trouble> {
    let silent = |error: reqwest::Error| {
        tracing::debug!(error = %error, cause = ?error, "a witness was not reached");
        Trouble::Silent
    };
    let request = client
        .post(format!("{url}/{PATH}"))
        .header(CONTENT_TYPE, "text/plain; charset=utf-8")
        .body(body);
    let response = request.send().await.map_err(silent)?;
    let status = response.status().as_u16();
    let answer = read(response).await?;
    match status {
        200 => Ok(Answer::Cosigned(answer)),
        409 => {
            let said = std::str::from_utf8(&answer).ok();
            let size = said.and_then(|said| number(said.strip_suffix('\n')?));
            size.map(Answer::Stands).ok_or(Trouble::Unfit)
        }
        422 => Err(Trouble::Forked),
        403 | 404 => Err(Trouble::Stranger),
        429 | 500..=599 => Err(Trouble::Silent),
        _ => Err(Trouble::Unfit),
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, Trouble> {
    let mut answer = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|_gone| Trouble::Silent)? {
        if answer.len() + piece.len() > ANSWER_BYTES_MAX {
            return Err(Trouble::Unfit);
        }
        answer.extend_from_slice(&piece);
    }
    Ok(answer)
}

/// Asks a witness to cosign the newest checkpoint; `stands` is what it cosigned last, as far as is
/// known, and then as it says itself.
pub(super) async fn ask(
    (client, storage): (&Client, &Storage),
    (key, url): (&WitnessKey, &str),
    (note, newest): (&[u8], &Checkpoint),
    stands: &mut u64,
) -> Result<Cosignature, Trouble> {
    for _ in 0..QUESTIONS_MAX {
        let old = (*stands).min(newest.size);
        let question = AddCheckpoint {
            old,
            proof: proof(storage, old, newest).await?,
            note: note.to_vec(),
        };
        match send(client, url, question.to_body()).await? {
            Answer::Cosigned(lines) => {
                let whole = [note, lines.as_slice()].concat();
                let cosigned = key.cosignature(&whole).ok().flatten();
                return cosigned.ok_or(Trouble::Unfit);
            }
            Answer::Stands(size) if size == old => {
                // It stands there, and has another root.
                let forked = old == newest.size;
                return Err(if forked {
                    Trouble::Forked
                } else {
                    Trouble::Unfit
                });
            }
            Answer::Stands(size) => {
                *stands = size;
                if size > newest.size {
                    return Err(Trouble::SetBack);
                }
            }
        }
    }
    Err(Trouble::Unfit)
}
