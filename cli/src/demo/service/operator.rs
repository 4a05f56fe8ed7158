//! What only the operator does: from within the program, never over the network.

use std::sync::Arc;

use super::house::House;
use super::pages::account::Standing;
use super::server::Trouble;

/// The operator of a service.
#[derive(Debug, Clone)]
pub(crate) struct Operator(pub(super) Arc<House>);

impl Operator {
    /// Releases every frozen or suspended phone of a person; gives their names.
    ///
    /// # Errors
    /// [`Trouble::NoSuchPerson`], [`Trouble::Verifier`].
    pub(crate) fn release(&self, name: &str) -> Result<Vec<String>, Trouble> {
        let house = &self.0;
        let person = house.people.named(name).ok_or(Trouble::NoSuchPerson)?;
        let phones = house.desk.phones(&person).map_err(|_| Trouble::Verifier)?;
        let held = phones.into_iter().filter(|phone| matches!(phone.standing, Standing::Frozen | Standing::Suspended));
        held.map(|phone| house.desk.release(&phone.id).map(|()| phone.name).map_err(|_| Trouble::Verifier)).collect()
    }

    /// Sets the service's clock ahead by so many seconds more: what would end by then, ends.
    pub(crate) fn ahead(&self, seconds: u32) {
        self.0.clock.ahead(seconds);
        self.0.desk.tend();
    }

    /// What the verifier has noted, in order: what owners are told of is among it.
    ///
    /// # Errors
    /// [`Trouble::Verifier`].
    pub(crate) fn events(&self) -> Result<Vec<String>, Trouble> {
        let events = self.0.desk.events().map_err(|_| Trouble::Verifier)?;
        Ok(events.into_iter().map(|logged| format!("{:?}", logged.event.what)).collect())
    }
}
