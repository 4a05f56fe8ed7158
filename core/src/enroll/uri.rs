//! Links as people's QR codes hold them: percent-encodings, parameters, and what is wrong with them in practice.
//!
//! RFC 3986 is the start, but a QR code is no server: names stand there raw, with `#`, `?`, `&`, blanks and any script,
//! and what was meant is usually plain. So `#` is a character like others (no enrolment link has a fragment), the
//! query starts at the first `?` that a parameter follows, and a lone `%` is itself.

use zeroize::Zeroizing;

use super::{Error, Oddity};

/// The most parameters of one link.
const MAX_PARAMETERS: usize = 256;

/// Schemes that can stand at the start of a line in a list of enrolments.
const LISTED: [&str; 5] = ["otpauth:", "otpauth-migration:", "apple-otpauth:", "motp:", "steam:"];

/// Whether a later line of the text starts a link of its own.
pub(super) fn several(text: &str) -> bool {
    let starts_link = |line: &str| LISTED.iter().any(|scheme| has_prefix(line.trim_start(), scheme));
    let has_lines = has_any(text, |byte| byte == b'\n');
    has_lines && starts_link(text) && text.lines().skip(1).any(starts_link)
}

/// Whether the text starts so, in any case.
pub(crate) fn has_prefix(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// A part of a text, copied only where it had to be changed: a copy may be one of a secret, and is wiped.
pub(crate) enum Piece<'a> {
    /// As it stands there.
    Plain(&'a str),
    /// Changed.
    Changed(Zeroizing<String>),
}

impl Piece<'_> {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Changed(text) => text,
        }
    }

    /// In lower case, as far as it is ASCII.
    pub(super) fn lower(self) -> Self {
        if has_any(&self, |byte| byte.is_ascii_uppercase()) {
            return Self::Changed(Zeroizing::new(self.as_str().to_ascii_lowercase()));
        }
        self
    }
}

impl std::ops::Deref for Piece<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

/// A link in two parts. What is behind the scheme may hold a secret, so there is no `Debug`.
pub(crate) struct Link<'a> {
    scheme: Piece<'a>,
    /// After the colon and an optional `//`; without line breaks and tabs, which no link holds on purpose.
    rest: Piece<'a>,
}

impl<'a> Link<'a> {
    /// Splits a text that starts with a scheme (RFC 3986 §3.1); none where it does not.
    pub(crate) fn split(text: &'a str) -> Option<Self> {
        if let Some(decoded) = wholly_encoded(text) {
            let Link { scheme, rest } = Link::split_decoded(&decoded)?;
            let owned = |piece: &str| Piece::Changed(Zeroizing::new(piece.to_owned()));
            return Some(Self { scheme: owned(&scheme), rest: owned(&rest) });
        }
        Self::split_decoded(text)
    }

    fn split_decoded(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once(':')?;
        let mut bytes = scheme.bytes();
        let is_scheme = bytes.next()?.is_ascii_alphabetic()
            && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        if !is_scheme {
            return None;
        }
        let rest = rest.strip_prefix("//").unwrap_or(rest);
        let rest = if has_any(rest, |byte| matches!(byte, b'\n' | b'\r' | b'\t')) {
            let mut kept = Zeroizing::new(String::with_capacity(rest.len()));
            rest.split(['\n', '\r', '\t']).for_each(|piece| kept.push_str(piece));
            Piece::Changed(kept)
        } else {
            Piece::Plain(rest)
        };
        Some(Self { scheme: Piece::Plain(scheme).lower(), rest })
    }

    /// The scheme in lower case.
    pub(crate) fn scheme(&self) -> &str {
        &self.scheme
    }

    /// What follows `scheme:` or `scheme://`.
    pub(crate) fn rest(&self) -> &str {
        &self.rest
    }

    /// What stands before the query, and the query (empty where there is none).
    pub(crate) fn halves(&self) -> (&str, &str) {
        split_query(&self.rest)
    }
}

/// `otpauth%3A%2F%2F…`: a whole link that was encoded once more, as some pages hand it to their QR library.
fn wholly_encoded(text: &str) -> Option<Zeroizing<String>> {
    let (scheme, _) = text.split_once('%')?;
    if !has_prefix(text.get(scheme.len()..)?, "%3A%2F%2F") {
        return None;
    }
    LISTED.iter().find(|listed| listed.strip_suffix(':').is_some_and(|name| name.eq_ignore_ascii_case(scheme)))?;
    match decode(text, false) {
        Decoded { text: Piece::Changed(text), is_utf8: true } => Some(text),
        _ => None,
    }
}

/// Splits at the first `?` that `name=` follows, so that a raw `?` in a label does no harm.
fn split_query(text: &str) -> (&str, &str) {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let starts_query = |at: usize| {
        let after = text.get(at + 1..).unwrap_or_default();
        after.trim_start_matches(is_name).starts_with('=') && !after.starts_with('=')
    };
    let marks = || text.match_indices('?').map(|(at, _)| at);
    match marks().find(|at| starts_query(*at)).or_else(|| marks().next()) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()),
        None => (text, ""),
    }
}

/// A decoded text: UTF-8, or else read as Latin-1, in which every byte is a character.
pub(crate) struct Decoded<'a> {
    /// The text.
    pub(crate) text: Piece<'a>,
    /// Whether the bytes were UTF-8.
    pub(crate) is_utf8: bool,
}

/// Undoes the percent-encoding once; in parameters `+` is a blank (as forms write it), in labels it is itself
/// (`name+tag@example.com`). A `%` without two hexadecimal digits behind it is itself.
pub(crate) fn decode(text: &str, plus_is_blank: bool) -> Decoded<'_> {
    if !is_encoded(text, plus_is_blank) {
        return Decoded { text: Piece::Plain(text), is_utf8: true };
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    let is_special = |byte: &u8| *byte == b'%' || (*byte == b'+' && plus_is_blank);
    loop {
        let plain = rest.iter().position(is_special).unwrap_or(rest.len());
        let (plain, special) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        bytes.extend_from_slice(plain);
        let Some((first, after)) = special.split_first() else { break };
        let encoded = if *first == b'%' { hex_pair(after) } else { None };
        let (byte, behind) = encoded.unwrap_or((if *first == b'+' { b' ' } else { *first }, after));
        bytes.push(byte);
        rest = behind;
    }
    // The bytes become the text where they are: no copy of them is left.
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Decoded { text: Piece::Changed(Zeroizing::new(text)), is_utf8: true },
        Err(error) => {
            let bytes = Zeroizing::new(error.into_bytes());
            let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
            text.extend(bytes.iter().map(|byte| char::from(*byte)));
            Decoded { text: Piece::Changed(text), is_utf8: false }
        }
    }
}

/// Whether decoding could change the text.
fn is_encoded(text: &str, plus_is_blank: bool) -> bool {
    has_any(text, |byte| byte == b'%' || (byte == b'+' && plus_is_blank))
}

/// Looks at every byte, without stopping at the first hit: these are rare, and so many bytes are looked at at once.
fn has_any(text: &str, wanted: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(false, |found, byte| found | wanted(byte))
}

fn hex_pair(text: &[u8]) -> Option<(u8, &[u8])> {
    let ([high, low], behind) = text.split_first_chunk()?;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(*high)? << 4 | digit(*low)?, behind))
}

/// Whether two names are equal. Most known ones are six letters long and differ in the first.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.as_bytes().first() == b.as_bytes().first() && a == b
}

/// One parameter of a link.
struct Parameter<'a> {
    /// The name in lower case.
    name: Piece<'a>,
    value: Decoded<'a>,
    /// Whether an `&` of the value was not encoded.
    has_ampersand: bool,
}

/// The parameters of a link, decoded, in their order.
pub(crate) struct Parameters<'a>(Vec<Parameter<'a>>);

impl<'a> Parameters<'a> {
    /// Reads a query. Names count in any case; `&amp;` (from a page's source) is read as `&`. A piece without `=` after
    /// an issuer belongs to it (`issuer=AT&T`).
    pub(crate) fn read(query: &'a str) -> Result<Self, Error> {
        let mut read: Vec<Parameter<'_>> = Vec::with_capacity(8);
        for piece in query.split('&') {
            let piece = piece.strip_prefix("amp;").unwrap_or(piece);
            // By hand: for texts this short, the library's search costs more to set up than to run.
            let pair = piece.bytes().position(|byte| byte == b'=').and_then(|at| piece.split_at_checked(at));
            let pair = pair.and_then(|(name, value)| Some((name, value.get(1..)?)));
            if let (None, Some(last)) = (pair, read.last_mut().filter(|last| *last.name == *"issuer")) {
                let more = decode(piece, true);
                last.value.is_utf8 &= more.is_utf8;
                last.value.text = Piece::Changed(Zeroizing::new(format!("{}&{}", &*last.value.text, &*more.text)));
                last.has_ampersand = true;
                continue;
            }
            let (name, value) = pair.unwrap_or((piece, ""));
            if name.is_empty() {
                continue;
            }
            if read.len() == MAX_PARAMETERS {
                return Err(Error::TooManyParameters);
            }
            let name = decode(name.trim(), true).text.lower();
            read.push(Parameter { name, value: decode(value, true), has_ampersand: false });
        }
        Ok(Self(read))
    }

    /// A parameter, whatever its encoding; none where it does not stand there.
    ///
    /// # Errors
    /// [`Error::DuplicateParameter`] where it stands twice with different values.
    fn find(&self, name: &'static str) -> Result<Option<&Parameter<'a>>, Error> {
        let mut all = self.0.iter().filter(|parameter| same(&parameter.name, name));
        let Some(first) = all.next() else { return Ok(None) };
        if all.any(|other| *other.value.text != *first.value.text) {
            return Err(Error::DuplicateParameter(name));
        }
        Ok(Some(first))
    }

    /// Whether it stands there at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|parameter| same(&parameter.name, name))
    }

    /// A name: read as Latin-1 where it is not UTF-8, which is flagged.
    pub(super) fn name(&self, name: &'static str, oddities: &mut Vec<Oddity>) -> Result<Option<&str>, Error> {
        let Some(parameter) = self.find(name)? else { return Ok(None) };
        if !parameter.value.is_utf8 {
            oddities.push(Oddity::NameEncodingGuessed);
        }
        if parameter.has_ampersand {
            oddities.push(Oddity::AmpersandInIssuer);
        }
        Ok(Some(parameter.value.text.as_str()))
    }

    /// A text as it stands there.
    pub(crate) fn text(&self, name: &'static str) -> Result<Option<&str>, Error> {
        let Some(parameter) = self.find(name)? else { return Ok(None) };
        if !parameter.value.is_utf8 {
            return Err(Error::NotUtf8Percent(name));
        }
        Ok(Some(parameter.value.text.as_str()))
    }

    /// A value without white space around it. Empty and `null` (a template that was filled with nothing) are as if it
    /// were not there, and flagged.
    pub(super) fn value(&self, name: &'static str, oddities: &mut Vec<Oddity>) -> Result<Option<&str>, Error> {
        let Some(value) = self.text(name)?.map(str::trim) else { return Ok(None) };
        if value.is_empty() || value.eq_ignore_ascii_case("null") {
            oddities.push(Oddity::EmptyParameter(name));
            return Ok(None);
        }
        Ok(Some(value))
    }

    /// A decimal number, as [`Parameters::value`].
    pub(super) fn number(&self, name: &'static str, oddities: &mut Vec<Oddity>) -> Result<Option<u64>, Error> {
        let Some(value) = self.value(name, oddities)? else { return Ok(None) };
        value.parse().map(Some).map_err(|_| Error::BadParameter(name))
    }

    /// Flags what stands there twice and what is not in `known`.
    pub(super) fn flag(&self, known: &[&'static str], oddities: &mut Vec<Oddity>) {
        for (at, parameter) in self.0.iter().enumerate() {
            let oddity = match known.iter().find(|name| same(name, &parameter.name)) {
                Some(name) if self.0.iter().take(at).any(|other| *other.name == **name) => {
                    Oddity::RepeatedParameter(name)
                }
                Some(_) => continue,
                None if &*parameter.name == "image" => Oddity::ImageIgnored,
                None => Oddity::UnknownParameter(parameter.name.chars().take(40).collect()),
            };
            if !oddities.contains(&oddity) {
                oddities.push(oddity);
            }
        }
    }
}
