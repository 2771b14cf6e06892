//! The real server as a process of its own.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::client::Client;
use crate::database::{Engine, TestDatabase};
use crate::libreoffice;
use crate::wait::PATIENCE;

/// The variable that gives the server its database.
const DATABASE_VARIABLE: &str = "PAPIERLOS_DATABASE_URL";
/// How long a server may take to end after SIGTERM.
const FAREWELL: Duration = Duration::from_secs(20);

/// What a test wants to be different from the ordinary.
#[derive(Clone, Debug, Default)]
pub struct Start {
    engine: Option<Engine>,
    variables: Vec<(String, String)>,
    of_its_own: bool,
}

impl Start {
    /// As ordinary.
    #[must_use]
    pub fn new() -> Start {
        Start::default()
    }

    /// On this database rather than on the one of the run.
    #[must_use]
    pub fn on(mut self, engine: Engine) -> Start {
        self.engine = Some(engine);
        self
    }

    /// With this variable in the server's environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Start {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// As an archive made for this test alone: towns are otherwise copies of one, with the same keys.
    #[must_use]
    pub fn of_its_own(mut self) -> Start {
        self.of_its_own = true;
        self
    }

    /// Starts the server and waits until it listens. None where the database cannot be had (outside CI).
    ///
    /// # Panics
    /// When the server does not start; the end of its log is in the message.
    pub async fn start(self) -> Option<TestApp> {
        let database = match self.engine() {
            // The ordinary place: a file in the data folder, which the server makes itself.
            Engine::Sqlite => None,
            Engine::Postgres => Some(TestDatabase::empty(Engine::Postgres).await?),
        };
        let data = TempDir::new().expect("a temporary folder");
        Some(self.on_data(data, database))
    }

    /// Starts the server on a data folder and a database that there are.
    pub(crate) fn on_data(self, data: TempDir, database: Option<TestDatabase>) -> TestApp {
        let mut variables = self.variables;
        if let Some(database) = &database {
            variables.push((DATABASE_VARIABLE.to_owned(), database.url().to_owned()));
        }
        let mut app = TestApp {
            process: None,
            database,
            data,
            variables,
        };
        app.resume();
        app
    }

    /// The database that the server will have.
    pub(crate) fn engine(&self) -> Engine {
        self.engine.unwrap_or_else(Engine::of_this_run)
    }

    /// Whether nothing is set that says where data lie, or how they came to lie there.
    pub(crate) fn may_be_copied(&self) -> bool {
        const PLACES: [&str; 5] = ["DATABASE", "INDEX", "KEYS", "LOG", "STORAGE"];
        let mut variables = self.variables.iter();
        !self.of_its_own
            && variables.all(|(name, _)| {
                let setting = name.trim_start_matches("PAPIERLOS_");
                !PLACES.iter().any(|place| setting.starts_with(place))
            })
    }
}

/// A running server with a data folder and a database of its own. Ends with this value.
#[derive(Debug)]
pub struct TestApp {
    process: Option<Running>,
    // After the process: it is dropped later.
    database: Option<TestDatabase>,
    data: TempDir,
    variables: Vec<(String, String)>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    address: String,
}

impl TestApp {
    /// An ordinary server on the database of this run.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start() -> Option<TestApp> {
        Start::new().start().await
    }

    /// Where it listens: `http://127.0.0.1:PORT`.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.running().address
    }

    /// The process id, for tests that look at memory and open files.
    ///
    /// # Panics
    /// When it does not run.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.running().child.id()
    }

    /// Its data folder.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// Its database, where that is not a file in the data folder.
    #[must_use]
    pub fn database(&self) -> Option<&TestDatabase> {
        self.database.as_ref()
    }

    /// A client that has not signed in.
    #[must_use]
    pub fn anonymous(&self) -> Client {
        Client::new(self.address(), None)
    }

    /// A client with this bearer token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Client {
        Client::new(self.address(), Some(token))
    }

    /// Runs `papierlos ARGUMENTS --data DIR` beside the server or without it.
    ///
    /// # Panics
    /// When the binary cannot be started.
    pub async fn command(&self, arguments: &[&str]) -> Output {
        self.command_with(arguments, &[]).await
    }

    /// As [`TestApp::command`], with further variables.
    ///
    /// # Panics
    /// When the binary cannot be started.
    pub async fn command_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let mut command = self.papierlos(arguments);
        command.envs(variables.iter().copied());
        tokio::task::spawn_blocking(move || command.stdin(Stdio::null()).output())
            .await
            .expect("the task ends")
            .expect("the binary starts")
    }

    /// SIGKILL: nothing is said, nothing is finished.
    ///
    /// # Panics
    /// When it does not run.
    pub fn kill(&mut self) {
        let mut running = self.process.take().expect("a running server");
        running.child.kill().expect("a child of ours can be killed");
        running.child.wait().expect("a killed child ends");
    }

    /// SIGTERM, and waits for the end.
    ///
    /// # Panics
    /// When it does not run, or does not end in time.
    pub fn stop(&mut self) -> ExitStatus {
        let mut running = self.process.take().expect("a running server");
        let status = terminate(&mut running.child);
        assert!(status.is_some(), "no end after SIGTERM\n{}", self.log_end());
        status.unwrap_or_default()
    }

    /// Starts the server again on the same data.
    ///
    /// # Panics
    /// When it runs already or does not start.
    pub fn resume(&mut self) {
        assert!(self.process.is_none(), "the server runs already");
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_path())
            .expect("a log");
        let mut child = self
            .papierlos(&["serve", "--listen", "127.0.0.1:0", "--announce"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().expect("a pipe");
        match announced_address(stdout) {
            Some(address) => self.process = Some(Running { child, address }),
            None => {
                let state = child.try_wait();
                child.kill().ok();
                child.wait().ok();
                unreachable!(
                    "the server did not announce itself ({state:?})\n{}",
                    self.log_end()
                );
            }
        }
    }

    /// Starts the server, which must refuse; gives what it says.
    ///
    /// # Panics
    /// When it starts all the same.
    pub fn refuses_to_start(&self) -> String {
        assert!(self.process.is_none(), "the server runs already");
        let mut child = self
            .papierlos(&["serve", "--listen", "127.0.0.1:0", "--announce"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().expect("a pipe");
        let announced = announced_address(stdout);
        if announced.is_some() {
            child.kill().ok();
        }
        let output = child.wait_with_output().expect("it ends");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            announced.is_none() && !output.status.success(),
            "it started all the same\n{said}"
        );
        said
    }

    /// Starts `papierlos ARGUMENTS --data DIR` and lets it run.
    ///
    /// # Panics
    /// When the binary cannot be started.
    #[must_use]
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.papierlos(arguments);
        let quiet = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        quiet.spawn().expect("the binary starts")
    }

    /// Starts a second server on the same archive, with an index of its own.
    ///
    /// # Panics
    /// When the binary cannot be started.
    #[must_use]
    pub fn second(&self) -> Child {
        let mut command = self.papierlos(&["serve", "--listen", "127.0.0.1:0"]);
        command
            .env("PAPIERLOS_INDEX_DIR", self.data.path().join("index-2"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command.spawn().expect("the binary starts")
    }

    /// With another value of a variable from the next start on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Leaves its database where it is and names it; None where that is a file in the data folder.
    pub(crate) fn keep_database(mut self) -> Option<String> {
        self.database.take().and_then(TestDatabase::keep)
    }

    /// The address of its database, for tests that play the database's administrator.
    #[must_use]
    pub fn database_url(&self) -> String {
        match &self.database {
            Some(database) => database.url().to_owned(),
            None => format!(
                "sqlite://{}",
                self.data.path().join("papierlos.db").display()
            ),
        }
    }

    /// What the server wrote to its log so far, all runs together.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn running(&self) -> &Running {
        self.process.as_ref().expect("a running server")
    }

    fn log_path(&self) -> PathBuf {
        self.data.path().with_extension("log")
    }

    fn log_end(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        let skipped = lines.len().saturating_sub(40);
        lines
            .into_iter()
            .skip(skipped)
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn papierlos(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).arg("--data").arg(self.data.path());
        // What a developer has in the environment is none of the test's business.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("PAPIERLOS_") {
                command.env_remove(&name);
            }
        }
        command.env(libreoffice::VARIABLE, "/nonexistent/soffice.bin");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if let Some(mut running) = self.process.take()
            && terminate(&mut running.child).is_none()
        {
            eprintln!("the server did not end after SIGTERM");
        }
        if std::thread::panicking() {
            eprintln!("-- end of the server's log\n{}\n--", self.log_end());
        }
        fs::remove_file(self.log_path()).ok();
    }
}

/// The binary under test stands beside the folder of the test binary: target/PROFILE/papierlos.
#[must_use]
pub fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let folder = test
        .parent()
        .and_then(Path::parent)
        .expect("target/PROFILE/deps");
    let binary = folder.join("papierlos");
    assert!(
        binary.exists(),
        "build it first: {} is missing",
        binary.display()
    );
    binary
}

/// Reads stdout to its end on a thread of its own, so that the server never waits for us; the first line
/// that names an address is the announcement. None when the server ends or is silent for too long.
fn announced_address(stdout: impl std::io::Read + Send + 'static) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let announced = serde_json::from_str::<serde_json::Value>(&line)
                .ok()
                .and_then(|value| value.get("listening")?.as_str().map(str::to_owned));
            if let Some(address) = announced {
                // The receiver may have given up; the rest is read all the same.
                sender.send(address).ok();
            }
        }
    });
    receiver.recv_timeout(PATIENCE).ok()
}

/// SIGTERM, then a wait; SIGKILL and None when it takes too long.
fn terminate(child: &mut Child) -> Option<ExitStatus> {
    // Without unsafe code there is no kill(2); the shell has one built in.
    let pid = child.id().to_string();
    Command::new("sh")
        .args(["-c", "kill -TERM \"$0\"", &pid])
        .status()
        .ok();
    let start = Instant::now();
    while start.elapsed() < FAREWELL {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().ok();
    child.wait().ok();
    None
}
