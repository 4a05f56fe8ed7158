//! Where this deployment sends wake-ups.

use std::net::IpAddr;

use countersign_core::push::native::messages::{PushAddress, Transport};

use super::public::is_public;
use super::url::{Host, PushUrl};

/// Why no wake-up goes to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Refusal {
    /// Not an https URL of at most 1 KiB in its usual spelling.
    #[error("not an https address of the usual form")]
    Form,
    /// Neither port 443 nor one that is allowed.
    #[error("a port that isn't allowed")]
    Port,
    /// A host that isn't on the list.
    #[error("a host that isn't allowed")]
    Host,
    /// An IP address inside: of this machine, of a private network, or of no network at all.
    #[error("an address that isn't public")]
    NotPublic,
}

/// Which hosts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Hosts {
    /// Any: people choose their own push server.
    #[default]
    Any,
    /// These alone.
    Listed(Vec<HostPattern>),
}

/// A host name, or all names below one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPattern {
    name: String,
    below: bool,
}

impl HostPattern {
    /// `push.example.org` means that host; `*.example.org` every host below `example.org`, itself not.
    ///
    /// # Errors
    /// [`Refusal::Form`] for what is no host name.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let (name, below) = text.strip_prefix("*.").map_or((text, false), |name| (name, true));
        let url = PushUrl::parse(&format!("https://{name}"))?;
        match url.host() {
            Host::Name(read) if read.eq_ignore_ascii_case(name) => Ok(Self { name: read.clone(), below }),
            _ => Err(Refusal::Form),
        }
    }

    fn matches(&self, host: &str) -> bool {
        match host.strip_suffix(self.name.as_str()) {
            Some("") => !self.below,
            Some(before) => self.below && before.ends_with('.'),
            None => false,
        }
    }
}

/// Which networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Network {
    /// Public addresses alone.
    #[default]
    Public,
    /// This machine's loopback addresses, too: for demonstrations and tests, where everything runs on one machine. Never
    /// where strangers can enrol.
    PublicAndLoopback,
}

/// Where this deployment sends wake-ups: by default to any public host's port 443.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    /// Which hosts.
    pub hosts: Hosts,
    /// Which ports beside 443.
    pub ports: Vec<u16>,
    /// Which networks.
    pub network: Network,
}

impl Rules {
    /// Looks at an address when a phone registers it. Whether a name leads to a public address is only known when somebody
    /// connects, and may be another address each time: the sender looks then.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn check(&self, address: &PushAddress) -> Result<(), Refusal> {
        match address {
            PushAddress::At { transport: Transport::UnifiedPush, address, .. } => self.check_url(address).map(drop),
            // Tokens go to Google's and Apple's own hosts.
            PushAddress::At { transport: Transport::Fcm | Transport::Apns, .. } | PushAddress::None => Ok(()),
        }
    }

    /// Reads a URL and looks at its host and port, and at its IP address where it names one.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn check_url(&self, text: &str) -> Result<PushUrl, Refusal> {
        let url = PushUrl::parse(text)?;
        if url.port() != 443 && !self.ports.contains(&url.port()) {
            return Err(Refusal::Port);
        }
        match (url.host(), &self.hosts) {
            (Host::Name(name), Hosts::Listed(listed)) if !listed.iter().any(|host| host.matches(name)) => {
                Err(Refusal::Host)
            }
            // A list has names; whoever wants an address has none on it.
            (Host::Address(_), Hosts::Listed(_)) => Err(Refusal::Host),
            (Host::Address(address), Hosts::Any) => self.check_ip(*address).map(|()| url),
            (Host::Name(_), _) => Ok(url),
        }
    }

    /// Looks at an IP address that somebody is about to connect to.
    ///
    /// # Errors
    /// [`Refusal::NotPublic`].
    pub fn check_ip(&self, address: IpAddr) -> Result<(), Refusal> {
        let allowed = self.network == Network::PublicAndLoopback && address.to_canonical().is_loopback();
        if allowed || is_public(address) { Ok(()) } else { Err(Refusal::NotPublic) }
    }
}

#[cfg(test)]
mod tests {
    use super::{HostPattern, Hosts, Network, Refusal, Rules};

    fn check(rules: &Rules, url: &str) -> Result<(), Refusal> {
        rules.check_url(url).map(drop)
    }

    #[test]
    fn port_443_and_the_ports_that_are_allowed() {
        let rules = Rules { ports: vec![8443], ..Rules::default() };
        assert_eq!(check(&rules, "https://a.example/x"), Ok(()));
        assert_eq!(check(&rules, "https://a.example:443/x"), Ok(()));
        assert_eq!(check(&rules, "https://a.example:8443/x"), Ok(()));
        assert_eq!(check(&rules, "https://a.example:22/x"), Err(Refusal::Port));
        assert_eq!(check(&Rules::default(), "https://a.example:8443/x"), Err(Refusal::Port));
    }

    #[test]
    fn an_address_inside_is_refused_before_anything_is_sent() {
        let rules = Rules::default();
        for inside in ["127.0.0.1", "10.1.2.3", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[fd00::1]"] {
            assert_eq!(check(&rules, &format!("https://{inside}/x")), Err(Refusal::NotPublic), "{inside}");
        }
        assert_eq!(check(&rules, "https://8.8.8.8/x"), Ok(()));
        let demo = Rules { network: Network::PublicAndLoopback, ..Rules::default() };
        for (address, right) in [("127.0.0.1", true), ("[::1]", true), ("10.1.2.3", false), ("169.254.169.254", false)]
        {
            assert_eq!(check(&demo, &format!("https://{address}/x")).is_ok(), right, "{address}");
        }
    }

    #[test]
    fn a_list_of_hosts_is_complete() {
        let listed = ["push.example.org", "*.ntfy.example"].map(|host| HostPattern::parse(host).unwrap());
        let rules = Rules { hosts: Hosts::Listed(listed.to_vec()), ..Rules::default() };
        for (host, right) in [
            ("push.example.org", true),
            ("PUSH.example.ORG", true),
            ("a.ntfy.example", true),
            ("a.b.ntfy.example", true),
            ("ntfy.example", false),
            ("evilntfy.example", false),
            ("a.push.example.org", false),
            ("push.example.org.evil.example", false),
            ("8.8.8.8", false),
        ] {
            let refused = if right { Ok(()) } else { Err(Refusal::Host) };
            assert_eq!(check(&rules, &format!("https://{host}/x")), refused, "{host}");
        }
        for bad in
            ["", "*", "*.", "a.*.example", "https://a.example", "a.example:443", "a.example/x", "8.8.8.8", "[::1]"]
        {
            assert!(HostPattern::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            check(&Rules { hosts: Hosts::Listed(Vec::new()), ..rules }, "https://a.example"),
            Err(Refusal::Host)
        );
    }
}
