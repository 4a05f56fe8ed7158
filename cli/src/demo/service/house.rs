//! Everything that a request may need.

use countersign_core::secret::SecretText;
use countersign_core::time::UnixTime;
use data_encoding::BASE64URL_NOPAD;
use ring::hmac;

use super::clock::Clock;
use super::desk::Desk;
use super::pages::ask::Question;
use super::people::{People, Person};
use super::session::Session;
use super::table::Table;

/// The house.
#[derive(Debug)]
pub(super) struct House {
    /// The service's name.
    pub(super) name: String,
    /// `127.0.0.1:port`: what browsers must have asked for.
    pub(super) host: String,
    pub(super) clock: Clock,
    pub(super) desk: Desk,
    pub(super) people: People,
    /// By the cookie's hash.
    pub(super) sessions: Table<Session>,
    /// By the handle in addresses.
    pub(super) asks: Table<Asked>,
    /// Makes the tokens of forms.
    forms: hmac::Key,
}

/// A question that a page waits for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The browser session that has asked.
    pub(super) session: String,
    /// The hash of the secret that redeems it; the secret itself is in that browser's cookie alone.
    pub(super) secret_hash: String,
    pub(super) person: Person,
    pub(super) question: Question,
    pub(super) digits: SecretText,
    pub(super) asked: UnixTime,
    pub(super) expires: UnixTime,
    /// Phones' names and the texts of their codes, for phones without a network.
    pub(super) codes: Vec<(String, String)>,
    /// Names of phones that another browser is asking.
    pub(super) waiting: Vec<String>,
}

impl House {
    pub(super) fn new(name: String, host: String, clock: Clock, desk: Desk, forms: &[u8; 32]) -> Self {
        Self {
            name,
            host,
            clock,
            desk,
            people: People::default(),
            sessions: Table::new(10_000),
            asks: Table::new(10_000),
            forms: hmac::Key::new(hmac::HMAC_SHA256, forms),
        }
    }

    pub(super) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// What a form of this session carries.
    pub(super) fn token(&self, session: &str) -> String {
        BASE64URL_NOPAD.encode(hmac::sign(&self.forms, session.as_bytes()).as_ref())
    }

    /// Whether a form was made for this session.
    pub(super) fn is_token(&self, session: &str, token: &str) -> bool {
        let tag = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap_or_default();
        hmac::verify(&self.forms, session.as_bytes(), &tag).is_ok()
    }
}
