//! The contract: each rule once, for each store.

use std::sync::Barrier;

use countersign_verifier::store::{ApplyError, Key, Kind, MemoryStore, Store, Transition, Version};

use super::{NOW, event, key, put, text, version, writes};

fn each_store(check: impl Fn(&dyn Store)) {
    check(&MemoryStore::new());
    #[cfg(feature = "sqlite")]
    {
        let folder = tempfile::tempdir().unwrap();
        let store = countersign_verifier::store::sqlite::SqliteStore::open(&folder.path().join("store")).unwrap();
        check(&store);
    }
}

#[test]
fn a_row_is_read_as_it_was_written_and_is_gone_when_deleted() {
    each_store(|store| {
        assert_eq!(text(store, "a"), None);
        store.apply(&writes(vec![put("a", None, "one"), put("b", None, "")])).unwrap();
        assert_eq!(text(store, "a").as_deref(), Some("one"));
        assert_eq!(text(store, "b").as_deref(), Some(""));
        let mut delete = put("a", version(store, "a"), "");
        delete.bytes = None;
        store.apply(&writes(vec![delete])).unwrap();
        assert_eq!(text(store, "a"), None);
        // The same id of another kind is another row.
        assert_eq!(store.get(&Key::new(Kind::Nonce, b"b")).unwrap(), None);
        let mut server = put("", None, "s");
        server.key = Key::new(Kind::Server, b"");
        store.apply(&writes(vec![server])).unwrap();
        assert_eq!(store.get(&Key::new(Kind::Server, b"")).unwrap().unwrap().bytes, b"s");
    });
}

#[test]
fn a_version_that_was_not_read_is_a_conflict_and_nothing_is_written() {
    each_store(|store| {
        store.apply(&writes(vec![put("a", None, "one")])).unwrap();
        let first = version(store, "a");
        store.apply(&writes(vec![put("a", first, "two")])).unwrap();
        let second = version(store, "a");
        assert_ne!(first, second);
        for stale in [None, first, Some(Version(u64::MAX))] {
            let mut transition = writes(vec![put("new", None, "x"), put("a", stale, "three")]);
            transition.events.push(event(NOW, None));
            assert_eq!(store.apply(&transition), Err(ApplyError::Conflict), "{stale:?}");
        }
        let missing = writes(vec![put("new", None, "x"), put("never", second, "y")]);
        assert_eq!(store.apply(&missing), Err(ApplyError::Conflict));
        let unchanged = Transition { unchanged: vec![(key("a"), first)], ..writes(vec![put("new", None, "x")]) };
        assert_eq!(store.apply(&unchanged), Err(ApplyError::Conflict));
        let erasing = Transition { erase: Some("me".into()), ..unchanged };
        assert_eq!(store.apply(&erasing), Err(ApplyError::Conflict));
        assert_eq!((text(store, "a").as_deref(), text(store, "new")), (Some("two"), None));
        assert_eq!(store.events(0, 10).unwrap(), []);
        let right = vec![(key("a"), second), (key("absent"), None)];
        store.apply(&Transition { unchanged: right, ..writes(vec![put("new", None, "x")]) }).unwrap();
        assert_eq!(version(store, "a"), second, "a row that is only compared keeps its version");
    });
}

#[test]
fn a_version_never_comes_back() {
    each_store(|store| {
        let mut seen = Vec::new();
        for _ in 0..5 {
            store.apply(&writes(vec![put("a", None, "x")])).unwrap();
            let now = version(store, "a").unwrap();
            assert!(!seen.contains(&now));
            seen.push(now);
            let mut delete = put("a", Some(now), "");
            delete.bytes = None;
            store.apply(&writes(vec![delete])).unwrap();
        }
        assert!(matches!(store.apply(&writes(vec![put("a", Some(seen[0]), "x")])), Err(ApplyError::Conflict)));
    });
}

#[test]
fn of_a_hundred_takers_one_wins() {
    each_store(|store| {
        for round in 0..5 {
            let id = format!("ticket {round}");
            store.apply(&writes(vec![put(&id, None, "free")])).unwrap();
            let read = version(store, &id);
            let start = Barrier::new(100);
            let take = |taker: usize| {
                let transition = writes(vec![
                    put(&id, read, &format!("taken by {taker}")),
                    put(&format!("{id} {taker}"), None, "mine"),
                ]);
                start.wait();
                store.apply(&transition)
            };
            let outcomes: Vec<_> = std::thread::scope(|scope| {
                let takers: Vec<_> = (0..100).map(|taker| scope.spawn(move || take(taker))).collect();
                takers.into_iter().map(|taker| taker.join().unwrap()).collect()
            });
            let winners: Vec<_> = (0..100).filter(|taker| outcomes[*taker].is_ok()).collect();
            assert_eq!(winners.len(), 1);
            assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(ApplyError::Conflict))));
            assert_eq!(text(store, &id), Some(format!("taken by {}", winners[0])));
            let traces = (0..100).filter(|taker| text(store, &format!("{id} {taker}")).is_some()).count();
            assert_eq!(traces, 1, "a loser has left something");
        }
    });
}

#[test]
fn counting_by_many_threads_loses_nothing() {
    each_store(|store| {
        store.apply(&writes(vec![put("count", None, "0")])).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..25 {
                        loop {
                            let row = store.get(&key("count")).unwrap().unwrap();
                            let count: u32 = String::from_utf8(row.bytes).unwrap().parse().unwrap();
                            let next = put("count", Some(row.version), &(count + 1).to_string());
                            match store.apply(&writes(vec![next])) {
                                Ok(()) => break,
                                Err(ApplyError::Conflict) => {}
                                Err(error) => panic!("{error}"),
                            }
                        }
                    }
                });
            }
        });
        assert_eq!(text(store, "count").as_deref(), Some("200"));
    });
}

#[test]
fn a_conflict_of_one_leaves_all_others_alone() {
    each_store(|store| {
        store.apply(&writes(vec![put("held", None, "x")])).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..16 {
                scope.spawn(move || {
                    for number in 0..20 {
                        let mine = put(&format!("{thread}.{number}"), None, "x");
                        if number % 2 == 0 {
                            store.apply(&writes(vec![mine])).unwrap();
                        } else {
                            let refused = store.apply(&writes(vec![mine, put("held", None, "y")]));
                            assert_eq!(refused, Err(ApplyError::Conflict));
                        }
                    }
                });
            }
        });
        let rows = store.scan(Kind::Seed, None, 1000).unwrap();
        assert_eq!(rows.len(), 1 + 16 * 10);
        assert_eq!(text(store, "held").as_deref(), Some("x"));
    });
}

#[test]
fn rows_of_a_kind_are_scanned_in_order_piece_by_piece() {
    each_store(|store| {
        let ids: Vec<Vec<u8>> = vec![vec![0], vec![0, 0], vec![1], vec![0x7f, 0xff], vec![0xff], vec![0xff, 0]];
        for id in ids.iter().rev() {
            let mut write = put("", None, "x");
            write.key = Key::new(Kind::Account, id);
            store.apply(&writes(vec![write])).unwrap();
        }
        store.apply(&writes(vec![put("other kind", None, "x")])).unwrap();
        let mut seen: Vec<Vec<u8>> = Vec::new();
        loop {
            let piece = store.scan(Kind::Account, seen.last().map(Vec::as_slice), 2).unwrap();
            if piece.is_empty() {
                break;
            }
            assert!(piece.len() <= 2);
            seen.extend(piece.into_iter().map(|(id, _)| id));
        }
        assert_eq!(seen, ids);
    });
}

#[test]
fn an_erased_account_leaves_neither_rows_nor_events_and_may_begin_anew() {
    each_store(|store| {
        let of = |id: &str, account: Option<&str>| {
            let mut write = put(id, None, account.unwrap_or("nobody"));
            write.account = account.map(str::to_owned);
            write
        };
        let mut transition =
            writes(vec![of("a", Some("me")), of("b", Some("me")), of("c", Some("me2")), of("d", None)]);
        transition.events = vec![event(NOW, Some("me")), event(NOW, Some("me2")), event(NOW, None)];
        store.apply(&transition).unwrap();
        let erase = Transition {
            erase: Some("me".into()),
            writes: vec![put("a", version(store, "a"), "anew")],
            events: vec![event(NOW, None)],
            ..Transition::default()
        };
        store.apply(&erase).unwrap();
        let left = ["a", "b", "c", "d"].map(|id| text(store, id));
        assert_eq!(left.each_ref().map(Option::as_deref), [Some("anew"), None, Some("me2"), Some("nobody")]);
        let events = store.events(0, 10).unwrap();
        let accounts: Vec<_> = events.iter().map(|logged| logged.event.account.as_deref()).collect();
        assert_eq!(accounts, [Some("me2"), None, None]);
    });
}

#[test]
fn a_sweep_takes_what_is_due_and_nothing_else() {
    each_store(|store| {
        let until = |id: &str, seconds: i64| {
            let mut write = put(id, None, "x");
            write.expires = Some(NOW.plus_seconds(seconds));
            write
        };
        let mut transition =
            writes(vec![until("past", -1), until("now", 0), until("later", 1), put("ever", None, "x")]);
        transition.events = [-20, -10, 0].map(|seconds| event(NOW.plus_seconds(seconds), None)).to_vec();
        store.apply(&transition).unwrap();
        // Past its time, and still there until somebody sweeps.
        assert!(text(store, "past").is_some());
        assert_eq!(store.sweep(NOW, NOW.plus_seconds(-10)).unwrap(), 3);
        let left = ["past", "now", "later", "ever"].map(|id| text(store, id).is_some());
        assert_eq!(left, [false, false, true, true]);
        assert_eq!(store.events(0, 10).unwrap().len(), 2);
        assert_eq!(store.sweep(NOW, NOW.plus_seconds(-10)).unwrap(), 0);
        // What is written again has its new time, and what lost its time stays.
        let mut longer = until("later", 100);
        longer.read = version(store, "later");
        store.apply(&writes(vec![longer])).unwrap();
        assert_eq!(store.sweep(NOW.plus_seconds(50), NOW.plus_seconds(-10)).unwrap(), 0);
        store.apply(&writes(vec![put("later", version(store, "later"), "x")])).unwrap();
        assert_eq!(store.sweep(NOW.plus_seconds(1_000_000), NOW.plus_seconds(-10)).unwrap(), 0);
        assert_eq!(store.sweep(NOW, NOW.plus_seconds(1)).unwrap(), 2);
    });
}

#[test]
fn a_large_sweep_takes_everything() {
    each_store(|store| {
        for piece in 0..7 {
            let rows = (0..500).map(|number| {
                let mut write = put(&format!("{piece}.{number}"), None, "x");
                write.expires = Some(NOW);
                write
            });
            let mut transition = writes(rows.collect());
            transition.events = vec![event(NOW, None); 500];
            store.apply(&transition).unwrap();
        }
        assert_eq!(store.sweep(NOW, NOW).unwrap(), 3500);
        assert_eq!(store.sweep(NOW, NOW.plus_seconds(1)).unwrap(), 3500);
    });
}

#[test]
fn events_keep_their_order_and_their_numbers_never_come_back() {
    each_store(|store| {
        let append = |count: i64| {
            let events = (0..count).map(|second| event(NOW.plus_seconds(second), Some("me"))).collect();
            store.apply(&Transition { events, ..Transition::default() }).unwrap();
        };
        append(3);
        let first = store.events(0, 10).unwrap();
        assert_eq!(
            first.iter().map(|logged| logged.event.at).collect::<Vec<_>>(),
            [0, 1, 2].map(|s| NOW.plus_seconds(s))
        );
        assert_eq!(store.events(first[0].number, 1).unwrap(), first[1..2]);
        let highest = first[2].number;
        store.apply(&Transition { erase: Some("me".into()), ..Transition::default() }).unwrap();
        append(1);
        let anew = store.events(0, 10).unwrap();
        assert_eq!(anew.len(), 1);
        assert!(anew[0].number > highest);
        assert_eq!(store.events(anew[0].number, 10).unwrap(), []);
        assert_eq!(store.events(u64::MAX, 10).unwrap(), []);
    });
}
