//! Unlocking 10,000 accounts and showing their codes, key derivation apart, against a bare loop over SQLite that reads
//! rows of the same columns and lengths and opens each with associated data as long as the vault's.

use std::path::Path;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rusqlite::{Connection, Row, params};

use super::accounts::{self, NOW};
use super::harness::{Harness, Outcome, Side, worked};

/// What a large screen shows at once.
const SCREEN: usize = 50;
const TABLE: &str = "CREATE TABLE plain(id BLOB PRIMARY KEY, kind INTEGER NOT NULL, revision INTEGER NOT NULL, \
                     format INTEGER NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID";

pub(crate) fn measure(harness: &mut Harness) -> Outcome {
    let count = harness.size(10_000);
    let path = harness.path("unlock");
    drop(accounts::vault(&path, count)?);
    let plain = Plain::make(&harness.path("plain"), &path)?;
    let mut vault = accounts::open(&path)?;
    for (name, shown, bound) in [
        ("unlock: 10,000 accounts, first codes / bare loop", SCREEN.min(count), 3.0),
        ("unlock: 10,000 accounts, all codes / bare loop", count, 5.0),
    ] {
        harness.ratio(name, bound, 40, |side| match side {
            Side::Ours => {
                vault.lock();
                worked(|| {
                    accounts::unlock(&mut vault)?;
                    let codes: Vec<_> = vault.codes(NOW)?.take(shown).collect();
                    if codes.len() == shown { Ok(codes) } else { Err("accounts are missing".into()) }
                })
            }
            Side::Reference => worked(|| plain.read()),
        })?;
    }
    Ok(())
}

/// A table of nothing but sealed bytes, as many and as long as a vault's.
struct Plain {
    connection: Connection,
    key: LessSafeKey,
}

impl Plain {
    fn make(path: &Path, vault: &Path) -> Outcome<Self> {
        let mut connection = Connection::open(path)?;
        connection.execute_batch(&format!("PRAGMA journal_mode=wal; {TABLE}"))?;
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).map_err(|_| "no key")?);
        let vault = Connection::open(vault)?;
        let mut rows = vault.prepare("SELECT id, kind, revision, format, length(sealed) FROM record")?;
        let mut rows = rows.query([])?;
        let writing = connection.transaction()?;
        let (mut number, mut data) = (0usize, Vec::new());
        while let Some(row) = rows.next()? {
            number += 1;
            associated_data(row, &mut data)?;
            let sealed = seal(&key, number, &data, usize::try_from(row.get::<_, u32>(4)?)?)?;
            let (id, kind, revision, format): (Vec<u8>, u32, i64, u32) =
                (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            writing.execute(
                "INSERT INTO plain VALUES (?1, ?2, ?3, ?4, ?5)",
                params![id, kind, revision, format, sealed],
            )?;
        }
        writing.commit()?;
        Ok(Self { connection, key })
    }

    /// The whole of the reference: each row, opened, gone again.
    fn read(&self) -> Outcome<usize> {
        let mut statement = self.connection.prepare_cached("SELECT id, kind, revision, format, sealed FROM plain")?;
        let mut rows = statement.query([])?;
        let (mut buffer, mut data, mut read) = (Vec::new(), Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let (nonce, body) = row.get_ref(4)?.as_blob()?.split_first_chunk::<NONCE_LEN>().ok_or("a short row")?;
            associated_data(row, &mut data)?;
            buffer.clear();
            buffer.extend_from_slice(body);
            let nonce = Nonce::assume_unique_for_key(*nonce);
            let opened = self.key.open_in_place(nonce, Aad::from(&data), &mut buffer);
            read += opened.map_err(|_| "a row stays shut")?.len();
        }
        Ok(read)
    }
}

/// As `docs/vault.md` has it for a row.
fn associated_data(row: &Row<'_>, data: &mut Vec<u8>) -> Outcome {
    data.clear();
    let (kind, revision, format): (u32, i64, u32) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let parts: [&[u8]; 7] = [
        b"countersign-row-v1",
        &[0; 16],
        b"record",
        row.get_ref(0)?.as_blob()?,
        &kind.to_le_bytes(),
        &revision.to_le_bytes(),
        &format.to_le_bytes(),
    ];
    for part in parts {
        data.extend_from_slice(&u32::try_from(part.len())?.to_le_bytes());
        data.extend_from_slice(part);
    }
    Ok(())
}

/// Nonce, ciphertext and tag of zeros, so many bytes in all.
fn seal(key: &LessSafeKey, number: usize, data: &[u8], length: usize) -> Outcome<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    nonce.iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from);
    let mut body = vec![0; length - NONCE_LEN - AES_256_GCM.tag_len()];
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(data), &mut body)
        .map_err(|_| "not sealed")?;
    Ok([nonce.as_slice(), &body].concat())
}
