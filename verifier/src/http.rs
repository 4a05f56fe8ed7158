//! The endpoints (section 9), without a network: a request in, an answer out.

use countersign_core::push::jose::MessageHash;
use countersign_core::push::native::messages::{EnrollmentId, ErrorMessage, PushAddress};
use countersign_core::time::UnixTime;

use crate::online::Online;
use crate::rules::{Change, Refusal};
use crate::store::Store;
use crate::verifier::Verifier;

/// The largest body of a request, and the longest proof, in bytes.
pub const MAX_REQUEST: usize = 16 * 1024;

/// A request as the server got it.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method, in upper case.
    pub method: &'a str,
    /// What follows `u` in the URL, undecoded: `/metadata`, `/enrollments/<id>/challenges`. A query is part of it, and no
    /// endpoint has one.
    pub path: &'a str,
    /// The values of all `Proof` headers.
    pub proof: &'a [&'a str],
    /// The body; a server stops reading behind [`MAX_REQUEST`] bytes and one more.
    pub body: &'a [u8],
}

/// An answer as the server sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// `Content-Type`; empty with an empty body.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// `Allow`, with 405.
    pub allow: Option<&'static str>,
}

impl Reply {
    fn signed(status: u16, body: String) -> Self {
        Self { status, content_type: "application/jose", body, retry_after: None, allow: None }
    }

    /// Unsigned: to the phone this is network trouble, whatever it says.
    fn plain(status: u16) -> Self {
        Self { status, content_type: "", body: String::new(), retry_after: None, allow: None }
    }
}

impl<S: Store> Verifier<S> {
    /// Answers a request of a phone. Never fails: what the verifier fails at is a 503.
    #[must_use]
    pub fn handle(&self, request: &Request<'_>, now: UnixTime) -> Reply {
        match self.route(request, now) {
            Ok(reply) => reply,
            Err(Refusal::Wait(seconds)) => Reply { retry_after: Some(seconds), ..Reply::plain(429) },
            Err(Refusal::Internal(_)) => Reply { retry_after: Some(1), ..Reply::plain(503) },
            Err(Refusal::Unsigned | Refusal::Code(_)) => Reply::plain(401),
        }
    }

    fn route(&self, request: &Request<'_>, now: UnixTime) -> Result<Reply, Refusal> {
        let proof: usize = request.proof.iter().map(|proof| proof.len()).sum();
        if request.body.len() > MAX_REQUEST || proof > MAX_REQUEST {
            return Ok(Reply::plain(413));
        }
        let mut segments = request.path.split('/');
        let parts = [segments.next(), segments.next(), segments.next(), segments.next(), segments.next()];
        let allowed = match parts {
            [Some(""), Some("metadata"), None, ..]
            | [Some(""), Some("enrollments"), Some(_), Some("challenges"), None] => "GET",
            [Some(""), Some("enrollments"), None, ..]
            | [Some(""), Some("enrollments"), Some(_), Some("responses" | "keys" | "remove" | "push"), None] => "POST",
            _ => return Ok(Reply::plain(404)),
        };
        if request.method != allowed {
            return Ok(Reply { allow: Some(allowed), ..Reply::plain(405) });
        }
        let body = || std::str::from_utf8(request.body).map_err(|_| Refusal::Unsigned);
        let id = |id: &str| EnrollmentId::parse(id).map_err(|_| Refusal::Unsigned);
        match parts {
            [_, Some("metadata"), ..] => Ok(Reply::signed(200, self.metadata(now)?)),
            [_, _, Some(of), Some("challenges" | "push"), _] => self.proven(&id(of)?, request, now),
            [_, _, Some(of), Some("responses"), _] => self.respond(&id(of)?, body()?, now),
            [_, _, Some(of), Some("keys"), _] => self.change_keys(Change::Rotate, &id(of)?, body()?, now),
            [_, _, Some(of), Some(_), _] => self.change_keys(Change::Remove, &id(of)?, body()?, now),
            _ => self.enroll(body()?, now),
        }
    }

    /// A signed answer, or the signed error that a refusal is told by.
    pub(crate) fn reply(
        &self,
        online: &Online,
        answer: Result<String, Refusal>,
        audience: &str,
        re: MessageHash,
        now: UnixTime,
    ) -> Result<Reply, Refusal> {
        match answer {
            Ok(answer) => Ok(Reply::signed(200, answer)),
            Err(Refusal::Code(code)) => {
                let issuer = self.config.base.as_str().to_owned();
                let error = ErrorMessage { issuer, audience: audience.to_owned(), issued: now, re, code };
                Ok(Reply::signed(code.http_status(), online.sign(&error)?.0))
            }
            Err(refusal) => Err(refusal),
        }
    }
}

/// Whether wake-ups may go there: over https, to a named host, to port 443 or one that the operator allows (section 8).
/// Whether the host's address is public is judged on the connection itself, when something is sent.
pub(crate) fn push_address_is_allowed(push: &PushAddress, ports: &[u16]) -> bool {
    let PushAddress::At { address, keys: Some(_), .. } = push else { return true };
    let Some(rest) = address.strip_prefix("https://") else { return false };
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port_is_allowed = match port {
        None => true,
        Some(port) => port.parse::<u16>().is_ok_and(|port| port == 443 || ports.contains(&port)),
    };
    !host.is_empty() && !authority.contains('@') && port_is_allowed
}
