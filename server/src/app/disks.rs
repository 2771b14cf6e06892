//! How much room is left on the disks on which the archive lies.

use std::io;
use std::path::PathBuf;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use storage::Space;

use crate::config::{Config, DatabaseUrl, Storage};
use crate::http::health::Probe;

/// Free room below which the archive takes nothing in, in bytes.
pub(super) const FREE_BYTES_MIN: u64 = 256 << 20;

/// The folders in which the archive lies on this machine, each with what lies there.
#[derive(Debug, Clone)]
pub(super) struct Disks(Vec<(&'static str, PathBuf)>);

impl Disks {
    pub(super) fn of(config: &Config) -> Self {
        let mut all = vec![
            ("data", config.data_dir.clone()),
            ("index", config.index.dir.clone()),
        ];
        if let DatabaseUrl::Sqlite(path) = &config.database.url {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            let folder = path.parent().map(ToOwned::to_owned);
            all.extend(folder.map(|folder| ("database", folder)));
        }
        if let Storage::Folder(path) = &config.storage {
            all.push(("blobs", path.clone()));
        }
        Self(all)
    }

    /// The room where each of them lies; one that is not there has none.
    pub(super) fn rooms(&self) -> io::Result<Vec<(&'static str, Space)>> {
        let mut rooms = Vec::new();
        for (name, path) in &self.0 {
            match Space::of(path) {
                Ok(space) => rooms.push((*name, space)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(rooms)
    }
}

pub(super) struct DisksProbe(pub(super) Disks);

impl Probe for DisksProbe {
    fn name(&self) -> &'static str {
        "disk"
    }

    fn check(&self) -> BoxFuture<'_, Result<String, String>> {
        let rooms = self.0.rooms().map_err(|error| error.to_string());
        std::future::ready(rooms.and_then(|rooms| said(&rooms))).boxed()
    }
}

/// What is said of the one with the least room: all others have more.
fn said(rooms: &[(&'static str, Space)]) -> Result<String, String> {
    let least = rooms.iter().min_by_key(|(_, space)| space.free_bytes);
    let Some((name, space)) = least else {
        return Err("no folder of the archive is there".to_owned());
    };
    let free = space.free_bytes >> 20;
    if space.free_bytes < FREE_BYTES_MIN {
        Err(format!("{name}: only {free} MiB are free"))
    } else {
        Ok(format!("{name}: {free} MiB are free"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::{Config, Disks, FREE_BYTES_MIN, Space, io, said};
    use crate::config::Sources;

    fn disks(variables: &[(&str, &str)]) -> Vec<(&'static str, String)> {
        let env: BTreeMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let nothing =
            |_: &Path| -> io::Result<String> { Err(io::Error::from(io::ErrorKind::NotFound)) };
        let config = Config::load(&Sources {
            file: None,
            env: &env,
            arguments: &[],
            read: &nothing,
        });
        let disks = Disks::of(&config.expect("settings")).0.into_iter();
        disks
            .map(|(name, path)| (name, path.display().to_string()))
            .collect()
    }

    #[test]
    fn every_folder_of_the_archive_on_this_machine_is_looked_at() {
        let all = disks(&[
            ("PAPIERLOS_DATA_DIR", "/srv/p"),
            ("PAPIERLOS_INDEX_DIR", "/fast/index"),
        ]);
        let expected = [
            ("data", "/srv/p"),
            ("index", "/fast/index"),
            ("database", "/srv/p"),
            ("blobs", "/srv/p/blobs"),
        ];
        assert_eq!(all, expected.map(|(name, path)| (name, path.to_owned())));
        let elsewhere = disks(&[
            ("PAPIERLOS_DATA_DIR", "/srv/p"),
            ("PAPIERLOS_DATABASE_URL", "postgres://u:p@db.example/p"),
            ("PAPIERLOS_STORAGE_BACKEND", "s3"),
            ("PAPIERLOS_STORAGE_S3_ENDPOINT", "https://s3.example"),
            ("PAPIERLOS_STORAGE_S3_BUCKET", "b"),
            ("PAPIERLOS_STORAGE_S3_ACCESS_KEY", "k"),
            ("PAPIERLOS_STORAGE_S3_SECRET_KEY", "s"),
        ]);
        let expected = [("data", "/srv/p"), ("index", "/srv/p/index")];
        assert_eq!(
            elsewhere,
            expected.map(|(name, path)| (name, path.to_owned()))
        );
    }

    #[test]
    fn the_folder_with_the_least_room_counts_and_is_named() {
        let room = |free_bytes| Space {
            free_bytes,
            total_bytes: u64::MAX,
        };
        let (much, enough) = (room(FREE_BYTES_MIN * 4), room(FREE_BYTES_MIN));
        assert_eq!(
            said(&[("data", much), ("index", enough)]),
            Ok("index: 256 MiB are free".to_owned())
        );
        let short = room(FREE_BYTES_MIN - 1);
        assert_eq!(
            said(&[("data", much), ("database", short), ("blobs", enough)]),
            Err("database: only 255 MiB are free".to_owned())
        );
        said(&[]).expect_err("nothing is there");
    }

    #[test]
    fn a_folder_that_is_not_there_has_no_room() {
        let here = tempfile::tempdir().expect("a folder");
        let gone = here.path().join("gone");
        let disks = Disks(vec![("data", here.path().to_owned()), ("index", gone)]);
        let rooms = disks.rooms().expect("rooms");
        assert_eq!(rooms.len(), 1, "{rooms:?}");
        assert_eq!(rooms[0].0, "data");
    }
}
