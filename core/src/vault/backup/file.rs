//! A backup's file: header and sealed pieces, to and from bytes. `docs/vault.md` has them.

use ring::digest;
use zeroize::Zeroizing;

use super::super::Error;
use super::super::crypto::{RawKey, SealKey, associated_data, length};
use super::super::record::{unzigzag, zigzag};
use super::{BackupKey, Wrap};
use crate::entropy::{Entropy, random};
use crate::time::UnixTime;
use crate::wire::{Value, Writer, fields};

const MAGIC: &[u8; 8] = b"CSBACKUP";
const FORMAT: u64 = 1;
/// Plaintext bytes of each piece but the last.
const PIECE: usize = 64 * 1024;
/// The largest header that is read.
const MAX_HEADER: usize = 64 * 1024;
/// The most wraps in a header: each password wrap costs a key derivation to try.
const MAX_WRAPS: usize = 8;

/// What stands before the pieces.
pub(super) struct Header {
    id: [u8; 16],
    vault: [u8; 16],
    pub(super) created: UnixTime,
    sealed_key: Vec<u8>,
    wraps: Vec<Wrap>,
}

fn file_key_data(id: &[u8; 16], vault: &[u8; 16]) -> Vec<u8> {
    associated_data(&[b"countersign-backup-key-v1", vault, id])
}

pub(super) fn seal(
    entropy: &dyn Entropy,
    vault: [u8; 16],
    backup: &BackupKey,
    body: &[u8],
    now: UnixTime,
) -> Result<Vec<u8>, Error> {
    let id: [u8; 16] = random(entropy)?;
    let file_key = RawKey::make(entropy)?;
    let sealed_key = SealKey::new(&backup.key)?.seal(entropy, &file_key_data(&id, &vault), file_key.expose())?;
    let mut header = Writer::new();
    header.number(1, FORMAT).bytes(2, &id).bytes(3, &vault).number(4, zigzag(now.millis())).bytes(5, &sealed_key);
    for wrap in &backup.wraps {
        header.bytes(6, &wrap.slot().encode());
    }
    let header = header.finish();
    let mut file = MAGIC.to_vec();
    file.extend_from_slice(&length(&header));
    file.extend_from_slice(&header);
    let data = digest::digest(&digest::SHA256, &file);
    let key = SealKey::new(&file_key)?;
    let pieces = body.len().div_ceil(PIECE).max(1);
    for number in 0..pieces {
        let piece = body.get(number * PIECE..).unwrap_or_default();
        let piece = piece.get(..PIECE).unwrap_or(piece);
        let sealed = key.seal_with(piece_nonce(number, number + 1 == pieces)?, data.as_ref(), piece)?;
        // The nonce follows from the piece's place, so it is not written.
        file.extend_from_slice(sealed.get(12..).unwrap_or_default());
    }
    Ok(file)
}

/// Seven zeros, the piece's number (4 bytes, big-endian), 1 for the last piece and else 0: no piece can be moved, left
/// out or cut off (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár).
fn piece_nonce(number: usize, last: bool) -> Result<[u8; 12], Error> {
    let number = u32::try_from(number).map_err(|_| Error::TooLarge { what: "a backup", limit: usize::MAX })?;
    let [a, b, c, d] = number.to_be_bytes();
    Ok([0, 0, 0, 0, 0, 0, 0, a, b, c, d, last.into()])
}

pub(super) fn open_with(
    file: &[u8],
    backup_key: impl FnOnce(&Header, &[Wrap]) -> Result<Option<RawKey>, Error>,
) -> Result<(Header, Zeroizing<Vec<u8>>), Error> {
    let rest = file.strip_prefix(MAGIC).ok_or(Error::NotABackup)?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(Error::DamagedBackup)?;
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| Error::DamagedBackup)?;
    if length > MAX_HEADER {
        return Err(Error::DamagedBackup);
    }
    let (header, body) = rest.split_at_checked(length).ok_or(Error::DamagedBackup)?;
    let header_end = MAGIC.len() + 4 + length;
    let data = digest::digest(&digest::SHA256, file.get(..header_end).unwrap_or_default());
    let header = read_header(header)?;
    let backup_key = backup_key(&header, &header.wraps)?.ok_or(Error::DamagedBackup)?;
    let file_key = SealKey::new(&backup_key)?
        .open(&file_key_data(&header.id, &header.vault), &header.sealed_key)
        .map_err(|_| Error::DamagedBackup)?;
    let key = SealKey::new(&RawKey::from_bytes(&file_key)?)?;
    let mut plaintext = Zeroizing::new(Vec::with_capacity(body.len()));
    let pieces = body.len().div_ceil(PIECE + 16).max(1);
    for (number, piece) in body.chunks(PIECE + 16).enumerate() {
        let nonce = piece_nonce(number, number + 1 == pieces)?;
        let opened = key.open_with(nonce, data.as_ref(), piece).map_err(|_| Error::DamagedBackup)?;
        plaintext.extend_from_slice(&opened);
    }
    if body.is_empty() { Err(Error::DamagedBackup) } else { Ok((header, plaintext)) }
}

fn read_header(bytes: &[u8]) -> Result<Header, Error> {
    let damaged = Error::DamagedBackup;
    let mut header =
        Header { id: [0; 16], vault: [0; 16], created: UnixTime::default(), sealed_key: Vec::new(), wraps: Vec::new() };
    // The format first: a newer one may have fields that are not known here.
    let numbers = fields(bytes).map_while(Result::ok).filter_map(|field| match field {
        (1, Value::Number(found)) => Some(found),
        _ => None,
    });
    match numbers.last() {
        Some(FORMAT) => {}
        Some(found) if found > FORMAT => return Err(Error::Newer { found, known: FORMAT }),
        _ => return Err(damaged),
    }
    for field in fields(bytes) {
        match field.map_err(|_| damaged.clone())? {
            (1, Value::Number(_)) => {}
            (2, Value::Bytes(id)) => header.id = id.try_into().map_err(|_| damaged.clone())?,
            (3, Value::Bytes(vault)) => header.vault = vault.try_into().map_err(|_| damaged.clone())?,
            (4, Value::Number(time)) => header.created = UnixTime::from_millis(unzigzag(time)),
            (5, Value::Bytes(sealed)) => header.sealed_key = sealed.to_vec(),
            (6, Value::Bytes(wrap)) if header.wraps.len() < MAX_WRAPS => {
                header.wraps.push(Wrap::decode(wrap).map_err(|error| match error {
                    Error::DamagedSlot => damaged.clone(),
                    other => other,
                })?);
            }
            _ => return Err(damaged),
        }
    }
    Ok(header)
}
