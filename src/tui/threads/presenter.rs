//! Answers questions about pictures. Of several that wait, only the last one matters.

use crate::kernel::threads::step_back;
use crate::tui::event::Event;
use crate::tui::look::Picture;
use crate::tui::present::{Memory, Question, present};
use std::sync::mpsc::{Receiver, Sender};

/// Answers from now on, until nobody asks or listens.
pub fn start(events: &Sender<Event>, questions: Receiver<Box<(Question, Picture)>>) -> std::io::Result<()> {
    let to = events.clone();
    super::start("presenter", events, move || {
        step_back();
        let mut memory = Memory::default();
        // Kept so that the last one to let a picture go, which takes its time, is this thread.
        let mut held = None;
        while let Ok(first) = questions.recv() {
            let last = questions.try_iter().inspect(|asked| memory.learn(&asked.1)).last();
            let (question, picture) = *last.unwrap_or(first);
            let answer = present(&picture, &question, &mut memory);
            if to.send(Event::Presented(Box::new(answer))).is_err() {
                return;
            }
            held = Some(picture);
        }
        drop(held);
    })
}
