//! Countersign's other half: what a service needs to ask its people's authenticators.
//!
//! - [`store`]: what is remembered, and the one way in which it changes.

pub mod store;
