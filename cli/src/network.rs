//! The network: one request to a server, one answer, and bounds on all that a server can do with our time and memory.
//!
//! Redirects are never followed, proxies of the environment are not asked, certificates are checked against the roots that
//! browsers have. Whatever goes wrong is told in one word for the person and means to core that nothing came back.

#[cfg(test)]
mod tests;

use std::io::Read;
use std::time::Duration;

use countersign_core::push::model::{Arrival, HttpRequest, HttpResponse, Method};
use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::http;
use ureq::typestate::AgentScope;

use crate::terminal::now;

/// From the name's lookup to the last byte.
const WHOLE: Duration = Duration::from_secs(20);
/// Until the connection stands.
const CONNECT: Duration = Duration::from_secs(8);

/// What sends requests.
pub(crate) struct Network(Agent);

/// What a request led to, and why nothing came back.
pub(crate) struct Exchange {
    pub(crate) arrival: Arrival,
    pub(crate) trouble: Option<String>,
}

/// The bounds that hold for every request.
fn configuration() -> ConfigBuilder<AgentScope> {
    Agent::config_builder()
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .proxy(None)
        .user_agent("countersign")
        .accept_encoding("identity")
        .max_response_header_size(16 * 1024)
        .timeout_connect(Some(CONNECT))
        .timeout_global(Some(WHOLE))
}

impl Network {
    pub(crate) fn new() -> Self {
        Self(configuration().build().into())
    }

    /// Sends one request; comes back within 20 seconds.
    pub(crate) fn send(&self, request: &HttpRequest) -> Exchange {
        let sent = now();
        let answer = self.exchange(request);
        let received = now();
        match answer {
            Ok(response) => Exchange { arrival: Arrival { sent, received, response: Some(response) }, trouble: None },
            Err(trouble) => Exchange { arrival: Arrival { sent, received, response: None }, trouble: Some(trouble) },
        }
    }

    fn exchange(&self, request: &HttpRequest) -> Result<HttpResponse, String> {
        let mut message = http::Request::builder().method(method(request.method)).uri(&request.url);
        for (name, value) in &request.headers {
            message = message.header(*name, value);
        }
        let body = request.body.as_slice();
        let answer = if request.method == Method::Get {
            message.body(()).map_err(|_| unusable()).and_then(|message| self.0.run(message).map_err(|e| words(&e)))
        } else {
            message.body(body).map_err(|_| unusable()).and_then(|message| self.0.run(message).map_err(|e| words(&e)))
        };
        let mut answer = answer?;
        let most = u64::try_from(request.longest_answer).unwrap_or(0);
        let mut bytes = Vec::new();
        let mut reader = answer.body_mut().as_reader().take(most.saturating_add(1));
        reader.read_to_end(&mut bytes).map_err(|_| "the answer broke off or took too long".to_owned())?;
        if bytes.len() > request.longest_answer {
            return Err("the answer is too long".to_owned());
        }
        HttpResponse::new(answer.status().as_u16(), bytes).ok_or_else(|| "the answer is too long".to_owned())
    }
}

fn unusable() -> String {
    "the address can't be used".to_owned()
}

const fn method(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
    }
}

/// In words, without the address: an enrolment's id stands in it.
fn words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "it took too long".to_owned(),
        ureq::Error::HostNotFound => "there is no such server".to_owned(),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "the server can't prove that it is that server".to_owned(),
        // A handshake that fails comes as an error of the stream.
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            "the server can't prove that it is that server".to_owned()
        }
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            "the server doesn't answer".to_owned()
        }
        _ => "the connection failed".to_owned(),
    }
}
