//! How much work one picture may cost.

use std::cell::Cell;
use std::fmt;

/// The most work that one call may do, counted in units rather than time, so that it is the same on each run; and, if
/// the caller has a clock, a deadline.
///
/// A hostile picture can hold thousands of things that look like a code. The budget is checked *inside* a pass: before
/// each set of finder patterns is sampled and between the steps of a pass.
#[derive(Clone, Copy)]
pub struct Budget<'a> {
    /// Ways to tell dark from light, cheapest first: 1 for dark codes on light, 2 also for light codes on dark, 3 also
    /// for low contrast, 4 also for blur and patterns in the background. Each part of a large picture counts anew.
    pub passes: u32,
    /// Sets of three finder patterns to sample and decode, over all passes. Most pictures need under ten.
    pub sets: u32,
    /// True when time is up; asked often, so it should be cheap.
    pub deadline: Option<&'a dyn Fn() -> bool>,
}

impl Budget<'_> {
    /// For a frame of a live camera, where the next frame is another chance: 2 passes and 40 sets.
    #[must_use]
    pub const fn frame() -> Self {
        Self { passes: 2, sets: 40, deadline: None }
    }
}

impl Default for Budget<'_> {
    /// For a picture that is the only chance (a screenshot, a file): all 4 passes and 150 sets, chosen so that the worst
    /// pictures known (noise, swarms of finder patterns, up to 64 megapixels) took at most 250 ms on a 2-core server.
    /// Add a deadline where that is too long.
    fn default() -> Self {
        Self { passes: 4, sets: 150, deadline: None }
    }
}

impl fmt::Debug for Budget<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deadline = self.deadline.is_some();
        f.debug_struct("Budget")
            .field("passes", &self.passes)
            .field("sets", &self.sets)
            .field("deadline", &deadline)
            .finish()
    }
}

/// What is left of a budget, shared by everything that one call does.
pub(crate) struct Meter<'a> {
    budget: Budget<'a>,
    sets_left: Cell<u32>,
    exhausted: Cell<bool>,
    failed: Cell<bool>,
}

impl<'a> Meter<'a> {
    pub(crate) const fn new(budget: Budget<'a>) -> Self {
        Self { budget, sets_left: Cell::new(budget.sets), exhausted: Cell::new(false), failed: Cell::new(false) }
    }

    pub(crate) const fn passes(&self) -> u32 {
        self.budget.passes
    }

    /// Whether work may go on.
    pub(crate) fn may_go_on(&self) -> bool {
        if !self.exhausted.get() && self.budget.deadline.is_some_and(|over| over()) {
            self.exhaust();
        }
        !self.exhausted.get()
    }

    /// Takes one set of finders from the budget; false when there is none left or time is up.
    pub(crate) fn take_set(&self) -> bool {
        match self.sets_left.get().checked_sub(1) {
            Some(left) => self.sets_left.set(left),
            None => self.exhaust(),
        }
        self.may_go_on()
    }

    fn exhaust(&self) {
        self.exhausted.set(true);
    }

    /// A candidate or a pass could not be judged; the others still can.
    pub(crate) fn failed(&self) {
        self.failed.set(true);
    }

    /// Whether everything was tried.
    pub(crate) const fn complete(&self) -> bool {
        !self.exhausted.get() && !self.failed.get()
    }
}
