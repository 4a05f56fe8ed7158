//! The six entry points over their corpora and over mutations of them, the same ones in every run.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "the test command says by the environment how long it may take")]

mod mutate;

use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use mutate::Mutations;

/// How long one input may take; nearly all take under ten milliseconds.
const LONGEST: Duration = Duration::from_secs(30);
/// The most memory of all: a picture decoded (256 MiB), its grey values (64 MiB), and what else there is.
const MOST_MIB: u64 = 512;

#[test]
fn texts() {
    survive("uri", countersign_fuzz::uri, 100_000);
}

#[test]
fn migration_payloads() {
    survive("migration", countersign_fuzz::migration, 100_000);
}

#[test]
fn pictures() {
    survive("picture", countersign_fuzz::picture, 4_000);
}

#[test]
fn vault_files() {
    survive("vault", countersign_fuzz::vault, 3_000);
}

#[test]
fn backup_files() {
    survive("backup", countersign_fuzz::backup, 100_000);
}

#[test]
fn push_messages() {
    survive("message", countersign_fuzz::message, 20_000);
}

/// Runs every file of the corpus and so many mutations (fifty times as many in the long run). An input that makes it
/// panic, or takes too long, is kept.
fn survive(target: &'static str, entry: fn(&[u8]), mutations: usize) {
    let corpus = read_corpus(target);
    let long = std::env::var("COUNTERSIGN_LONG").is_ok_and(|long| !long.is_empty());
    let inputs = Mutations::new(corpus).take(if long { mutations * 50 } else { mutations });
    let current = Arc::new(Mutex::new(Vec::new()));
    let (done, waiting) = channel();
    let worker = thread::spawn({
        let current = Arc::clone(&current);
        move || {
            for input in inputs {
                current.lock().unwrap().clone_from(&input);
                entry(&input);
                done.send(()).unwrap();
            }
        }
    });
    let ended = loop {
        match waiting.recv_timeout(LONGEST) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => break Err("it takes too long"),
            Err(RecvTimeoutError::Disconnected) => break worker.join().map_err(|_| "it panics"),
        }
    };
    if let Err(why) = ended {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{target}-input"));
        std::fs::write(&kept, &*current.lock().unwrap()).unwrap();
        panic!("{target}: {why}; the input is in {}", kept.display());
    }
    let most = most_memory();
    assert!(most <= MOST_MIB, "{target}: {most} MiB of memory");
}

/// The files in the order of their names.
fn read_corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() > 2, "{target}: the corpus is there");
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// The most memory that this process has had at once, in MiB; 0 where the system does not tell.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() / 1024
}
