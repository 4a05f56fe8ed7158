//! An enrolment, as a list shows it.

use std::fmt;

use super::summary::Summary;
use crate::account::AccountId;
use crate::push::model::Status;
use crate::push::native::phone::{Enrollment, Verifier};
use crate::time::UnixTime;
use crate::vault::PushId;

/// An enrolment, as a list shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Known {
    /// Its lasting name on this device.
    pub id: PushId,
    /// The server's name, as it signed it.
    pub server: String,
    /// Host and port.
    pub host: String,
    /// The account's name there.
    pub account: String,
    /// Where it stands, as the server last said; none where nothing is left but its name.
    pub status: Option<Status>,
    /// It can't approve any more: this device has to be enrolled again there.
    pub renew: bool,
    /// The digits that the page waits for, while it is pending.
    pub confirmation: Option<String>,
    /// Its keys live in the platform's hardware.
    pub hardware: bool,
    /// The account of its time-based codes.
    pub codes: Option<AccountId>,
    /// The server's clock less this device's, in milliseconds.
    pub offset_millis: Option<i64>,
    /// When it was enrolled.
    pub since: UnixTime,
    /// When the server last said something.
    pub heard: Option<UnixTime>,
    /// Its requests are silent until then.
    pub muted_until: Option<UnixTime>,
    /// Something was sent that the server hasn't confirmed.
    pub unconfirmed: bool,
}

impl fmt::Debug for Known {
    /// Neither names nor digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, status, renew, .. } = self;
        f.debug_struct("Known").field("id", id).field("status", status).field("renew", renew).finish_non_exhaustive()
    }
}

pub(super) fn known(id: PushId, enrollment: &Enrollment, verifier: &Verifier, now: UnixTime) -> Known {
    Known {
        id,
        server: verifier.name().to_owned(),
        host: verifier.base().host().to_owned(),
        account: enrollment.account().to_owned(),
        status: Some(enrollment.status()),
        renew: false,
        confirmation: enrollment.confirmation().map(str::to_owned),
        hardware: enrollment.is_in_hardware(),
        codes: None,
        offset_millis: verifier.offset_millis(),
        since: enrollment.since(),
        heard: enrollment.heard(),
        muted_until: verifier.guard().muted_until(now),
        unconfirmed: enrollment.is_unconfirmed(),
    }
}

/// One of which nothing is left but its name: restored from a backup.
pub(super) fn lost(id: PushId, summary: &Summary, codes: Option<AccountId>, since: UnixTime) -> Known {
    Known {
        id,
        server: summary.server.clone(),
        host: summary.host().to_owned(),
        account: summary.account.clone(),
        status: None,
        renew: true,
        confirmation: None,
        hardware: false,
        codes,
        offset_millis: None,
        since,
        heard: None,
        muted_until: None,
        unconfirmed: false,
    }
}
