//! A browser without scripts, for the demo's own play: it opens pages, sends their forms, keeps cookies, reads headings.

use std::io::Read;
use std::time::Duration;

use ureq::Agent;
use ureq::http::Response;
use ureq::http::header::{LOCATION, SET_COOKIE};

use crate::failure::Failure;

/// How long a page may take.
const LONGEST: Duration = Duration::from_secs(10);
/// How large a page may be, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// How many redirects are followed.
const REDIRECTS: usize = 4;

/// Somebody's browser, at a page.
#[derive(Debug)]
pub(crate) struct Browser {
    agent: Agent,
    address: String,
    cookies: Vec<Cookie>,
    place: String,
    page: String,
}

struct Cookie {
    name: String,
    value: String,
    path: String,
}

impl std::fmt::Debug for Cookie {
    /// Without what it holds.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; Path={}", self.name, self.path)
    }
}

const SILENT: Failure = Failure::Demo("the service doesn't answer its browser");

impl Browser {
    /// A browser at a service's first page.
    ///
    /// # Errors
    /// [`Failure::Demo`] where the service doesn't answer.
    pub(crate) fn open(address: &str) -> Result<Self, Failure> {
        let configuration = Agent::config_builder()
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(LONGEST))
            .build();
        let mut browser = Self {
            agent: configuration.into(),
            address: address.to_owned(),
            cookies: Vec::new(),
            place: String::new(),
            page: String::new(),
        };
        browser.go("/")?;
        Ok(browser)
    }

    /// Goes to a page of the service.
    ///
    /// # Errors
    /// As [`Browser::open`].
    pub(crate) fn go(&mut self, place: &str) -> Result<(), Failure> {
        let request = self.agent.get(format!("{}{place}", self.address)).header("cookie", self.cookies_for(place));
        let answer = request.call().map_err(|_| SILENT)?;
        self.arrive(place, answer, REDIRECTS)
    }

    /// Opens the page again, as pages without scripts do by themselves.
    ///
    /// # Errors
    /// As [`Browser::open`].
    pub(crate) fn reload(&mut self) -> Result<(), Failure> {
        let place = self.place.clone();
        self.go(&place)
    }

    /// Sends the form of this page that leads to `place`, with these fields beside its own.
    ///
    /// # Errors
    /// As [`Browser::open`], and where the page has no such form.
    pub(crate) fn send(&mut self, place: &str, fields: &[(&str, &str)]) -> Result<(), Failure> {
        let action = format!("action=\"{place}\"");
        let token = self.page.split_once(&action).and_then(|(_, form)| between(form, "name=\"token\" value=\"", "\""));
        let token = token.ok_or(Failure::Demo("a page of the service lacks a form"))?.to_owned();
        let fields = fields.iter().copied().chain([("token", token.as_str())]);
        let request = self.agent.post(format!("{}{place}", self.address));
        let request = request.header("cookie", self.cookies_for(place)).header("origin", &self.address);
        let answer = request.send_form(fields).map_err(|_| SILENT)?;
        self.arrive(place, answer, REDIRECTS)
    }

    /// Sends the form of this page's own question: `again`, `cancel`, `finish`, `offline`, `code`.
    ///
    /// # Errors
    /// As [`Browser::send`].
    pub(crate) fn answer(&mut self, what: &str, fields: &[(&str, &str)]) -> Result<(), Failure> {
        let question = self.question().to_owned();
        self.send(&format!("{question}/{what}"), fields)
    }

    /// The place of this page's question, such as `/ask/…`: to it belong `/offline` and `/code`.
    pub(crate) fn question(&self) -> &str {
        let rest = self.place.strip_prefix("/ask/").unwrap_or_default();
        let handle = rest.split('/').next().unwrap_or_default().len();
        self.place.get(.."/ask/".len().saturating_add(handle)).unwrap_or_default()
    }

    /// The page's heading.
    pub(crate) fn heading(&self) -> String {
        plain(between(&self.page, "<h1>", "</h1>").unwrap_or_default())
    }

    /// Whether the page says this.
    pub(crate) fn says(&self, words: &str) -> bool {
        plain(&self.page).contains(words)
    }

    /// The digits that the page shows.
    pub(crate) fn digits(&self) -> Option<String> {
        let spoken = between(&self.page, "class=\"digits\" role=\"img\" aria-label=\"", "\"")?;
        Some(spoken.replace(' ', ""))
    }

    /// The invitation that the page shows as a code, as its link says it.
    pub(crate) fn invitation(&self) -> Option<String> {
        let link = between(&self.page, "<a href=\"countersign://", "\"")?;
        Some(format!("countersign://{}", plain(link)))
    }

    fn arrive(&mut self, place: &str, mut answer: Response<ureq::Body>, redirects: usize) -> Result<(), Failure> {
        for cookie in answer.headers().get_all(SET_COOKIE) {
            self.keep(cookie.to_str().unwrap_or_default());
        }
        if let Some(next) = answer.headers().get(LOCATION).and_then(|next| next.to_str().ok()).map(str::to_owned) {
            if redirects == 0 || !next.starts_with('/') {
                return Err(Failure::Demo("the service sends its browser astray"));
            }
            let request = self.agent.get(format!("{}{next}", self.address)).header("cookie", self.cookies_for(&next));
            let answer = request.call().map_err(|_| SILENT)?;
            return self.arrive(&next, answer, redirects.saturating_sub(1));
        }
        self.page.clear();
        let mut reader = answer.body_mut().as_reader().take(LARGEST);
        reader.read_to_string(&mut self.page).map_err(|_| SILENT)?;
        place.clone_into(&mut self.place);
        Ok(())
    }

    fn keep(&mut self, header: &str) {
        let mut parts = header.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let path = parts.find_map(|part| part.strip_prefix("Path=")).unwrap_or("/");
        self.cookies.retain(|cookie| cookie.name != name || cookie.path != path);
        if !header.contains("Max-Age=0") {
            let (name, value, path) = (name.to_owned(), value.to_owned(), path.to_owned());
            self.cookies.push(Cookie { name, value, path });
        }
    }

    fn cookies_for(&self, place: &str) -> String {
        let theirs = self.cookies.iter().filter(|cookie| is_below(place, &cookie.path));
        theirs.map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect::<Vec<_>>().join("; ")
    }
}

/// RFC 6265, section 5.1.4.
fn is_below(place: &str, path: &str) -> bool {
    place.strip_prefix(path).is_some_and(|rest| rest.is_empty() || path.ends_with('/') || rest.starts_with('/'))
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    Some(text.split_once(start)?.1.split_once(end)?.0)
}

/// Text without its escapes.
fn plain(text: &str) -> String {
    let escapes = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")];
    escapes.iter().fold(text.to_owned(), |text, (escape, sign)| text.replace(escape, sign))
}

#[cfg(test)]
mod tests {
    use super::super::service::{Options, Service};
    use super::{Browser, is_below};

    #[test]
    fn a_browser_without_scripts_sets_up_an_account_as_far_as_it_can_without_a_phone() {
        let service = Service::start(Options::default()).unwrap();
        let mut browser = Browser::open(&service.address()).unwrap();
        assert_eq!(browser.heading(), "Sign in");
        browser.send("/sign-in", &[("name", "ada")]).unwrap();
        assert!(browser.says("There is no account with this name."));
        browser.go("/sign-up").unwrap();
        browser.send("/sign-up", &[("name", "Ada & \"Bob\"")]).unwrap();
        assert_eq!(browser.heading(), "Add your phone");
        let invitation = browser.invitation().unwrap();
        assert!(invitation.contains("&n=Payroll&a=Ada"), "{invitation}");
        browser.send("/phone", &[("digits", "123456")]).unwrap();
        assert!(browser.says("No phone has answered yet."));
        assert!(browser.send("/nowhere", &[]).is_err());
        let other = Browser::open(&service.address()).unwrap();
        assert_eq!(other.heading(), "Sign in", "cookies are each browser's own");
    }

    #[test]
    fn cookies_go_where_they_belong() {
        assert!(is_below("/ask/a/status", "/ask/a") && is_below("/ask/a", "/ask/a") && is_below("/ask", "/"));
        assert!(!is_below("/ask/ab", "/ask/a") && !is_below("/", "/ask/a"));
    }
}
