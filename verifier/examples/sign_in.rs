//! Push sign-in for an axum application: `cargo run -p countersign-verifier --example sign_in`.
use std::sync::Arc;

use axum::extract::{Request as Incoming, State};
use axum::response::IntoResponse;
use axum::{Router, http::StatusCode, routing};
use countersign_core::entropy::{SystemEntropy, random};
use countersign_core::push::jose::SoftwareKey;
use countersign_core::push::native::{BaseUrl, messages::AccountName};
use countersign_core::time::UnixTime;
use countersign_verifier::store::{MemoryStore, Store};
use countersign_verifier::{Config, Identity, KeyId, KeyRing, Profile, Question, Request, Verifier};

type Error = Box<dyn std::error::Error + Send + Sync>;
type Push = Verifier<Arc<dyn Store>>;
type Shared = State<Arc<Push>>;

fn now() -> UnixTime {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    UnixTime::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// In production: `SqliteStore`, and keys that are kept outside the database.
pub fn verifier(base: &str) -> Result<Push, Error> {
    let entropy = SystemEntropy::new();
    let ring = KeyRing::new(KeyId(1), random(&entropy)?)?;
    let identity = Identity::Held(SoftwareKey::make(&entropy)?);
    let profile = Profile { name: "Payroll".into(), require_uv: false, require_hardware: false };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    Ok(Verifier::open(store, ring, Config::new(BaseUrl::parse(base, true)?), identity, &profile)?)
}

/// Forms come as plain text here: your own session says whose account it is, and of which browser.
pub fn app(push: Arc<Push>) -> Router {
    Router::new()
        .route("/push/{*path}", routing::any(phone))
        .route("/invite", routing::post(invite))
        .route("/confirm", routing::post(confirm))
        .route("/sign-in", routing::post(sign_in))
        .route("/finish", routing::post(finish))
        .with_state(push)
}

/// Everything that phones send. With a store on disk, call it through `spawn_blocking`.
async fn phone(State(push): Shared, request: Incoming) -> impl IntoResponse {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, countersign_verifier::MAX_REQUEST).await.unwrap_or_default();
    let proof: Vec<&str> = head.headers.get_all("proof").iter().filter_map(|proof| proof.to_str().ok()).collect();
    let path = head.uri.path().strip_prefix("/push").unwrap_or_default();
    let reply = push.handle(&Request { method: head.method.as_str(), path, proof: &proof, body: &body }, now());
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [("content-type", reply.content_type)], reply.body)
}

/// The link is shown as a QR code, the ticket stays in the session; so does the secret of `sign_in`.
async fn invite(State(push): Shared, name: String) -> Result<String, (StatusCode, String)> {
    let new = push.invite(&AccountName { id: name.clone(), name }, now()).map_err(refused)?;
    Ok(format!("{}\n{}", new.uri.expose(), new.ticket.expose()))
}
async fn confirm(State(push): Shared, form: String) -> Result<String, (StatusCode, String)> {
    let (ticket, digits) = form.split_once('\n').unwrap_or_default();
    Ok(push.confirm(ticket, digits, now()).map_err(refused)?.confirmed.to_string())
}
async fn sign_in(State(push): Shared, name: String) -> Result<String, (StatusCode, String)> {
    let asked = push.sign_in(&name, "this browser's session", &Question::sign_in(Default::default()), now());
    asked.map(|page| format!("{}\n{}", page.secret.expose(), page.shown.expose())).map_err(refused)
}
async fn finish(State(push): Shared, secret: String) -> Result<String, (StatusCode, String)> {
    Ok(format!("Hello, {}", push.redeem(&secret, now()).map_err(refused)?.account))
}
fn refused(error: impl std::fmt::Display) -> (StatusCode, String) {
    (StatusCode::CONFLICT, error.to_string())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    Ok(axum::serve(listener, app(Arc::new(verifier("http://127.0.0.1:8080/push")?))).await?)
}
