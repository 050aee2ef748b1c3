//! What could not be seen, told in the log: each thing once, however often it is looked for.

use super::{App, Severity};

/// So many different sentences about what could not be seen are told.
const MOST_UNSEEN: usize = 50;

impl App {
    /// Writes into the log what could not be seen, once.
    pub(super) fn tell_unseen(&mut self) {
        let Some(full) = self.picture.full.as_ref() else { return };
        for note in &full.snapshot.visibility.notes {
            let kind = without_numbers(note);
            if self.unseen.len() < MOST_UNSEEN && !self.unseen.contains(&kind) {
                self.unseen.push(kind);
                self.log.say(self.now, Severity::Note, note.clone());
            }
        }
    }

    /// Says once that the machine cannot be looked at, however often it is tried.
    pub(super) fn look_failed(&mut self, why: String) {
        if self.log.entries().next_back().is_none_or(|entry| entry.text != why) {
            self.say(Severity::Error, why);
        }
    }
}

/// A sentence without its numbers and what stands in parentheses: how many processes could not be looked into, and which
/// is the first of them, is another thing with every look.
fn without_numbers(sentence: &str) -> String {
    let mut depth = 0_usize;
    let kept = sentence.chars().filter(|c| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && !c.is_ascii_digit()
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::*;
    use crate::snapshot::testing;
    use crate::tui::view::View;

    #[test]
    fn what_the_log_alone_is_told_is_no_answer_to_a_key() {
        let mut app = App::new(Settings::for_tests(View::Queues), (80, 24), testing::NOW);
        app.say(Severity::Error, "queue:5: permission denied");
        app.log.say(testing::NOW, Severity::Note, "2 processes could not be looked into");
        assert_eq!(app.told.map(|entry| entry.text).as_deref(), Some("queue:5: permission denied"));
    }
}
