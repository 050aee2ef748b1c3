//! Does jobs, one after the other. What it has begun is ended in good order, also when the program leaves: see
//! [`Worker::finish`].

use crate::tui::event::Event;
use crate::tui::jobs::{Job, Teller};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};

/// The other end of the thread.
#[derive(Debug)]
pub struct Worker {
    jobs: Sender<Job>,
    cancel: Arc<AtomicBool>,
    /// Hears that the thread has ended: its other end is dropped then.
    ended: Receiver<()>,
}

impl Worker {
    /// Starts it.
    pub fn start(events: &Sender<Event>) -> std::io::Result<Self> {
        let (jobs, todo) = mpsc::channel::<Job>();
        let (alive, ended) = mpsc::channel();
        let cancel = Arc::new(AtomicBool::new(false));
        let teller = Teller::new(events.clone(), Arc::clone(&cancel));
        super::start("worker", events, move || {
            let _alive: Sender<()> = alive;
            while let Ok(job) = todo.recv() {
                job.run(&teller);
            }
        })?;
        Ok(Self { jobs, cancel, ended })
    }

    /// Has a job done after those that wait.
    pub fn take(&self, job: Job) {
        self.cancel.store(false, Ordering::Relaxed);
        // A thread that has failed has told so by an event.
        let _ = self.jobs.send(job);
    }

    /// Wants no more of what is being done: it stops where that does no harm.
    pub fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }

    /// Waits until what is being done has come to a place where it can stop, and stops it there.
    pub fn finish(self) {
        self.cancel();
        drop(self.jobs);
        // Nothing is ever sent: the wait ends when the thread does.
        let _ = self.ended.recv();
    }
}
