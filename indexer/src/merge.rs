//! When segments are joined.
//!
//! The index commits small batches all day. tantivy's own policy puts every segment below 10,000 entries
//! into one layer and so rewrites thousands of entries for a handful of new ones. Here a layer is eight
//! times the one below: each entry is rewritten a handful of times on its way up.

use tantivy::index::{SegmentId, SegmentMeta};
use tantivy::indexer::{MergeCandidate, MergePolicy};

const WIDTH: u32 = 8;
const BOTTOM_ENTRIES: u32 = 32;
const ENTRIES_MAX: u32 = 2_000_000;

/// Layers of eight.
#[derive(Debug)]
pub(crate) struct Layers;

fn layer(entries: u32) -> u32 {
    let mut layer = 0;
    let mut ceiling = BOTTOM_ENTRIES;
    while entries > ceiling {
        ceiling = ceiling.saturating_mul(WIDTH);
        layer += 1;
    }
    layer
}

impl MergePolicy for Layers {
    fn compute_merge_candidates(&self, segments: &[SegmentMeta]) -> Vec<MergeCandidate> {
        let mut layers: Vec<Vec<(u32, SegmentId)>> = Vec::new();
        let mut candidates = Vec::new();
        for segment in segments
            .iter()
            .filter(|segment| segment.num_docs() <= ENTRIES_MAX)
        {
            // Removed entries must leave the disk soon, not only the answers.
            if segment.num_deleted_docs() * 4 > segment.max_doc()
                && segment.max_doc() > BOTTOM_ENTRIES
            {
                candidates.push(MergeCandidate(vec![segment.id()]));
                continue;
            }
            let index = usize::try_from(layer(segment.num_docs())).unwrap_or(0);
            while layers.len() <= index {
                layers.push(Vec::new());
            }
            if let Some(layer) = layers.get_mut(index) {
                layer.push((segment.num_docs(), segment.id()));
            }
        }
        for layer in layers
            .iter()
            .filter(|layer| layer.len() >= usize::try_from(WIDTH).unwrap_or(8))
        {
            candidates.push(MergeCandidate(layer.iter().map(|(_, id)| *id).collect()));
        }
        candidates
    }
}

#[cfg(test)]
mod tests {
    use super::layer;

    #[test]
    fn a_layer_is_eight_times_the_one_below() {
        assert_eq!(
            [
                layer(1),
                layer(32),
                layer(33),
                layer(256),
                layer(257),
                layer(2_048)
            ],
            [0, 0, 1, 1, 2, 2]
        );
    }
}
