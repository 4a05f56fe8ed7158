//! A line to the verifier, that can fail in every way.

use std::future::pending;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use crate::{HttpClient, HttpError, HttpRequest, HttpResponse};
use countersign_verifier::Request;

use super::ports::{CallsBack, Time, call};
use super::world::{Server, U};

/// What becomes of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fate {
    Arrives,
    /// It never gets there.
    Fails(HttpError),
    /// It gets there, and the answer is lost.
    AnswerLost,
    /// It gets there, and no answer ever comes.
    Hangs,
    /// Something unsigned comes back.
    Unsigned,
    /// Whoever sends it breaks.
    Panics,
    /// The answer is longer than allowed.
    Long,
}

pub(crate) struct Line {
    pub(crate) server: Arc<Server>,
    time: Arc<Time>,
    /// Of the requests whose URL ends so.
    fate: Mutex<(&'static str, Fate)>,
    pub(crate) seen: Mutex<Vec<HttpRequest>>,
    pub(crate) calls_back: CallsBack,
    hangs: Mutex<Option<Sender<()>>>,
}

impl Line {
    pub(crate) fn new(server: Arc<Server>, time: Arc<Time>) -> Self {
        let (fate, hangs) = (Mutex::new(("", Fate::Arrives)), Mutex::default());
        Self { server, time, fate, seen: Mutex::default(), calls_back: Mutex::default(), hangs }
    }

    pub(crate) fn fate(&self, end: &'static str, fate: Fate) {
        *self.fate.lock().unwrap() = (end, fate);
    }

    /// Hears when a request hangs.
    pub(crate) fn hanging(&self) -> Receiver<()> {
        let (to, from) = channel();
        *self.hangs.lock().unwrap() = Some(to);
        from
    }

    fn deliver(&self, request: &HttpRequest) -> HttpResponse {
        let path = request.url.strip_prefix(U).unwrap();
        let header = |name: &str| request.headers.iter().find(|header| header.name == name);
        let proof: Vec<&str> = header("Proof").iter().map(|header| header.value.as_str()).collect();
        let asked = Request { method: &request.method, path, proof: &proof, body: &request.body };
        let reply = self.server.handle(&asked, self.time.now());
        HttpResponse { status: reply.status, body: reply.body.into_bytes() }
    }
}

#[async_trait::async_trait]
impl HttpClient for Line {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.seen.lock().unwrap().push(request.clone());
        call(&self.calls_back);
        let (end, fate) = *self.fate.lock().unwrap();
        if !request.url.ends_with(end) {
            return Ok(self.deliver(&request));
        }
        match fate {
            Fate::Arrives => Ok(self.deliver(&request)),
            Fate::Fails(error) => Err(error),
            Fate::AnswerLost => {
                self.deliver(&request);
                Err(HttpError::TimedOut)
            }
            Fate::Hangs => {
                self.deliver(&request);
                if let Some(to) = &*self.hangs.lock().unwrap() {
                    to.send(()).unwrap();
                }
                pending().await
            }
            Fate::Unsigned => Ok(HttpResponse { status: 502, body: b"bad gateway".to_vec() }),
            Fate::Panics => panic!("the network breaks"),
            Fate::Long => Ok(HttpResponse { status: 200, body: vec![b'x'; request.longest_answer as usize + 1] }),
        }
    }
}
