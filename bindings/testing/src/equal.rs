//! Records of the shapes that the library's lists have, made beforehand, so that a call measures crossing and nothing else.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Shaped as the library's `AccountCode`.
#[derive(Clone, uniffi::Record)]
pub struct EqualCode {
    /// 32 characters.
    pub id: String,
    /// Six characters.
    pub code: String,
    /// Six characters.
    pub next: Option<String>,
    /// A moment.
    pub from_ms: Option<i64>,
    /// A moment.
    pub until_ms: Option<i64>,
}

/// Shaped as the library's `Profile`.
#[derive(Clone, uniffi::Record)]
pub struct EqualProfile {
    /// A name.
    pub issuer: String,
    /// A name.
    pub name: String,
    /// A note.
    pub note: String,
    /// Tags.
    pub tags: Vec<String>,
    /// A mark.
    pub favourite: bool,
}

/// Shaped as the library's `OtpKind`.
#[derive(Clone, Copy, uniffi::Enum)]
pub enum EqualKind {
    /// One of five.
    A,
    /// One of five.
    B,
    /// One of five.
    C,
    /// One of five.
    D,
    /// One of five.
    E,
}

/// Shaped as the library's `OtpParameters`; both of its enums have five values.
#[derive(Clone, uniffi::Record)]
pub struct EqualOtp {
    /// One of five.
    pub kind: EqualKind,
    /// One of five.
    pub algorithm: Option<EqualKind>,
    /// A number.
    pub digits: u8,
    /// A number.
    pub period: Option<u32>,
    /// A number.
    pub counter: Option<u64>,
}

/// Shaped as the library's `AccountInfo`.
#[derive(Clone, uniffi::Record)]
pub struct EqualAccount {
    /// 32 characters.
    pub id: String,
    /// Names.
    pub profile: EqualProfile,
    /// How codes are made.
    pub otp: EqualOtp,
    /// A number.
    pub clock_offset: i32,
    /// A mark.
    pub may_be_behind: bool,
    /// A number.
    pub position: u64,
    /// A mark.
    pub has_icon: bool,
    /// A number.
    pub used: u64,
    /// A moment.
    pub last_used_ms: Option<i64>,
    /// A moment.
    pub created_ms: i64,
    /// A moment.
    pub modified_ms: i64,
    /// A moment.
    pub trashed_ms: Option<i64>,
}

fn kept<T: Clone>(store: &Mutex<Option<HashMap<u32, Vec<T>>>>, count: u32, make: impl Fn(u32) -> T) -> Vec<T> {
    let mut store = store.lock().unwrap_or_else(PoisonError::into_inner);
    let made = store.get_or_insert_default().entry(count).or_insert_with(|| (0..count).map(make).collect());
    made.clone()
}

/// So many codes.
#[uniffi::export]
#[must_use]
pub fn equal_codes(count: u32) -> Vec<EqualCode> {
    static MADE: Mutex<Option<HashMap<u32, Vec<EqualCode>>>> = Mutex::new(None);
    kept(&MADE, count, |number| EqualCode {
        id: format!("{number:032x}"),
        code: format!("{:06}", number % 1_000_000),
        next: Some(format!("{:06}", (number + 1) % 1_000_000)),
        from_ms: Some(1_800_000_000_000),
        until_ms: Some(1_800_000_030_000),
    })
}

/// So many accounts.
#[uniffi::export]
#[must_use]
pub fn equal_accounts(count: u32) -> Vec<EqualAccount> {
    static MADE: Mutex<Option<HashMap<u32, Vec<EqualAccount>>>> = Mutex::new(None);
    kept(&MADE, count, |number| EqualAccount {
        id: format!("{number:032x}"),
        profile: EqualProfile {
            issuer: format!("Service {number:04}"),
            name: format!("person{number:04}@example.org"),
            note: String::new(),
            tags: Vec::new(),
            favourite: false,
        },
        otp: EqualOtp { kind: EqualKind::A, algorithm: Some(EqualKind::A), digits: 6, period: Some(30), counter: None },
        clock_offset: 0,
        may_be_behind: false,
        position: 0,
        has_icon: false,
        used: 0,
        last_used_ms: None,
        created_ms: 1_800_000_000_000,
        modified_ms: 1_800_000_000_000,
        trashed_ms: None,
    })
}
