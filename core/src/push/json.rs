//! JSON without second meanings (`docs/protocol.md`, "JSON").
//!
//! What two parsers could read differently is refused: doubled members, numbers with fraction, exponent or sign, numbers
//! over 2⁵³ − 1, anything after the value. The tokens are serde_json's; the rules are here.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::MessageError;
use super::shown::is_shown;
use crate::time::UnixTime;

/// The largest number: every parser of JSON reads integers up to here alike (RFC 8259, section 6).
pub const MAX_NUMBER: u64 = (1 << 53) - 1;

/// The deepest nesting of a value; no message needs more than four.
const MAX_DEPTH: usize = 8;

/// A value.
#[derive(Clone, PartialEq, Eq)]
pub enum Value {
    /// `null`: no member of any message has it, but `ext` may.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// From 0 to [`MAX_NUMBER`].
    Number(u64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object; no name stands twice.
    Object(Vec<(String, Value)>),
}

impl fmt::Debug for Value {
    /// The kind alone: values may be what a person typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Bool(_) => "Bool(..)",
            Self::Number(_) => "Number(..)",
            Self::Text(_) => "Text(..)",
            Self::List(_) => "List(..)",
            Self::Object(_) => "Object(..)",
        })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Strict)
    }
}

struct Strict;

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a boolean, whole number, string, array or object")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        if value > MAX_NUMBER { Err(E::custom("number")) } else { Ok(Value::Number(value)) }
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object: Vec<(String, Value)> = Vec::new();
        while let Some((name, value)) = members.next_entry::<String, Value>()? {
            if object.iter().any(|(there, _)| *there == name) {
                return Err(serde::de::Error::custom("doubled member"));
            }
            object.push((name, value));
        }
        Ok(Value::Object(object))
    }
}

/// More members than any message has: looking for doubled ones must not take quadratic time.
const MAX_OPENERS: usize = 2048;

/// Reads one value, and nothing beside it but white space.
///
/// # Errors
/// [`MessageError::Malformed`].
pub fn parse(bytes: &[u8]) -> Result<Value, MessageError> {
    let text = std::str::from_utf8(bytes).map_err(|_| MessageError::Malformed("UTF-8"))?;
    bounded(text)?;
    serde_json::from_str(text).map_err(|_| MessageError::Malformed("JSON"))
}

/// Depth and number of members, counted before anything is built: strings are skipped as JSON has them.
fn bounded(text: &str) -> Result<(), MessageError> {
    let (mut depth, mut members, mut inside, mut escaped) = (0usize, 0usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            _ if inside => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b':' => members += 1,
            _ => {}
        }
        if depth > MAX_DEPTH || members > MAX_OPENERS {
            return Err(MessageError::Malformed("nesting"));
        }
    }
    Ok(())
}

/// The members of an object, taken one by one; what is left at the end was unknown.
#[derive(Debug)]
pub struct Members(Vec<(String, Value)>);

impl Members {
    /// Of a value that must be an object.
    ///
    /// # Errors
    /// [`MessageError::Malformed`] with `what` if it is none.
    pub fn of(value: Value, what: &'static str) -> Result<Self, MessageError> {
        match value {
            Value::Object(members) => Ok(Self(members)),
            _ => Err(MessageError::Malformed(what)),
        }
    }

    /// Takes a member that may be absent.
    pub fn find(&mut self, name: &str) -> Option<Value> {
        let at = self.0.iter().position(|(there, _)| there == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Takes a member.
    ///
    /// # Errors
    /// [`MessageError::Malformed`] where it is absent; so for all that follow, also where it is of another kind.
    pub fn take(&mut self, name: &'static str) -> Result<Value, MessageError> {
        self.find(name).ok_or(MessageError::Malformed(name))
    }

    /// Takes a number.
    ///
    /// # Errors
    /// As [`Members::take`].
    pub fn number(&mut self, name: &'static str) -> Result<u64, MessageError> {
        match self.take(name)? {
            Value::Number(number) => Ok(number),
            _ => Err(MessageError::Malformed(name)),
        }
    }

    /// Takes a moment in whole seconds.
    ///
    /// # Errors
    /// As [`Members::take`].
    pub fn time(&mut self, name: &'static str) -> Result<UnixTime, MessageError> {
        let seconds = i64::try_from(self.number(name)?).map_err(|_| MessageError::Malformed(name))?;
        Ok(UnixTime::from_seconds(seconds))
    }

    /// Takes a boolean.
    ///
    /// # Errors
    /// As [`Members::take`].
    pub fn flag(&mut self, name: &'static str) -> Result<bool, MessageError> {
        match self.take(name)? {
            Value::Bool(flag) => Ok(flag),
            _ => Err(MessageError::Malformed(name)),
        }
    }

    /// Takes a string.
    ///
    /// # Errors
    /// As [`Members::take`].
    pub fn text(&mut self, name: &'static str) -> Result<String, MessageError> {
        self.take(name).and_then(|value| text(value, name))
    }

    /// Takes a string that may be absent.
    ///
    /// # Errors
    /// As [`Members::take`].
    pub fn maybe_text(&mut self, name: &'static str) -> Result<Option<String>, MessageError> {
        self.find(name).map(|value| text(value, name)).transpose()
    }

    /// Takes a string that may be shown, of at most so many code points.
    ///
    /// # Errors
    /// As [`Members::take`].
    pub fn shown(&mut self, name: &'static str, longest: usize) -> Result<String, MessageError> {
        let text = self.text(name)?;
        if is_shown(&text, longest) { Ok(text) } else { Err(MessageError::Malformed(name)) }
    }

    /// Takes a string that may be shown or may be absent.
    ///
    /// # Errors
    /// As [`Members::take`].
    pub fn maybe_shown(&mut self, name: &'static str, longest: usize) -> Result<Option<String>, MessageError> {
        match self.maybe_text(name)? {
            Some(text) if !is_shown(&text, longest) => Err(MessageError::Malformed(name)),
            text => Ok(text),
        }
    }

    /// Takes bytes in base64url.
    ///
    /// # Errors
    /// As [`Members::take`].
    pub fn bytes(&mut self, name: &'static str) -> Result<Vec<u8>, MessageError> {
        super::jose::decode(&self.text(name)?).ok_or(MessageError::Malformed(name))
    }

    /// Takes exactly `N` bytes in base64url.
    ///
    /// # Errors
    /// As [`Members::take`].
    pub fn array<const N: usize>(&mut self, name: &'static str) -> Result<[u8; N], MessageError> {
        self.bytes(name)?.try_into().map_err(|_| MessageError::Malformed(name))
    }

    /// Takes a nonce: base64url of 16 bytes or more.
    ///
    /// # Errors
    /// As [`Members::take`].
    pub fn nonce(&mut self, name: &'static str) -> Result<String, MessageError> {
        let text = self.text(name)?;
        match super::jose::decode(&text) {
            Some(bytes) if bytes.len() >= 16 => Ok(text),
            _ => Err(MessageError::Malformed(name)),
        }
    }

    /// Takes an object.
    ///
    /// # Errors
    /// As [`Members::take`].
    pub fn object(&mut self, name: &'static str) -> Result<Self, MessageError> {
        self.take(name).and_then(|value| Self::of(value, name))
    }

    /// Takes an array.
    ///
    /// # Errors
    /// As [`Members::take`].
    pub fn list(&mut self, name: &'static str) -> Result<Vec<Value>, MessageError> {
        match self.take(name)? {
            Value::List(list) => Ok(list),
            _ => Err(MessageError::Malformed(name)),
        }
    }

    /// All members have been taken.
    ///
    /// # Errors
    /// [`MessageError::Malformed`] if one is left.
    pub fn end(self) -> Result<(), MessageError> {
        if self.0.is_empty() { Ok(()) } else { Err(MessageError::Malformed("unknown member")) }
    }
}

fn text(value: Value, name: &'static str) -> Result<String, MessageError> {
    match value {
        Value::Text(text) => Ok(text),
        _ => Err(MessageError::Malformed(name)),
    }
}

/// Writes an object without white space, members in the order in which they are added.
#[derive(Default)]
pub struct Object(String);

impl Object {
    /// An object without members.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a member whose value is written already.
    #[must_use]
    pub fn raw(mut self, name: &str, value: &str) -> Self {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&quote(name));
        self.0.push(':');
        self.0.push_str(value);
        self
    }

    /// Adds a number; one over [`MAX_NUMBER`] would be refused by the reader.
    #[must_use]
    pub fn number(self, name: &str, value: u64) -> Self {
        self.raw(name, &value.to_string())
    }

    /// Adds a moment, in whole seconds; moments before 1970 can't be said and become 0.
    #[must_use]
    pub fn time(self, name: &str, value: UnixTime) -> Self {
        self.number(name, u64::try_from(value.seconds()).unwrap_or(0))
    }

    /// Adds a boolean.
    #[must_use]
    pub fn flag(self, name: &str, value: bool) -> Self {
        self.raw(name, if value { "true" } else { "false" })
    }

    /// Adds a string.
    #[must_use]
    pub fn text(self, name: &str, value: &str) -> Self {
        self.raw(name, &quote(value))
    }

    /// Adds a string if there is one.
    #[must_use]
    pub fn maybe_text(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Adds bytes in base64url.
    #[must_use]
    pub fn bytes(self, name: &str, value: &[u8]) -> Self {
        self.text(name, &super::jose::encode(value))
    }

    /// Adds an array of values that are written already.
    #[must_use]
    pub fn list(self, name: &str, values: impl IntoIterator<Item = String>) -> Self {
        let values: Vec<String> = values.into_iter().collect();
        self.raw(name, &format!("[{}]", values.join(",")))
    }

    /// The text.
    #[must_use]
    pub fn finish(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('{');
        }
        self.0.push('}');
        self.0
    }
}

/// A string as JSON writes it, in the shortest form: only what must be escaped is.
#[must_use]
pub fn quote(text: &str) -> String {
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        return format!("\"{text}\"");
    }
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Members, Object, Value, parse, quote};

    fn refused(text: &str) {
        assert!(parse(text.as_bytes()).is_err(), "{text}");
    }

    #[test]
    fn what_two_parsers_could_read_differently_is_refused() {
        for text in [
            "",
            " ",
            "{",
            "{}x",
            "{} {}",
            "\u{feff}{}",
            "-1",
            "-0",
            "1.0",
            "1e3",
            "0.5",
            "01",
            "+1",
            "9007199254740992",
            "18446744073709551616",
            "NaN",
            "'a'",
            "[1,]",
            "{\"a\":1,}",
            "{\"a\":1,\"a\":1}",
            "{\"a\":1,\"\\u0061\":2}",
            "{\"x\":{\"a\":1,\"a\":2}}",
            "\"\\ud800\"",
            "\"\\udc00\\ud800\"",
            "\"\n\"",
            "[[[[[[[[[1]]]]]]]]]",
            "// \n1",
        ] {
            refused(text);
        }
        assert!(parse(b"\"\xff\"").is_err());
        let many = format!("{{{}}}", (0..3000).map(|n| format!("\"{n}\":1")).collect::<Vec<_>>().join(","));
        refused(&many);
    }

    #[test]
    fn plain_values_are_read() {
        assert_eq!(parse(b" 9007199254740991 "), Ok(Value::Number(9_007_199_254_740_991)));
        assert_eq!(
            parse(b"[true,\"\\ud83d\\ude00]{\"]"),
            Ok(Value::List(vec![Value::Bool(true), Value::Text("\u{1f600}]{".into())]))
        );
        assert_eq!(parse(b"[[[[[[[[1]]]]]]]]").map(|_| ()), Ok(()));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let text =
            Object::new().number("v", 1).text("a\"b", "x\u{7}\\\u{2028}").flag("f", true).list("l", [quote("é")]);
        let text = text.finish();
        let mut members = Members::of(parse(text.as_bytes()).unwrap(), "all").unwrap();
        assert_eq!(members.text("a\"b").unwrap(), "x\u{7}\\\u{2028}");
        assert_eq!(members.number("v"), Ok(1));
        assert!(members.flag("f").unwrap());
        assert_eq!(members.list("l").unwrap(), vec![Value::Text("é".into())]);
        assert!(members.end().is_ok());
        assert_eq!(Object::new().finish(), "{}");
    }

    #[test]
    fn members_that_nobody_took_are_unknown() {
        let mut members = Members::of(parse(b"{\"a\":1,\"b\":2}").unwrap(), "all").unwrap();
        assert!(members.number("a").is_ok());
        assert!(members.flag("a").is_err());
        assert!(members.end().is_err());
    }
}
