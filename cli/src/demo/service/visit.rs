//! Who asks, from where, with what; and what is answered.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::house::House;
use super::pages::{Frame, Page};
use super::people::Person;
use super::session::{LIFE, Session, name_of, random_text};

/// A browser's request, as far as routes look at it.
#[derive(Debug)]
pub(super) struct Visit {
    /// The session's name: its cookie's hash.
    pub(super) session: String,
    pub(super) known: Session,
    /// The cookie of a session that has just begun.
    fresh: Option<String>,
    cookies: HashMap<String, String>,
    /// The path's segments.
    path: Vec<String>,
    /// What a form had.
    fields: HashMap<String, String>,
    /// Browser and system, in words.
    pub(super) client: String,
}

impl Visit {
    /// Finds the session of a request, or begins one. `None` where there is no randomness.
    pub(super) fn new(house: &House, headers: &HeaderMap, path: &str, form: &[(String, String)]) -> Option<Self> {
        let cookies = cookies(headers);
        let now = house.now();
        let old = cookies.get("session").map(|cookie| name_of(cookie));
        let found = old.and_then(|name| house.sessions.get(&name, now).map(|known| (name, known)));
        let (session, known, fresh) = if let Some((name, known)) = found {
            (name, known, None)
        } else {
            let (cookie, name) = begin(house, Session::default())?;
            (name, Session::default(), Some(cookie))
        };
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        Some(Self {
            session,
            known,
            fresh,
            cookies,
            path: path.split('/').skip(1).map(str::to_owned).collect(),
            fields: form.iter().cloned().collect(),
            client: client(agent),
        })
    }

    /// Whether a form came with it that was made for its session.
    pub(super) fn is_own_form(&self, house: &House) -> bool {
        self.fresh.is_none() && house.is_token(&self.session, self.field("token"))
    }

    /// A segment of the path, counted from 0; empty where there is none.
    pub(super) fn segment(&self, at: usize) -> &str {
        self.path.get(at).map_or("", String::as_str)
    }

    /// A field of the form; empty where there is none.
    pub(super) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    /// The digits of the form, without what people put between them.
    pub(super) fn digits(&self) -> String {
        self.field("digits").chars().filter(|c| !c.is_whitespace() && *c != '-').take(16).collect()
    }

    pub(super) fn cookie(&self, name: &str) -> &str {
        self.cookies.get(name).map_or("", String::as_str)
    }

    pub(super) fn person(&self) -> Option<&Person> {
        self.known.person.as_ref().map(|(person, _)| person)
    }

    /// What a page is made with, without taking the notice.
    pub(super) fn frame(&self, house: &House) -> Frame {
        Frame {
            service: house.name.clone(),
            person: self.person().map(|person| person.name.clone()),
            token: house.token(&self.session),
            notice: None,
        }
    }
}

/// Begins a session: its cookie's header value, and its name.
pub(super) fn begin(house: &House, session: Session) -> Option<(String, String)> {
    let secret = random_text().ok()?;
    let (name, now) = (name_of(&secret), house.now());
    house.sessions.put(&name, session, now.plus_seconds(LIFE), now);
    Some((format!("session={secret}; Path=/; HttpOnly; SameSite=Strict"), name))
}

/// What a route answers.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    what: What,
    cookies: Vec<String>,
}

#[derive(Debug)]
enum What {
    Page(Box<Page>),
    Json(String),
    Go(String),
}

impl Answer {
    pub(super) fn page(page: Page) -> Self {
        Self::with(StatusCode::OK, What::Page(Box::new(page)))
    }

    pub(super) fn json(json: &serde_json::Value) -> Self {
        Self::with(StatusCode::OK, What::Json(json.to_string()))
    }

    /// To another page, as after a form.
    pub(super) fn go(place: impl Into<String>) -> Self {
        Self::with(StatusCode::SEE_OTHER, What::Go(place.into()))
    }

    fn with(status: StatusCode, what: What) -> Self {
        Self { status, what, cookies: Vec::new() }
    }

    #[must_use]
    pub(super) fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    #[must_use]
    pub(super) fn cookie(mut self, cookie: String) -> Self {
        self.cookies.push(cookie);
        self
    }

    /// The response to a visit.
    pub(super) fn response(self, house: &House, visit: &Visit) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().append(name, value);
            }
        };
        // A session that begins with this answer takes the place of one that began with the request.
        let begun = self.cookies.iter().any(|cookie| cookie.starts_with("session="));
        for cookie in self.cookies.iter().chain(visit.fresh.iter().filter(|_| !begun)) {
            set(header::SET_COOKIE, cookie);
        }
        let body = match &self.what {
            What::Page(page) => {
                set(header::CONTENT_TYPE, "text/html; charset=utf-8");
                let notice = house.sessions.change(&visit.session, house.now(), |session| session.notice.take());
                page.document(&Frame { notice: notice.flatten(), ..visit.frame(house) })
            }
            What::Json(json) => {
                set(header::CONTENT_TYPE, "application/json");
                json.clone()
            }
            What::Go(place) => {
                set(header::LOCATION, place);
                String::new()
            }
        };
        *response.body_mut() = Body::from(body);
        response
    }
}

fn cookies(headers: &HeaderMap) -> HashMap<String, String> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).take(64).collect()
}

/// A browser's name in words. It says what it likes; that is why nothing is decided by it.
fn client(agent: &str) -> String {
    let first = |names: &[(&'static str, &'static str)], otherwise| {
        names.iter().find(|(mark, _)| agent.contains(mark)).map_or(otherwise, |(_, name)| *name)
    };
    let browser = first(
        &[("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")],
        "A browser",
    );
    let system = first(
        &[
            ("Android", "Android"),
            ("iPhone", "iPhone"),
            ("iPad", "iPad"),
            ("Windows", "Windows"),
            ("Mac OS X", "Mac"),
            ("Linux", "Linux"),
        ],
        "an unknown system",
    );
    format!("{browser} on {system}")
}

#[cfg(test)]
mod tests {
    use super::client;

    #[test]
    fn browsers_are_named_in_words() {
        let chrome =
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
        assert_eq!(client(chrome), "Chrome on Linux");
        assert_eq!(client("\u{1b}[31m"), "A browser on an unknown system");
    }
}
