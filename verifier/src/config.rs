//! What the embedding code decides once.

use countersign_core::push::jose::{PublicKey, SoftwareKey, Thumbprint};
use countersign_core::push::native::BaseUrl;
use countersign_core::push::native::messages::Attestation;
use countersign_core::time::UnixTime;

/// How a verifier behaves. What metadata says (name, requirements) is a [`Profile`] and lives in the store.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address, `u` of the protocol. Never taken from a request.
    pub base: BaseUrl,
    /// Whether new enrolments have a time-based code.
    pub totp: bool,
    /// How long a challenge may be answered, in seconds: 120 by default, 600 at most.
    pub challenge_seconds: u16,
    /// How many authenticated requests a phone may make in a minute before it is told to wait (429). Only requests that its
    /// own keys signed count, so that nobody else can use them up. 0: no limit.
    pub requests_per_minute: u32,
    /// Ports of UnifiedPush addresses beside 443.
    pub push_ports: Vec<u16>,
    /// The most phones of an account.
    pub phones_per_account: usize,
    /// How long events are kept, in days.
    pub event_days: u16,
}

impl Config {
    /// For an address, everything else as the specification has it by default.
    #[must_use]
    pub const fn new(base: BaseUrl) -> Self {
        Self {
            base,
            totp: true,
            challenge_seconds: 120,
            requests_per_minute: 600,
            push_ports: Vec::new(),
            phones_per_account: 16,
            event_days: 365,
        }
    }

    pub(crate) fn challenge_life(&self) -> i64 {
        i64::from(self.challenge_seconds.clamp(1, 600))
    }
}

/// What metadata says of a verifier: used when a store is new; from then on [`crate::Verifier::change`] changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The name, a shown string of at most 40 code points.
    pub name: String,
    /// Every challenge asks for user verification.
    pub require_uv: bool,
    /// Only keys that are attested to live in hardware may enrol.
    pub require_hardware: bool,
}

/// The key that signs metadata and nothing else.
#[derive(Debug)]
pub enum Identity {
    /// Here: metadata is signed when it is fetched.
    Held(SoftwareKey),
    /// Elsewhere: metadata is signed there and published here.
    Elsewhere(PublicKey),
}

impl Identity {
    /// Its public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        match self {
            Self::Held(key) => key.public(),
            Self::Elsewhere(key) => *key,
        }
    }

    /// `k` of the protocol.
    #[must_use]
    pub fn thumbprint(&self) -> Thumbprint {
        self.public().thumbprint()
    }
}

/// Judges proofs that keys live in hardware. Without one nothing is proven: every key counts as software, and where hardware
/// is required nobody can enrol.
pub trait Attestor: Send + Sync {
    /// Whether the chain leads to a root of that format's maker, is good at that time, contains this `challenge`, and says
    /// that these keys live in hardware. `false` for anything in doubt.
    fn verify(
        &self,
        attestation: &Attestation,
        challenge: &[u8; 32],
        possession: &PublicKey,
        uv: &PublicKey,
        now: UnixTime,
    ) -> bool;
}
