//! Requests to a server as values: who embeds the core sends them.

use std::fmt;

use crate::time::UnixTime;

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
}

impl Method {
    /// As it stands in the request's first line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
        }
    }
}

/// A request to send. Redirects are never followed: an answer that redirects is given back as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// How.
    pub method: Method,
    /// Where to, whole.
    pub url: String,
    /// What goes beside it: names and values in ASCII, each name once.
    pub headers: Vec<(&'static str, String)>,
    /// The body; empty with `GET`.
    pub body: Vec<u8>,
    /// The longest body of an answer that is read, in bytes. A longer one is no answer ([`HttpResponse::new`]).
    pub longest_answer: usize,
}

impl HttpRequest {
    /// The longest answer of any protocol, in bytes.
    pub const LONGEST_ANSWER: usize = 256 * 1024;

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(there, _)| there.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for HttpRequest {
    /// Neither headers nor body: they prove who sends them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest").field("method", &self.method).field("url", &self.url).finish_non_exhaustive()
    }
}

/// A server's answer.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpResponse {
    status: u16,
    body: Vec<u8>,
}

impl HttpResponse {
    /// Of a status and a body, which must not be longer than [`HttpRequest::LONGEST_ANSWER`]: none if it is.
    #[must_use]
    pub fn new(status: u16, body: Vec<u8>) -> Option<Self> {
        (body.len() <= HttpRequest::LONGEST_ANSWER).then_some(Self { status, body })
    }

    /// The status code.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse").field("status", &self.status).field("bytes", &self.body.len()).finish()
    }
}

/// What came back, and when by this device's own clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// When the request was sent.
    pub sent: UnixTime,
    /// When the answer was there, or was given up.
    pub received: UnixTime,
    /// The answer; none where nothing came back.
    pub response: Option<HttpResponse>,
}
