//! The phones' own endpoints, below `u`.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use countersign_verifier as verifier;

use super::super::guard::plain;
use super::super::house::House;
use super::{PUSH, blocking};

pub(super) async fn handle(State(house): State<Arc<House>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    // One byte more than is allowed would have been read: too large, which the verifier says itself.
    let Ok(body) = to_bytes(body, verifier::MAX_REQUEST).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "");
    };
    blocking(move || {
        let whole = parts.uri.path_and_query().map_or("", |path| path.as_str());
        let proof = parts.headers.get_all("proof").iter().map(HeaderValue::to_str).collect::<Result<Vec<_>, _>>();
        let Ok(proof) = proof else { return plain(StatusCode::UNAUTHORIZED, "") };
        let reply = house.desk.handle(&verifier::Request {
            method: parts.method.as_str(),
            path: whole.strip_prefix(PUSH).unwrap_or_default(),
            proof: &proof,
            body: &body,
        });
        respond(reply)
    })
    .await
}

fn respond(reply: verifier::Reply) -> Response {
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if !reply.content_type.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    }
    if let Some(seconds) = reply.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(methods) = reply.allow {
        headers.insert(header::ALLOW, HeaderValue::from_static(methods));
    }
    response
}
