//! What is said where a server or an archive does not start, a log is not read or a file not used: in German, with what
//! to do. The causes follow as logs have them.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::path::Path;

use indexer::IndexError;

use crate::app::ServeError;
use crate::archive::OpenError;
use crate::audit::bundle::BundleError;
use crate::audit::verify::VerifyError;
use crate::import::ImportError;
use crate::ledger::keys::KeysError;
use crate::ledger::witnesses::BadWitness;
use crate::witness::FolderError;

/// What went wrong and what to do, where it is known of this error.
pub(super) fn german(error: &(dyn Error + 'static)) -> Option<String> {
    if let Some(error) = error.downcast_ref::<ServeError>() {
        return of_server(error);
    }
    if let Some(error) = error.downcast_ref::<OpenError>() {
        return of_archive(error);
    }
    if let Some(error) = error.downcast_ref::<FolderError>() {
        return Some(of_witness(error));
    }
    if error.is::<ImportError>() {
        let said = "Das Einlesen ist abgebrochen. Was abgelegt ist, bleibt; noch einmal gestartet, geht es weiter.";
        return Some(said.to_owned());
    }
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<BundleError>() {
            return Some(of_bundle(error));
        }
        if let Some(error) = error.downcast_ref::<VerifyError>() {
            return Some(of_log(error).to_owned());
        }
        next = error.source();
    }
    None
}

fn of_bundle(error: &BundleError) -> String {
    match error {
        BundleError::NotABundle(folder) => format!(
            "{folder} ist kein Prüfbündel: Darin ist kein Ordner data/log. Bitte den Ordner nennen, den \
             `papierlos export --log` geschrieben hat."
        ),
        BundleError::NotEmpty(folder) => format!(
            "Der Ordner {folder} ist nicht leer. Bitte für das Prüfbündel einen neuen nennen."
        ),
        BundleError::File { path, source } => of_path(Path::new(path), source),
        BundleError::LeafTooLarge(bytes) => format!(
            "Das Protokoll hat einen Eintrag von {bytes} Bytes; so lang ist keiner, den Papierlos schreibt."
        ),
    }
}

const fn of_log(error: &VerifyError) -> &'static str {
    match error {
        VerifyError::Source(_) => {
            "Das Protokoll kann nicht gelesen werden. Bitte prüfen, ob alle seine Dateien lesbar sind."
        }
        VerifyError::Policy(_) => {
            "Die öffentlichen Schlüssel, die beim Protokoll liegen, sind nicht lesbar. Bitte den Schlüssel vom Papier \
             mit --key nennen."
        }
    }
}

fn of_witness(error: &FolderError) -> String {
    match error {
        FolderError::File { path, source } => of_path(path, source),
        FolderError::Taken { path } => format!(
            "Den Ordner {} benutzt schon ein anderer Zeuge. Bitte jenen zuerst beenden oder mit --dir einen anderen \
             Ordner nennen.",
            path.display()
        ),
        FolderError::Key { path, .. } => format!(
            "Der Schlüssel des Zeugen {} kann nicht benutzt werden. Er muss unverändert sein und darf nur für das \
             Konto lesbar sein, unter dem der Zeuge läuft (0600).",
            path.display()
        ),
        FolderError::NoName => {
            "Hier ist noch kein Zeuge. Bitte mit --name sagen, wie er heißen soll, etwa zeuge.example."
                .to_owned()
        }
        FolderError::BadName(name) => format!(
            "„{name}“ kann kein Zeuge heißen: Der Name steht ohne Leerzeichen und ohne + und hat höchstens 255 Zeichen."
        ),
        FolderError::OtherName { found, expected } => format!(
            "Der Zeuge in diesem Ordner heißt {found}, nicht {expected}. Ein anderer Name ist ein anderer Zeuge und \
             braucht einen anderen Ordner."
        ),
        FolderError::Lost { path } => format!(
            "{} fehlt: Was der Zeuge mitgezeichnet hat, ist nicht mehr bekannt. Bitte aus der Sicherung zurückbringen; \
             sonst in einem neuen Ordner einen neuen Zeugen anlegen und seinen Schlüssel bekannt geben.",
            path.display()
        ),
        FolderError::Damaged { path } => format!(
            "{} ist nicht, was dieser Zeuge mitgezeichnet hat. Bitte nichts löschen und feststellen, wer die Datei \
             geändert hat; aus der Sicherung kommt sie nur zurück, wenn nach ihr nichts mehr mitgezeichnet wurde.",
            path.display()
        ),
    }
}

/// What is said of a file or folder that cannot be used.
pub(super) fn of_path(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    let kind = error.kind();
    if kind == ErrorKind::NotFound {
        format!("{path} gibt es nicht. Bitte den Pfad prüfen.")
    } else if kind == ErrorKind::AlreadyExists {
        format!(
            "{path} gibt es schon und wird nicht überschrieben. Bitte einen anderen Namen nennen."
        )
    } else if kind == ErrorKind::IsADirectory {
        format!("{path} ist ein Ordner. Bitte eine Datei nennen.")
    } else if kind == ErrorKind::NotADirectory {
        format!("{path} führt nicht durch lauter Ordner. Bitte den Pfad prüfen.")
    } else if kind == ErrorKind::PermissionDenied || kind == ErrorKind::ReadOnlyFilesystem {
        format!("Für {path} hat das Konto, unter dem Papierlos läuft, kein Recht.")
    } else if kind == ErrorKind::StorageFull {
        format!("Für {path} ist auf dem Datenträger kein Platz mehr.")
    } else {
        format!("{path} kann nicht benutzt werden.")
    }
}

fn of_server(error: &ServeError) -> Option<String> {
    let said = match error {
        ServeError::Open(error) => return of_archive(error),
        ServeError::Forms(_) => {
            "Die Formulare können nicht angeboten werden. Bitte die Vorlagen im Ordner forms.folder prüfen: \
             `papierlos forms check DATEI` nennt jeden Fehler."
        }
        ServeError::Publish(_) => LOG,
        ServeError::Index(IndexError::Locked { dir }) => {
            return Some(format!(
                "Der Suchindex {} ist in Benutzung. Läuft Papierlos auf diesem Datenordner schon? Bitte jenes \
                 zuerst beenden oder mit --data einen anderen Ordner nennen.",
                dir.display()
            ));
        }
        ServeError::Index(_) => {
            "Der Suchindex kann nicht geöffnet werden. Bitte prüfen, ob der Ordner index.dir beschreibbar ist; \
             `papierlos reindex` baut den Index neu auf."
        }
        ServeError::Workflows(_) => {
            "Die Geschäftsgänge können nicht angeboten werden. Bitte die Definitionen im Ordner workflows.folder \
             prüfen: `papierlos workflow check` nennt jeden Fehler."
        }
        ServeError::Seal(_) => {
            "Das Siegel kann nicht benutzt werden. Bitte die Einstellungen unter [seal] prüfen: Schlüssel, \
             Zertifikate, PIN, Adresse des Dienstes."
        }
        ServeError::Trust(_) => {
            "Unterschriften können nicht geprüft werden. Bitte die Einstellungen unter [signatures] prüfen, \
             besonders den Ordner signatures.trust."
        }
        ServeError::Mail(_) => {
            "E-Mails können nicht verschickt werden. Bitte die Einstellungen unter [mail] prüfen."
        }
        ServeError::Listen { address, source } => return Some(listen(address, source)),
        ServeError::Ended(_) => "Der Server ist mit einem Fehler zu Ende gegangen.",
    };
    Some(said.to_owned())
}

const LOG: &str = "Das Protokoll kann nicht fortgesetzt werden: Was veröffentlicht ist und was in der Datenbank steht, \
     passt nicht zusammen. Bitte nichts löschen. Datenbank, Inhalte und Protokoll müssen aus derselben Sicherung \
     stammen, und der Ordner log.lock_dir muss beschreibbar sein; `papierlos verify` sagt, was abweicht.";

fn of_archive(error: &OpenError) -> Option<String> {
    Some(match error {
        OpenError::Folder { path, source } => folder(path, source),
        OpenError::Missing { what, path } => format!(
            "{} {} fehlt, das Archiv wurde aber damit eingerichtet. Bitte die Datei aus ihrer sicheren Verwahrung \
             zurückbringen; eine neue ersetzt sie nicht.",
            if *what == "signing key" {
                "Der Signaturschlüssel des Protokolls"
            } else {
                "Die Schlüsseldatei"
            },
            path.display()
        ),
        OpenError::Keys(_) => {
            "Die Schlüsseldatei (keys.key_file) kann nicht benutzt werden. Es muss unverändert die Datei sein, mit \
             der das Archiv eingerichtet wurde, und das Konto, unter dem Papierlos läuft, muss sie lesen dürfen."
                .to_owned()
        }
        OpenError::Signer { path, .. } => format!(
            "Der Signaturschlüssel des Protokolls {} (log.signing_key_file) kann nicht benutzt werden. Es muss \
             unverändert die Datei sein, mit der das Archiv eingerichtet wurde.",
            path.display()
        ),
        OpenError::SigningKey(error) => signing_key(error),
        OpenError::Foreign {
            found, expected, ..
        } => format!(
            "Das Archiv wurde mit anderen Einstellungen eingerichtet: Es nennt sich {found}, die Einstellungen \
             sagen {expected}. Bitte prüfen, ob log.origin, die Schlüssel und database.url zu diesem Archiv \
             gehören."
        ),
        OpenError::Origin(name) => format!(
            "log.origin: „{name}“ kann kein Name eines Protokolls sein. Bitte einen ohne Leerzeichen und ohne + \
             wählen, etwa stadt.example/archiv."
        ),
        OpenError::Lock(_) => LOG.to_owned(),
        OpenError::Witness(BadWitness { key }) => format!(
            "log.witnesses: „{key}“ ist nicht der öffentliche Schlüssel eines Zeugen, oder der eines, der schon \
             genannt ist. Bitte den eintragen, den der Zeuge beim Start nennt."
        ),
        OpenError::NoArchive { path } => format!(
            "Hier ist kein Archiv: {} gibt es nicht. --data nennt den Ordner des Archivs; ein neues legt \
             `papierlos serve` an. Ist die Datenbank verloren, muss sie aus der Sicherung zurückkommen.",
            path.display()
        ),
        OpenError::NoFolder { path } => format!(
            "Den Ordner {} gibt es nicht. --data nennt den Ordner des Archivs; ein neues legt `papierlos serve` an.",
            path.display()
        ),
        // It says so in German itself.
        OpenError::Migrate(_) => return None,
        OpenError::Backend(_) => "Die Ablage der Inhalte kann nicht geöffnet werden. Bitte die Einstellungen unter \
             [storage] prüfen: Der Ordner muss beschreibbar, ein S3-Speicher erreichbar sein."
            .to_owned(),
        OpenError::Db(_) => "Die Datenbank kann nicht geöffnet werden. Bitte database.url prüfen: Läuft der \
             Datenbankserver, und stimmen Rechner, Name und Kennwort? Bei SQLite muss der Ordner der Datei \
             beschreibbar sein."
            .to_owned(),
    })
}

/// What is said of a signing key that is not in force.
pub(super) fn signing_key(error: &KeysError) -> String {
    match error {
        KeysError::Retired { path, newest, .. } => format!(
            "Der Signaturschlüssel in {} (log.signing_key_file) wurde abgelöst: Jetzt signiert {newest}. Bitte dessen \
             Datei an seine Stelle legen; sie liegt auf dem Rechner, auf dem `papierlos log rotate-key` lief.",
            path.display()
        ),
        KeysError::Foreign { path, newest, .. } => format!(
            "Der Signaturschlüssel in {} (log.signing_key_file) gehört nicht zu diesem Archiv, dessen Protokoll \
             {newest} signiert. Es ist die falsche Datei, oder die Datenbank wurde auf einen Stand vor dem letzten \
             Wechsel des Schlüssels zurückgesetzt.",
            path.display()
        ),
        KeysError::Handover { .. } => "Was in der Datenbank über den Wechsel des Signaturschlüssels steht, ist nicht \
             von den Schlüsseln dieses Protokolls. Bitte nichts löschen; `papierlos verify` mit dem Schlüssel vom \
             Papier sagt, was abweicht."
            .to_owned(),
        KeysError::Missing { path } | KeysError::Signer { path, .. } => format!(
            "Der Signaturschlüssel des Protokolls {} (log.signing_key_file) kann nicht benutzt werden.",
            path.display()
        ),
        KeysError::Db(_) => "Die Datenbank sagt nicht, welcher Schlüssel das Protokoll signiert.".to_owned(),
    }
}

fn folder(path: &Path, source: &io::Error) -> String {
    let kind = source.kind();
    let what_to_do = if kind == ErrorKind::PermissionDenied || kind == ErrorKind::ReadOnlyFilesystem
    {
        "Das Konto, unter dem Papierlos läuft, muss darin schreiben dürfen."
    } else if kind == ErrorKind::StorageFull {
        "Auf dem Datenträger ist kein Platz mehr."
    } else {
        "Bitte den Pfad prüfen (--data, data_dir): Es muss ein Ordner sein, in dem geschrieben werden darf."
    };
    format!(
        "Der Ordner {} kann nicht benutzt werden. {what_to_do}",
        path.display()
    )
}

/// What is said of an address on which nobody can listen.
pub(super) fn listen(address: &str, source: &io::Error) -> String {
    let kind = source.kind();
    if kind == ErrorKind::AddrInUse {
        format!(
            "Die Adresse {address} ist schon vergeben. Läuft Papierlos oder ein anderes Programm dort schon? \
             --listen oder server.listen nennt eine andere."
        )
    } else if kind == ErrorKind::PermissionDenied {
        format!(
            "Für die Adresse {address} fehlt das Recht: Ports unter 1024 sind dem System vorbehalten. Bitte mit \
             --listen oder server.listen einen höheren wählen und einen Proxy davorstellen."
        )
    } else if kind == ErrorKind::AddrNotAvailable {
        format!(
            "Die Adresse {address} hat dieser Rechner nicht. Bitte mit --listen oder server.listen eine eigene \
             nennen, etwa 127.0.0.1:8080."
        )
    } else {
        format!("Auf der Adresse {address} (server.listen) kann nicht gehört werden.")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Failure;
    use super::*;

    #[test]
    fn what_went_wrong_is_said_in_german_and_the_cause_follows() {
        let taken = ServeError::Listen {
            address: "127.0.0.1:8080".to_owned(),
            source: ErrorKind::AddrInUse.into(),
        };
        let said = Failure::of(2, &taken).message;
        assert!(said.starts_with("Die Adresse 127.0.0.1:8080 ist schon vergeben."));
        assert!(
            said.contains("(Ursache: server.listen: 127.0.0.1:8080"),
            "{said}"
        );
        let closed = OpenError::Folder {
            path: "/srv/archiv".into(),
            source: ErrorKind::PermissionDenied.into(),
        };
        let said = Failure::of(2, &ServeError::from(closed)).message;
        assert!(said.starts_with("Der Ordner /srv/archiv"), "{said}");
        assert!(said.contains("schreiben dürfen"), "{said}");
        let gone = OpenError::Missing {
            what: "key file",
            path: "/srv/keys".into(),
        };
        let said = Failure::of(2, &gone).message;
        assert!(
            said.starts_with("Die Schlüsseldatei /srv/keys fehlt"),
            "{said}"
        );
        let bundle = BundleError::NotABundle("/srv/leer".to_owned());
        let said = Failure::of(2, &bundle).message;
        assert!(
            said.starts_with("/srv/leer ist kein Prüfbündel: Darin ist kein Ordner data/log."),
            "{said}"
        );
        assert!(said.contains("(Ursache: /srv/leer is not"), "{said}");
        let cut = VerifyError::Source(Box::new(io::Error::other("wie es ist")));
        let said = Failure::of(2, &cut).message;
        assert!(
            said.starts_with("Das Protokoll kann nicht gelesen werden."),
            "{said}"
        );
        let said = Failure::of_path(Path::new("/srv/da"), &ErrorKind::AlreadyExists.into()).message;
        assert!(said.starts_with("/srv/da gibt es schon"), "{said}");
        let other = io::Error::other("wie es ist");
        assert_eq!(Failure::of(2, &other).message, "wie es ist");
    }
}
