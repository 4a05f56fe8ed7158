//! Countersign's other half: what a service needs to ask its people's authenticators.

pub mod otp;
