//! A push address that is a URL, read strictly: whoever connects must read the same host out of it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use countersign_core::push::native::messages::PushAddress;

use super::Refusal;

/// An https URL of at most 1 KiB. It is a capability: whoever knows it can wake the phone, so `Debug` shows its host alone.
#[derive(Clone, PartialEq, Eq)]
pub struct PushUrl {
    text: String,
    host: Host,
    port: u16,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Host {
    /// In lower case.
    Name(String),
    Address(IpAddr),
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Debug for PushUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PushUrl(https://{}:{}/..)", self.host, self.port)
    }
}

impl PushUrl {
    /// Reads a URL: `https`, a host name or an IP address in its usual spelling, perhaps a port, path and query of
    /// characters that RFC 3986 has. No user information, no fragment.
    ///
    /// # Errors
    /// [`Refusal::Form`].
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let rest = text.strip_prefix("https://").filter(|_| text.len() <= PushAddress::MAX).ok_or(Refusal::Form)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (host, port) = split(authority).ok_or(Refusal::Form)?;
        let port = match port {
            None => 443,
            Some(port) if !port.starts_with('0') && port.bytes().all(|byte| byte.is_ascii_digit()) => {
                port.parse().map_err(|_| Refusal::Form)?
            }
            Some(_) => return Err(Refusal::Form),
        };
        let of_a_path = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&byte);
        if !path.bytes().all(of_a_path) {
            return Err(Refusal::Form);
        }
        Ok(Self { text: text.to_owned(), host: host_of(host).ok_or(Refusal::Form)?, port })
    }

    /// The whole URL.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The port, 443 where none is named.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    pub(super) const fn host(&self) -> &Host {
        &self.host
    }
}

fn split(authority: &str) -> Option<(&str, Option<&str>)> {
    // A bracket may hold colons.
    let end = authority.rfind(']').map_or(0, |bracket| bracket.saturating_add(1));
    match authority.get(end..)?.find(':') {
        None => Some((authority, None)),
        Some(colon) => {
            let (host, port) = authority.split_at(end.checked_add(colon)?);
            Some((host, Some(port.strip_prefix(':')?)))
        }
    }
}

fn host_of(host: &str) -> Option<Host> {
    if let Some(inner) = host.strip_prefix('[') {
        return inner.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(|address| Host::Address(address.into()));
    }
    let label = |label: &str| {
        let right = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len()) && label.bytes().all(right) && !label.starts_with('-') && !label.ends_with('-')
    };
    if host.len() > 253 || !host.split('.').all(label) {
        return None;
    }
    // What ends in a number is an address to those who resolve it (127.1, 0x7f.1): only the usual spelling.
    if host.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_digit())) {
        return host.parse::<Ipv4Addr>().ok().map(|address| Host::Address(address.into()));
    }
    Some(Host::Name(host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::PushUrl;

    #[test]
    fn urls_have_a_host_and_a_port_that_all_readers_agree_on() {
        for (text, shown) in [
            ("https://push.example.org/wpush/v2/gAAA-_~", "PushUrl(https://push.example.org:443/..)"),
            ("https://Push.Example.org?token=a%20b", "PushUrl(https://push.example.org:443/..)"),
            ("https://ntfy.example:8443/up1?up=1", "PushUrl(https://ntfy.example:8443/..)"),
            ("https://192.0.2.1/x", "PushUrl(https://192.0.2.1:443/..)"),
            ("https://[2001:DB8::1]:444/x", "PushUrl(https://[2001:db8::1]:444/..)"),
            ("https://xn--bcher-kva.example", "PushUrl(https://xn--bcher-kva.example:443/..)"),
        ] {
            let url = PushUrl::parse(text).unwrap();
            assert_eq!((format!("{url:?}").as_str(), url.as_str()), (shown, text));
        }
        for bad in [
            "",
            "https://",
            "https:///x",
            "http://a.example/",
            "HTTPS://a.example/",
            "https:a.example",
            "https://user@a.example/",
            "https://a.example@b.example/",
            "https://a.example#f",
            "https://a.example/x#f",
            "https://a.example\\@b.example/",
            "https://a.example/x y",
            "https://a.example/x\ny",
            "https://a.example/\u{e4}",
            "https://b\u{fc}cher.example/",
            "https://a.example:",
            "https://a.example:0",
            "https://a.example:00443",
            "https://a.example:+443",
            "https://a.example:65536",
            "https://a.example:443:443/",
            "https://a..example",
            "https://.example",
            "https://a.example./",
            "https://-a.example",
            "https://a_b.example",
            "https://127.1/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://2130706433/",
            "https://1.2.3.4.5/",
            "https://[::1/",
            "https://::1/",
            "https://[::1]x/",
            "https://[fe80::1%25eth0]/",
            "https://[127.0.0.1]/",
            "https://%31%32%37.0.0.1/",
        ] {
            assert!(PushUrl::parse(bad).is_err(), "{bad:?}");
        }
        let long = |length: usize| format!("https://a.example/{}", "a".repeat(length - 18));
        assert!(PushUrl::parse(&long(1024)).is_ok());
        assert!(PushUrl::parse(&long(1025)).is_err());
    }
}
