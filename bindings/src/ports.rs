//! What a platform gives: traits that Kotlin, Swift and Python implement.
//!
//! None of them is called while the core is locked for a call, so that each may call back. One that throws, or never returns,
//! costs its own operation and nothing else. Async ones are dropped, and so cancelled, when their operation ends early.
//!
//! The library keeps what it is given until [`Authenticator::shut`](crate::Authenticator::shut): an implementation that holds the
//! authenticator would hold itself.

use std::sync::Arc;

/// Why the platform did not do what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum PortError {
    /// The person said no, or did not answer.
    #[error("the person didn't confirm")]
    NotConfirmed,
    /// The key is gone for good: fingerprints changed, the app moved to another phone.
    #[error("the device's key is gone")]
    KeyGone,
    /// Anything else.
    #[error("the platform failed")]
    Failed,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for PortError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}

/// Why nothing came back from a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum HttpError {
    /// No network, no such host, nobody answers.
    #[error("the server can't be reached")]
    Unreachable,
    /// It took longer than the request allows.
    #[error("it took too long")]
    TimedOut,
    /// The certificate is not trusted, or not one of the pinned ones.
    #[error("the server can't prove that it is that server")]
    NotTrusted,
    /// The answer is longer than the request allows.
    #[error("the answer is too long")]
    TooLong,
    /// Anything else.
    #[error("the connection failed")]
    Failed,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for HttpError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}

/// A header of a request. Names and values are ASCII; each name stands once.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct HttpHeader {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A request to send. Redirects are never followed, cookies and caches never used, and proxies only where the person set them.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct HttpRequest {
    /// `GET`, `POST` or `PUT`.
    pub method: String,
    /// Where to, whole.
    pub url: String,
    /// What goes beside it.
    pub headers: Vec<HttpHeader>,
    /// The body; empty with `GET`.
    pub body: Vec<u8>,
    /// The longest body of an answer that is read, in bytes: beyond, [`HttpError::TooLong`].
    pub longest_answer: u32,
    /// From the name's lookup to the last byte, in milliseconds: beyond, [`HttpError::TimedOut`].
    pub deadline_ms: u32,
    /// SHA-256 of the subject public key info (RFC 7469 §2.4) of which one must be in the certificate's chain; empty: none asked.
    pub pins: Vec<Vec<u8>>,
}

/// A server's answer, whatever its status.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
#[uniffi::export(Display)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// Sends requests. Async: it waits for a network.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait HttpClient: Send + Sync {
    /// Sends one request over TLS and gives back what came.
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError>;
}

/// What a wrapped key is for; a platform guards each differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum KeyUse {
    /// Opens the vault; the platform may ask the person, as the person set it.
    Slot,
    /// Opens the inbox key only; never asks anybody.
    Inbox,
    /// Opens the user-verification root; asks the person at each use.
    PerUse,
}

/// A keystore that wraps keys: Android's, a Secure Enclave. Async: it may wait for a person.
///
/// It never sees the vault's key: it wraps a random key of 32 bytes, new at each wrap.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait KeyWrapper: Send + Sync {
    /// Makes the bytes, at most 16 KiB, that only this device can unwrap, for this use.
    async fn wrap(&self, key_use: KeyUse, key: Vec<u8>) -> Result<Vec<u8>, PortError>;

    /// Gives back what `wrap` was given for the same use.
    async fn unwrap(&self, key_use: KeyUse, wrapped: Vec<u8>) -> Result<Vec<u8>, PortError>;
}

/// What a signing key is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum KeyPurpose {
    /// Used silently: polling, denying, push addresses.
    Possession,
    /// Each use asks the person: fingerprint, face, PIN.
    UserVerification,
}

/// A key that a signer made: P-256.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct DeviceKey {
    /// How the platform finds it again; at most 1 KiB, opaque to the library.
    pub handle: Vec<u8>,
    /// The public half: 65 bytes, SEC 1 uncompressed.
    pub public_key: Vec<u8>,
    /// Whether the private half lives in hardware.
    pub in_hardware: bool,
}

/// Proof that keys live in hardware.
#[derive(Clone, PartialEq, Eq, uniffi::Enum)]
pub enum KeyAttestation {
    /// Android's key attestation: certificates in DER, the leaf first.
    AndroidKey {
        /// The chain.
        chain: Vec<Vec<u8>>,
    },
    /// Apple's App Attest: certificates in DER, the leaf first.
    Apple {
        /// The chain.
        chain: Vec<Vec<u8>>,
    },
}

/// Why a signature is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, uniffi::Enum)]
pub enum SignReason {
    /// This device is being enrolled.
    Enroll,
    /// A request is approved.
    Approve,
    /// Keys are replaced.
    ChangeKeys,
    /// The enrolment is ended.
    Unenroll,
}

/// What the prompt is about; its words are the shell's, in the person's language.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct SignPrompt {
    /// Why.
    pub reason: SignReason,
    /// The server's name; its host while this device is being enrolled.
    pub server: String,
    /// The account's name there; empty while it isn't known.
    pub account: String,
    /// What is approved: the application or the first detail.
    pub about: Option<String>,
}

/// A keystore that signs with P-256 and SHA-256 (ECDSA). Async: it may wait for a person.
#[uniffi::export(foreign)]
#[async_trait::async_trait]
pub trait DeviceSigner: Send + Sync {
    /// Makes a key for this purpose. With a challenge, of 32 bytes, a proof of where it lives has to contain that.
    async fn make(&self, purpose: KeyPurpose, challenge: Option<Vec<u8>>) -> Result<DeviceKey, PortError>;

    /// Signs a message, which the platform hashes: DER, or 64 bytes r‖s. A prompt comes with keys that ask the person.
    async fn sign(&self, handle: Vec<u8>, message: Vec<u8>, prompt: Option<SignPrompt>) -> Result<Vec<u8>, PortError>;

    /// Forgets a key; one that is gone already is no error.
    async fn delete(&self, handle: Vec<u8>) -> Result<(), PortError>;

    /// Proof that the key with this handle lives in hardware; none where the platform has none.
    async fn attest(&self, handle: Vec<u8>) -> Result<Option<KeyAttestation>, PortError>;
}

/// A place for backups. Blocking.
#[uniffi::export(foreign)]
pub trait BackupSink: Send + Sync {
    /// Writes a new file, durable when it returns. Never replaces one.
    fn write(&self, name: String, bytes: Vec<u8>) -> Result<(), PortError>;

    /// Reads a file as it is there now.
    fn read(&self, name: String) -> Result<Vec<u8>, PortError>;

    /// The names of all files there.
    fn list(&self) -> Result<Vec<String>, PortError>;

    /// Removes a file.
    fn remove(&self, name: String) -> Result<(), PortError>;
}

/// A clock. Quick: it is asked at every call.
#[uniffi::export(foreign)]
pub trait Clock: Send + Sync {
    /// Milliseconds since 1970, UTC.
    fn now_ms(&self) -> Result<i64, PortError>;
}

/// A number that only rises, kept where a restored file can't bring an old one back. It belongs to one vault: a new vault needs
/// a new one. Blocking.
#[uniffi::export(foreign)]
pub trait Counter: Send + Sync {
    /// The highest value that it was raised to; 0 in the beginning.
    fn read(&self) -> Result<u64, PortError>;

    /// Raises it to at least this value.
    fn raise(&self, value: u64) -> Result<(), PortError>;
}

/// Hears how far a long call is.
#[uniffi::export(foreign)]
pub trait Progress: Send + Sync {
    /// So many of so many are done.
    fn report(&self, done: u64, total: u64) -> Result<(), PortError>;
}

/// Hears what has changed, after it is durable.
#[uniffi::export(foreign)]
pub trait ChangeListener: Send + Sync {
    /// What has changed since the last time, each kind once. Called by whichever thread made a change; while it runs, further
    /// changes are collected for its next call.
    fn changed(&self, changes: Vec<crate::Change>) -> Result<(), PortError>;
}

/// Public keys that a host's certificate must have one of, for an app that knows its own server.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct PinnedHost {
    /// Host, or host and port where that isn't 443, in lower case.
    pub host: String,
    /// SHA-256 of subject public key infos, 32 bytes each.
    pub pins: Vec<Vec<u8>>,
}

/// What the platform gives an authenticator. Each part may be missing; what needs it then says so.
#[derive(Clone, Default, uniffi::Record)]
pub struct Platform {
    /// Sends requests: without it there are no approvals.
    #[uniffi(default = None)]
    pub http: Option<Arc<dyn HttpClient>>,
    /// Wraps keys: without it only the password and the recovery code unlock.
    #[uniffi(default = None)]
    pub key_wrapper: Option<Arc<dyn KeyWrapper>>,
    /// Signs in hardware: without it, keys are made in software.
    #[uniffi(default = None)]
    pub device_signer: Option<Arc<dyn DeviceSigner>>,
    /// The system's clock where it is missing.
    #[uniffi(default = None)]
    pub clock: Option<Arc<dyn Clock>>,
    /// Notices a vault's file that is older than this device has seen.
    #[uniffi(default = None)]
    pub counter: Option<Arc<dyn Counter>>,
    /// Certificate pins.
    #[uniffi(default = [])]
    pub pins: Vec<PinnedHost>,
    /// Takes `http` with loopback addresses. For demonstrations and tests: an app that people get never sets it.
    #[uniffi(default = false)]
    pub allow_loopback_http: bool,
    /// Derives keys from passwords with the least work that is allowed instead of about half a second of it. For tests: an app
    /// that people get never sets it.
    #[uniffi(default = false)]
    pub least_password_work: bool,
}
