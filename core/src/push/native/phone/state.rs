//! The stored forms of an enrolment, done or on its way.

use zeroize::Zeroizing;

use super::codec::{Parts, put_time};
use super::enrollment::{Answer, Change, Enrollment, Entry, NewKey, Phase, Woken};
use super::keys::OwnKey;
use super::{Enrolling, Error, Verifier};
use crate::push::jose::{MessageHash, Thumbprint};
use crate::push::json::Members;
use crate::push::model::{Confirmation, HistoryEntry, RequestId};
use crate::push::native::messages::{
    AccountName, Attestation, Decision, Device, EnrollmentId, PushAddress, ReceiptStatus, Status,
};
use crate::secret::SecretBytes;
use crate::wire::Writer;

/// The stored form's version.
const FORMAT: u64 = 1;

impl Enrollment {
    /// Its stored form; what it is sealed in is the storage's business.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::new();
        writer.number(1, FORMAT).bytes(2, self.base.as_bytes()).bytes(3, &self.identity.to_bytes());
        writer.bytes(4, self.id.as_str().as_bytes());
        writer.bytes(5, self.account.id.as_bytes()).bytes(6, self.account.name.as_bytes());
        self.possession.put(&mut writer, 7);
        self.uv.put(&mut writer, 8);
        writer.number(9, self.has_totp.into()).bytes(10, self.status.name().as_bytes());
        if let Some(digits) = &self.confirmation {
            writer.bytes(11, digits.as_bytes());
        }
        put_time(&mut writer, 12, self.since);
        writer.number(13, self.counter);
        self.entries.iter().for_each(|entry| put(&mut writer, 14, |inner| entry.put(inner)));
        self.answers.iter().for_each(|answer| put(&mut writer, 15, |inner| answer.put(inner)));
        if let Some(change) = &self.change {
            put(&mut writer, 16, |inner| change.put(inner));
        }
        self.push.iter().for_each(|woken| put(&mut writer, 17, |inner| woken.put(inner)));
        for (field, time) in [(18, self.woken), (19, self.heard)] {
            if let Some(time) = time {
                put_time(&mut writer, field, time);
            }
        }
        self.history.iter().for_each(|entry| put(&mut writer, 20, |inner| put_history(entry, inner)));
        writer.finish()
    }

    /// From its stored form.
    ///
    /// # Errors
    /// [`Error::Unreadable`]: another format, unknown or missing fields, values that can't be.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut parts = Parts::read(bytes)?;
        if parts.number(1)? != FORMAT {
            return Err(Error::Unreadable);
        }
        let enrollment = Self {
            base: parts.text(2)?,
            identity: Thumbprint::from_bytes(parts.array(3)?),
            id: EnrollmentId::parse(&parts.text(4)?).map_err(|_| Error::Unreadable)?,
            account: AccountName { id: parts.text(5)?, name: parts.text(6)? },
            possession: OwnKey::read(parts.bytes(7)?)?,
            uv: OwnKey::read(parts.bytes(8)?)?,
            has_totp: parts.flag(9)?,
            status: Status::named(&parts.text(10)?).ok_or(Error::Unreadable)?,
            confirmation: parts.maybe_text(11)?,
            since: parts.time(12)?,
            counter: parts.number(13)?,
            entries: parts.all(14)?.into_iter().map(Entry::read).collect::<Result<_, _>>()?,
            answers: parts.all(15)?.into_iter().map(Answer::read).collect::<Result<_, _>>()?,
            change: parts.maybe_bytes(16)?.map(Change::read).transpose()?,
            push: parts.all(17)?.into_iter().map(Woken::read).collect::<Result<_, _>>()?,
            woken: parts.maybe_time(18)?,
            heard: parts.maybe_time(19)?,
            history: parts.all(20)?.into_iter().map(read_history).collect::<Result<_, _>>()?,
        };
        parts.end()?;
        Ok(enrollment)
    }
}

fn put(writer: &mut Writer, field: u32, fill: impl FnOnce(&mut Writer)) {
    let mut inner = Writer::new();
    fill(&mut inner);
    writer.bytes(field, &inner.finish());
}

/// A value of a fixed list by its place in it.
fn put_choice<T: PartialEq>(writer: &mut Writer, field: u32, all: &[T], value: &T) {
    writer.number(field, all.iter().zip(0u64..).find(|(known, _)| *known == value).map_or(0, |(_, at)| at));
}

fn choice<T: Copy>(parts: &mut Parts<'_>, field: u32, all: &[T]) -> Result<T, Error> {
    let at = usize::try_from(parts.number(field)?).map_err(|_| Error::Unreadable)?;
    all.get(at).copied().ok_or(Error::Unreadable)
}

impl Entry {
    fn put(&self, writer: &mut Writer) {
        writer.bytes(1, &self.hash.to_bytes());
        put_time(writer, 2, self.expires);
        writer.bytes(3, self.text.as_bytes());
        put_choice(writer, 4, &Phase::ALL, &self.phase);
        writer.number(5, self.listed.into()).number(6, self.scanned.into()).number(7, self.reported.into());
    }

    fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut parts = Parts::read(bytes)?;
        let entry = Self {
            hash: MessageHash::from_bytes(parts.array(1)?),
            expires: parts.time(2)?,
            text: parts.text(3)?,
            phase: choice(&mut parts, 4, &Phase::ALL)?,
            listed: parts.flag(5)?,
            scanned: parts.flag(6)?,
            reported: parts.flag(7)?,
        };
        parts.end()?;
        Ok(entry)
    }
}

impl Answer {
    fn put(&self, writer: &mut Writer) {
        writer.bytes(1, &self.challenge.to_bytes());
        put_choice(writer, 2, &Decision::ALL, &self.decision);
        put_time(writer, 3, self.expires);
        writer.bytes(4, self.text.as_bytes());
    }

    fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut parts = Parts::read(bytes)?;
        let answer = Self {
            challenge: MessageHash::from_bytes(parts.array(1)?),
            decision: choice(&mut parts, 2, &Decision::ALL)?,
            expires: parts.time(3)?,
            text: parts.text(4)?,
        };
        parts.end()?;
        Ok(answer)
    }
}

impl Change {
    fn put(&self, writer: &mut Writer) {
        writer.bytes(1, self.text.as_bytes()).number(2, self.removes.into());
        for (field, new) in [(3, &self.possession), (5, &self.uv)] {
            if let Some(new) = new {
                new.key.put(writer, field);
                writer.bytes(field + 1, new.nested.as_bytes());
            }
        }
    }

    fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut parts = Parts::read(bytes)?;
        let mut new = |field: u32| -> Result<Option<NewKey>, Error> {
            let Some(key) = parts.maybe_bytes(field)? else { return Ok(None) };
            Ok(Some(NewKey { key: OwnKey::read(key)?, nested: parts.text(field + 1)? }))
        };
        let (possession, uv) = (new(3)?, new(5)?);
        let change = Self { text: parts.text(1)?, removes: parts.flag(2)?, possession, uv };
        parts.end()?;
        Ok(change)
    }
}

impl Woken {
    pub(super) fn put(&self, writer: &mut Writer) {
        writer.bytes(1, self.address.to_json().as_bytes());
        if let Some(secret) = &self.secret {
            writer.bytes(2, secret.as_slice());
        }
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Error> {
        let mut parts = Parts::read(bytes)?;
        let address = PushAddress::parse(parts.bytes(1)?).map_err(|_| Error::Unreadable)?;
        let secret = parts.maybe_bytes(2)?.map(|bytes| bytes.try_into().map(Zeroizing::new)).transpose();
        parts.end()?;
        Ok(Self { address, secret: secret.map_err(|_| Error::Unreadable)? })
    }
}

/// The receipts without a number, in the order of their stored ones.
const RECEIPTS: [ReceiptStatus; 8] = [
    ReceiptStatus::Approved,
    ReceiptStatus::Denied,
    ReceiptStatus::Reported,
    ReceiptStatus::Expired,
    ReceiptStatus::Superseded,
    ReceiptStatus::Cancelled,
    ReceiptStatus::AlreadyAnswered,
    ReceiptStatus::Frozen,
];

fn put_history(entry: &HistoryEntry, writer: &mut Writer) {
    writer.bytes(1, &entry.request.to_bytes());
    put_time(writer, 2, entry.at);
    put_choice(writer, 3, &Decision::ALL, &entry.decision);
    if let Some(about) = &entry.about {
        writer.bytes(4, about.as_bytes());
    }
    match entry.confirmation {
        // Which of the two it is, the answers tell that are still sent.
        Confirmation::Unconfirmed | Confirmation::GivenUp => {}
        Confirmation::ByDigits => drop(writer.number(5, 1)),
        Confirmation::Receipt(ReceiptStatus::WrongCode { attempts_left }) => {
            writer.number(6, attempts_left.into());
        }
        Confirmation::Receipt(status) => put_choice(writer, 7, &RECEIPTS, &status),
    }
}

fn read_history(bytes: &[u8]) -> Result<HistoryEntry, Error> {
    let mut parts = Parts::read(bytes)?;
    let (by_digits, wrong) = (parts.maybe_number(5)?, parts.maybe_number(6)?);
    let confirmation = match (by_digits, wrong) {
        (Some(1), None) => Confirmation::ByDigits,
        (None, Some(left)) => {
            let attempts_left = u8::try_from(left).map_err(|_| Error::Unreadable)?;
            Confirmation::Receipt(ReceiptStatus::WrongCode { attempts_left })
        }
        (None, None) => match parts.maybe_number(7)? {
            None => Confirmation::Unconfirmed,
            Some(at) => {
                let at = usize::try_from(at).map_err(|_| Error::Unreadable)?;
                Confirmation::Receipt(*RECEIPTS.get(at).ok_or(Error::Unreadable)?)
            }
        },
        _ => return Err(Error::Unreadable),
    };
    let entry = HistoryEntry {
        request: RequestId::from_bytes(parts.array(1)?),
        at: parts.time(2)?,
        decision: choice(&mut parts, 3, &Decision::ALL)?,
        about: parts.maybe_text(4)?,
        confirmation,
    };
    parts.end()?;
    Ok(entry)
}

impl Enrolling {
    /// Its stored form: it holds the ticket and secret keys.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::new();
        writer.number(1, FORMAT).bytes(2, &self.verifier.encode()).bytes(3, self.ticket.expose());
        self.possession.put(&mut writer, 5);
        self.uv.put(&mut writer, 6);
        writer.bytes(7, self.exchange.expose());
        let Device { name, model, os, app } = &self.device;
        for (field, member) in (8..).zip([name, model, os, app]) {
            writer.bytes(field, member.as_bytes());
        }
        put(&mut writer, 12, |inner| self.push.put(inner));
        if let Some(attestation) = &self.attestation {
            writer.bytes(13, attestation.text().as_bytes());
        }
        for (field, text) in [(4, &self.hint), (14, &self.nested), (15, &self.request)] {
            if let Some(text) = text {
                writer.bytes(field, text.as_bytes());
            }
        }
        writer.number(16, self.again.into()).number(17, self.over.into());
        writer.finish()
    }

    /// From its stored form.
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut parts = Parts::read(bytes)?;
        if parts.number(1)? != FORMAT {
            return Err(Error::Unreadable);
        }
        let attestation = |text: &[u8]| {
            let members = Members::of(crate::push::json::parse(text)?, "attestation")?;
            Attestation::take(members)
        };
        let enrolling = Self {
            verifier: Verifier::decode(parts.bytes(2)?)?,
            ticket: SecretBytes::from(parts.bytes(3)?),
            hint: parts.maybe_text(4)?,
            possession: OwnKey::read(parts.bytes(5)?)?,
            uv: OwnKey::read(parts.bytes(6)?)?,
            exchange: SecretBytes::from(parts.bytes(7)?),
            device: Device { name: parts.text(8)?, model: parts.text(9)?, os: parts.text(10)?, app: parts.text(11)? },
            push: Woken::read(parts.bytes(12)?)?,
            attestation: parts.maybe_bytes(13)?.map(attestation).transpose().map_err(|_| Error::Unreadable)?,
            nested: parts.maybe_text(14)?,
            request: parts.maybe_text(15)?,
            again: parts.flag(16)?,
            over: parts.flag(17)?,
        };
        parts.end()?;
        Ok(enrolling)
    }
}
