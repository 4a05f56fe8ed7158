//! A verifier's address: `u` of the protocol.

use std::fmt;

use crate::push::MessageError;

/// The longest address in bytes.
const MAX: usize = 512;

/// A verifier's base URL, in its one spelling: compared byte for byte, endpoints are this and a path.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BaseUrl {
    text: String,
    host: std::ops::Range<usize>,
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({})", self.text)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl BaseUrl {
    /// Reads an address: `https`, a lower-case ASCII host, perhaps a port that is not 443, perhaps a path of unreserved
    /// characters. `http` only to `127.0.0.1` or `[::1]`, and only with `allow_loopback_http`.
    ///
    /// # Errors
    /// [`MessageError::Malformed`].
    pub fn parse(text: &str, allow_loopback_http: bool) -> Result<Self, MessageError> {
        let wrong = MessageError::Malformed("u");
        if text.len() > MAX {
            return Err(wrong);
        }
        let (scheme, rest) = text.split_once("://").ok_or(wrong)?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = split_port(authority).ok_or(wrong)?;
        let default_port = match scheme {
            "https" => "443",
            "http" if allow_loopback_http && matches!(host, "127.0.0.1" | "[::1]") => "80",
            _ => return Err(wrong),
        };
        let right = (host == "[::1]" || is_name(host))
            && port.is_none_or(|port| is_port(port) && port != default_port)
            && (path.is_empty() || path.split('/').skip(1).all(is_segment));
        if !right {
            return Err(wrong);
        }
        let start = scheme.len().saturating_add(3);
        Ok(Self { text: text.to_owned(), host: start..start.saturating_add(authority.len()) })
    }

    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Host and port, as a person is asked about them.
    #[must_use]
    pub fn host(&self) -> &str {
        self.text.get(self.host.clone()).unwrap_or_default()
    }

    /// The address of an endpoint; `path` begins with a slash.
    #[must_use]
    pub fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix("[::1]") {
        return match rest.strip_prefix(':') {
            Some(port) => Some(("[::1]", Some(port))),
            None => rest.is_empty().then_some(("[::1]", None)),
        };
    }
    match authority.split_once(':') {
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

/// A host name in lower case (RFC 1123), or an IPv4 address in its usual spelling.
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last_is_number = host.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit()));
    host.len() <= 253
        && host.split('.').all(label)
        // What ends in a number is read as an address by browsers (127.1, 0x7f.1): only the usual spelling.
        && (!last_is_number || host.parse::<std::net::Ipv4Addr>().is_ok())
}

fn is_port(port: &str) -> bool {
    !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok()
}

fn is_segment(segment: &str) -> bool {
    !segment.is_empty()
        && !matches!(segment, "." | "..")
        && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::BaseUrl;

    #[test]
    fn addresses_have_one_spelling() {
        for good in [
            "https://a.example",
            "https://a.example:8443/x/y.z~",
            "https://10.0.0.1",
            "https://xn--bcher-kva.example",
            "https://[::1]:8443",
        ] {
            assert!(BaseUrl::parse(good, false).is_ok(), "{good}");
        }
        for bad in [
            "",
            "https://",
            "https:///x",
            "http://a.example",
            "http://127.0.0.1:8080",
            "https://A.example",
            "https://a.example/",
            "https://a.example:443",
            "https://a.example:",
            "https://a.example:0",
            "https://a.example:08",
            "https://a.example:65536",
            "https://u@a.example",
            "https://a.example?q",
            "https://a.example#f",
            "https://a.example/x//y",
            "https://a.example/../x",
            "https://a.example/%41",
            "https://[::2]",
            "https://[::1",
            "https://[::1]x",
            "https://bücher.example",
            "https://a..example",
            "https://127.1",
            "https://0x7f.1",
            "https://010.0.0.1",
            "https://-a.example",
            "https://a.example.",
            "https://a_b.example",
            "ftp://a.example",
            "HTTPS://a.example",
            "https://a.example/x y",
            "https://a.example\\x",
        ] {
            assert!(BaseUrl::parse(bad, false).is_err(), "{bad}");
        }
        assert!(BaseUrl::parse(&format!("https://a.example/{}", "a".repeat(600)), false).is_err());
    }

    #[test]
    fn plain_http_goes_to_this_machine_alone_and_only_where_allowed() {
        for good in ["http://127.0.0.1:8080", "http://[::1]:1/x", "http://127.0.0.1"] {
            assert!(BaseUrl::parse(good, true).is_ok(), "{good}");
            assert!(BaseUrl::parse(good, false).is_err(), "{good}");
        }
        for bad in ["http://localhost", "http://127.0.0.2", "http://127.0.0.1:80", "http://10.0.0.1"] {
            assert!(BaseUrl::parse(bad, true).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_person_is_asked_about_host_and_port() {
        let base = BaseUrl::parse("https://a.example:8443/x", false).unwrap();
        assert_eq!(
            (base.host(), base.endpoint("/metadata").as_str()),
            ("a.example:8443", "https://a.example:8443/x/metadata")
        );
    }
}
