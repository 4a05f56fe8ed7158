//! Asking servers.

use std::collections::HashMap;
use std::sync::mpsc;
use std::thread::Scope;

use countersign_core::push::desk::{Approvals, Error, Operation, Poller};
use countersign_core::push::model::Step;
use countersign_core::push::native::phone::{self, Reply};
use countersign_core::vault::PushId;

use crate::failure::Failure;
use crate::network::{Exchange, Network};
use crate::terminal::now;

/// What a poll of everything led to.
pub(crate) struct Polled {
    pub(crate) trouble: Vec<String>,
}

type Arrivals = mpsc::Sender<(PushId, Exchange)>;

fn fly<'scope>(scope: &'scope Scope<'scope, '_>, network: &'scope Network, to: &Arrivals, id: PushId, step: Step) {
    if let Step::Send(request) = step {
        let to = to.clone();
        // Whoever waits for it is bounded by the network's own bounds.
        scope.spawn(move || to.send((id, network.send(&request))));
    }
}

/// Sends what isn't confirmed and asks everybody, a few at a time.
pub(crate) fn poll_all(desk: &mut Approvals<'_>, network: &Network) -> Result<Polled, Failure> {
    let known = desk.enrollments(now())?;
    let mut poller = Poller::new();
    let alive = known.iter().filter(|known| known.status.is_some());
    poller.know(alive.map(|known| (known.id, known.host.as_str())), now());
    poller.pull(now());
    let mut queues: HashMap<PushId, Vec<Operation>> = known
        .iter()
        .map(|known| {
            let resend = known.unconfirmed.then(|| Operation::resend(known.id));
            (known.id, std::iter::once(Operation::poll(known.id)).chain(resend).collect())
        })
        .collect();
    let name = |id: PushId| known.iter().find(|known| known.id == id).map_or("?", |known| known.server.as_str());
    let mut trouble = Vec::new();
    std::thread::scope(|scope| {
        let (to, from) = mpsc::channel();
        let mut running: HashMap<PushId, Operation> = HashMap::new();
        loop {
            let taken = poller.take(now());
            let none = taken.is_empty();
            for id in taken {
                let Some(mut operation) = queues.get_mut(&id).and_then(Vec::pop) else { continue };
                match desk.begin(&mut operation, now()) {
                    Ok(step @ Step::Send(_)) => {
                        running.insert(id, operation);
                        fly(scope, network, &to, id, step);
                    }
                    // Nothing is on its way, so nothing will come back: it must not be waited for.
                    Ok(_) => {
                        poller.done(id, false, now());
                        trouble.push(format!("{}: {}", name(id), Failure::KeysElsewhere));
                    }
                    Err(error) => {
                        poller.done(id, false, now());
                        trouble.push(format!("{}: {error}", name(id)));
                    }
                }
            }
            if running.is_empty() {
                // Those that could not even begin have made room for others.
                if none {
                    return Ok(Polled { trouble });
                }
                continue;
            }
            let Ok((id, exchange)) = from.recv() else { return Ok(Polled { trouble }) };
            let Some(operation) = running.get_mut(&id) else { continue };
            match desk.next(operation, Reply::Arrived(exchange.arrival), now()) {
                Ok(step @ Step::Send(_)) => fly(scope, network, &to, id, step),
                Ok(_) | Err(Error::Protocol(phone::Error::Verifier(_))) => {
                    running.remove(&id);
                    poller.done(id, true, now());
                    if queues.get(&id).is_some_and(|queue| !queue.is_empty()) {
                        poller.wake(id, now());
                    }
                }
                Err(Error::Vault(error)) => return Err(error.into()),
                Err(error) => {
                    running.remove(&id);
                    poller.done(id, false, now());
                    let why = exchange.trouble.unwrap_or_else(|| error.to_string());
                    trouble.push(format!("{}: {why}", name(id)));
                }
            }
        }
    })
}

/// Carries an operation's steps that need nobody but the network.
pub(crate) fn carry(
    desk: &mut Approvals<'_>,
    network: &Network,
    operation: &mut Operation,
    mut step: Step,
) -> Result<Step, Failure> {
    while let Step::Send(request) = step {
        let Exchange { arrival, trouble } = network.send(&request);
        step = match desk.next(operation, Reply::Arrived(arrival), now()) {
            Ok(step) => step,
            Err(Error::Protocol(phone::Error::Network)) => {
                return Err(Failure::Network(trouble.unwrap_or_else(|| phone::Error::Network.to_string())));
            }
            Err(error) => return Err(error.into()),
        };
    }
    Ok(step)
}
