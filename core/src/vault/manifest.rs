//! The manifest: one sealed row that knows how many rows there are and what they are, kept up to date in O(1).
//!
//! For each row of each table it holds the XOR of a keyed code over the stored bytes. That is safe because the code is
//! keyed, the sum is sealed, and a row id stands once in a table; it is never printed. Beside it stand the XOR of the
//! row ids and a sum of the revisions, so that one missing, added or old row can be told by its id.

use super::Error;
use super::crypto::{MacKey, NONCE, RawKey, SealKey, TAG, associated_data, pad, unpad};
use super::error::Damage;
use super::schema::SCHEMA;
use crate::entropy::Entropy;
use crate::wire::{Value, Writer, fields};

/// After so many seals under one key a random nonce might repeat with a chance worth noticing: rotate first.
const MOST_SEALS: u64 = 1 << 31;

/// The keys that a vault works with while it is unlocked; all derived from the vault key.
pub(crate) struct Keys {
    pub(crate) vault: [u8; 16],
    pub(crate) vault_key: RawKey,
    pub(crate) records: SealKey,
    manifest: SealKey,
    mac: MacKey,
}

impl Keys {
    pub(crate) fn new(vault: [u8; 16], vault_key: RawKey) -> Result<Self, Error> {
        Ok(Self {
            vault,
            records: SealKey::new(&vault_key.derive(&vault, "countersign v1 records")?)?,
            manifest: SealKey::new(&vault_key.derive(&vault, "countersign v1 manifest seal")?)?,
            mac: MacKey::new(&vault_key.derive(&vault, "countersign v1 manifest mac")?),
            vault_key,
        })
    }

    /// What a locked phone works with: opens no account, and nothing leads from it to the vault key.
    pub(crate) fn inbox(&self) -> Result<RawKey, Error> {
        self.vault_key.derive(&self.vault, "countersign v1 inbox")
    }

    /// The vault key's part in what is sealed under the user-verification root.
    pub(crate) fn uv(&self) -> Result<RawKey, Error> {
        self.vault_key.derive(&self.vault, "countersign v1 uv")
    }

    /// The code of a sealed row: over its place, its revision, and nonce and tag of what is sealed. The tag vouches for all
    /// other bytes, for nobody makes another row for it without the key; and so few bytes are two blocks of SHA-256.
    pub(crate) fn row_mac(&self, table: &str, id: &[u8; 16], revision: u64, sealed: &[u8]) -> [u8; 32] {
        let nonce = sealed.get(..NONCE).unwrap_or(sealed);
        let tag = sealed.len().checked_sub(TAG).and_then(|at| sealed.get(at..)).unwrap_or_default();
        self.mac.mac(&[&[1, number(table)], id, &revision.to_le_bytes(), nonce, tag])
    }

    /// The code of a slot, which is not sealed as a whole: over its place and all its bytes.
    pub(crate) fn slot_mac(&self, table: &str, id: &[u8; 16], body: &[u8], digest: &[u8]) -> [u8; 32] {
        self.mac.mac(&[&[1, number(table)], id, &super::crypto::length(body), body, digest])
    }
}

/// How a table is told in a code.
fn number(table: &str) -> u8 {
    match table {
        "record" => 1,
        "icon" => 2,
        "slot" => 3,
        _ => 4,
    }
}

/// What is known of a set of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Sum {
    pub(crate) count: u64,
    pub(crate) ids: [u8; 16],
    pub(crate) macs: [u8; 32],
    /// Of the revisions, each times its row's [`weight`], modulo 2^128. It proves nothing (the codes do): it names a row
    /// that is older than it was.
    revisions: u128,
}

/// A row's id as an odd number.
fn weight(id: &[u8; 16]) -> u128 {
    u128::from_le_bytes(*id) | 1
}

/// What an odd number has to be multiplied by to give 1 modulo 2^128: Newton's method, from three right bits on.
fn inverse(odd: u128) -> u128 {
    (0..6).fold(odd, |guess, _| guess.wrapping_mul(2u128.wrapping_sub(odd.wrapping_mul(guess))))
}

impl Sum {
    pub(crate) fn add(&mut self, id: &[u8; 16], mac: &[u8; 32], revision: u64) {
        self.count = self.count.wrapping_add(1);
        self.toggle(id, mac);
        self.revisions = self.revisions.wrapping_add(weight(id).wrapping_mul(revision.into()));
    }

    pub(crate) fn remove(&mut self, id: &[u8; 16], mac: &[u8; 32], revision: u64) {
        self.count = self.count.wrapping_sub(1);
        self.toggle(id, mac);
        self.revisions = self.revisions.wrapping_sub(weight(id).wrapping_mul(revision.into()));
    }

    fn toggle(&mut self, id: &[u8; 16], mac: &[u8; 32]) {
        xor(&mut self.ids, id);
        xor(&mut self.macs, mac);
    }

    /// Whether the revisions are those of the other.
    pub(crate) fn same_revisions(&self, other: &Self) -> bool {
        self.revisions == other.revisions
    }

    /// Whether this row alone, in `there` some revisions older than here, explains the difference. That another row does so by
    /// chance, too, is less likely than one in 2^90.
    pub(crate) fn is_explained_by(&self, id: &[u8; 16], there: &Self) -> bool {
        let later = self.revisions.wrapping_sub(there.revisions).wrapping_mul(inverse(weight(id)));
        (1..1 << 32).contains(&later)
    }

    fn encode(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let mut writer = Writer::new();
        writer.number(1, self.count).bytes(2, &self.ids).bytes(3, &self.macs).bytes(4, &self.revisions.to_le_bytes());
        writer.finish()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut sum = Self::default();
        for field in fields(bytes) {
            match field.ok()? {
                (1, Value::Number(count)) => sum.count = count,
                (2, Value::Bytes(ids)) => sum.ids = ids.try_into().ok()?,
                (3, Value::Bytes(macs)) => sum.macs = macs.try_into().ok()?,
                (4, Value::Bytes(revisions)) => sum.revisions = u128::from_le_bytes(revisions.try_into().ok()?),
                _ => return None,
            }
        }
        Some(sum)
    }
}

/// XORs `with` into `into`.
pub(crate) fn xor(into: &mut [u8], with: &[u8]) {
    for (to, from) in into.iter_mut().zip(with) {
        *to ^= from;
    }
}

/// What the vault last wrote.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Manifest {
    pub(crate) schema: u32,
    /// Rises with each transaction.
    pub(crate) generation: u64,
    /// How often the keys have sealed.
    pub(crate) seals: u64,
    /// Records and slots: checked at each unlock.
    pub(crate) rows: Sum,
    /// Pictures: checked by a whole verification, each by its own seal when it is read.
    pub(crate) icons: Sum,
}

impl Manifest {
    pub(crate) fn new() -> Self {
        Self { schema: SCHEMA, ..Self::default() }
    }

    /// Counts one more seal.
    pub(crate) fn count_seal(&mut self) -> Result<(), Error> {
        if self.seals >= MOST_SEALS {
            return Err(Error::RotateFirst);
        }
        self.seals += 1;
        Ok(())
    }

    pub(crate) fn seal(&self, keys: &Keys, entropy: &dyn Entropy) -> Result<Vec<u8>, Error> {
        let mut writer = Writer::new();
        writer
            .number(1, self.schema.into())
            .number(2, self.generation)
            .number(3, self.seals)
            .bytes(4, &self.rows.encode())
            .bytes(5, &self.icons.encode());
        keys.manifest.seal(entropy, &manifest_data(keys), &pad(&writer.finish()))
    }

    pub(crate) fn open(keys: &Keys, sealed: &[u8]) -> Result<Self, Error> {
        let damaged = Error::Damaged(Damage::Manifest);
        let padded = keys.manifest.open(&manifest_data(keys), sealed).map_err(|_| damaged.clone())?;
        unpad(&padded).and_then(Self::decode).ok_or(damaged)
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let mut manifest = Self::default();
        for field in fields(bytes) {
            match field.ok()? {
                (1, Value::Number(schema)) => manifest.schema = u32::try_from(schema).ok()?,
                (2, Value::Number(generation)) => manifest.generation = generation,
                (3, Value::Number(seals)) => manifest.seals = seals,
                (4, Value::Bytes(rows)) => manifest.rows = Sum::decode(rows)?,
                (5, Value::Bytes(icons)) => manifest.icons = Sum::decode(icons)?,
                _ => return None,
            }
        }
        Some(manifest)
    }
}

fn manifest_data(keys: &Keys) -> Vec<u8> {
    associated_data(&[b"countersign-manifest-v1", &keys.vault])
}

#[cfg(test)]
mod tests {
    use super::{Sum, inverse, weight};

    #[test]
    fn one_old_row_explains_the_difference_and_no_other_does() {
        let id = |number: u8| [number.wrapping_mul(37); 16];
        let sum = |revisions: &[u64]| {
            let mut sum = Sum::default();
            (0..).zip(revisions).for_each(|(number, revision)| sum.add(&id(number), &[0; 32], *revision));
            sum
        };
        assert!((0..=255).all(|number| weight(&id(number)).wrapping_mul(inverse(weight(&id(number)))) == 1));
        let written = sum(&[1, 7, 3, u64::from(u32::MAX), 9]);
        for (there, old) in [
            (sum(&[1, 6, 3, u64::from(u32::MAX), 9]), Some(1)),
            (sum(&[1, 7, 3, 1, 9]), Some(3)),
            // Two of them, and a newer one: no single row explains that.
            (sum(&[1, 6, 2, u64::from(u32::MAX), 9]), None),
            (sum(&[1, 7, 3, u64::from(u32::MAX), 10]), None),
        ] {
            assert!(!written.same_revisions(&there));
            let found: Vec<_> = (0..5).filter(|number| written.is_explained_by(&id(*number), &there)).collect();
            assert_eq!(found, Vec::from_iter(old));
        }
        let mut back = sum(&[1, 7, 3]);
        back.remove(&id(1), &[0; 32], 7);
        back.add(&id(1), &[0; 32], 7);
        assert_eq!(back, sum(&[1, 7, 3]));
    }
}
