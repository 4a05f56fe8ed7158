//! What is said to every browser, and what is refused from strangers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use super::house::House;

/// Nothing from elsewhere, no inline script or style, no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; \
                      frame-ancestors 'none'; connect-src 'self'; base-uri 'none'";

const SAID: [(HeaderName, &str); 7] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    // Not `no-referrer`: then browsers hide the origin of forms too, by which foreign ones are refused.
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()"),
];

/// Around every answer. A name that only resolves to this computer is another site to the browser: it is refused, so that
/// no such site reads these pages (DNS rebinding).
pub(super) async fn guard(State(house): State<Arc<House>>, request: Request, next: Next) -> Response {
    let mut response = if is_host(request.headers(), &house.host) {
        next.run(request).await
    } else {
        plain(StatusCode::MISDIRECTED_REQUEST, format!("This service is at http://{}/.\n", house.host))
    };
    for (name, value) in SAID {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn is_host(headers: &HeaderMap, host: &str) -> bool {
    let mut given = headers.get_all(header::HOST).iter();
    given.next().is_some_and(|given| given.as_bytes() == host.as_bytes()) && given.next().is_none()
}

/// Whether the browser says that a form was sent from one of this service's own pages, or can't say.
pub(super) fn is_own_page(headers: &HeaderMap, host: &str) -> bool {
    let is =
        |name: &str, allowed: &str| headers.get_all(name).iter().all(|value| value.as_bytes() == allowed.as_bytes());
    is("origin", &format!("http://{host}")) && is("sec-fetch-site", "same-origin")
}

/// A short text.
pub(super) fn plain(status: StatusCode, text: impl Into<String>) -> Response {
    let mut response = Response::new(Body::from(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{is_host, is_own_page};

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_the_exact_host_is_served() {
        assert!(is_host(&headers(&[("host", "127.0.0.1:80")]), "127.0.0.1:80"));
        for wrong in [&[][..], &[("host", "evil.example:80")], &[("host", "127.0.0.1:80"), ("host", "a")]] {
            assert!(!is_host(&headers(wrong), "127.0.0.1:80"), "{wrong:?}");
        }
    }

    #[test]
    fn forms_of_other_sites_are_known_by_what_the_browser_says() {
        let own = |pairs| is_own_page(&headers(pairs), "127.0.0.1:80");
        assert!(own(&[]) && own(&[("origin", "http://127.0.0.1:80"), ("sec-fetch-site", "same-origin")]));
        assert!(!own(&[("origin", "http://127.0.0.1:81")]) && !own(&[("origin", "null")]));
        assert!(!own(&[("sec-fetch-site", "cross-site")]) && !own(&[("sec-fetch-site", "same-site")]));
    }
}
