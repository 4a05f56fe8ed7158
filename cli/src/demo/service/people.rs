//! Names and accounts.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use countersign_core::push::shown::{NAME, is_shown};

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// The account's id at the verifier: random, never shown.
    pub(super) id: String,
    /// As it was chosen.
    pub(super) name: String,
}

/// Everybody; and what each has paid.
#[derive(Debug, Default)]
pub(super) struct People(Mutex<HashMap<String, (Person, Vec<String>)>>);

/// The most people of a demonstration.
const MOST: usize = 10_000;

/// A name that may be chosen, without blanks around it.
///
/// # Errors
/// What is wrong with it, for the person.
pub(super) fn chosen(name: &str) -> Result<&str, &'static str> {
    let name = name.trim();
    if name.is_empty() {
        return Err("Type a name.");
    }
    if is_shown(name, NAME) {
        Ok(name)
    } else {
        Err("Use at most 40 letters, digits and signs, and no invisible ones.")
    }
}

impl People {
    pub(super) fn named(&self, name: &str) -> Option<Person> {
        self.with(|people| people.get(&key(name)).map(|(person, _)| person.clone()))
    }

    /// Adds somebody; false where the name is taken or the house is full.
    pub(super) fn add(&self, person: &Person) -> bool {
        self.with(|people| {
            let room = people.len() < MOST && !people.contains_key(&key(&person.name));
            if room {
                people.insert(key(&person.name), (person.clone(), Vec::new()));
            }
            room
        })
    }

    /// Notes a payment, the latest first; the last ten are kept.
    pub(super) fn pay(&self, person: &Person, payment: String) {
        self.with(|people| {
            if let Some((_, paid)) = people.get_mut(&key(&person.name)) {
                paid.insert(0, payment);
                paid.truncate(10);
            }
        });
    }

    pub(super) fn paid(&self, person: &Person) -> Vec<String> {
        self.with(|people| people.get(&key(&person.name)).map(|(_, paid)| paid.clone()).unwrap_or_default())
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<String, (Person, Vec<String>)>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Nobody can pass for somebody else by capital letters.
fn key(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::{People, Person, chosen};

    #[test]
    fn a_name_is_taken_once_whatever_its_capitals() {
        let people = People::default();
        let ada = Person { id: "1".to_owned(), name: "Ada".to_owned() };
        assert!(people.add(&ada));
        assert!(!people.add(&Person { id: "2".to_owned(), name: "aDA".to_owned() }));
        assert_eq!(people.named(" ada "), Some(ada));
    }

    #[test]
    fn names_are_shown_strings() {
        assert_eq!(chosen("  Ada Lovelace "), Ok("Ada Lovelace"));
        assert!(chosen(" ").is_err() && chosen("a\u{202e}b").is_err() && chosen(&"a".repeat(41)).is_err());
    }
}
