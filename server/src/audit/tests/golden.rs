//! Golden vectors: the bytes of the format, fixed for ever. A change here is a new version.

use super::fixture::{Archive, origin, policy, signer};
use crate::audit::commitment::commit;
use crate::audit::{Checkpoint, Handover, Leaf, NoteSigner, Tag, genesis, leaf_hash};

const VECTORS: &str = include_str!("../../../../tests/data/audit/vectors.txt");

#[test]
fn the_format_has_not_changed() {
    let archive = Archive::build(62, 62);
    let text = |seq: usize| String::from_utf8(archive.leaves[seq].clone()).expect("text");
    let mut found = String::from("# Golden vectors of the audit log, format papierlos.audit/v1.\n");
    let mut line = |name: &str, value: &dyn std::fmt::Display| {
        found.push_str(&format!(
            "{name} = {}\n",
            value.to_string().replace('\n', "\\n")
        ));
    };
    line("origin", &origin());
    line("seed", &hex::encode([7_u8; 32]));
    line("key", &signer().verifier());
    line("genesis", &genesis(&origin(), &signer().verifier()));
    for tag in [Tag::Private, Tag::Blob, Tag::State] {
        let name = String::from_utf8_lossy(tag.line()).trim_end().to_owned();
        line(
            &format!("commit {name} salt=01..01 bytes=abc"),
            &commit(tag, &[1; 32], b"abc"),
        );
    }
    for seq in [0, 1, 3, 60] {
        line(&format!("leaf {seq}"), &text(seq));
        line(&format!("hash {seq}"), &leaf_hash(&archive.leaves[seq]));
    }
    let note = archive.checkpoint.clone().expect("published");
    line("checkpoint", &String::from_utf8(note).expect("text"));
    line("policy", &policy());
    let note = archive.checkpoint.clone().expect("published");
    let checkpoint = Checkpoint::claimed(&note).expect("a checkpoint");
    let next = NoteSigner::from_seed(&origin(), &[8; 32]);
    let handover = Handover {
        origin: origin(),
        size: checkpoint.size,
        root: checkpoint.root,
        old: signer().verifier(),
        new: next.verifier(),
    };
    let note = handover.sign(&signer(), &next).expect("signed");
    line("handover sha256", &Handover::digest(&note));
    line("handover", &String::from_utf8(note).expect("text"));
    assert_eq!(
        found, VECTORS,
        "the format of the log has changed:\n{found}"
    );
    for leaf in &archive.leaves {
        assert_eq!(
            Leaf::parse(leaf).and_then(|it| it.to_bytes()),
            Ok(leaf.clone())
        );
    }
}
