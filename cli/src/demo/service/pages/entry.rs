//! Sign in, sign up.

use super::parts::{Line, text, token};
use super::{Frame, Page};

const NAME: &str = "autocapitalize=\"none\" spellcheck=\"false\" autocomplete=\"username\" autofocus";

/// The first page.
pub(in super::super) fn sign_in(frame: &Frame, typed: &str, problem: Option<&str>) -> Page {
    let field = Line { name: "name", label: "Your name", value: typed, longest: 40, problem, more: NAME };
    let body = format!(
        "<h1>Sign in</h1><p class=\"lead\">No password. Your phone shows who is asking, and you approve it there.</p>\
         <form method=\"post\" action=\"/sign-in\">{}{field}<button class=\"main\">Continue</button></form>\
         <p class=\"aside\">New here? <a href=\"/sign-up\">Set up an account</a></p>",
        token(&frame.token)
    );
    Page::new("Sign in", body)
}

/// Choosing a name.
pub(in super::super) fn sign_up(frame: &Frame, typed: &str, problem: Option<&str>) -> Page {
    let field = Line { name: "name", label: "Choose a name", value: typed, longest: 40, problem, more: NAME };
    let body = format!(
        "<h1>Set up an account</h1><p class=\"lead\">Choose a name. Then your phone becomes the key: you need \
         Countersign on it.</p>\
         <form method=\"post\" action=\"/sign-up\">{}{field}<button class=\"main\">Continue</button></form>\
         <p class=\"aside\">Have an account? <a href=\"/\">Sign in</a></p>",
        token(&frame.token)
    );
    Page::new("Set up an account", body)
}

/// A page that only says something.
pub(in super::super) fn says(title: &str, what: &str, link: (&str, &str)) -> Page {
    let body = format!(
        "<h1>{}</h1><p class=\"lead\">{}</p><p><a class=\"button\" href=\"{}\">{}</a></p>",
        text(title),
        text(what),
        text(link.0),
        text(link.1)
    );
    Page::new(title, body)
}
