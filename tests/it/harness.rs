//! The harness keeps its own promises.

use tests::fixtures;
use tests::s3::TestS3;

#[test]
fn a_made_pdf_is_read_by_another_program() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let path = folder.path().join("brief.pdf");
    let pages = [
        "Straßenschäden in der Größenstraße\n§ 14 Abs. 3, 12,50 €",
        "Seite zwei",
    ];
    std::fs::write(&path, fixtures::pdf(&pages)).expect("a file");
    let output = std::process::Command::new("pdftotext")
        .args(["-enc", "UTF-8", "-layout"])
        .arg(&path)
        .arg("-")
        .output()
        .expect("pdftotext of Debian's package poppler-utils");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let words: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(
        words.join(" "),
        "Straßenschäden in der Größenstraße § 14 Abs. 3, 12,50 € Seite zwei"
    );
}

#[tokio::test]
async fn the_s3_server_in_the_process_refuses_a_stranger() {
    let s3 = TestS3::start().await;
    let nothing = format!("{}/papierlos/nothing", s3.endpoint());
    let request = tests::client::browser().get(nothing).send();
    let answer = request.await.expect("an answer");
    assert_eq!(answer.status().as_u16(), 403);
}
