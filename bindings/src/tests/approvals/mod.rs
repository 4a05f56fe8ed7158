//! The desk for approvals against the real verifier, in one process: what a shell does, by the ports that a shell
//! implements.

mod changing;
mod ending;
mod enrolling;
mod keys;
mod line;
mod locked;
mod network;
mod ports;
mod story;
mod trouble;
mod world;
