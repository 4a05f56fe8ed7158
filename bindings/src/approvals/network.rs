//! What goes over the network: core's requests as the platform's, and what came back.

use countersign_core::push::model::{self, Arrival};

use super::walk::Walk;
use crate::{ApiError, HttpError, HttpHeader, HttpRequest, PinnedHost, Platform};

/// From the name's lookup to the last byte, in milliseconds.
const DEADLINE_MS: u32 = 20_000;

/// The pins of a host, as a URL has it: those of all entries that name it.
fn pins(pinned: &[PinnedHost], url: &str) -> Vec<Vec<u8>> {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', '?', '#']).next().unwrap_or_default();
    let bare = |host: &str| host.strip_suffix(":443").unwrap_or(host).to_ascii_lowercase();
    let meant = pinned.iter().filter(|pinned| bare(&pinned.host) == bare(host));
    meant.flat_map(|pinned| pinned.pins.iter().cloned()).collect()
}

fn request(request: model::HttpRequest, platform: &Platform) -> HttpRequest {
    let header = |(name, value): (&str, String)| HttpHeader { name: name.to_owned(), value };
    HttpRequest {
        method: request.method.name().to_owned(),
        pins: pins(&platform.pins, &request.url),
        url: request.url,
        headers: request.headers.into_iter().map(header).collect(),
        body: request.body,
        longest_answer: u32::try_from(request.longest_answer).unwrap_or(u32::MAX),
        deadline_ms: DEADLINE_MS,
    }
}

/// Why nothing came back, as the person is told of it.
pub(super) fn trouble(error: HttpError) -> ApiError {
    let (retryable, code) = match error {
        HttpError::Unreachable => (true, "unreachable"),
        HttpError::TimedOut => (true, "timed-out"),
        HttpError::NotTrusted => (false, "not-trusted"),
        HttpError::TooLong => (true, "answer-too-long"),
        HttpError::Failed => (true, "connection-failed"),
    };
    ApiError::Network { retryable, code: code.into() }
}

impl Walk<'_> {
    /// Sends a request. That nothing came back is an answer too: core decides what follows from it.
    pub(super) async fn send(&mut self, asked: model::HttpRequest) -> Result<Arrival, ApiError> {
        // What is sent was stored before: from here on its keys are core's to tell.
        self.made.keep();
        let platform = self.shared.platform()?;
        let client = platform.http.clone().ok_or_else(|| ApiError::no_port("network"))?;
        let longest = asked.longest_answer;
        let sent = self.shared.now()?;
        let answer = self.run.wait(client.send(request(asked, &platform))).await?;
        let received = self.shared.now()?;
        let response = answer.and_then(|answer| {
            let short = Some(answer).filter(|answer| answer.body.len() <= longest);
            let response = short.and_then(|answer| model::HttpResponse::new(answer.status, answer.body));
            response.ok_or(HttpError::TooLong)
        });
        self.trouble = response.as_ref().err().copied();
        Ok(Arrival { sent, received, response: response.ok() })
    }
}

#[cfg(test)]
mod tests {
    use super::pins;
    use crate::PinnedHost;

    #[test]
    fn pins_are_those_of_the_host_and_port() {
        let host = |host: &str, pin: u8| PinnedHost { host: host.into(), pins: vec![vec![pin; 32]] };
        let all = [host("rp.example", 1), host("rp.example:8443", 2), host("RP.example:443", 3), host("p.example", 4)];
        let of = |url: &str| pins(&all, url).iter().map(|pin| pin[0]).collect::<Vec<_>>();
        assert_eq!(of("https://rp.example/push/metadata"), [1, 3]);
        assert_eq!(of("https://rp.example:8443/push"), [2]);
        assert_eq!(of("https://rp.example"), [1, 3]);
        assert_eq!(of("https://example/rp.example"), [0u8; 0]);
    }
}
