//! The scanner comes before the guard: what is infected lies in quarantine, whatever else it is.

use tests::clamd::FakeClamd;
use tests::town::id_of;

use super::{documents, file, infected, lies, town};
use crate::components::{components, zip};

/// Minutiae of fingers (ISO/IEC 19794-2).
const RECORD: &[u8] = b"FMR\x00030\0\0\0\x01\x40 and what belongs to it";

/// A biometric record that is infected.
fn both() -> Vec<u8> {
    [RECORD, infected().as_slice()].concat()
}

#[tokio::test]
async fn a_biometric_record_that_is_infected_is_refused_as_infected() {
    let clamd = FakeClamd::start().await;
    let Some(town) = town(clamd.address()).await else {
        return;
    };
    let clerk = town.clerk();
    file(&clerk, "finger.bin", RECORD)
        .await
        .is_problem(422, "biometric-content");
    assert!(lies(&town).await.is_empty());
    file(&clerk, "finger.bin", &both())
        .await
        .is_problem(422, "infected");
    assert_eq!(lies(&town).await.len(), 1);
    assert_eq!(documents(&town).await, 0);
}

#[tokio::test]
async fn each_part_goes_its_own_way() {
    let clamd = FakeClamd::start().await;
    let Some(town) = town(clamd.address()).await else {
        return;
    };
    let clerk = town.clerk();
    // The one in this process does not unpack.
    let archive = zip(&[
        ("gut.txt", b"Kreuzungsvermerk"),
        ("schlimm.txt", &infected()),
        ("finger.bin", RECORD),
        ("beides.bin", &both()),
    ]);
    let whole = file(&clerk, "ordner.zip", &archive).await.is(201);
    town.settle().await;
    let id = id_of(&whole);
    let parts = components(&clerk, &id).await;
    assert_eq!(parts.len(), 1, "{parts:?}");
    assert_eq!(parts[0]["title"], "gut");
    assert_eq!(lies(&town).await.len(), 2);
    // It has a biometric record in it, and so is withheld; of those no name is told.
    let at = format!("/api/v1/documents/{id}");
    clerk
        .get(&format!("{at}/content"))
        .await
        .is_problem(451, "content-withheld");
    let shown = clerk.get(&at).await.is(200).json();
    let left_out = shown["left_out"].as_array().cloned().unwrap_or_default();
    let told: Vec<_> = left_out
        .iter()
        .map(|one| (one["name"].as_str(), one["reason"].as_str()))
        .collect();
    let expected = [
        (Some("Anlage 3"), Some("biometric")),
        (Some("Anlage 4"), Some("biometric")),
        (Some("schlimm.txt"), Some("parts_infected")),
    ];
    assert_eq!(told, expected, "{shown}");
    assert_eq!(shown["components"], 1, "{shown}");
}
