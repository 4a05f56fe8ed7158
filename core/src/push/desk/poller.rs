//! Whom to ask, and when.
//!
//! At once when the app comes to the foreground or is unlocked, every few seconds while it can be seen, never in the
//! background but by wake-up; by hand always. A few servers at a time, and never more than two requests to one of them, so that
//! a slow server delays its own enrolments and no others.

use std::collections::HashMap;

use crate::time::UnixTime;
use crate::vault::PushId;

/// Requests on their way at the same time.
const AT_ONCE: usize = 8;
/// ... of which to one host.
const AT_ONE_HOST: usize = 2;
/// Between two polls of an enrolment, in milliseconds, while the app can be seen.
const EVERY: i64 = 4_000;
/// ... at least so many for each enrolment: hundreds of them must not keep a phone busy.
const EVERY_EACH: i64 = 200;
/// The longest pause after failures, in milliseconds.
const LONGEST: i64 = 60_000;

/// Decides whom to ask. It lies in memory; losing it loses nothing.
#[derive(Debug, Clone, Default)]
pub struct Poller {
    visible: bool,
    plans: HashMap<PushId, Plan>,
}

#[derive(Debug, Clone, Default)]
struct Plan {
    host: String,
    /// Not before then; none: not at all, until something asks.
    due: Option<UnixTime>,
    flying: bool,
    failures: u32,
}

impl Poller {
    /// Nothing is visible yet, nobody is asked.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the enrolments that there are, each with its host; forgets the others.
    pub fn know<'a>(&mut self, enrollments: impl IntoIterator<Item = (PushId, &'a str)>, now: UnixTime) {
        let mut before = std::mem::take(&mut self.plans);
        for (id, host) in enrollments {
            let new = || Plan { host: host.to_owned(), due: self.visible.then_some(now), ..Plan::default() };
            let plan = before.remove(&id).unwrap_or_else(new);
            self.plans.insert(id, plan);
        }
    }

    /// The app came to the foreground, or was unlocked: everybody is asked at once.
    pub fn shown(&mut self, now: UnixTime) {
        self.visible = true;
        self.pull(now);
    }

    /// The app can't be seen any more: nobody is asked but by wake-up or by hand.
    pub fn hidden(&mut self) {
        self.visible = false;
        self.plans.values_mut().for_each(|plan| plan.due = None);
    }

    /// The person asks for everything now.
    pub fn pull(&mut self, now: UnixTime) {
        for plan in self.plans.values_mut() {
            (plan.due, plan.failures) = (Some(now), 0);
        }
    }

    /// One enrolment is to be asked now: woken, or answered just now.
    pub fn wake(&mut self, id: PushId, now: UnixTime) {
        if let Some(plan) = self.plans.get_mut(&id) {
            plan.due = Some(now);
        }
    }

    /// Whom to ask now, the longest due first. Each of them is on its way until [`Poller::done`].
    pub fn take(&mut self, now: UnixTime) -> Vec<PushId> {
        let mut due: Vec<_> =
            self.plans.iter().filter(|(_, plan)| !plan.flying && plan.due.is_some_and(|due| due <= now)).collect();
        due.sort_by_key(|(id, plan)| (plan.due, **id));
        let due: Vec<PushId> = due.into_iter().map(|(id, _)| *id).collect();
        let mut flying = self.plans.values().filter(|plan| plan.flying).count();
        let mut taken = Vec::new();
        for id in due {
            let host = self.plans.get(&id).map(|plan| plan.host.clone()).unwrap_or_default();
            let there = self.plans.values().filter(|plan| plan.flying && plan.host == host).count();
            if flying >= AT_ONCE {
                break;
            }
            if there < AT_ONE_HOST
                && let Some(plan) = self.plans.get_mut(&id)
            {
                plan.flying = true;
                flying = flying.saturating_add(1);
                taken.push(id);
            }
        }
        taken
    }

    /// It came back. After failures it is asked again after 4, 8, … 60 seconds.
    pub fn done(&mut self, id: PushId, came_back: bool, now: UnixTime) {
        let (visible, count) = (self.visible, i64::try_from(self.plans.len()).unwrap_or(i64::MAX));
        let Some(plan) = self.plans.get_mut(&id) else { return };
        plan.flying = false;
        plan.failures = if came_back { 0 } else { plan.failures.saturating_add(1) };
        let pause = EVERY.max(count.saturating_mul(EVERY_EACH)).saturating_mul(1 << plan.failures.min(4));
        plan.due = visible.then(|| UnixTime::from_millis(now.millis().saturating_add(pause.min(LONGEST))));
    }

    /// When somebody is due next, if anybody is.
    #[must_use]
    pub fn next(&self) -> Option<UnixTime> {
        self.plans.values().filter(|plan| !plan.flying).filter_map(|plan| plan.due).min()
    }
}

#[cfg(test)]
mod tests {
    use super::Poller;
    use crate::time::UnixTime;
    use crate::vault::PushId;

    fn id(number: u8) -> PushId {
        PushId::from_bytes([number; 16])
    }

    fn at(millis: i64) -> UnixTime {
        UnixTime::from_millis(1_800_000_000_000 + millis)
    }

    #[test]
    fn everybody_is_asked_at_once_then_every_few_seconds_while_visible() {
        let mut poller = Poller::new();
        poller.know([(id(1), "a"), (id(2), "b")], at(0));
        assert!(poller.take(at(0)).is_empty());
        poller.shown(at(0));
        assert_eq!(poller.take(at(0)), [id(1), id(2)]);
        assert!(poller.take(at(9_000)).is_empty(), "they are still on their way");
        poller.done(id(1), true, at(100));
        assert_eq!((poller.take(at(4_099)), poller.take(at(4_100))), (vec![], vec![id(1)]));
    }

    #[test]
    fn in_the_background_only_a_wake_up_or_the_person_asks() {
        let mut poller = Poller::new();
        poller.know([(id(1), "a"), (id(2), "b")], at(0));
        poller.shown(at(0));
        poller.take(at(0));
        poller.hidden();
        poller.done(id(1), true, at(1));
        poller.done(id(2), true, at(1));
        assert!(poller.take(at(1_000_000)).is_empty());
        poller.wake(id(2), at(1_000_000));
        assert_eq!(poller.take(at(1_000_000)), [id(2)]);
        poller.done(id(2), true, at(1_000_001));
        poller.pull(at(1_000_002));
        assert_eq!(poller.take(at(1_000_002)).len(), 2);
    }

    #[test]
    fn a_slow_server_delays_no_other() {
        let mut poller = Poller::new();
        let hosts: Vec<String> = (0..200u8).map(|n| if n < 150 { "slow".into() } else { format!("h{n}") }).collect();
        poller.know(hosts.iter().enumerate().map(|(n, host)| (id(u8::try_from(n).unwrap()), host.as_str())), at(0));
        poller.shown(at(0));
        let mut quick = std::collections::BTreeSet::new();
        for round in 0..50 {
            let taken = poller.take(at(round));
            let slow = taken.iter().filter(|id| id.to_bytes()[0] < 150).count();
            assert!(slow <= 2 && taken.len() <= 8);
            for id in taken.into_iter().filter(|id| id.to_bytes()[0] >= 150) {
                quick.insert(id);
                poller.done(id, true, at(round));
            }
        }
        assert_eq!(quick.len(), 50, "all others were asked although the slow ones never came back");
    }

    #[test]
    fn failures_make_the_pauses_longer_up_to_a_minute() {
        let mut poller = Poller::new();
        poller.know([(id(1), "a")], at(0));
        poller.shown(at(0));
        let mut now = 0;
        for pause in [8_000, 16_000, 32_000, 60_000, 60_000] {
            assert_eq!(poller.take(at(now)), [id(1)]);
            poller.done(id(1), false, at(now));
            assert_eq!(poller.next(), Some(at(now + pause)));
            now += pause;
        }
    }
}
