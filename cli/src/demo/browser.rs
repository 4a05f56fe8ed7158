//! What a person does with a page: opens it, reads it, fills its forms. A browser without scripts.

use std::collections::BTreeMap;
use std::path::Path;

use countersign_core::enroll::picture::write_png;
use data_encoding::BASE64;
use ureq::Agent;

use crate::accounts::write_private;
use crate::failure::Failure;
use crate::scan;

/// Pixels of a module, as a page paints it.
const MODULE: usize = 6;

/// A browser with one window.
pub(super) struct Browser {
    agent: Agent,
    base: String,
    cookies: BTreeMap<String, String>,
    place: String,
    page: String,
}

impl Browser {
    pub(super) fn new(base: String) -> Self {
        let configuration = Agent::config_builder()
            .max_redirects(0)
            .http_status_as_error(false)
            .proxy(None)
            .user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
            .timeout_global(Some(std::time::Duration::from_secs(20)))
            .build();
        Self { agent: configuration.into(), base, cookies: BTreeMap::new(), place: String::new(), page: String::new() }
    }

    /// Opens an address of the service.
    pub(super) fn open(&mut self, place: &str) -> Result<(), Failure> {
        self.load(place.to_owned(), None)
    }

    /// Loads the page that is seen once more.
    pub(super) fn reload(&mut self) -> Result<(), Failure> {
        self.load(self.place.clone(), None)
    }

    /// Sends the form that goes to the first address that ends so.
    pub(super) fn submit(&mut self, action: &str, fields: &[(&str, &str)]) -> Result<(), Failure> {
        let actions = self.page.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let place = actions.clone().find(|place| place.ends_with(action)).map(str::to_owned);
        let place = place.ok_or(Failure::Demo("the page has no such form"))?;
        let token = between(&self.page, "name=\"token\" value=\"", "\"").unwrap_or_default().to_owned();
        let form = std::iter::once(("token".to_owned(), token))
            .chain(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.load(place, Some(form.collect()))
    }

    fn load(&mut self, place: String, form: Option<Vec<(String, String)>>) -> Result<(), Failure> {
        let (mut place, mut form) = (place, form);
        for _ in 0..8 {
            let url = format!("{}{place}", self.base);
            let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = match form.take() {
                Some(form) => self
                    .agent
                    .post(&url)
                    .header("Origin", &self.base)
                    .header("Cookie", cookies.join("; "))
                    .send_form(form),
                None => self.agent.get(&url).header("Cookie", cookies.join("; ")).call(),
            };
            let mut answer = answer.map_err(|_| Failure::Demo("the service doesn't answer the browser"))?;
            for cookie in answer.headers().get_all("set-cookie") {
                let pair = cookie.to_str().ok().and_then(|cookie| cookie.split(';').next()?.split_once('='));
                if let Some((name, value)) = pair {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
            let next = answer.headers().get("location").and_then(|place| place.to_str().ok()).map(str::to_owned);
            // What keeps words together on a line doesn't change what they say.
            self.page = answer.body_mut().read_to_string().unwrap_or_default().replace(['\u{a0}', '\u{202f}'], " ");
            self.place = place;
            match next {
                Some(next) => place = next,
                None => return Ok(()),
            }
        }
        Err(Failure::Demo("the service leads the browser in circles"))
    }

    /// Whether this stands on the page.
    pub(super) fn sees(&self, text: &str) -> bool {
        self.page.contains(text)
    }

    /// The page's heading.
    pub(super) fn heading(&self) -> String {
        between(&self.page, "<h1>", "</h1>").unwrap_or_default().replace("&#39;", "'")
    }

    /// The digits that the page shows.
    pub(super) fn digits(&self) -> Result<String, Failure> {
        let shown = between(&self.page, "class=\"digits\"", "</p>").ok_or(Failure::Demo("the page shows no digits"))?;
        let shown = shown.split("<span>").skip(1).filter_map(|group| group.split('<').next());
        Ok(shown.collect())
    }

    /// The addresses of the page's links that end so.
    pub(super) fn follow(&mut self, ending: &str) -> Result<(), Failure> {
        let links = self.page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let place = links.clone().find(|place| place.ends_with(ending)).map(str::to_owned);
        self.open(&place.ok_or(Failure::Demo("the page has no such link"))?)
    }

    /// Takes a picture of the page's QR code: painted as a browser paints it, six pixels a module. `which` counts from 0.
    pub(super) fn picture(&self, which: usize, file: &Path) -> Result<(), Failure> {
        let broken = || Failure::Demo("the page shows no QR code");
        let data = self.page.split("src=\"data:image/svg+xml;base64,").skip(1).nth(which).ok_or_else(broken)?;
        let svg = data.split('"').next().and_then(|data| BASE64.decode(data.as_bytes()).ok()).ok_or_else(broken)?;
        let svg = String::from_utf8(svg).map_err(|_| broken())?;
        let (luma, side) = paint(&svg).ok_or_else(broken)?;
        write_private(file, &write_png(&luma, side)?)
    }

    /// What the page's QR code holds, as a phone's camera would read it.
    pub(super) fn read_code(&self, which: usize, folder: &Path) -> Result<String, Failure> {
        let file = folder.join(format!("{}.png", super::vault::random_text()?));
        self.picture(which, &file)?;
        let (contents, _) = scan::read(&file)?;
        let text = contents.first().and_then(|content| content.text()).map(str::to_owned);
        text.ok_or(Failure::NoCode)
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before)?.1.split_once(after).map(|(inside, _)| inside)
}

/// Paints the black path of one of our own pictures: runs of modules, `Mx yh…v1h-…z`.
fn paint(svg: &str) -> Option<(Vec<u8>, usize)> {
    let side: usize = between(svg, "viewBox=\"0 0 ", " ")?.parse().ok()?;
    let path = svg.rsplit_once("<path d=\"")?.1.split_once('"')?.0;
    let width = side.checked_mul(MODULE)?;
    let mut luma = vec![255; width.checked_mul(width)?];
    for run in path.split('M').skip(1) {
        let (place, rest) = run.split_once('h')?;
        let (x, y) = place.split_once(' ')?;
        let (x, y): (usize, usize) = (x.parse().ok()?, y.parse().ok()?);
        let length: usize = rest.split_once('v')?.0.parse().ok()?;
        for row in luma.chunks_exact_mut(width).skip(y.checked_mul(MODULE)?).take(MODULE) {
            row.iter_mut().skip(x.checked_mul(MODULE)?).take(length.checked_mul(MODULE)?).for_each(|dot| *dot = 0);
        }
    }
    Some((luma, width))
}
