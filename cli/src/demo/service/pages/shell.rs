//! What every page has around it.

use super::parts::text;

/// What a page needs to know of its visitor.
#[derive(Debug, Clone)]
pub(in super::super) struct Frame {
    /// The service's name.
    pub(in super::super) service: String,
    /// Who is signed in.
    pub(in super::super) person: Option<String>,
    /// What proves that a form was sent from a page of this session.
    pub(in super::super) token: String,
    /// What has just happened, said once.
    pub(in super::super) notice: Option<String>,
}

/// A state that the page keeps an eye on.
#[derive(Debug, Clone)]
pub(in super::super) struct Watch {
    /// Where to ask.
    pub(in super::super) address: String,
    /// What the page shows now.
    pub(in super::super) seen: String,
    /// Whether the page without scripts looks again by itself: not where somebody is typing.
    pub(in super::super) reload: bool,
}

/// A page.
#[derive(Debug)]
pub(in super::super) struct Page {
    pub(in super::super) title: String,
    /// HTML.
    pub(in super::super) body: String,
    pub(in super::super) watch: Option<Watch>,
}

impl Page {
    pub(in super::super) fn new(title: &str, body: String) -> Self {
        Self { title: title.to_owned(), body, watch: None }
    }

    /// The whole document.
    pub(in super::super) fn document(&self, frame: &Frame) -> String {
        let (title, service) = (text(&self.title), text(&frame.service));
        let reload = match &self.watch {
            Some(watch) if watch.reload => "<noscript><meta http-equiv=\"refresh\" content=\"4\"></noscript>",
            _ => "",
        };
        let watch = self.watch.as_ref().map_or(String::new(), |watch| {
            format!(" data-watch=\"{}\" data-seen=\"{}\"", text(&watch.address), text(&watch.seen))
        });
        let person = frame.person.as_ref().map_or(String::new(), |person| {
            format!(
                "<form class=\"who\" method=\"post\" action=\"/sign-out\">{}<span>{}</span>\
                 <button class=\"link\">Sign out</button></form>",
                super::parts::token(&frame.token),
                text(person)
            )
        });
        let notice = frame
            .notice
            .as_ref()
            .map_or(String::new(), |notice| format!("<p class=\"notice\" role=\"status\">{}</p>", text(notice)));
        let body = &self.body;
        format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">{reload}\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
             <meta name=\"color-scheme\" content=\"light dark\">\
             <title>{title} · {service}</title>\
             <link rel=\"icon\" href=\"/icon.svg\"><link rel=\"stylesheet\" href=\"/style.css\">\
             <script src=\"/page.js\" defer></script></head><body>\
             <header><a class=\"brand\" href=\"/\">{MARK}<span>{service}</span></a>{person}</header>\n\
             {notice}<main id=\"main\"{watch}>\n{body}\n</main>\n\
             <p id=\"status\" class=\"live\" role=\"status\" aria-live=\"polite\"></p>\
             <footer>A demonstration. It runs on this computer alone, and forgets everything when it stops.</footer>\
             </body></html>\n"
        )
    }
}

/// A ring with a gap that a second stroke fills: question and answer.
pub(in super::super) const MARK: &str = "<svg viewBox=\"0 0 32 32\" aria-hidden=\"true\" fill=\"none\" \
    stroke=\"#2F5BEA\" stroke-width=\"4\" stroke-linecap=\"round\" xmlns=\"http://www.w3.org/2000/svg\">\
    <path d=\"M26 10.2A11.5 11.5 0 1 0 27.5 16\"/><path d=\"M11 16.2l3.8 3.8L21 13\"/></svg>";
