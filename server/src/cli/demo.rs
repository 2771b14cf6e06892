//! `papierlos demo`: a town to look at.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;

use super::progress::Progress;
use super::{Ended, Failure, MISSING, chain, say};
use crate::app::Server;
use crate::base::{Clock as _, JobKind, SystemClock};
use crate::config::Config;
use crate::demo;
use crate::demo::content::Town;
use crate::demo::fill::{Move, PASSWORD};
use crate::jobs;

/// Where the demo town lives if nothing is said.
const DATA: &str = "demo-data";
/// Who issues its forms.
const TOWN: &str = "Stadt Hollerfurt";
/// A letter that comes with the sources, to be filed by whoever tries the archive.
const LETTER: &str = "indexer/tests/data/vwzg-2005.pdf";
/// Where its workflows export to, within its data, if nothing is said.
const EXPORTS: &str = "exports";
/// How often it is looked whether everything can be found.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a person is kept waiting for texts to be read: the rest is read behind the open door.
const READING_MAX: Duration = Duration::from_secs(30);

/// Zeigt Papierlos: eine Stadt mit Personen und Dokumenten, in der gleich gesucht werden kann.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Wo die Stadt zu erreichen ist; ein freier Port, wo der übliche besetzt ist.
    #[arg(long, value_name = "ADRESSE")]
    listen: Option<String>,
}

impl Demo {
    /// What the demo says in place of settings.
    pub(super) fn settings(
        &self,
        data: Option<&std::path::Path>,
        arguments: &mut Vec<(&'static str, String)>,
    ) {
        if data.is_none() {
            arguments.push(("data_dir", DATA.to_owned()));
        }
        if let Some(listen) = &self.listen {
            arguments.push(("server.listen", listen.clone()));
        }
    }

    pub(super) fn run(self, mut config: Config) -> Ended {
        if self.listen.is_none() && TcpListener::bind(config.server.listen).is_err() {
            config.server.listen.set_port(0);
        }
        let mut shown = config.shown().iter();
        if shown.any(|one| one.key == "forms.town" && one.is_default) {
            TOWN.clone_into(&mut config.forms.town);
        }
        let data = config.data_dir.clone();
        if config.workflows.export_folder.is_none() {
            config.workflows.export_folder = Some(data.join(EXPORTS));
        }
        actix_web::rt::System::new().block_on(async move {
            if config.seal.is_none() {
                let made = demo::seal(&data, SystemClock.now()).await;
                config.seal = Some(made.map_err(|error| Failure::new(MISSING, chain(&error)))?);
            }
            let opened = Server::open(config).await;
            let server = opened.map_err(|error| Failure::of(MISSING, &error))?;
            let town = match ready(&server).await {
                Ok(Some(town)) => town,
                Ok(None) => {
                    server.end().await;
                    return Ok(());
                }
                Err(failure) => {
                    server.end().await;
                    return Err(failure);
                }
            };
            let tablet = invited(&server, &town);
            let key = server.archive().publication.verifier().to_string();
            let ended = server.run(|address| welcome(town.town(), (address, &tablet), &key, &data));
            let ended = ended.await;
            ended.map_err(|error| Failure::of(MISSING, &error))
        })
    }
}

/// Fills the archive and waits until everything can be found. Nothing where it was told to end
/// before: the next run goes on.
async fn ready(server: &Server) -> Result<Option<Move>, Failure> {
    tokio::select! {
        filled = fill(server) => filled.map(Some),
        () = super::asked_to_end() => Ok(None),
    }
}

async fn fill(server: &Server) -> Result<Move, Failure> {
    let archive = server.archive();
    let town = Move::begin(&archive.db, &archive.storage, server.auth()).await?;
    if town.missing() > 0 {
        let mut progress = Progress::begin("Ablegen / filing", count(town.missing()));
        let filed = town.finish(|| progress.step()).await;
        progress.end();
        filed?;
    }
    town.open_files().await?;
    let bench = server.bench();
    town.prepare_counter(&bench).await?;
    Box::pin(town.walk_workflows(bench)).await?;
    wait_for_texts(server).await?;
    Ok(town)
}

/// Waits until everything can be found, but not for ever.
async fn wait_for_texts(server: &Server) -> Result<(), Failure> {
    let archive = server.archive();
    let end = Instant::now() + READING_MAX;
    let waiting = jobs::backlog(archive.db.read(), JobKind::ExtractText)
        .await?
        .waiting;
    let mut left = waiting;
    if waiting > 0 {
        let mut progress = Progress::begin("Lesen / reading", waiting);
        while left > 0 && Instant::now() < end {
            progress.reach(waiting.saturating_sub(left));
            tokio::time::sleep(LOOK_EVERY).await;
            left = jobs::backlog(archive.db.read(), JobKind::ExtractText)
                .await?
                .waiting;
        }
        progress.reach(waiting.saturating_sub(left));
        progress.end();
    }
    if left > 0 {
        say(&format!(
            "{left} Texte werden im Hintergrund gelesen und sind gleich auffindbar. / \
             {left} texts are still being read and can be found in a moment."
        ));
        return Ok(());
    }
    while server.behind() > 0 && Instant::now() < end {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// The address of the tablet of the demo, below that of the archive: paired once whoever opens it.
fn invited(server: &Server, town: &Move) -> String {
    let clerk = town.town().person(demo::COUNTER_CLERK);
    let department = clerk.map(|one| one.department.as_str()).unwrap_or_default();
    let ticket = server.invitation().invite(demo::COUNTER_TABLET, department);
    match ticket {
        Ok(ticket) => format!("/tablet#demo={ticket}"),
        Err(_none) => "/tablet".to_owned(),
    }
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn welcome(town: &Town, (address, tablet): (&str, &str), key: &str, data: &Path) {
    say(&greeting(town, (address, tablet), key));
    people(town);
    desks(town);
    let binary = std::env::current_exe().unwrap_or_else(|_gone| PathBuf::from("papierlos"));
    let data = std::path::absolute(data).unwrap_or_else(|_odd| data.to_owned());
    let lines = Lines {
        address,
        letter: if Path::new(LETTER).exists() {
            LETTER
        } else {
            "brief.pdf"
        },
        binary: &quoted(&binary.display().to_string()),
        data: &quoted(&data.display().to_string()),
        key: &quoted(key),
    };
    say(&format!(
        "\n  Auf der Befehlszeile / on the command line\n\n{}\n\n  \
         Beenden mit Strg-C / stop with Ctrl-C\n",
        lines.written(clerk(town)),
    ));
}

/// Where the town is, how to come in, and the key to be kept on paper.
fn greeting(town: &Town, (address, tablet): (&str, &str), key: &str) -> String {
    format!(
        "\n  Papierlos: {} {}, {} Dokumente\n\n  \
         Öffnen / open        {address}/\n  \
         Passwort / password  {PASSWORD}  (für alle / for everyone)\n  \
         Schnittstelle / API  {address}/api\n  \
         Tablet am Schalter   {address}{tablet}\n                       \
         (in einem zweiten Fenster, schon gekoppelt / in a second window, paired already)\n                       \
         Zu unterschreiben / to be signed: „{case}“, als / as {counter}\n  \
         Schlüssel / key      {key}\n                       \
         (prüft das Protokoll; auf Papier aufheben / verifies the log; keep it on paper)\n\n  \
         Anmelden als / sign in as",
        town.about.name,
        town.about.epithet,
        town.documents.len(),
        case = demo::COUNTER_CASE,
        counter = demo::COUNTER_CLERK,
    )
}

/// Who files in the lines to be copied, and where.
fn clerk(town: &Town) -> (&str, &str) {
    town.person("j.brinkhoff")
        .or(town.people.first())
        .map(|one| (one.user.as_str(), one.department.as_str()))
        .unwrap_or_default()
}

/// Lines to be copied as they stand: sign in, file, find, download, prove. Paths and key are as a shell
/// takes them.
struct Lines<'a> {
    address: &'a str,
    letter: &'a str,
    binary: &'a str,
    data: &'a str,
    key: &'a str,
}

impl Lines<'_> {
    fn written(&self, (clerk, department): (&str, &str)) -> String {
        let Self {
            address,
            letter,
            binary,
            data,
            key,
        } = self;
        format!(
            "# anmelden / sign in\n\
             TOKEN=$(curl -s {address}/api/v1/session -H 'Content-Type: application/json' \
             -d '{{\"login\":\"{clerk}\",\"password\":\"{PASSWORD}\"}}' | \
             sed 's/.*\"secret\":\"\\([^\"]*\\)\".*/\\1/')\n\
             # ablegen / file a document\n\
             ID=$(curl -s -D /dev/stderr {address}/api/v1/documents -H \"Authorization: Bearer $TOKEN\" \
             -F 'metadata={{\"title\":\"Verwaltungszustellungsgesetz\",\"type\":\"Gesetz\"}};type=application/json' \
             -F 'content=@{letter};type=application/pdf' | sed 's/^{{\"id\":\"\\([^\"]*\\)\".*/\\1/')\n\
             # suchen, sobald es gelesen ist / search, as soon as it is read\n\
             sleep 2\n\
             curl -s -G {address}/api/v1/search -H \"Authorization: Bearer $TOKEN\" \
             --data-urlencode 'q=Empfangsbekenntnis'\n\
             # herunterladen / download\n\
             curl -s {address}/api/v1/documents/$ID/content -H \"Authorization: Bearer $TOKEN\" | \
             cmp - {letter} && echo gleich / the same\n\
             # ablegen wie ein Scanner, der sonst nichts darf / file as a scanner that may do nothing else\n\
             SCANNER=$(curl -s {address}/api/v1/tokens -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \
             -d '{{\"label\":\"Scanner\",\"scope\":\"intake\",\"days\":30,\"department\":\"{department}\"}}' | \
             sed 's/.*\"secret\":\"\\([^\"]*\\)\".*/\\1/')\n\
             curl -s {address}/api/documents/post_document/ -H \"Authorization: Token $SCANNER\" -F 'document=@{letter};type=application/pdf'\n\
             # was im Eingangskorb wartet / what waits in the inbox\n\
             curl -s {address}/api/v1/inbox -H \"Authorization: Bearer $TOKEN\"\n\
             # beweisen, ohne den Server / prove it, without the server\n\
             LOG=$(mktemp -d)/log\n\
             {binary} export --log $LOG --data {data}\n\
             {binary} verify $LOG --key {key}"
        )
    }
}

/// What waits for whom in workflows.
fn desks(town: &Town) {
    let all = &town.script.desks;
    let width = all.iter().map(|desk| desk.user.chars().count()).max();
    let width = width.unwrap_or_default();
    say("\n  Eingangskorb / inbox: was wartet / what waits");
    for desk in all {
        let (user, what) = (&desk.user, &desk.what);
        say(&format!("    {user:width$}  {what}"));
    }
}

/// A word as a shell takes it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    if text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn people(town: &Town) {
    let width = town
        .people
        .iter()
        .map(|person| person.user.chars().count())
        .max();
    let width = width.unwrap_or_default();
    for person in &town.people {
        let department = town.department(&person.department);
        let department = department.map(|one| one.name.as_str()).unwrap_or_default();
        let (user, name, function) = (&person.user, &person.name, &person.function);
        say(&format!(
            "    {user:width$}  {name}, {function} ({department})"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::{LETTER, Lines, Town, clerk, greeting, quoted};
    use crate::audit::NoteKey;

    const README: &str = include_str!("../../../README.md");

    /// What stands between two marks of the README.
    fn between(before: &str, after: &str) -> &'static str {
        let (_, rest) = README.split_once(before).expect("the mark before");
        let (found, _) = rest.split_once(after).expect("the mark after");
        found
    }

    #[test]
    fn the_readme_shows_one_run_as_the_demo_prints_it() {
        let town = Town::load().expect("the town");
        let address = "http://127.0.0.1:8080";
        let key = between("Schlüssel / key      ", "\n");
        let tablet = between("http://127.0.0.1:8080/tablet", "\n");
        let head = greeting(&town, (address, &format!("/tablet{tablet}")), key);
        assert!(README.contains(&head), "{head}");
        let lines = Lines {
            address,
            letter: LETTER,
            binary: "target/demo/papierlos",
            data: "demo-data",
            key: &quoted(key),
        };
        let written = format!("```sh\n{}\n```", lines.written(clerk(&town)));
        assert!(README.contains(&written), "{written}");
        // What follows is of the same run: its address, its log and its key.
        let known: NoteKey = key.parse().expect("a key");
        let (log, id) = (known.name(), known.id());
        assert_eq!(log, "127.0.0.1:8080/audit");
        assert!(README.contains(&format!("\nProtokoll {log}: ")));
        assert!(README.contains(&format!(", Schlüssel {log}+{id}\n")));
        let others: Vec<&str> = README.split("127.0.0.1:").skip(1).collect();
        assert!(others.iter().all(|rest| rest.starts_with("8080/")));
        assert!(README.contains("\n  A  Signatur des Prüfpunkts      ok\n"));
    }

    #[test]
    fn a_word_is_quoted_where_a_shell_would_read_it_otherwise() {
        assert_eq!(quoted("target/demo/papierlos"), "target/demo/papierlos");
        assert_eq!(quoted("Stadt A/it's"), "'Stadt A/it'\\''s'");
        assert_eq!(quoted("a:1+b"), "'a:1+b'");
    }
}
