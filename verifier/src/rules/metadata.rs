//! Who the verifier is (section 2): metadata, signed by the identity key, and the online keys that it lists.

use countersign_core::push::MessageError;
use countersign_core::push::jose::{Jws, PublicKey, Thumbprint};
use countersign_core::push::native::messages::{KeyNaming, Message, Metadata};
use countersign_core::push::shown::{NAME, is_shown};
use countersign_core::time::UnixTime;

use super::DAY;
use crate::config::{Identity, Profile};
use crate::error::{Error, ManageError};
use crate::records::{KeyState, OnlineKey, Server, StoredKey};
use crate::store::{Store, What};
use crate::verifier::{Verifier, save_server};
use crate::work::attempt;

/// How long an old key stays listed, in seconds: its last challenge and receipt.
const OLD_KEY_LISTED: i64 = DAY + 600;

impl<S: Store> Verifier<S> {
    /// `GET /metadata`: signed now, or as it was published.
    pub(crate) fn metadata(&self, now: UnixTime) -> Result<String, Error> {
        let online = self.online(now)?;
        match &self.identity {
            Identity::Held(key) => {
                let metadata = online.metadata(&self.config.base, now);
                Ok(metadata.draft(&key.public(), KeyNaming::Whole).sign(key))
            }
            Identity::Elsewhere(_) => online.state.published.clone().ok_or(Error::NoOnlineKey),
        }
    }

    /// What metadata says now.
    ///
    /// # Errors
    /// [`Error`].
    pub fn profile(&self, now: UnixTime) -> Result<Profile, Error> {
        let online = self.online(now)?;
        let (name, state) = (online.state.name.clone(), &online.state);
        Ok(Profile { name, require_uv: state.require_uv, require_hardware: state.require_hardware })
    }

    /// The sequence number of metadata.
    ///
    /// # Errors
    /// [`Error`].
    pub fn sequence(&self, now: UnixTime) -> Result<u64, Error> {
        Ok(self.online(now)?.state.sequence)
    }

    /// Changes what metadata says. Gives the new sequence number.
    ///
    /// # Errors
    /// [`ManageError::Metadata`] for a name that may not be shown; [`ManageError::IdentityElsewhere`];
    /// [`ManageError::Internal`].
    pub fn change(&self, profile: &Profile, now: UnixTime) -> Result<u64, ManageError> {
        self.identity_is_here()?;
        if !is_shown(&profile.name, NAME) {
            return Err(ManageError::Metadata(MessageError::Malformed("name")));
        }
        self.change_server(now, What::Changed, |server| {
            server.name.clone_from(&profile.name);
            (server.require_uv, server.require_hardware) = (profile.require_uv, profile.require_hardware);
            Ok(())
        })
    }

    /// A new online key signs from now on. The old one is listed for another 24 h and 10 min, or, where it was compromised,
    /// dropped at once: receipts are then signed anew when they are asked for, live challenges are cancelled, pending
    /// enrolments removed. Gives the new key's thumbprint and the sequence number.
    ///
    /// # Errors
    /// [`ManageError::IdentityElsewhere`] (see [`Verifier::prepare_online_key`]), [`ManageError::Internal`].
    pub fn rotate_online_keys(&self, compromised: bool, now: UnixTime) -> Result<(Thumbprint, u64), ManageError> {
        self.identity_is_here()?;
        let what = if compromised { What::OnlineKeyCompromised } else { What::OnlineKey };
        let sequence = self.change_server(now, what, |server| {
            if compromised {
                server.keys.retain(|key| key.state != KeyState::Current);
            }
            for key in server.keys.iter_mut().filter(|key| key.state == KeyState::Current) {
                // It never signs again: only its public half is needed.
                (key.sealed, key.state) = (None, KeyState::Old(Some(now.plus_seconds(OLD_KEY_LISTED))));
            }
            server.keys.insert(0, self.make_online_key(KeyState::Current)?);
            Ok(())
        })?;
        self.tend(now)?;
        Ok((self.online(now)?.signer()?, sequence))
    }

    /// Where the identity key is elsewhere: makes an online key, or gives the one that was made and isn't published yet.
    /// Metadata that lists it is then signed there and [published](Verifier::publish).
    ///
    /// # Errors
    /// [`ManageError::Internal`].
    pub fn prepare_online_key(&self) -> Result<PublicKey, ManageError> {
        attempt(&self.store, |work| {
            let Some(mut server) = work.load::<Server>(b"")? else { return Ok(Err(ManageError::Unknown)) };
            let prepared = server.keys.iter().find(|key| key.state == KeyState::Prepared);
            if let Some(key) = prepared {
                return Ok(Ok(key.key.public()?));
            }
            let key = self.make_online_key(KeyState::Prepared)?;
            let public = key.key.public()?;
            server.keys.push(key);
            save_server(work, &server)?;
            Ok(Ok(public))
        })
    }

    /// Publishes metadata that was signed where the identity key is. The first key that it lists signs from now on and must
    /// be this verifier's; keys that it doesn't list are dropped, with what they signed. Metadata of the sequence number
    /// that is published already may only renew the times.
    ///
    /// # Errors
    /// [`ManageError::Metadata`], [`ManageError::Internal`].
    pub fn publish(&self, metadata: &str, now: UnixTime) -> Result<u64, ManageError> {
        let identity = self.identity.public();
        let verified = Jws::parse(metadata).and_then(|message| message.verify(&identity));
        let read = verified.and_then(|verified| Metadata::read(&verified)).map_err(ManageError::Metadata)?;
        let refused = |error| Err(ManageError::Metadata(error));
        if !read.is_of(&self.config.base) {
            return refused(MessageError::Elsewhere("iss"));
        }
        if read.keys.contains(&identity) {
            return refused(MessageError::Malformed("keys"));
        }
        if read.expires <= now || read.issued > now.plus_seconds(super::SKEW) {
            return refused(MessageError::Time("metadata"));
        }
        let sequence = attempt(&self.store, |work| {
            let Some(mut server) = work.load::<Server>(b"")? else { return Ok(Err(ManageError::Unknown)) };
            let first = server.published.is_none();
            let same = read.sequence == server.sequence && is_same(&server, &read);
            if !same && !first && read.sequence <= server.sequence {
                return Ok(Err(ManageError::Metadata(MessageError::Downgrade("seq"))));
            }
            let Some(keys) = listed_keys(&server, &read.keys) else {
                return Ok(Err(ManageError::Metadata(MessageError::UnknownKey)));
            };
            (server.sequence, server.name, server.keys) = (read.sequence, read.name.clone(), keys);
            (server.require_uv, server.require_hardware) = (read.require_uv, read.require_hardware);
            server.published = Some(metadata.to_owned());
            save_server(work, &server)?;
            work.tell_server(now, What::Changed);
            Ok(Ok(server.sequence))
        })?;
        self.tend(now)?;
        Ok(sequence)
    }

    fn identity_is_here(&self) -> Result<(), ManageError> {
        match self.identity {
            Identity::Held(_) => Ok(()),
            Identity::Elsewhere(_) => Err(ManageError::IdentityElsewhere),
        }
    }

    fn change_server(
        &self,
        now: UnixTime,
        what: What,
        change: impl Fn(&mut Server) -> Result<(), Error>,
    ) -> Result<u64, ManageError> {
        attempt(&self.store, |work| {
            let Some(mut server) = work.load::<Server>(b"")? else { return Ok(Err(ManageError::Unknown)) };
            change(&mut server)?;
            server.sequence = server.sequence.saturating_add(1);
            save_server(work, &server)?;
            work.tell_server(now, what);
            Ok(Ok(server.sequence))
        })
    }
}

fn is_same(server: &Server, read: &Metadata) -> bool {
    let listed = server.keys.iter().filter(|key| key.state != KeyState::Prepared);
    let names: Vec<_> = listed.map(|key| key.key.thumbprint).collect();
    server.name == read.name
        && server.require_uv == read.require_uv
        && server.require_hardware == read.require_hardware
        && names == read.keys.iter().map(PublicKey::thumbprint).collect::<Vec<_>>()
}

/// The keys as metadata lists them: the first signs and must be held here; a prepared one that isn't listed stays.
fn listed_keys(server: &Server, listed: &[PublicKey]) -> Option<Vec<OnlineKey>> {
    let mut keys = Vec::new();
    for (at, public) in listed.iter().enumerate() {
        let key = StoredKey::of(public);
        let held = server.keys.iter().find(|held| held.key == key).and_then(|held| held.sealed.clone());
        let state = if at == 0 { KeyState::Current } else { KeyState::Old(None) };
        if at == 0 && held.is_none() {
            return None;
        }
        keys.push(OnlineKey { key, sealed: held, state });
    }
    let waiting = server.keys.iter().filter(|key| key.state == KeyState::Prepared);
    let waiting: Vec<_> = waiting.filter(|key| !keys.iter().any(|there| there.key == key.key)).cloned().collect();
    keys.extend(waiting);
    Some(keys)
}
