//! The thread that serves.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use countersign_core::entropy::{EntropyError, SystemEntropy, random};
use countersign_verifier::store::sqlite::OpenError;
use tokio::sync::oneshot;

use super::clock::Clock;
use super::desk::Desk;
use super::house::House;
use super::operator::Operator;
use super::routes;

/// How long open connections have to end when the service stops.
const GRACE: Duration = Duration::from_secs(1);
/// How often the verifier tends what time has ended.
const TENDING: Duration = Duration::from_secs(60);

/// How a service is.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Its name, as phones and pages show it: at most 40 characters.
    pub(crate) name: String,
    /// The port on 127.0.0.1; 0 takes a free one.
    pub(crate) port: u16,
    /// Its clock.
    pub(crate) clock: Clock,
    /// How long a question may be answered, in seconds: 600 at most.
    pub(crate) challenge_seconds: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self { name: "Payroll".to_owned(), port: 0, clock: Clock::default(), challenge_seconds: 120 }
    }
}

/// Why a service doesn't start, or an operator can't do something.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// The port is taken, or there is no network at all.
    #[error("the service can't listen on 127.0.0.1: {0}")]
    Listen(std::io::Error),
    /// No thread, no runtime.
    #[error("the service can't start: {0}")]
    Start(std::io::Error),
    /// No randomness.
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    /// The verifier's file can't be made.
    #[error("the service's store: {0}")]
    Store(#[from] OpenError),
    /// Nobody has that name.
    #[error("nobody has that name")]
    NoSuchPerson,
    /// The verifier.
    #[error("the verifier failed")]
    Verifier,
}

/// A running service; it stops when this is dropped.
#[derive(Debug)]
pub(crate) struct Service {
    house: Arc<House>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Service {
    /// Starts a service on 127.0.0.1. It answers from when this returns.
    ///
    /// # Errors
    /// [`Trouble`], but [`Trouble::NoSuchPerson`].
    pub(crate) fn start(options: Options) -> Result<Self, Trouble> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).map_err(Trouble::Listen)?;
        listener.set_nonblocking(true).map_err(Trouble::Listen)?;
        let host = listener.local_addr().map_err(Trouble::Listen)?.to_string();
        let base = format!("http://{host}{}", routes::PUSH);
        let desk = Desk::open(&base, &options.name, options.clock.clone(), options.challenge_seconds)?;
        let house = House::new(options.name, host, options.clock, desk, &random(&SystemEntropy::new())?);
        let house = Arc::new(house);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(8)
            .build()
            .map_err(Trouble::Start)?;
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&house);
        let thread = std::thread::Builder::new().name("service".to_owned()).spawn(move || {
            runtime.block_on(serve(served, listener, stopped));
            runtime.shutdown_timeout(GRACE);
        });
        Ok(Self { house, stop: Some(stop), thread: Some(thread.map_err(Trouble::Start)?) })
    }

    /// `http://127.0.0.1:port`, where its pages are.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.house.host)
    }

    /// Its operator.
    pub(crate) fn operator(&self) -> Operator {
        Operator(Arc::clone(&self.house))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.take();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(house: Arc<House>, listener: TcpListener, stopped: oneshot::Receiver<()>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let tended = Arc::clone(&house);
    let tending = tokio::spawn(async move {
        loop {
            tokio::time::sleep(TENDING).await;
            let house = Arc::clone(&tended);
            let _ = tokio::task::spawn_blocking(move || house.desk.tend()).await;
        }
    });
    let (begin, begun) = oneshot::channel::<()>();
    let ending = async {
        // An error is the other end's being dropped, which means the same.
        let _ = stopped.await;
        drop(begin);
    };
    let serving = axum::serve(listener, routes::router(house)).with_graceful_shutdown(ending);
    let late = async {
        let _ = begun.await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        _ = async { serving.await } => {}
        () = late => {}
    }
    tending.abort();
}
