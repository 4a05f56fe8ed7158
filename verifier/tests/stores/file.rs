//! The store in a file: closing, other processes, kill -9, files that are none of ours.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use countersign_verifier::store::sqlite::{OpenError, SqliteStore};
use countersign_verifier::store::{ApplyError, Key, Kind, Store, StoreError, Transition};

use super::{NOW, event, key, put, text, version, writes};

const PATH: &str = "COUNTERSIGN_TEST_STORE";

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path).unwrap()
}

#[test]
fn what_was_written_is_there_after_closing_and_versions_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path);
    store.apply(&Transition { events: vec![event(NOW, None)], ..writes(vec![put("a", None, "one")]) }).unwrap();
    let first = version(&store, "a").unwrap();
    let mut delete = put("a", Some(first), "");
    delete.bytes = None;
    store.apply(&writes(vec![delete, put("b", None, "two")])).unwrap();
    drop(store);
    assert!(!folder.path().join("store-wal").exists(), "closed: nothing is left beside the file");
    let store = open(&path);
    assert_eq!((text(&store, "a"), text(&store, "b").as_deref()), (None, Some("two")));
    assert_eq!(store.events(0, 10).unwrap().len(), 1);
    store.apply(&writes(vec![put("a", None, "anew")])).unwrap();
    assert!(version(&store, "a").unwrap() > first);
}

#[cfg(unix)]
#[test]
fn the_file_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path);
    store.apply(&writes(vec![put("a", None, "one")])).unwrap();
    for name in ["store", "store-wal", "store-shm"] {
        let mode = std::fs::metadata(folder.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[test]
fn two_openings_share_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (one, two) = (open(&path), open(&path));
    one.apply(&writes(vec![put("a", None, "one")])).unwrap();
    let read = version(&two, "a");
    two.apply(&writes(vec![put("a", read, "two")])).unwrap();
    assert_eq!(one.apply(&writes(vec![put("a", read, "three")])), Err(ApplyError::Conflict));
    assert_eq!(text(&one, "a").as_deref(), Some("two"));
    // Versions of both are apart.
    one.apply(&writes(vec![put("b", None, "x")])).unwrap();
    assert_ne!(version(&one, "b"), version(&one, "a"));
}

#[test]
fn other_files_are_refused_and_stay_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE x (y)").unwrap();
    let text = folder.path().join("text");
    std::fs::write(&text, "this is no database, but long enough to be looked at".repeat(100)).unwrap();
    for (path, error) in [(&foreign, OpenError::Foreign), (&text, OpenError::Store(StoreError::Damaged("the file")))] {
        let before = std::fs::read(path).unwrap();
        assert_eq!(SqliteStore::open(path).unwrap_err(), error);
        assert_eq!(std::fs::read(path).unwrap(), before);
    }
    let newer = folder.path().join("newer");
    drop(open(&newer));
    rusqlite::Connection::open(&newer).unwrap().pragma_update(None, "user_version", 2).unwrap();
    assert_eq!(SqliteStore::open(&newer).unwrap_err(), OpenError::Newer { found: 2, known: 1 });
    let nowhere = folder.path().join("no/such/folder");
    assert!(matches!(SqliteStore::open(&nowhere), Err(OpenError::Store(StoreError::Unavailable(_)))));
}

#[test]
fn a_write_that_fails_midway_leaves_nothing_of_its_own_and_all_of_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open(&path);
    let spoiler = rusqlite::Connection::open(&path).unwrap();
    let sql = "CREATE TRIGGER spoil BEFORE INSERT ON row WHEN NEW.bytes = x'62' BEGIN SELECT raise(ABORT, 'no'); END";
    spoiler.execute_batch(sql).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let store = &store;
            scope.spawn(move || {
                for number in 0..10 {
                    let id = format!("{thread}.{number}");
                    store.apply(&writes(vec![put(&id, None, "good")])).unwrap();
                    let bad =
                        writes(vec![put(&format!("{id} first"), None, "x"), put(&format!("{id} bad"), None, "b")]);
                    assert!(matches!(store.apply(&bad), Err(ApplyError::Store(StoreError::Unavailable(_)))));
                }
            });
        }
    });
    let rows = store.scan(Kind::Seed, None, 1000).unwrap();
    assert_eq!(rows.len(), 160);
    assert!(rows.iter().all(|(_, row)| row.bytes == b"good"));
}

/// The child: moves an amount between two rows for ever and says what is durable. Alone, it does nothing.
#[test]
fn moving_loop() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let store = open(Path::new(&path));
    let mut out = std::io::stdout();
    loop {
        let (left, right) = (store.get(&key("left")).unwrap().unwrap(), store.get(&key("right")).unwrap().unwrap());
        let amount = |bytes: &[u8]| std::str::from_utf8(bytes).unwrap().parse::<i64>().unwrap();
        let (new_left, new_right) = (amount(&left.bytes) + 1, amount(&right.bytes) - 1);
        let mut transition = writes(vec![
            put("left", Some(left.version), &new_left.to_string()),
            put("right", Some(right.version), &new_right.to_string()),
        ]);
        transition.events.push(event(NOW, None));
        store.apply(&transition).unwrap();
        let mut nonce = put("", None, "");
        nonce.key = Key::new(Kind::Nonce, &new_left.to_be_bytes());
        store.apply(&writes(vec![nonce])).unwrap();
        println!("\nmoved {new_left}");
        out.flush().unwrap();
    }
}

#[test]
fn kill_9_leaves_the_old_or_the_new_and_nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    open(&path).apply(&writes(vec![put("left", None, "0"), put("right", None, "0")])).unwrap();
    let mut total = 0;
    for round in 0..25 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "file::moving_loop", "--nocapture", "--test-threads=1"])
            .env(PATH, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let reader = std::thread::spawn(move || said.lines().map_while(Result::ok).collect::<Vec<_>>());
        std::thread::sleep(Duration::from_millis(40 + 7 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let said = reader.join().unwrap();
        let said: Vec<i64> = said.iter().filter_map(|line| line.strip_prefix("moved ")?.parse().ok()).collect();
        let acknowledged = said.last().copied().unwrap_or(0);
        let store = open(&path);
        let [left, right] = ["left", "right"].map(|id| text(&store, id).unwrap().parse::<i64>().unwrap());
        assert_eq!(left + right, 0, "round {round}: half a transition");
        assert!(left >= acknowledged && left <= acknowledged.max(total) + 1, "round {round}: {left}, {acknowledged}");
        assert_eq!(store.events(0, usize::MAX).unwrap().len(), usize::try_from(left).unwrap(), "round {round}");
        // A nonce isn't synced, yet the death of the process doesn't lose it.
        let nonce = |number: i64| store.get(&Key::new(Kind::Nonce, &number.to_be_bytes())).unwrap();
        assert!(said.iter().all(|number| nonce(*number).is_some()), "round {round}: a nonce is lost");
        total = left;
    }
    assert!(total > 25, "the child has hardly run: {total}");
}
