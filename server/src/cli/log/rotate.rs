//! `papierlos log rotate-key`: another key signs the log.

use crate::archive::Archive;
use crate::cli::starting::{of_path, signing_key};
use crate::cli::{Ended, Failure, MISSING, chain, say};
use crate::config::Config;
use crate::ledger::keys::KeysError;
use crate::ledger::publisher::PublishError;
use crate::ledger::rotation::{Gone, Logs, OldKey, RotateError, Rotated, Unfit, rotate};

/// What is said where nothing was handed over.
const UNCHANGED: &str = "Dieser Aufruf hat nichts gewechselt.";

pub(super) async fn run(config: &Config, keep_old: bool) -> Ended {
    let archive = Archive::existing(config).await?;
    let old = if keep_old {
        OldKey::Kept
    } else {
        OldKey::Destroyed
    };
    let logs = Logs {
        changes: archive.publication.clone(),
        looks: archive.looks.clone(),
    };
    let rotated = Box::pin(rotate(&archive.db, &archive.storage, &logs, old)).await;
    archive.db.close().await;
    let rotated = rotated.map_err(|error| refused(&error))?;
    said(config, &rotated);
    Ok(())
}

fn said(config: &Config, rotated: &Rotated) {
    found(rotated).into_iter().for_each(say);
    say(&format!(
        "Übergabe {} über {} Einträge. Von jetzt an signiert:",
        rotated.number, rotated.size
    ));
    say(&rotated.new.to_string());
    say("Bitte auf Papier der Prüfung geben, neben den bisherigen:");
    say(&rotated.old.to_string());
    say(&format!(
        "Jetzt die Schlüsseldatei {} sichern, getrennt vom Rest, und auf jeden Rechner bringen, dessen Server dieses \
         Archiv führt.",
        config.log.signing_key_file.display()
    ));
    for kept in &rotated.kept {
        say(&format!(
            "Ein bisheriger geheimer Schlüssel liegt noch hier: {}",
            kept.display()
        ));
    }
}

/// What is said of a rotation before this one that was cut off.
fn found(rotated: &Rotated) -> Vec<&'static str> {
    let mut said = Vec::new();
    if rotated.cleared {
        said.push(
            "Ein früherer Wechsel war schon vollzogen, nur sein alter Schlüssel lag noch da. Das ist erledigt; danach \
             wurde der Schlüssel neu gewechselt.",
        );
    }
    if rotated.resumed {
        said.push(
            "Ein unterbrochener Wechsel wurde zu Ende geführt. Der neue Schlüssel ist der, der dabei schon gemacht und \
             übergeben war; er lag seitdem neben der Schlüsseldatei.",
        );
        said.push(
            "Wer wechselt, weil jemand an die Schlüssel kam: Bitte `papierlos log rotate-key` jetzt noch einmal \
             aufrufen. Erst das macht einen Schlüssel, den niemand sonst haben kann.",
        );
    }
    said
}

/// What went wrong and what to do; the causes follow.
fn refused(error: &RotateError) -> Failure {
    let said = match error {
        RotateError::Running { path } => format!(
            "Der Schlüssel {} wird gerade schon gewechselt. Bitte warten, bis das zu Ende ist.",
            path.display()
        ),
        RotateError::File { path, source } => format!("{} {UNCHANGED}", of_path(path, source)),
        RotateError::Unfit { path, what } => {
            format!("{} {} {UNCHANGED}", path.display(), unfit(*what))
        }
        RotateError::Aside { path } => format!(
            "{} ist kein Schlüssel, den dieses Protokoll abgelöst hat, und wird nicht angerührt. An diese Stelle kommt \
             beim Wechsel der bisherige Schlüssel: Bitte die Datei an einen anderen Ort bringen und noch einmal \
             starten. {UNCHANGED}",
            path.display()
        ),
        RotateError::Key { path, .. } => format!(
            "Der Schlüssel {} kann nicht geschrieben oder gelesen werden. Bitte prüfen, ob im Ordner Platz ist und \
             die Datei nur für ihr Konto lesbar ist (0600), und noch einmal starten. {UNCHANGED}",
            path.display()
        ),
        RotateError::Keys(error) => format!("{} {UNCHANGED}", signing_key(error)),
        RotateError::Publish { gone, source } => {
            format!("{} {}", stopped(source), so_far(*gone, will_go_on(source)))
        }
        RotateError::Places { path, source } => format!(
            "{} Beide Protokolle sind schon übergeben, und der neue Schlüssel signiert; nur die Schlüsseldateien sind \
             noch nicht an ihrem Platz. Bitte nichts davon löschen, das Hindernis beseitigen und noch einmal starten.",
            of_path(path, source)
        ),
    };
    Failure::new(MISSING, format!("{said} (Ursache: {})", chain(error)))
}

/// What is wrong with a file that cannot change places with another one.
fn unfit(what: Unfit) -> String {
    match what {
        Unfit::NoFile => "ist keine gewöhnliche Datei, etwa eine Verknüpfung. Beim Wechsel tauschen die \
             Schlüsseldateien ihre Plätze: Bitte die Datei selbst hierher legen, oder mit log.signing_key_file den \
             Ort nennen, an dem sie liegt."
            .to_owned(),
        Unfit::Mounted => "ist einzeln eingehängt (mount) und kann darum nicht ausgetauscht werden. Bitte den ganzen \
             Ordner der Schlüsseldatei einhängen statt der Datei."
            .to_owned(),
        Unfit::Owner { owner, own } => format!(
            "gehört dem Konto {owner}, was hier gemacht wird aber dem Konto {own} (Nummern der Benutzer): Der Server \
             könnte den neuen Schlüssel nicht lesen. Bitte den Befehl unter dem Konto starten, unter dem der Server \
             läuft, etwa mit sudo -u KONTO; gehört diesem Konto nur diese eine der Schlüsseldateien nicht, sie ihm \
             geben (chown)."
        ),
    }
}

/// Why a log could not go over, and what to do.
fn stopped(error: &PublishError) -> String {
    match error {
        PublishError::Keys(error) => signing_key(error),
        PublishError::RolledBack { .. }
        | PublishError::HandoverUnknown { .. }
        | PublishError::Changed { .. }
        | PublishError::Forked { .. } => {
            "Was in der Datenbank steht, ist nicht, was signiert und veröffentlicht ist: Sie wurde zurückgesetzt oder \
             geändert. Bitte nichts löschen; `papierlos verify` sagt, was abweicht."
                .to_owned()
        }
        PublishError::LockMissing { path, .. }
        | PublishError::LockBehind { path, .. }
        | PublishError::ForeignLock { path, .. } => format!(
            "Die Datei {} mit dem letzten signierten Prüfpunkt fehlt, ist zu alt oder nicht von diesem Protokoll. Bitte \
             den neuesten Prüfpunkt an ihre Stelle legen, den jemand hat: die Prüfung, ein Zeuge, ein Bericht auf \
             Papier.",
            path.display()
        ),
        PublishError::ClockBehind { .. } => {
            "Die Uhr dieses Rechners geht nach: Nach ihr liegt die letzte Signatur in der Zukunft. Bitte die Uhr stellen."
                .to_owned()
        }
        PublishError::LockMoved | PublishError::LockHeld => {
            "Ein anderer Vorgang signiert dasselbe Protokoll gerade ohne Pause.".to_owned()
        }
        PublishError::NotInForce { .. } => {
            "Der Schlüssel, mit dem hier signiert würde, gilt für so viele Einträge nicht: Das Protokoll ging inzwischen \
             an einen anderen über."
                .to_owned()
        }
        PublishError::NotHandedOver { key, path, .. } => format!(
            "Das Protokoll kann nicht an den Schlüssel {key} übergehen, etwa weil es ihn schon hatte. Bitte die \
             Datei {} an einen anderen Ort bringen und noch einmal starten; dann wird ein neuer gemacht.",
            path.display()
        ),
        PublishError::Lock { path, source } => of_path(path, source),
        PublishError::Sign(_) | PublishError::Tile(_) | PublishError::Store(_) => {
            "Das Protokoll kann nicht veröffentlicht werden. Bitte prüfen, ob die Ablage der Inhalte ([storage]) \
             erreichbar und beschreibbar ist."
                .to_owned()
        }
        PublishError::Db(_) => {
            "Die Datenbank antwortet nicht, wie sie soll. Bitte prüfen, ob sie läuft und Platz hat.".to_owned()
        }
    }
}

/// Whether another call goes on when nothing else is done but what was said: nobody else decides then who signs.
fn will_go_on(error: &PublishError) -> bool {
    let foreign = matches!(error, PublishError::Keys(cause) if !matches!(cause, KeysError::Db(_)));
    !foreign && !error.contradicts()
}

/// What was handed over by then, and what another call does.
fn so_far(gone: Gone, will_go_on: bool) -> String {
    let so_far = match gone {
        Gone::Neither => "An den neuen Schlüssel von hier ist nichts übergeben.",
        Gone::Looks => {
            "Das Zugriffsprotokoll ist schon an den neuen Schlüssel übergeben; das Protokoll der Änderungen signiert \
             weiter der bisherige. Bitte keine der Schlüsseldateien löschen."
        }
        Gone::Both => {
            "Beide Protokolle sind schon an den neuen Schlüssel übergeben, und er signiert. Bitte keine der \
             Schlüsseldateien löschen."
        }
        Gone::Unknown => {
            "Wie weit der Wechsel kam, sagt die Datenbank gerade nicht. Bitte keine der Schlüsseldateien löschen."
        }
    };
    let next = match (gone, will_go_on) {
        (_, false) => "Solange das so ist, geht auch ein weiterer Aufruf nicht weiter.",
        (Gone::Neither, true) => "Ist das behoben, bitte noch einmal starten.",
        (Gone::Looks | Gone::Both | Gone::Unknown, true) => {
            "Ist das behoben, führt ein weiterer Aufruf den Wechsel zu Ende."
        }
    };
    format!("{so_far} {next}")
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    fn publish(gone: Gone, source: PublishError) -> String {
        let source = Box::new(source);
        refused(&RotateError::Publish { gone, source }).message
    }

    fn missing() -> PublishError {
        PublishError::LockMissing {
            path: "/srv/lock/checkpoint".into(),
            size: 7,
        }
    }

    #[test]
    fn who_signs_now_is_said_as_far_as_it_came() {
        for (gone, words) in [
            (Gone::Neither, "ist nichts übergeben. Ist das behoben"),
            (
                Gone::Looks,
                "das Protokoll der Änderungen signiert weiter der bisherige",
            ),
            (Gone::Both, "Beide Protokolle sind schon an den neuen"),
            (Gone::Unknown, "sagt die Datenbank gerade nicht"),
        ] {
            let said = publish(gone, missing());
            assert!(said.contains("/srv/lock/checkpoint"), "{said}");
            assert!(said.contains(words), "{said}");
            assert!(said.contains("Ist das behoben, "), "{said}");
            assert!(said.contains("(Ursache: the log could not"), "{said}");
        }
        let path = "/srv/keys/log.key.retired".into();
        let source = ErrorKind::PermissionDenied.into();
        let said = refused(&RotateError::Places { path, source }).message;
        assert!(said.contains("der neue Schlüssel signiert"), "{said}");
    }

    #[test]
    fn that_another_call_goes_on_is_said_only_where_it_does() {
        let retired = KeysError::Retired {
            path: "/srv/keys/log.key".into(),
            found: "a.example+01".to_owned(),
            newest: "a.example+02".to_owned(),
        };
        for source in [
            PublishError::Keys(retired),
            PublishError::HandoverUnknown { number: 1 },
            PublishError::RolledBack { locked: 7 },
            PublishError::Changed { seq: 7 },
        ] {
            let said = publish(Gone::Neither, source);
            assert!(
                said.contains("geht auch ein weiterer Aufruf nicht"),
                "{said}"
            );
            assert!(!said.contains("Ist das behoben"), "{said}");
            assert!(!said.contains("noch einmal"), "{said}");
        }
    }

    #[test]
    fn a_file_that_is_in_the_way_is_named_with_what_to_do() {
        let path = || "/srv/keys/log.key.retired".into();
        let said = refused(&RotateError::Aside { path: path() }).message;
        assert!(
            said.starts_with("/srv/keys/log.key.retired ist kein"),
            "{said}"
        );
        assert!(!said.contains("anderen Namen"), "{said}");
        let owner = Unfit::Owner { owner: 998, own: 0 };
        for (what, words) in [
            (Unfit::NoFile, "Verknüpfung"),
            (Unfit::Mounted, "den ganzen Ordner"),
            (owner, "gehört dem Konto 998"),
        ] {
            let path = path();
            let said = refused(&RotateError::Unfit { path, what }).message;
            assert!(said.contains(words), "{said}");
            assert!(said.contains(UNCHANGED), "{said}");
        }
    }
}
