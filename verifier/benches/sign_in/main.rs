//! How many sign-ins a verifier serves, and what it keeps of them; `docs/scale.md` has results.
//!
//!     cargo bench -p countersign-verifier --bench sign_in [-- --smoke]
//!
//! A sign-in is four calls: a challenge is made, fetched with a proof, answered, and the approval redeemed. Only these
//! calls are timed, never what the phone does between them. Where 64 clients share the processors with their phones, the
//! phones' signatures take processor time from the verifier: the throughput there is a lower bound. Everything is in one
//! process: no HTTP, no TLS.

mod phone;

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use countersign_core::entropy::SystemEntropy;
use countersign_core::push::jose::SoftwareKey;
use countersign_core::push::native::BaseUrl;
use countersign_core::push::native::messages::Context;
use countersign_core::time::UnixTime;
use countersign_verifier::store::sqlite::SqliteStore;
use countersign_verifier::store::{Kind, MemoryStore, Store};
use countersign_verifier::{Config, Identity, KeyId, KeyRing, Profile, Question, Request, Verifier};

use phone::Phone;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const NOW: UnixTime = UnixTime::from_seconds(1_800_000_000);
const CLIENTS: usize = 64;

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let smoke = arguments.iter().any(|a| a == "--smoke") || !arguments.iter().any(|a| a == "--bench");
    let size = |full: usize| if smoke { full.div_ceil(100) } else { full };
    // Beside the build, hence on a disk: the system's folder for such files may be memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;

    let memory = open(MemoryStore::new())?;
    one_client("in memory, one client", &memory, size(2000), None)?;
    many_clients("in memory, 64 clients", &memory, size(6400))?;

    let file = open(SqliteStore::open(&folder.path().join("store"))?)?;
    one_client("SQLite, one client", &file, size(1000), Some(&folder.path().join("probe")))?;
    many_clients("SQLite, 64 clients", &file, size(6400))?;
    drop(file);

    kept(&folder.path().join("kept"), size(1000))
}

fn say(line: &str) -> Outcome {
    Ok(writeln!(std::io::stdout().lock(), "{line}")?)
}

fn open<S: Store>(store: S) -> Outcome<Verifier<S>> {
    let mut config = Config::new(BaseUrl::parse("https://sign-in.example.org", false)?);
    config.requests_per_minute = 0;
    let identity = Identity::Held(SoftwareKey::make(&SystemEntropy::new())?);
    let profile = Profile { name: "Example".into(), require_uv: true, require_hardware: false };
    Ok(Verifier::open(store, KeyRing::new(KeyId(1), [7; 32])?, config, identity, &profile)?)
}

/// What something took.
#[derive(Clone, Copy, Default)]
struct Spent {
    /// By the clock.
    clock: Duration,
    /// Of the processor, by this thread: what other programs do meanwhile doesn't count.
    processor: Duration,
}

fn timed<T>(call: impl FnOnce() -> T) -> (T, Spent) {
    #[expect(clippy::disallowed_methods, reason = "a bench is where a clock is read")]
    let (start, worked) = (Instant::now(), processor_time());
    let value = std::hint::black_box(call());
    let spent = Spent { clock: start.elapsed(), processor: processor_time().saturating_sub(worked) };
    (value, spent)
}

#[cfg(unix)]
fn processor_time() -> Duration {
    Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// Elsewhere the line about the processor's time means nothing.
#[cfg(not(unix))]
fn processor_time() -> Duration {
    Duration::ZERO
}

/// One whole sign-in, and what the verifier's four calls took.
fn sign_in<S: Store>(verifier: &Verifier<S>, phone: &mut Phone, now: UnixTime) -> Outcome<Spent> {
    let context = Context { address: Some("203.0.113.7".into()), client: Some("Firefox".into()), ..Context::default() };
    let question = Question::sign_in(context);
    let (page, asked) = timed(|| verifier.sign_in(&phone.account, &phone.account, &question, now));
    let page = page?;

    let (proof, path) = (phone.proof(now)?, phone.path("challenges"));
    let fetch = Request { method: "GET", path: &path, proof: &[&proof], body: b"" };
    let (inbox, fetched) = timed(|| verifier.handle(&fetch, now));

    let (answer, path) = (phone.approve(&page, now)?, phone.path("responses"));
    let answer = Request { method: "POST", path: &path, proof: &[], body: answer.as_bytes() };
    let (receipt, answered) = timed(|| verifier.handle(&answer, now));
    if (inbox.status, receipt.status) != (200, 200) {
        return Err(format!("fetched {}, answered {}", inbox.status, receipt.status).into());
    }
    let (redeemed, used) = timed(|| verifier.redeem(page.secret.expose(), now));
    redeemed?;
    let calls = [asked, fetched, answered, used];
    let clock = calls.iter().map(|spent| spent.clock).sum();
    Ok(Spent { clock, processor: calls.iter().map(|spent| spent.processor).sum() })
}

/// One client, one call after the other. With a `probe` each sign-in takes turns with a write of 4 KiB, synced, to a plain
/// file: what durability costs on this disk at that moment, with all that other programs do to it.
fn one_client<S: Store>(name: &str, verifier: &Verifier<S>, count: usize, probe: Option<&Path>) -> Outcome {
    let mut phone = Phone::enroll(verifier, name, NOW)?;
    let mut probe = probe.map(std::fs::File::create).transpose()?;
    let (mut times, mut syncs, mut processor) = (Vec::with_capacity(count), Vec::new(), Duration::ZERO);
    let bare = Bare::new()?;
    let mut bare_times = Vec::with_capacity(count);
    for second in (0i64..).take(count) {
        // A second between them: nobody signs in more often, and times in rows move on.
        let spent = sign_in(verifier, &mut phone, NOW.plus_seconds(second))?;
        times.push(spent.clock);
        bare_times.push(timed(|| bare.run()).1.clock);
        processor = processor.saturating_add(spent.processor);
        if let Some(file) = &mut probe {
            syncs.push(timed(|| file.write_all(&[0xa5; 4096]).and_then(|()| file.sync_data())).1.clock);
        }
    }
    let total: Duration = times.iter().sum();
    let per_core = f64::from(u32::try_from(count)?) / processor.as_secs_f64();
    let middle = median(&mut times);
    report(name, count, total, times)?;
    say(&format!("{:<24} {per_core:>7.0} a second of the processor's time", ""))?;
    let least = median(&mut bare_times);
    let ratio = middle.as_secs_f64() / least.as_secs_f64();
    say(&format!("{:<24} {ratio:>7.2} times its bare signature operations, which took {least:.2?} meanwhile", ""))?;
    if probe.is_some() {
        let sync = median(&mut syncs);
        let ratio = middle.as_secs_f64() / sync.as_secs_f64();
        say(&format!("{:<24} {ratio:>7.1} times a synced write of 4 KiB, which took {sync:.2?} meanwhile", ""))?;
    }
    Ok(())
}

/// The signature operations of a sign-in at the verifier and nothing else: three made (challenge, inbox, receipt), two
/// verified (proof, answer), of messages as long.
struct Bare {
    key: SoftwareKey,
    message: [u8; 700],
    signature: [u8; 64],
}

impl Bare {
    fn new() -> Outcome<Self> {
        let (key, message) = (SoftwareKey::make(&SystemEntropy::new())?, [0x61; 700]);
        let signature = key.sign(&message);
        Ok(Self { key, message, signature })
    }

    fn run(&self) {
        for _ in 0..3 {
            std::hint::black_box(self.key.sign(&self.message));
        }
        for _ in 0..2 {
            std::hint::black_box(self.key.public().verify(&self.message, &self.signature));
        }
    }
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn many_clients<S: Store>(name: &str, verifier: &Verifier<S>, count: usize) -> Outcome {
    let names = (0..CLIENTS).map(|client| format!("{name} {client}"));
    let phones = names.map(|name| Phone::enroll(verifier, &name, NOW)).collect::<Outcome<Vec<_>>>()?;
    let each = count.div_ceil(CLIENTS);
    let (times, spent) = timed(|| -> Outcome<Vec<Duration>> {
        std::thread::scope(|scope| {
            let client = |mut phone: Phone| {
                let seconds = (0i64..).take(each);
                seconds
                    .map(|second| Ok(sign_in(verifier, &mut phone, NOW.plus_seconds(second))?.clock))
                    .collect::<Outcome<Vec<_>>>()
            };
            let clients: Vec<_> = phones.into_iter().map(|phone| scope.spawn(move || client(phone))).collect();
            let mut times = Vec::new();
            for client in clients {
                times.extend(client.join().map_err(|_| "a client panicked")??);
            }
            Ok(times)
        })
    });
    let times = times?;
    report(name, times.len(), spent.clock, times)
}

fn report(name: &str, count: usize, total: Duration, mut times: Vec<Duration>) -> Outcome {
    times.sort_unstable();
    let at = |permille: usize| times.get(times.len().saturating_sub(1) * permille / 1000).copied().unwrap_or_default();
    let rate = f64::from(u32::try_from(count)?) / total.as_secs_f64();
    say(&format!("{name:<24} {rate:>7.0} sign-ins/s   p50 {:>8.2?}   p99 {:>8.2?}", at(500), at(990)))
}

/// Rows and bytes of enrolments and sign-ins, in a file that was closed.
fn kept(path: &Path, count: usize) -> Outcome {
    let verifier = || open(SqliteStore::open(path)?);
    drop(verifier()?);
    let empty = measure(path)?;
    let enrolled = verifier()?;
    let mut phones = Vec::new();
    for number in 0..count {
        phones.push(Phone::enroll(&enrolled, &format!("account {number}"), NOW)?);
    }
    drop(enrolled);
    let with_enrollments = measure(path)?;
    difference("an enrolment", &empty, &with_enrollments, count)?;
    let signed_in = verifier()?;
    // What an enrolment leaves for a while only (ticket, nonce) is swept here.
    signed_in.store().sweep(NOW.plus_seconds(25 * 3600), NOW)?;
    drop(signed_in);
    let settled = measure(path)?;
    difference("an enrolment, after a day", &empty, &settled, count)?;
    let signed_in = verifier()?;
    for phone in &mut phones {
        sign_in(&signed_in, phone, NOW)?;
    }
    drop(signed_in);
    let with_sign_ins = measure(path)?;
    difference("a sign-in", &settled, &with_sign_ins, count)?;
    let swept = verifier()?;
    swept.store().sweep(NOW.plus_seconds(26 * 3600), NOW)?;
    drop(swept);
    difference("a sign-in, after a day", &settled, &measure(path)?, count)
}

struct Kept {
    /// By kind, and events.
    rows: Vec<(String, f64)>,
    /// Pages in use.
    bytes: f64,
}

fn measure(path: &Path) -> Outcome<Kept> {
    let connection = rusqlite::Connection::open(path)?;
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, u32>(0)).map(f64::from);
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        rows.push((format!("{kind:?}"), number(&format!("SELECT count(*) FROM row WHERE kind = {}", kind.number()))?));
    }
    rows.push(("events".into(), number("SELECT count(*) FROM event")?));
    let pages = number("PRAGMA page_count")? - number("PRAGMA freelist_count")?;
    Ok(Kept { rows, bytes: pages * number("PRAGMA page_size")? })
}

fn difference(name: &str, before: &Kept, after: &Kept, count: usize) -> Outcome {
    let count = f64::from(u32::try_from(count)?);
    let mut line = format!("{name:<26} {:>6.0} bytes;", (after.bytes - before.bytes) / count);
    for ((kind, before), (_, after)) in before.rows.iter().zip(&after.rows) {
        if before != after {
            write!(line, " {kind} {:+.1}", (after - before) / count)?;
        }
    }
    say(&line)
}
