//! What happens at each address.
//!
//! - `entry`: sign in, sign up, sign out. `phone`: phones are added, released, removed. `ask`: a question to the phone.
//!   `account`: what is behind the door. `push`: the phones' own endpoints.
//!
//! Every route is a plain function of the house and the visit; what surrounds them stands here once.

mod account;
mod ask;
mod entry;
mod phone;
mod push;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Form, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get, post};

use super::guard::{guard, is_own_page, plain};
use super::house::House;
use super::pages::{MARK, SCRIPT, STYLE, entry as words};
use super::visit::{Answer, Visit};

/// Where the phones' endpoints are: the end of `u`.
pub(super) const PUSH: &str = "/push";

/// How long a request may take.
const LONGEST: Duration = Duration::from_secs(10);

type Route = fn(&House, &Visit) -> Answer;

/// All addresses.
pub(super) fn router(house: Arc<House>) -> Router {
    Router::new()
        .route("/", show(entry::home))
        .route("/sign-in", act(entry::sign_in))
        .route("/sign-up", show(entry::choose).merge(act(entry::sign_up)))
        .route("/sign-out", act(entry::sign_out))
        .route("/phone", show(phone::show).merge(act(phone::confirm)))
        .route("/phone/status", show(phone::status))
        .route("/phone/new", act(phone::invite))
        .route("/phone/{id}/release", act(phone::release))
        .route("/phone/{id}/remove", act(phone::remove))
        .route("/account", show(account::show))
        .route("/pay", act(account::pay))
        .route("/ask/{handle}", show(ask::show))
        .route("/ask/{handle}/status", show(ask::status))
        .route("/ask/{handle}/again", act(ask::again))
        .route("/ask/{handle}/cancel", act(ask::cancel))
        .route("/ask/{handle}/finish", act(ask::finish))
        .route("/ask/{handle}/offline", show(ask::offline).merge(act(ask::type_offline)))
        .route("/ask/{handle}/code", show(ask::code).merge(act(ask::type_code)))
        .route("/style.css", get(|| file("text/css; charset=utf-8", STYLE)))
        .route("/page.js", get(|| file("text/javascript; charset=utf-8", SCRIPT)))
        .route("/icon.svg", get(|| file("image/svg+xml", MARK)))
        .route("/push/{*rest}", any(push::handle))
        .fallback(show(nowhere))
        .layer(DefaultBodyLimit::max(8 * 1024))
        .layer(axum::middleware::from_fn_with_state(Arc::clone(&house), guard))
        .layer(axum::middleware::from_fn(in_time))
        .with_state(house)
}

async fn in_time(request: Request, next: axum::middleware::Next) -> Response {
    let late = || plain(StatusCode::SERVICE_UNAVAILABLE, "That took too long. Try again.\n");
    tokio::time::timeout(LONGEST, next.run(request)).await.unwrap_or_else(|_| late())
}

/// A page.
fn show(route: Route) -> MethodRouter<Arc<House>> {
    get(async move |State(house): State<Arc<House>>, headers: HeaderMap, uri: Uri| {
        blocking(move || match Visit::new(&house, &headers, uri.path(), &[]) {
            Some(visit) => route(&house, &visit).response(&house, &visit),
            None => plain(StatusCode::SERVICE_UNAVAILABLE, "No randomness.\n"),
        })
        .await
    })
}

/// A form: only from a page of this service, of this session.
fn act(route: Route) -> MethodRouter<Arc<House>> {
    post(
        async move |State(house): State<Arc<House>>,
                    headers: HeaderMap,
                    uri: Uri,
                    Form(form): Form<Vec<(String, String)>>| {
            blocking(move || {
                let Some(visit) = Visit::new(&house, &headers, uri.path(), &form) else {
                    return plain(StatusCode::SERVICE_UNAVAILABLE, "No randomness.\n");
                };
                let answer = if is_own_page(&headers, &house.host) && visit.is_own_form(&house) {
                    route(&house, &visit)
                } else {
                    let what =
                        "This form was sent from another site, or the page was open for too long. Nothing was done.";
                    Answer::page(words::says("Please start again", what, ("/", "Start again")))
                        .status(StatusCode::FORBIDDEN)
                };
                answer.response(&house, &visit)
            })
            .await
        },
    )
}

/// The verifier's calls read and write a store: not on the thread that serves.
async fn blocking(work: impl FnOnce() -> Response + Send + 'static) -> Response {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "Something failed here. Try again.\n"))
}

async fn file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], text).into_response()
}

fn nowhere(_: &House, _: &Visit) -> Answer {
    let page = words::says("Nothing here", "There is no page at this address.", ("/", "To the start"));
    Answer::page(page).status(StatusCode::NOT_FOUND)
}

/// What is said where the verifier itself fails.
fn failed() -> Answer {
    let what = "The service couldn’t do that just now. Nothing was changed; try again in a moment.";
    let page = words::says("Try again", what, ("/", "To the start"));
    Answer::page(page).status(StatusCode::SERVICE_UNAVAILABLE)
}
