//! Entries and tiles of the tree: read, computed from the leaves, written.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::StreamExt;
use sea_orm::ConnectionTrait;
use storage::{PutRule, StoreError};

use crate::audit::LeafView;
use crate::audit::log::hash_of;
use crate::audit::merkle::{self, Hash, leaf_hash};
use crate::audit::tile::{Edge, TILE_WIDTH, Tile, TileReader, growth, push_entry, tile_bytes};
use crate::base::db::{DbError, sql};

use super::{PublishError, Publisher, STEP_LEAVES_MAX, WIDE, Which};
use crate::ledger::objects::{self, name};

/// How the tree grows by some leaves.
pub(super) struct Growth {
    pub(super) edge: Edge,
    pub(super) last: Hash,
    /// Number of the first of `leaves`: the first of its tile.
    pub(super) first: u64,
    pub(super) leaves: Vec<(Vec<u8>, Hash)>,
    pub(super) full: HashMap<Tile, Vec<u8>>,
}

impl Publisher {
    /// The last leaf that was published; nothing where its tile is lost.
    pub(super) async fn published_last(
        &self,
        edge: &Edge,
        size: u64,
    ) -> Result<Option<Hash>, PublishError> {
        if !size.is_multiple_of(WIDE) {
            let mut partials = edge.partials();
            let open = partials.find(|(partial, _)| partial.level() == 0);
            return Ok(open.and_then(|(_, hashes)| hashes.last().copied()));
        }
        let Some(tile) = Tile::new(0, size / WIDE - 1, TILE_WIDTH) else {
            return Ok(None);
        };
        let bytes = self.object(&tile.path()).await?;
        let hashes = bytes.as_deref().and_then(merkle::hashes);
        Ok(hashes.and_then(|all| all.last().copied()))
    }

    pub(super) async fn load_edge(&self, size: u64) -> Result<Edge, PublishError> {
        struct Fetched(HashMap<Tile, Vec<u8>>);
        impl TileReader for Fetched {
            type Error = std::convert::Infallible;
            fn tile(&mut self, tile: Tile) -> Result<Option<Vec<u8>>, Self::Error> {
                Ok(self.0.get(&tile).cloned())
            }
        }
        let mut fetched = HashMap::new();
        let (mut whole, mut level) = (size, 0_u8);
        while whole > 0 {
            let width = u16::try_from(whole % WIDE).unwrap_or_default();
            if let Some(tile) = Tile::new(level, whole / WIDE, width)
                && let Some(bytes) = objects::tile(&self.storage, self.to.which, tile).await?
            {
                fetched.insert(tile, bytes);
            }
            (whole, level) = (whole / WIDE, level + 1);
        }
        Edge::load(size, &mut Fetched(fetched)).map_err(PublishError::Tile)
    }

    /// Writes the tiles of the first `size` leaves again. Those leaves have the signed root: what
    /// stands there with other bytes was damaged.
    pub(super) async fn rebuild(&self, size: u64) -> Result<(), PublishError> {
        tracing::warn!(
            log.size = size,
            "published tiles are missing and are computed again"
        );
        let (mut edge, mut last) = (Edge::new(), self.to.beginning());
        while edge.size() < size {
            let upto = size.min(edge.size() + STEP_LEAVES_MAX);
            let grown = self.grow(&edge, last, upto).await?;
            self.write_tiles(edge.size(), &grown, PutRule::Replace)
                .await?;
            (edge, last) = (grown.edge, grown.last);
        }
        Ok(())
    }

    pub(super) async fn object(&self, path: &str) -> Result<Option<Vec<u8>>, PublishError> {
        Ok(objects::object(&self.storage, self.to.which, path).await?)
    }

    /// Leaves from `seq` on, each with its hash computed from its bytes.
    pub(super) async fn leaves(
        &self,
        seq: u64,
        count: u64,
    ) -> Result<Vec<(Vec<u8>, Hash)>, PublishError> {
        let on = self.db.read();
        let table = self.to.which.table();
        let text = format!("SELECT h, leaf FROM {table} WHERE seq >= $1 ORDER BY seq LIMIT $2");
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let values = [signed(seq).into(), signed(count).into()];
        let rows = on
            .query_all_raw(sql(on, text, values))
            .await
            .map_err(DbError::from)?;
        let mut leaves = Vec::with_capacity(rows.len());
        for (row, seq) in rows.into_iter().zip(seq..) {
            let stored: Vec<u8> = row.try_get_by_index(0).map_err(DbError::from)?;
            let leaf: Vec<u8> = row.try_get_by_index(1).map_err(DbError::from)?;
            let hash = leaf_hash(&leaf);
            if hash_of(&stored)? != hash {
                return Err(PublishError::Changed { seq });
            }
            leaves.push((leaf, hash));
        }
        Ok(leaves)
    }

    /// Takes the leaves up to `size` into the tree. Writes nothing.
    pub(super) async fn grow(
        &self,
        from: &Edge,
        last: Hash,
        size: u64,
    ) -> Result<Growth, PublishError> {
        let old = from.size();
        let first = old / WIDE * WIDE;
        let leaves = self.leaves(first, size - first).await?;
        let known = usize::try_from(old - first).unwrap_or(usize::MAX);
        let mut full: HashMap<Tile, Vec<u8>> = HashMap::new();
        let (mut edge, mut last) = (from.clone(), last);
        for (seq, (leaf, hash)) in (old..size).zip(leaves.iter().skip(known)) {
            let follows = LeafView::parse(leaf).is_ok_and(|view| view.prev == last);
            if !follows {
                return Err(PublishError::Changed { seq });
            }
            edge.append(*hash, &mut |tile, hashes| {
                full.insert(tile, tile_bytes(hashes));
            });
            last = *hash;
        }
        if edge.size() != size {
            return Err(PublishError::RolledBack { locked: size });
        }
        Ok(Growth {
            edge,
            last,
            first,
            leaves,
            full,
        })
    }

    /// Writes the entries and tiles that `grown` has and the tree of `old` leaves has not.
    pub(super) async fn write_tiles(
        &self,
        old: u64,
        grown: &Growth,
        rule: PutRule,
    ) -> Result<(), PublishError> {
        let partial: HashMap<Tile, &[Hash]> = grown.edge.partials().collect();
        for tile in growth(old, grown.edge.size()) {
            // No checkpoint was signed over a partial tile beyond the lock: it may be replaced.
            let rule = if tile.is_partial() {
                PutRule::Replace
            } else {
                rule
            };
            if tile.level() == 0 && self.shows_entries() {
                let from = tile.index() * WIDE - grown.first;
                let from = usize::try_from(from).unwrap_or(usize::MAX);
                let mut bundle = Vec::new();
                for (leaf, _) in grown.leaves.iter().skip(from).take(tile.width().into()) {
                    push_entry(&mut bundle, leaf);
                }
                self.put(&tile.entries_path(), bundle, rule).await?;
            }
            let full = grown.full.get(&tile).cloned();
            let bytes = full.or_else(|| partial.get(&tile).map(|hashes| tile_bytes(hashes)));
            if let Some(bytes) = bytes {
                self.put(&tile.path(), bytes, rule).await?;
            }
        }
        Ok(())
    }

    /// Partial tiles are of no use beside the full one (C2SP tlog-tiles).
    pub(super) async fn drop_partials(&self, tile: Tile) -> Result<(), PublishError> {
        let mut folders = vec![format!("{}.p", tile.path())];
        if tile.level() == 0 && self.shows_entries() {
            folders.push(format!("{}.p", tile.entries_path()));
        }
        for folder in folders {
            let mut partials = self
                .storage
                .list_objects(Some(&name(self.to.which, &folder)?));
            while let Some(partial) = partials.next().await {
                self.storage.delete_object(&partial?.name).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn put(
        &self,
        path: &str,
        bytes: Vec<u8>,
        rule: PutRule,
    ) -> Result<(), PublishError> {
        let put = self
            .storage
            .put_object(&name(self.to.which, path)?, Bytes::from(bytes), rule)
            .await;
        match put {
            Ok(_) => Ok(()),
            Err(StoreError::Conflict { name }) => Err(PublishError::Forked { name }),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the records themselves are published. Looks are not: they say who read what, outside of every right.
    const fn shows_entries(&self) -> bool {
        match self.to.which {
            Which::Changes => true,
            Which::Looks => false,
        }
    }
}
