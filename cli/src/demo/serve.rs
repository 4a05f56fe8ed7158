//! `countersign demo --serve`: the sign-in service of the demo, for a person with a browser and a phone.

use std::io::BufRead;
use std::sync::mpsc::{Receiver, channel};

use super::service::{Clock, Operator, Options, Service};
use crate::failure::Failure;
use crate::terminal::{answer, say};

/// What ends the service, or what its operator types.
enum Heard {
    Line(String),
    End,
}

/// Serves until Ctrl-C, `quit`, or the end of standard input.
pub(crate) fn run(port: u16) -> Result<(), Failure> {
    let service = Service::start(Options { port, clock: Clock::default(), ..Options::default() })?;
    answer(&format!(
        "A sign-in service: {}\n\n\
         Open that address in a browser on this computer and set up an account; the page says what to do.\n\
         Without a phone at hand, this command line is one: save the page's QR code as a picture, then\n\
         \x20 countersign init; countersign enroll --allow-loopback-http PICTURE\n\
         \x20 countersign approvals; countersign approve -; countersign deny -\n\n\
         You are its operator. Type here:\n\
         \x20 release NAME   let a person's phones approve again after a report\n\
         \x20 ahead SECONDS  set the service's clock ahead, as if you had waited\n\
         \x20 log            what it has noted\n\
         \x20 quit           stop (so do Ctrl-C and the end of input); everything is forgotten",
        service.address()
    ))?;
    let heard = listen();
    while let Ok(Heard::Line(line)) = heard.recv() {
        match command(&service.operator(), &line) {
            Some(reply) => answer(&reply)?,
            None => break,
        }
    }
    drop(service);
    answer("Stopped.")
}

fn listen() -> Receiver<Heard> {
    let (say_line, heard) = channel();
    let say_end = say_line.clone();
    // Both wait for the world outside; they end with the process.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { break };
            if say_line.send(Heard::Line(line)).is_err() {
                return;
            }
        }
        let _ = say_line.send(Heard::End);
    });
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
        let caught = runtime.map(|runtime| runtime.block_on(tokio::signal::ctrl_c()));
        match caught {
            Ok(Ok(())) => {
                let _ = say_end.send(Heard::End);
            }
            _ => say("countersign: Ctrl-C can't be caught here: it stops the service without a word"),
        }
    });
    heard
}

/// Does what the operator types; `None` ends.
fn command(operator: &Operator, line: &str) -> Option<String> {
    let (verb, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    Some(match verb {
        "" => String::new(),
        "quit" => return None,
        "release" => match operator.release(rest) {
            Ok(names) if names.is_empty() => "No phone of theirs is frozen.".to_owned(),
            Ok(names) => format!("Released: {}", names.join(", ")),
            Err(trouble) => format!("Not released: {trouble}"),
        },
        "ahead" => match rest.parse() {
            Ok(seconds) => {
                operator.ahead(seconds);
                format!("The clock is {seconds} s further ahead.")
            }
            Err(_) => "Say how many seconds: ahead 120".to_owned(),
        },
        "log" => match operator.events() {
            Ok(events) => events.join("\n"),
            Err(trouble) => format!("No log: {trouble}"),
        },
        _ => "Unknown. Type release NAME, ahead SECONDS, log or quit.".to_owned(),
    })
}
