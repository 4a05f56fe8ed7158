//! One part of an export, read.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::super::blueprint::Blueprint;
use super::super::uri::{Link, Parameters};
use super::super::{Error, Oddity, names, otpauth};
use super::{Entry, MAX_PARTS, Part, Problem};
use crate::account::Profile;
use crate::otp::{Algorithm, Digits, Period, Secret};
use crate::wire::{Value, fields};

/// Both alphabets are read (as this one), with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(in super::super) fn parse(link: &Link) -> Result<Part, Error> {
    let (host, query) = link.halves();
    if !host.trim_end_matches('/').eq_ignore_ascii_case("offline") {
        return Err(Error::UnknownKind(host.chars().take(20).collect()));
    }
    let parameters = Parameters::read(query)?;
    let data = parameters.text("data")?.filter(|data| !data.is_empty()).ok_or(Error::MissingParameter("data"))?;
    Ok(payload(&bytes(data)?)?)
}

/// A `+` that was not percent-encoded has become a blank on the way.
fn bytes(data: &str) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let mut standard = Zeroizing::new(String::with_capacity(data.len()));
    standard.extend(data.trim_end_matches('=').chars().map(|c| match c {
        ' ' | '-' => '+',
        '_' => '/',
        other => other,
    }));
    BASE64.decode(standard.as_bytes()).map(Zeroizing::new).map_err(|_| Problem::Damaged)
}

fn payload(message: &[u8]) -> Result<Part, Problem> {
    let mut part = Part { batch: 0, index: 0, size: 1, entries: Vec::new() };
    for field in fields(message) {
        match field.map_err(|_| Problem::Damaged)? {
            (1, Value::Bytes(message)) => part.entries.push(entry(message)),
            (3, Value::Number(size)) => part.size = u32::try_from(size).map_err(|_| Problem::PartNumber)?.max(1),
            (4, Value::Number(index)) => part.index = u32::try_from(index).map_err(|_| Problem::PartNumber)?,
            (5, Value::Number(batch)) => part.batch = batch,
            _ => {}
        }
    }
    if part.index >= part.size || part.size > MAX_PARTS {
        return Err(Problem::PartNumber);
    }
    Ok(part)
}

/// The fields of an entry as they stand there.
#[derive(Default)]
struct Raw<'a> {
    secret: &'a [u8],
    name: &'a [u8],
    issuer: &'a [u8],
    algorithm: u64,
    digits: u64,
    kind: u64,
    counter: u64,
}

fn entry(message: &[u8]) -> Entry {
    let mut raw = Raw::default();
    let damaged = raw.read(message).err();
    let mut oddities = Vec::new();
    let (issuer, name) = (text(raw.issuer, &mut oddities), text(raw.name, &mut oddities));
    let profile = names::from_export(&issuer, &name);
    let enrollment = match (damaged, &profile) {
        (Some(problem), _) => Err(problem.into()),
        (None, Err(error)) => Err(error.clone()),
        (None, Ok(profile)) => raw.otp(&mut oddities).map(|otp| otpauth::finish(profile.clone(), otp, oddities)),
    };
    match enrollment {
        Ok(enrollment) => Entry::Account(enrollment),
        Err(reason) => Entry::Refused { profile: profile.unwrap_or_else(|_| shortened(&issuer, &name)), reason },
    }
}

impl<'a> Raw<'a> {
    fn read(&mut self, message: &'a [u8]) -> Result<(), Problem> {
        for field in fields(message) {
            match field.map_err(|_| Problem::Damaged)? {
                (1, Value::Bytes(secret)) => self.secret = secret,
                (2, Value::Bytes(name)) => self.name = name,
                (3, Value::Bytes(issuer)) => self.issuer = issuer,
                (4, Value::Number(algorithm)) => self.algorithm = algorithm,
                (5, Value::Number(digits)) => self.digits = digits,
                (6, Value::Number(kind)) => self.kind = kind,
                (7, Value::Number(counter)) => self.counter = counter,
                _ => {}
            }
        }
        Ok(())
    }

    fn otp(&self, oddities: &mut Vec<Oddity>) -> Result<crate::otp::Otp, Error> {
        if self.secret.is_empty() {
            return Err(Error::MissingSecret);
        }
        for (name, value) in [("algorithm", self.algorithm), ("digits", self.digits), ("type", self.kind)] {
            if value == 0 {
                oddities.push(Oddity::Assumed(name));
            }
        }
        let algorithm = match self.algorithm {
            0 | 1 => Algorithm::Sha1,
            2 => Algorithm::Sha256,
            3 => Algorithm::Sha512,
            4 => return Err(Problem::Md5.into()),
            _ => return Err(Problem::UnknownValue("algorithm").into()),
        };
        let digits = match self.digits {
            0 | 1 => Digits::SIX,
            2 => Digits::EIGHT,
            _ => return Err(Problem::UnknownValue("digits").into()),
        };
        let blueprint = match self.kind {
            // The counter is a signed number there.
            1 if i64::try_from(self.counter).is_err() => return Err(Problem::UnknownValue("counter").into()),
            1 => Blueprint::Hotp(algorithm, digits, self.counter),
            0 | 2 => Blueprint::Totp(algorithm, digits, Period::THIRTY),
            _ => return Err(Problem::UnknownValue("type").into()),
        };
        Ok(blueprint.build(Secret::new(self.secret)?))
    }
}

fn text(bytes: &[u8], oddities: &mut Vec<Oddity>) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    if text.as_bytes() != bytes && !oddities.contains(&Oddity::NameEncodingGuessed) {
        oddities.push(Oddity::NameEncodingGuessed);
    }
    text
}

fn shortened(issuer: &str, name: &str) -> Profile {
    let short = |text: &str| text.chars().take(80).collect::<String>();
    Profile::named(short(issuer), short(name))
}
