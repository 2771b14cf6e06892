//! A log that is edited, linked and signed anew.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::{Signer as _, SigningKey};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement, Value};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::Copy;

/// A log in the hands of who has its rows: leaves that can be edited, linked anew and put back.
pub(crate) struct Forge {
    pub(crate) leaves: Vec<String>,
    table: &'static str,
}

impl Forge {
    /// Takes the records out of a table.
    pub(crate) async fn open(on: &DatabaseConnection, table: &'static str) -> Forge {
        let sql = format!("SELECT leaf FROM {table} ORDER BY seq");
        let rows = on
            .query_all_raw(Statement::from_string(on.get_database_backend(), sql))
            .await;
        let leaves = rows.expect("rows").into_iter().map(|row| {
            let leaf: Vec<u8> = row.try_get_by_index(0).expect("a leaf");
            String::from_utf8(leaf).expect("a record is text")
        });
        Forge {
            leaves: leaves.collect(),
            table,
        }
    }

    /// The first record of this action.
    pub(crate) fn find(&self, action: &str) -> usize {
        let wanted = format!("\"action\":\"{action}\"");
        let found = self.leaves.iter().position(|leaf| leaf.contains(&wanted));
        found.unwrap_or_else(|| unreachable!("no record of {action}"))
    }

    /// Replaces one field of a record.
    pub(crate) fn edit(&mut self, seq: usize, field: &str, value: &str) {
        self.leaves[seq] = set(&self.leaves[seq], field, &format!("\"{value}\""));
    }

    /// Numbers and links all records behind the first one anew.
    pub(crate) fn relink(&mut self) {
        for seq in 1..self.leaves.len() {
            let before = hex::encode(hash(&self.leaves[seq - 1]));
            let linked = set(&self.leaves[seq], "prev", &format!("\"{before}\""));
            self.leaves[seq] = set(&linked, "seq", &seq.to_string());
        }
    }

    /// Writes the rows and the head.
    pub(crate) async fn write(&self, on: &DatabaseConnection) {
        let (table, backend) = (self.table, on.get_database_backend());
        let many = self.leaves.len();
        on.execute_unprepared(&format!("DELETE FROM {table} WHERE seq >= {many}"))
            .await
            .expect("rows");
        for (seq, leaf) in self.leaves.iter().enumerate() {
            let prev = hex::decode(field(leaf, "prev").trim_matches('"')).expect("a hash");
            let text = |name| field(leaf, name).trim_matches('"').to_owned();
            let uow = Uuid::parse_str(&text("uow")).expect("an id");
            let ts = OffsetDateTime::parse(&text("ts"), &Rfc3339).expect("a time");
            let ts = i64::try_from(ts.unix_timestamp_nanos() / 1_000).expect("a time of ours");
            let mut values: Vec<Value> = vec![
                prev.into(),
                hash(leaf).to_vec().into(),
                leaf.clone().into_bytes().into(),
                i64::try_from(seq).expect("few records").into(),
                ts.into(),
            ];
            let of_unit = if table == "audit" {
                values.push(uow.into());
                ", uow = $6"
            } else {
                ""
            };
            let sql = format!(
                "UPDATE {table} SET prev = $1, h = $2, leaf = $3, ts = $5{of_unit} WHERE seq = $4"
            );
            let done = on
                .execute_raw(Statement::from_sql_and_values(backend, sql, values))
                .await;
            assert_eq!(done.expect("a row").rows_affected(), 1);
        }
        let last = self.leaves.last().expect("a record");
        let values: Vec<Value> = vec![
            i64::try_from(many - 1).expect("few records").into(),
            hash(last).to_vec().into(),
        ];
        let sql = format!("UPDATE {table}_head SET seq = $1, h = $2");
        on.execute_raw(Statement::from_sql_and_values(backend, sql, values))
            .await
            .expect("a head");
    }

    /// Signs the first `size` records with the key in `secret`, under the name of the log, and publishes tiles and
    /// checkpoint, as the archive would; of looks no records.
    pub(crate) fn publish(&self, copy: &Copy, size: usize, secret: &str) {
        assert!(size < 256, "one partial tile");
        let leaves = &self.leaves[..size];
        let tile: Vec<u8> = leaves.iter().flat_map(|leaf| hash(leaf)).collect();
        let entries = leaves.iter().flat_map(|leaf| {
            let length = u16::try_from(leaf.len())
                .expect("a short record")
                .to_be_bytes();
            [length.as_slice(), leaf.as_bytes()].concat()
        });
        let entries: Vec<u8> = entries.collect();
        let (within, lock) = match self.table {
            "access" => ("access/", "access-checkpoint"),
            _ => ("", "checkpoint"),
        };
        let mut published = vec![("tile/0/000.p", tile)];
        if within.is_empty() {
            published.push(("tile/entries/000.p", entries));
        }
        for (folder, bytes) in published {
            let folder = &format!("{within}{folder}");
            fs::remove_dir_all(copy.object(folder)).expect("the old tiles");
            fs::create_dir_all(copy.object(folder)).expect("a folder");
            fs::write(copy.object(folder).join(size.to_string()), bytes).expect("a tile");
        }
        let hashes: Vec<[u8; 32]> = leaves.iter().map(|leaf| hash(leaf)).collect();
        let origin = field(&self.leaves[0], "log");
        let note = sign(origin.trim_matches('"'), size, &root(&hashes), secret);
        let public = format!("{within}checkpoint");
        fs::write(copy.object(&public), &note).expect("a checkpoint");
        fs::write(copy.data().join("lock").join(lock), note).expect("a lock");
    }
}

/// The secret signing key of the archive, as its file has it.
pub(crate) fn secret(copy: &Copy) -> String {
    fs::read_to_string(copy.data().join("keys/log.key"))
        .expect("the key")
        .trim()
        .to_owned()
}

fn sign(origin: &str, size: usize, root: &[u8; 32], secret: &str) -> String {
    let rest = secret.strip_prefix("PRIVATE+KEY+").expect("a secret key");
    let seed = rest.splitn(3, '+').nth(2).expect("a seed");
    let seed = BASE64.decode(seed).expect("base64");
    let key = SigningKey::from_bytes(seed[1..].try_into().expect("32 bytes"));
    let text = format!("{origin}\n{size}\n{}\n", BASE64.encode(root));
    let mut signature = key_id(origin, &key).to_vec();
    signature.extend_from_slice(&key.sign(text.as_bytes()).to_bytes());
    format!("{text}\n\u{2014} {origin} {}\n", BASE64.encode(signature))
}

/// The id of a key under the name of a log.
fn key_id(name: &str, key: &SigningKey) -> [u8; 4] {
    let id = Sha256::new()
        .chain_update(name)
        .chain_update(b"\n\x01")
        .chain_update(key.verifying_key().as_bytes())
        .finalize();
    id[..4].try_into().expect("four bytes")
}

/// A new signing key under this name: its secret and its public half.
pub(crate) fn own_key(name: &str) -> (String, String) {
    let key = SigningKey::from_bytes(&[7; 32]);
    let public = [&[1], key.verifying_key().as_bytes().as_slice()].concat();
    let id = hex::encode(key_id(name, &key));
    let secret = BASE64.encode([&[1], key.as_bytes().as_slice()].concat());
    (
        format!("PRIVATE+KEY+{name}+{id}+{secret}"),
        format!("{name}+{id}+{}", BASE64.encode(public)),
    )
}

/// What the first record of a log must name.
pub(crate) fn genesis(origin: &str, key: &str) -> String {
    hex::encode(Sha256::digest(format!(
        "papierlos.audit/v1/genesis\n{origin}\n{key}"
    )))
}

/// SHA-256(0x00 || leaf).
pub(crate) fn hash(leaf: &str) -> [u8; 32] {
    Sha256::new()
        .chain_update([0])
        .chain_update(leaf)
        .finalize()
        .into()
}

/// The RFC 6962 root.
fn root(hashes: &[[u8; 32]]) -> [u8; 32] {
    match hashes {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        many => {
            let mut left = 1;
            while left * 2 < many.len() {
                left *= 2;
            }
            let (low, high) = many.split_at(left);
            Sha256::new()
                .chain_update([1])
                .chain_update(root(low))
                .chain_update(root(high))
                .finalize()
                .into()
        }
    }
}

/// The text of a field: in canonical JSON it ends at a comma or a brace.
pub(crate) fn field(leaf: &str, name: &str) -> String {
    let (_, rest) = leaf.split_once(&format!("\"{name}\":")).expect("a field");
    rest.split([',', '}']).next().expect("a value").to_owned()
}

fn set(leaf: &str, name: &str, value: &str) -> String {
    let old = format!("\"{name}\":{}", field(leaf, name));
    leaf.replacen(&old, &format!("\"{name}\":{value}"), 1)
}
