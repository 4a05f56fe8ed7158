//! How far long work is, and how it is stopped: the one who asked for it watches.

use std::ops::ControlFlow;

/// Is told how far the work is, as so many of so many, now and then and on the thread that works; `Break` stops it, and
/// nothing of it stays. It is not for waiting: the work stands still meanwhile.
pub type Watch<'a> = &'a dyn Fn(u64, u64) -> ControlFlow<()>;

/// Nobody watches: it always goes on.
pub fn unwatched(_done: u64, _total: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// The work was stopped by the one who watched it; nothing of it stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("stopped; nothing was changed")]
pub struct Stopped;

/// Counts the work and tells the one who watches, not at each step.
pub(crate) struct Steps<'a> {
    watch: Watch<'a>,
    done: u64,
    total: u64,
    /// When the next look is due.
    next: u64,
    stride: u64,
}

impl<'a> Steps<'a> {
    /// So much work, of which every `stride` is told.
    pub(crate) fn new(watch: Watch<'a>, total: usize, stride: usize) -> Self {
        Self { watch, done: 0, total: number(total), next: 0, stride: number(stride) }
    }

    /// So many more are done.
    pub(crate) fn done(&mut self, more: usize) -> Result<(), Stopped> {
        self.done = self.done.saturating_add(number(more));
        if self.done < self.next {
            return Ok(());
        }
        self.next = self.done.saturating_add(self.stride);
        self.tell()
    }

    /// Tells it now.
    pub(crate) fn tell(&self) -> Result<(), Stopped> {
        match (self.watch)(self.done.min(self.total), self.total) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Stopped),
        }
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::ops::ControlFlow;

    use super::{Steps, Stopped};

    #[test]
    fn every_few_hundred_steps_are_told_and_a_break_stops() {
        let told = RefCell::new(Vec::new());
        let watch = |done, total| {
            told.borrow_mut().push((done, total));
            if done >= 600 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let mut steps = Steps::new(&watch, 1000, 256);
        let stopped = (0..1000).position(|_| steps.done(1) == Err(Stopped));
        assert_eq!(stopped, Some(768));
        assert_eq!(*told.borrow(), [(1, 1000), (257, 1000), (513, 1000), (769, 1000)]);
        assert_eq!(steps.tell(), Err(Stopped));
    }
}
