//! Fields, buttons, pictures of codes.

use std::fmt;

use countersign_qr::{Level, encode};
use data_encoding::BASE64;

/// Text that is escaped when it is written, in elements and in quoted attributes.
pub(super) struct Text<'a>(&'a str);

/// Text to be escaped.
pub(super) const fn text(text: &str) -> Text<'_> {
    Text(text)
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write;
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

/// The hidden field that proves where a form came from.
pub(super) fn token(token: &str) -> String {
    format!("<input type=\"hidden\" name=\"token\" value=\"{}\">", text(token))
}

/// A form with one button and no field.
pub(super) fn button(frame: &super::Frame, action: &str, class: &str, label: &str) -> String {
    format!(
        "<form method=\"post\" action=\"{}\">{}<button class=\"{class}\">{}</button></form>",
        text(action),
        token(&frame.token),
        text(label)
    )
}

/// A field for digits.
pub(super) struct Digits<'a> {
    pub(super) label: &'a str,
    /// How many.
    pub(super) count: usize,
    /// What was wrong with those typed last.
    pub(super) problem: Option<&'a str>,
    pub(super) focus: bool,
}

impl fmt::Display for Digits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (label, count) = (text(self.label), self.count);
        let focus = if self.focus { " autofocus" } else { "" };
        // Room for a blank in the middle, which is dropped.
        let room = count + 1;
        write!(f, "<label for=\"digits\">{label}</label>")?;
        problem(f, self.problem)?;
        write!(
            f,
            "<input id=\"digits\" class=\"typed d{count}\" name=\"digits\" inputmode=\"numeric\" autocomplete=\"one-time-code\" \
             pattern=\"[0-9 ]{{{count},{room}}}\" maxlength=\"{room}\" title=\"{count} digits\" required{}{focus}>",
            described(self.problem)
        )
    }
}

/// A field for a text.
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) value: &'a str,
    pub(super) longest: usize,
    pub(super) problem: Option<&'a str>,
    /// More attributes, as HTML.
    pub(super) more: &'static str,
}

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, label, value, longest, more) =
            (text(self.name), text(self.label), text(self.value), self.longest, self.more);
        write!(f, "<label for=\"{name}\">{label}</label>")?;
        problem(f, self.problem)?;
        write!(
            f,
            "<input id=\"{name}\" name=\"{name}\" value=\"{value}\" maxlength=\"{longest}\" required{} {more}>",
            described(self.problem)
        )
    }
}

fn problem(f: &mut fmt::Formatter<'_>, problem: Option<&str>) -> fmt::Result {
    problem
        .map_or(Ok(()), |problem| write!(f, "<p class=\"problem\" id=\"problem\" role=\"alert\">{}</p>", text(problem)))
}

const fn described(problem: Option<&str>) -> &'static str {
    if problem.is_some() { " aria-invalid=\"true\" aria-describedby=\"problem\"" } else { "" }
}

/// Digits to be read, in two groups, spoken one by one.
pub(super) fn shown(digits: &str) -> String {
    let spoken: Vec<String> = digits.chars().map(String::from).collect();
    let (first, second) = digits.split_at_checked(digits.len() / 2).unwrap_or((digits, ""));
    format!(
        "<p class=\"digits\" role=\"img\" aria-label=\"{}\"><span>{}</span><span>{}</span></p>",
        text(&spoken.join(" ")),
        text(first),
        text(second)
    )
}

/// A code as a picture of `module` pixels a module where it is `Some`, else of the style sheet's size. Empty where the text
/// is too long for any code.
pub(super) fn picture(content: &str, level: Level, class: &str, what: &str, module: Option<usize>) -> String {
    let Ok(code) = encode(content, level) else { return String::new() };
    let side = module.map_or(String::new(), |module| {
        let side = (code.size() + 8) * module;
        format!(" width=\"{side}\" height=\"{side}\"")
    });
    format!(
        "<img class=\"{class}\" alt=\"{}\"{side} src=\"data:image/svg+xml;base64,{}\">",
        text(what),
        BASE64.encode(code.to_svg().as_bytes())
    )
}
