//! How often a phone may ask: a bucket of a minute's requests for each, refilled steadily. In this process alone.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use countersign_core::time::UnixTime;

/// The most phones remembered; one that is forgotten begins with a full bucket.
const MAX_PHONES: usize = 100_000;

/// Buckets in thousandths of a request.
#[derive(Debug, Default)]
pub(crate) struct Limiter(Mutex<HashMap<String, (i64, UnixTime)>>);

impl Limiter {
    /// Takes a request from a phone's bucket; gives the seconds to wait where it is empty.
    pub(crate) fn take(&self, phone: &str, per_minute: u32, now: UnixTime) -> Result<(), u64> {
        if per_minute == 0 {
            return Ok(());
        }
        let full = i64::from(per_minute).saturating_mul(60_000);
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_PHONES && !buckets.contains_key(phone) {
            buckets.retain(|_, (_, at)| now.millis().saturating_sub(at.millis()) < 60_000);
            if buckets.len() >= MAX_PHONES {
                buckets.clear();
            }
        }
        let (level, at) = match buckets.get(phone) {
            Some((level, at)) => (*level, *at),
            None => (full, now),
        };
        // A millisecond brings `per_minute` units; a request takes 60,000 of them.
        let passed = now.millis().saturating_sub(at.millis()).max(0);
        let level = level.saturating_add(passed.saturating_mul(per_minute.into())).min(full);
        if level < 60_000 {
            buckets.insert(phone.to_owned(), (level, now));
            let missing = 60_000_i64.saturating_sub(level);
            let millis = missing.checked_div(per_minute.into()).unwrap_or(0);
            return Err(u64::try_from(millis.checked_div(1000).unwrap_or(0)).unwrap_or(0).saturating_add(1));
        }
        buckets.insert(phone.to_owned(), (level.saturating_sub(60_000), now));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Limiter;
    use countersign_core::time::UnixTime;

    #[test]
    fn a_bucket_empties_and_fills_again_and_is_each_phones_own() {
        let (limiter, now) = (Limiter::default(), UnixTime::from_seconds(1_000));
        for _ in 0..60 {
            assert_eq!(limiter.take("a", 60, now), Ok(()));
        }
        assert_eq!(limiter.take("a", 60, now), Err(2));
        assert_eq!(limiter.take("b", 60, now), Ok(()));
        assert_eq!(limiter.take("a", 60, now.plus_seconds(1)), Ok(()));
        assert!(limiter.take("a", 60, now.plus_seconds(1)).is_err());
        assert_eq!(limiter.take("a", 0, now), Ok(()));
    }
}
