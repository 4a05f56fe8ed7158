//! Unlocking 10,000 accounts and showing their codes, key derivation apart, against a bare loop that reads and opens as
//! many sealed bytes.

use std::path::Path;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use rusqlite::Connection;

use super::accounts::{self, NOW};
use super::harness::{Harness, Outcome, Side, worked};

pub(crate) fn measure(harness: &mut Harness) -> Outcome {
    let count = harness.size(10_000);
    let path = harness.path("unlock");
    drop(accounts::vault(&path, count)?);
    let plain = Plain::make(&harness.path("plain"), &path)?;
    let mut vault = accounts::open(&path)?;
    harness.ratio("unlock: 10,000 accounts, codes / bare read and open", 3.0, 40, |side| match side {
        Side::Ours => {
            vault.lock();
            worked(|| {
                accounts::unlock(&mut vault)?;
                let codes = vault.codes(NOW)?;
                if codes.len() == count { Ok(codes) } else { Err("accounts are missing".into()) }
            })
        }
        Side::Reference => worked(|| plain.read()),
    })
}

/// A table of nothing but sealed bytes, as many and as long as a vault's.
struct Plain {
    connection: Connection,
    key: LessSafeKey,
}

impl Plain {
    fn make(path: &Path, vault: &Path) -> Outcome<Self> {
        let mut connection = Connection::open(path)?;
        connection.execute_batch("PRAGMA journal_mode=wal; CREATE TABLE plain(sealed BLOB NOT NULL)")?;
        let key = UnboundKey::new(&AES_256_GCM, &[7; 32]).map_err(|_| "no key")?;
        let plain = LessSafeKey::new(key);
        let vault = Connection::open(vault)?;
        let mut lengths = vault.prepare("SELECT length(sealed) FROM record")?;
        let writing = connection.transaction()?;
        for (number, length) in lengths.query_map([], |row| row.get::<_, u32>(0))?.enumerate() {
            writing.execute("INSERT INTO plain VALUES (?1)", [seal(&plain, number, usize::try_from(length?)?)?])?;
        }
        writing.commit()?;
        Ok(Self { connection, key: plain })
    }

    /// The whole of the reference: each row, opened, gone again.
    fn read(&self) -> Outcome<usize> {
        let mut statement = self.connection.prepare_cached("SELECT sealed FROM plain")?;
        let mut rows = statement.query([])?;
        let (mut buffer, mut read) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            let (nonce, body) = row.get_ref(0)?.as_blob()?.split_first_chunk::<NONCE_LEN>().ok_or("a short row")?;
            buffer.clear();
            buffer.extend_from_slice(body);
            let nonce = Nonce::assume_unique_for_key(*nonce);
            read += self.key.open_in_place(nonce, Aad::empty(), &mut buffer).map_err(|_| "a row stays shut")?.len();
        }
        Ok(read)
    }
}

/// Nonce, ciphertext and tag of zeros, so many bytes in all.
fn seal(key: &LessSafeKey, number: usize, length: usize) -> Outcome<Vec<u8>> {
    let mut nonce = [0; NONCE_LEN];
    nonce.iter_mut().zip(number.to_le_bytes()).for_each(|(to, from)| *to = from);
    let mut body = vec![0; length - NONCE_LEN - AES_256_GCM.tag_len()];
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut body)
        .map_err(|_| "not sealed")?;
    Ok([nonce.as_slice(), &body].concat())
}
