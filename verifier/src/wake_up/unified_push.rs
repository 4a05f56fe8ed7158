//! UnifiedPush: a POST to the phone's push server (RFC 8030), its body encrypted to the phone (RFC 8291).
//!
//! What comes out of an address that a stranger chose is bounded: no redirect is followed, no proxy of the environment is
//! asked, five seconds for all of it, 4 KiB of header, no byte of the body, and only the status is looked at.
//!
//! The name is resolved once for each wake-up; what it resolves to is looked at, and exactly that is connected to: a name
//! that leads elsewhere a moment later (DNS rebinding) finds nobody who asks it again. A name with one address inside is
//! refused as a whole.

use std::time::Duration;

use countersign_core::entropy::Entropy;
use countersign_core::push::jose::encode;
use countersign_core::push::native::messages::{PushAddress, Transport};
use ureq::config::Config;
use ureq::http::{Response, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Connector, NextTimeout, RustlsConnector, TcpConnector};
use ureq::{Agent, Body};

use super::encrypt::Once;
use super::{Refusal, Rules, SendError, Sender};

/// For everything: name, connection, request, answer's header.
const PATIENCE: Duration = Duration::from_secs(5);
/// The largest header of an answer.
const HEADER: usize = 4096;
/// How long the push server keeps a wake-up for a phone that it doesn't reach, in seconds: as long as a challenge lasts
/// by default. A later one would wake for nothing.
const LIFE: &str = "120";

/// Whose certificates the push servers' have to lead to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Roots {
    /// Mozilla's list, as it was when this was built.
    #[default]
    WebPki,
    /// These alone, DER: where a deployment has its own.
    Own(Vec<Vec<u8>>),
}

/// Sends wake-ups to UnifiedPush addresses.
pub struct UnifiedPush {
    agent: Agent,
    rules: Rules,
    entropy: Box<dyn Entropy>,
}

impl std::fmt::Debug for UnifiedPush {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnifiedPush").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl UnifiedPush {
    /// A sender that obeys these rules.
    #[must_use]
    pub fn new(rules: Rules, roots: Roots, entropy: Box<dyn Entropy>) -> Self {
        let roots = match roots {
            Roots::WebPki => RootCerts::WebPki,
            Roots::Own(own) => RootCerts::from(own.iter().map(|der| Certificate::from_der(der).to_owned())),
        };
        let config = Config::builder()
            .https_only(true)
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE))
            .max_response_header_size(HEADER)
            // An answer's body is never read, so no connection could be used again.
            .max_idle_connections(0)
            .user_agent("countersign")
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build();
        let connector = ().chain(TcpConnector::default()).chain(RustlsConnector::default());
        let agent =
            Agent::with_parts(config, connector, Checked { rules: rules.clone(), inner: DefaultResolver::default() });
        Self { agent, rules, entropy }
    }

    fn post(&self, url: &str, body: &[u8]) -> Result<Response<Body>, SendError> {
        let request = self.agent.post(url).header("Content-Encoding", "aes128gcm");
        let request = request.header("Content-Type", "application/octet-stream").header("TTL", LIFE);
        request.header("Urgency", "high").send(body).map_err(|error| match error {
            ureq::Error::Other(inner) => {
                inner.downcast_ref::<Refusal>().map_or(SendError::Network, |&refusal| refusal.into())
            }
            _ => SendError::Network,
        })
    }
}

impl Sender for UnifiedPush {
    fn send(&self, address: &PushAddress) -> Result<(), SendError> {
        let PushAddress::At { transport: Transport::UnifiedPush, address, tag, keys: Some((key, secret)) } = address
        else {
            return Err(SendError::OtherTransport);
        };
        let url = self.rules.check_url(address)?;
        let body = Once::make(&*self.entropy)?.encrypt(encode(tag).as_bytes(), key, secret)?;
        judge(&self.post(url.as_str(), &body)?)
    }
}

/// RFC 8030 §5 answers 201; other servers say 200, 202 or 204.
fn judge(response: &Response<Body>) -> Result<(), SendError> {
    match response.status().as_u16() {
        200..=299 => Ok(()),
        404 | 410 => Err(SendError::Gone),
        429 | 503 => {
            let seconds = response.headers().get("Retry-After").and_then(|value| value.to_str().ok()?.parse().ok());
            Err(SendError::Busy { seconds })
        }
        other => Err(SendError::Status(other)),
    }
}

/// Resolves names to addresses that the rules let it connect to, or not at all.
#[derive(Debug)]
struct Checked {
    rules: Rules,
    inner: DefaultResolver,
}

impl Resolver for Checked {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        // The library's reading of the host and ours must be one.
        let checked = self.rules.check_url(&uri.to_string());
        let addresses = checked.and_then(|url| (Some(url.port()) == port(uri)).then_some(()).ok_or(Refusal::Form));
        addresses.map_err(|refusal| ureq::Error::Other(refusal.into()))?;
        let addresses = self.inner.resolve(uri, config, timeout)?;
        for address in &addresses {
            self.rules.check_ip(address.ip()).map_err(|refusal| ureq::Error::Other(refusal.into()))?;
        }
        Ok(addresses)
    }
}

fn port(uri: &Uri) -> Option<u16> {
    let authority = uri.authority().filter(|_| uri.scheme_str() == Some("https"))?;
    authority.port().map_or(Some(443), |port| Some(port.as_u16()))
}
