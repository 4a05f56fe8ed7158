//! A relying party: a sign-in service with pages, as small as one can be that is whole.
//!
//! - `house`: everything that a request may need, in one place. `table`: rows that are forgotten after a while.
//!   `people`: names and accounts. `session`: browser sessions. `clock`: a clock that may be set ahead.
//! - `desk`: the verifier, asked in the service's own words.
//! - `guard`: what is said to every browser, and what is refused from strangers. `visit`: who asks, from where, with what.
//! - `routes`: what happens at each address. `pages`: what is seen there.
//! - `server`: the thread that serves it.

mod clock;
mod desk;
mod guard;
mod house;
mod operator;
mod pages;
mod people;
mod routes;
mod server;
mod session;
mod table;
mod visit;

#[cfg(test)]
mod tests;

pub(crate) use clock::Clock;
pub(crate) use operator::Operator;
pub(crate) use server::{Options, Service, Trouble};
