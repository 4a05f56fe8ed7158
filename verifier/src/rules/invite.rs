//! An invitation to enrol (section 2): made only in a session at the account's highest assurance.

use countersign_core::push::MessageError;
use countersign_core::push::jose::encode;
use countersign_core::push::native::Invitation;
use countersign_core::push::native::formulas::ticket_id;
use countersign_core::push::native::messages::{AccountName, EnrollmentId};
use countersign_core::push::shown::{TEXT, is_shown};
use countersign_core::secret::{SecretBytes, SecretText};
use countersign_core::time::UnixTime;

use super::DAY;
use super::rows::{load_account, load_sign_in, save_account, save_sign_in, sign_in_id};
use crate::error::{Error, InviteError};
use crate::keyring::Purpose;
use crate::records::{SignInState, Ticket};
use crate::store::{Actor, Outcome, Store, What};
use crate::verifier::Verifier;
use crate::work::{Work, attempt};

/// How long a ticket is good, in seconds.
const LIFE: i64 = 600;

/// An invitation, for the page of the session that asked for it.
#[derive(Debug, Clone)]
pub struct NewTicket {
    /// The link, for a QR code; never e-mailed, never logged.
    pub uri: SecretText,
    /// The ticket in base64url: the session keeps it, and confirms with it ([`Verifier::confirm`]).
    pub ticket: SecretText,
}

impl<S: Store> Verifier<S> {
    /// Invites a phone of an account. The embedding code calls this only in a session at the account's highest assurance
    /// that the new phone will serve. The ticket works once, for ten minutes.
    ///
    /// # Errors
    /// [`InviteError::Account`], [`InviteError::TooMany`], [`InviteError::Internal`].
    pub fn invite(&self, account: &AccountName, now: UnixTime) -> Result<NewTicket, InviteError> {
        if !(1..=64).contains(&account.id.chars().count()) || !is_shown(&account.name, TEXT) {
            return Err(InviteError::Account(MessageError::Malformed("account")));
        }
        attempt(&self.store, |work| self.ticket(work, account, None, now))
    }

    /// Invites the phone that takes the place of the one that has approved this sign-in, which was asked as a
    /// [replacement](crate::Question::replacement) and is used by this. The old phone is removed when the new one is
    /// confirmed.
    ///
    /// # Errors
    /// [`InviteError::Unknown`], [`InviteError::Approval`], [`InviteError::TooMany`], [`InviteError::Internal`].
    pub fn invite_replacement(&self, secret: &str, now: UnixTime) -> Result<NewTicket, InviteError> {
        let (online, id) = (self.online(now)?, sign_in_id(secret));
        attempt(&self.store, |work| {
            let Some(mut sign_in) = load_sign_in(work, &online, &id, now)? else {
                return Ok(Err(InviteError::Unknown));
            };
            if !sign_in.asked.replacement {
                return Ok(Err(InviteError::Unknown));
            }
            let (SignInState::Approved, Some(by)) = (sign_in.state, sign_in.by.clone()) else {
                return Ok(Err(InviteError::Approval(sign_in.state)));
            };
            let Some(old) = super::rows::load_enrollment(work, &online, &by.enrollment, now)? else {
                return Ok(Err(InviteError::Unknown));
            };
            sign_in.decide(SignInState::Used);
            save_sign_in(work, &id, &sign_in)?;
            self.ticket(work, &old.account, Some(old.id), now)
        })
    }

    fn ticket(
        &self,
        work: &mut Work<'_>,
        account: &AccountName,
        replaces: Option<EnrollmentId>,
        now: UnixTime,
    ) -> Result<Result<NewTicket, InviteError>, Error> {
        let known = load_account(work, &account.id)?.unwrap_or_default();
        let room = self.config.phones_per_account.saturating_add(usize::from(replaces.is_some()));
        if known.enrollments.len() >= room {
            return Ok(Err(InviteError::TooMany));
        }
        save_account(work, &account.id, &known)?;
        let ticket = SecretBytes::from(&self.random::<16>()?[..]);
        let id = ticket_id(&ticket);
        let row = Ticket {
            account: account.clone(),
            sealed: self.seal(Purpose::Ticket, &id, ticket.expose())?,
            expires: now.plus_seconds(LIFE),
            replaces,
            used: None,
        };
        work.save(&id, &row, &account.id, Some(row.expires.plus_seconds(DAY)))?;
        work.tell(now, Actor::Page, &account.id, None, What::Invited, Outcome::Done);
        let text = SecretText::new(encode(ticket.expose()));
        let invitation = Invitation {
            base: self.config.base.clone(),
            identity: self.identity(),
            ticket,
            name: Some(self.online(now)?.state.name.clone()),
            account: Some(account.name.clone()),
        };
        Ok(Ok(NewTicket { uri: invitation.to_uri(), ticket: text }))
    }
}
