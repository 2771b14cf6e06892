//! Signing at counters: many tablets that are connected to one server at the same time, and a lively mix of
//! documents that are sent to them, shown, signed and sealed.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait as _, DatabaseConnection};
use serde_json::{Value, json};
use server::base::Role;
use server::base::db::{Access, connect};
use tests::Client;
use tests::tablet::{FakeTablet, Shown, request};

use crate::Plan;
use crate::client::{Http, upload};
use crate::material::{Pool, pdfs};
use crate::process::{Memory, Served, scratch};
use crate::rights::{account, open, put_plan, token};
use crate::table::{Line, Series, figure};
use crate::town::{DEPARTMENTS, Town};

/// The key of the seal: that of the tests of `pades`.
const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../pades/tests/data/pki");
/// How many tablets are connected.
const TABLETS: usize = 300;
/// Clerks who send documents to them: each sees to his share of the tablets, one after the other.
const CLERKS: usize = 8;
/// Signatures a second of all together: each tablet has one in two and a half minutes.
const PACE: u32 = 2;
const PDF_BYTES: usize = 50_000;
/// Pairings that may wait at the same time are fewer than the tablets here: after so many they are taken away.
const PAIRINGS: usize = 50;
/// How long a tablet waits for something at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a stream said: the id of a job, or nothing; and when it was read.
type Told = (String, Instant);

/// A tablet at its counter.
struct Counter {
    tablet: FakeTablet,
    cookie: String,
    told: Receiver<Told>,
}

/// What one signature took, in seconds.
#[derive(Clone, Copy, Debug)]
struct Took {
    to_the_tablet: f64,
    to_the_case: f64,
}

/// Who sends documents: a token, and the case in which they stand.
struct Clerk {
    token: String,
    case: String,
}

/// An archive with clerks, cases, and somebody who pairs tablets.
async fn settle(data: &Path) -> (Vec<Clerk>, String) {
    let town = Town::open(data).await;
    let own = town.departments.first().map(|one| one.0);
    account(&town, "verwaltung", Role::Admin, &[]).await;
    put_plan(&town).await;
    let mut clerks = Vec::new();
    for number in 0..CLERKS {
        let login = format!("schalter-{number}");
        account(&town, &login, Role::Clerk, own.as_slice()).await;
        let department = DEPARTMENTS.first().copied().unwrap_or_default();
        let cases = open(&town, number, department.to_owned()).await;
        clerks.push(Clerk {
            token: token(&town, &login).await.1,
            case: cases.first().expect("a case").to_string(),
        });
    }
    let admin = token(&town, "verwaltung").await.1;
    town.close().await;
    (clerks, admin)
}

/// A server with a seal, and nothing beside it that signs: level B-B.
fn served(data: &Path) -> Served {
    let variables = [
        ("PAPIERLOS_SEAL_KEY", format!("{KEYS}/seal.key")),
        ("PAPIERLOS_SEAL_CERTIFICATES", format!("{KEYS}/seal.pem")),
        ("PAPIERLOS_SEAL_NAME", "Stadt Musterstadt".to_owned()),
        ("PAPIERLOS_RATES_SIGN_IN_PER_MINUTE", "0".to_owned()),
    ];
    let served = Served::start_with(data, &variables);
    served.ready();
    served
}

/// Pairs a tablet.
async fn pair(served: &Served, admin: &str, number: usize) -> FakeTablet {
    let address = format!("http://{}", served.address);
    let mut tablet = FakeTablet::new(Client::new(&address, None));
    let (pairing, code) = tablet.ask().await;
    let new = json!({"code": code, "name": format!("Tablet {number}"),
        "counter": format!("Schalter {number}"), "department": DEPARTMENTS.first()});
    let admin = Client::new(&address, Some(admin));
    let paired = admin.post("/api/v1/tablets", &new).await.is(201).json();
    paired["id"]
        .as_str()
        .expect("an id")
        .clone_into(&mut tablet.id);
    let claimed = tablet.claim(&pairing).await.is(200).json();
    assert!(claimed["paired"] == true, "{claimed}");
    tablet
}

async fn forget_pairings(database: &DatabaseConnection) {
    let gone = database.execute_unprepared("DELETE FROM tablet_pairing");
    gone.await.expect("pairings go");
}

/// Reads a stream until the server ends it.
fn listen(stream: TcpStream, told: &Sender<Told>) {
    let mut lines = BufReader::with_capacity(1024, stream);
    let mut line = String::new();
    loop {
        line.clear();
        match lines.read_line(&mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let at = Instant::now();
        // What frames the pieces of the answer begins otherwise.
        let Some(data) = line.trim_end().strip_prefix("data: ") else {
            continue;
        };
        let data: Value = serde_json::from_str(data).unwrap_or_default();
        let id = data["id"].as_str().unwrap_or_default().to_owned();
        if told.send((id, at)).is_err() {
            return;
        }
    }
}

/// Asks for a stream of events.
fn watch(address: &str, path: &str, header: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\n{header}\r\nAccept: text/event-stream\r\n\r\n"
    );
    stream
        .write_all(request.as_bytes())
        .expect("the server reads");
    stream
}

/// Pairs the tablets; each then watches what it has to show, in a thread of its own.
fn connected(
    plan: &Plan,
    served: &Served,
    (admin, database): (&str, &DatabaseConnection),
) -> (Vec<Counter>, Vec<JoinHandle<()>>) {
    let (mut counters, mut threads) = (Vec::new(), Vec::new());
    for number in 0..TABLETS {
        let tablet = plan.runtime.block_on(pair(served, admin, number));
        if number % PAIRINGS == PAIRINGS - 1 {
            plan.runtime.block_on(forget_pairings(database));
        }
        let headers = tablet.headers("/", "", b"");
        let cookie = headers.into_iter().find(|(name, _)| *name == "cookie");
        let cookie = cookie.expect("a cookie").1;
        let stream = watch(
            &served.address,
            "/api/v1/tablet/events",
            &format!("Cookie: {cookie}"),
        );
        let (told, receiver) = channel();
        let thread = thread::Builder::new()
            .stack_size(256 << 10)
            .spawn(move || listen(stream, &told));
        threads.push(thread.expect("a thread"));
        counters.push(Counter {
            tablet,
            cookie,
            told: receiver,
        });
    }
    for counter in &counters {
        // That it has nothing to show.
        counter.told.recv_timeout(PATIENCE).expect("an event");
    }
    (counters, threads)
}

impl Counter {
    /// When the tablet was told of this job.
    fn told_of(&self, job: &str) -> Instant {
        loop {
            let (id, at) = self.told.recv_timeout(PATIENCE).expect("an event");
            if id == job {
                return at;
            }
        }
    }

    /// Sends something in for a job, signed.
    fn tell(&self, http: &mut Http, shown: &Shown, (what, body): (&str, &Value)) {
        let path = format!("/api/v1/tablet/jobs/{}/{what}", shown.id);
        let body = body.to_string();
        let headers = self.tablet.headers(&path, &shown.nonce, body.as_bytes());
        http.post_with(&path, &headers, body.as_bytes()).is(200);
    }

    /// Fetches a job and its first page, and tells that it is shown.
    fn show(&self, http: &mut Http, job: &str) -> Shown {
        let path = format!("/api/v1/tablet/jobs/{job}");
        let found = http.get_as(&path, &self.cookie).is(200).json();
        let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
        let picture = found["pages"][0]["picture"].as_str();
        http.get_as(picture.expect("a page"), &self.cookie).is(200);
        let shown = Shown {
            id: job.to_owned(),
            nonce: text("nonce"),
            sentence: text("sentence"),
            pages: found["pages"].as_array().cloned().unwrap_or_default(),
        };
        let seen = json!({"pages": [], "signing": false});
        self.tell(http, &shown, ("seen", &seen));
        shown
    }
}

/// Files a document and registers it in the case of the clerk; its id.
fn registered(http: &mut Http, clerk: &Clerk, content: &[u8]) -> String {
    let filed = upload(http, &clerk.token, "Empfangsbestätigung", content);
    let filed = filed.is(201).json();
    let id = filed["id"].as_str().expect("an id").to_owned();
    let path = format!("/api/v1/documents/{id}/register");
    let headers = [
        ("Authorization", format!("Bearer {}", clerk.token)),
        ("If-Match", format!("\"v{}\"", filed["version"])),
    ];
    let body = json!({"case": clerk.case}).to_string();
    http.post_with(&path, &headers, body.as_bytes()).is(200);
    id
}

/// One signature, from a document in a case to its sealed version there.
fn sign(
    served: &Served,
    clerk: &Clerk,
    (counter, content): (&Counter, &[u8]),
    (mine, tablet): (&mut Http, &mut Http),
) -> Took {
    let document = registered(mine, clerk, content);
    let path = format!("/api/v1/documents/{document}/signing-jobs");
    let body = request(&counter.tablet.id);
    let click = Instant::now();
    let sent = mine.post(&path, &clerk.token, &body).is(201).json();
    let job = sent["id"].as_str().expect("an id");
    let told = counter.told_of(job);
    // The clerk watches how far it has come; what is said is not read.
    let bearer = format!("Authorization: Bearer {}", clerk.token);
    let watched = watch(
        &served.address,
        &format!("/api/v1/signing-jobs/{job}/events"),
        &bearer,
    );
    let shown = counter.show(tablet, job);
    let signature = shown.signature();
    let handed_in = Instant::now();
    counter.tell(tablet, &shown, ("signature", &signature));
    let path = format!("/api/v1/documents/{document}");
    let found = mine.get(&path, Some(&clerk.token)).is(200).json();
    let to_the_case = handed_in.elapsed().as_secs_f64();
    assert!(
        found["content"]["number"] == 2 && found["case"]["id"] == clerk.case.as_str(),
        "{found}"
    );
    drop(watched);
    Took {
        to_the_tablet: told.saturating_duration_since(click).as_secs_f64(),
        to_the_case,
    }
}

/// All counters at work: so many signatures, at their pace.
fn mix(
    served: &Served,
    clerks: &[Clerk],
    (counters, paths): (&mut [Counter], &[PathBuf]),
) -> Vec<Took> {
    let took = Mutex::new(Vec::new());
    let since = Instant::now();
    let share = counters.len().div_ceil(CLERKS).max(1);
    thread::scope(|scope| {
        for (place, (mine, clerk)) in counters.chunks_mut(share).zip(clerks).enumerate() {
            let took = &took;
            scope.spawn(move || {
                let mut own = Http::connect(&served.address);
                let mut tablet = Http::connect(&served.address);
                let numbered = paths.iter().enumerate().skip(place).step_by(CLERKS);
                // Each time another tablet.
                for ((number, path), counter) in numbered.zip(mine.iter().cycle()) {
                    let turn = Duration::from_secs(1) * u32::try_from(number).unwrap_or(0) / PACE;
                    thread::sleep(turn.saturating_sub(since.elapsed()));
                    let content = fs::read(path).expect("a PDF");
                    let both = (&mut own, &mut tablet);
                    let one = sign(served, clerk, (counter, &content), both);
                    took.lock().expect("no panic").push(one);
                }
            });
        }
    });
    took.into_inner().expect("no panic")
}

fn megabytes(bytes: u64) -> String {
    figure(bytes as f64 / f64::from(1 << 20))
}

fn shown(memory: Memory) -> String {
    format!(
        "{} MB resident, of them {} MB its own; peak {} MB",
        megabytes(memory.resident),
        megabytes(memory.anonymous),
        megabytes(memory.peak)
    )
}

/// CPU of the server while so much time passes, in hundredths of a core.
fn cpu_at_rest(served: &Served, seconds: u64) -> f64 {
    let (cpu, since) = (served.cpu(), Instant::now());
    thread::sleep(Duration::from_secs(seconds));
    (served.cpu() - cpu) * 100.0 / since.elapsed().as_secs_f64()
}

fn latency(what: String, took: &Series, (must, at_most): (&str, f64)) -> Line {
    let [p50, p95, p99] = [50, 95, 99].map(|percent| figure(took.percentile(percent)));
    let said = format!("p50 {p50}, p95 {p95}, p99 {p99} s (of {})", took.len());
    Line::new(what, said).must(must, took.percentile(95) <= at_most)
}

/// What the server needed.
#[derive(Clone, Copy, Debug)]
struct Needed {
    /// CPU in hundredths of a core.
    cpu: f64,
    memory: Memory,
}

impl Needed {
    fn at_rest(served: &Served, seconds: u64) -> Self {
        Self {
            cpu: cpu_at_rest(served, seconds),
            memory: served.memory(),
        }
    }

    fn show(self) -> String {
        format!("{} % of a core; {}", figure(self.cpu), shown(self.memory))
    }
}

/// Row 16.
pub(crate) fn counter_row(plan: &Plan) -> Vec<Line> {
    let (rest, seconds): (u64, u32) = if plan.quick { (15, 20) } else { (60, 150) };
    let folder = scratch();
    let data = folder.path().join("data");
    let (clerks, admin) = plan.runtime.block_on(settle(&data));
    let material = folder.path().join("pdf");
    let count = u64::from(PACE * seconds);
    let paths = pdfs(&Pool::new(), &material, 0..count, PDF_BYTES);
    let served = served(&data);
    let url = format!("sqlite://{}", data.join("papierlos.db").display());
    let database = plan.runtime.block_on(connect(&url, Access::Write));
    let database = database.expect("its database");
    let alone = Needed::at_rest(&served, rest);
    let (mut counters, threads) = connected(plan, &served, (&admin, &database));
    plan.note(&format!("{} tablets are connected", counters.len()));
    served.forget_peak();
    let idle = Needed::at_rest(&served, rest);
    served.forget_peak();
    let (cpu, since) = (served.cpu(), Instant::now());
    let took = mix(&served, &clerks, (&mut counters, &paths));
    let lasted = since.elapsed().as_secs_f64();
    let busy = Needed {
        cpu: (served.cpu() - cpu) * 100.0 / lasted,
        memory: served.memory(),
    };
    // The streams end with the server, and with them the threads.
    served.stop();
    for thread in threads {
        thread.join().expect("a stream was read");
    }
    lines(&took, lasted, (alone, idle, busy))
}

fn lines(took: &[Took], lasted: f64, (alone, idle, busy): (Needed, Needed, Needed)) -> Vec<Line> {
    let signed = took.len() as f64;
    let tablet = Series::of(took.iter().map(|one| one.to_the_tablet));
    let case = Series::of(took.iter().map(|one| one.to_the_case));
    let pace = figure(signed / lasted);
    let at = format!("{TABLETS} tablets connected, {pace} signatures/s");
    let each = figure(busy.cpu * 10.0 * lasted / signed);
    vec![
        latency(
            format!("counter: from the clerk's click to the event on the tablet, {at}"),
            &tablet,
            ("p95 ≤ 0.3 s", 0.3),
        ),
        latency(
            format!("counter: from handing in to the sealed version in its case (B-B), {at}"),
            &case,
            ("p95 ≤ 1 s", 1.0),
        ),
        Line::new(
            format!("counter: {TABLETS} tablets connected, nothing happens"),
            idle.show(),
        )
        .against(format!("none connected: {}", alone.show()), ""),
        Line::new(
            format!("counter: {at}, with all that belongs to them"),
            format!("{each} CPU ms a signature; {}", busy.show()),
        ),
    ]
}
