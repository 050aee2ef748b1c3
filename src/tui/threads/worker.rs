//! Does jobs, one after the other. What it has begun is ended in good order, also when the program leaves: see
//! [`Worker::finish`].

use crate::tui::event::Event;
use crate::tui::jobs::{Job, Teller};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

/// Between two questions whether somebody insists on leaving.
const BETWEEN: Duration = Duration::from_millis(50);

/// The other end of the thread.
#[derive(Debug)]
pub struct Worker {
    jobs: Sender<(Job, Teller)>,
    events: Sender<Event>,
    /// The flags of jobs that may not have ended yet.
    cancels: RefCell<Vec<Arc<AtomicBool>>>,
    /// Hears that the thread has ended: its other end is dropped then.
    ended: Receiver<()>,
}

impl Worker {
    /// Starts it.
    pub fn start(events: &Sender<Event>) -> std::io::Result<Self> {
        let (jobs, todo) = mpsc::channel::<(Job, Teller)>();
        let (alive, ended) = mpsc::channel();
        super::start("worker", events, move || {
            let _alive: Sender<()> = alive;
            while let Ok((job, teller)) = todo.recv() {
                job.run(&teller);
            }
        })?;
        Ok(Self { jobs, events: events.clone(), cancels: RefCell::default(), ended })
    }

    /// Has a job done after those that wait.
    pub fn take(&self, job: Job) {
        let cancel = Arc::new(AtomicBool::new(false));
        let mut cancels = self.cancels.borrow_mut();
        // The teller of a job that has ended has gone with it.
        cancels.retain(|cancel| Arc::strong_count(cancel) > 1);
        cancels.push(Arc::clone(&cancel));
        // A thread that has failed has told so by an event.
        let _ = self.jobs.send((job, Teller::new(self.events.clone(), cancel)));
    }

    /// Wants no more of what is being done, and of what waits: it stops where that does no harm. What comes later is done.
    pub fn cancel(&self) {
        self.cancels.borrow().iter().for_each(|cancel| cancel.store(true, Ordering::Relaxed));
    }

    /// Waits until what is being done has come to a place where it can stop, and stops it there; or until `insists` says
    /// that nobody wants to wait for it: it may wait for something that never comes.
    pub fn finish(self, mut insists: impl FnMut() -> bool) {
        self.cancel();
        drop(self.jobs);
        // Nothing is ever sent: the wait ends when the thread does.
        while self.ended.recv_timeout(BETWEEN) == Err(RecvTimeoutError::Timeout) && !insists() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_insists_does_not_wait_for_what_never_ends() {
        let (jobs, _todo) = mpsc::channel();
        let (_alive, ended) = mpsc::channel();
        let worker = Worker { jobs, events: mpsc::channel().0, cancels: RefCell::default(), ended };
        let cancel = Arc::new(AtomicBool::new(false));
        worker.cancels.borrow_mut().push(Arc::clone(&cancel));
        let mut asked = 0;
        worker.finish(|| {
            asked += 1;
            asked == 2
        });
        assert!(asked == 2 && cancel.load(Ordering::Relaxed), "it was told to stop, and was left");
    }
}
