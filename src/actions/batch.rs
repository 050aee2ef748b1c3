//! Many actions of one kind, one after the other: what comes next and what became of it is told, and between two of them they
//! can be ended.

use super::Refusal;

/// What is told of one of them. `P` is the plan, `D` what it came to.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a, P, D> {
    /// This is done next; the answer decides.
    Next(&'a P),
    /// It was done.
    Done(&'a P, &'a D),
    /// It was not; says of what.
    Refused(&'a Refusal),
}

/// How far they came.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a, P, D> {
    /// How many are dealt with already, this one not counted: its place among all.
    pub done: usize,
    /// Of how many.
    pub total: usize,
    /// What is told now.
    pub step: Step<'a, P, D>,
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Go {
    /// Go on.
    On,
    /// To [`Step::Next`], after a person was asked: time has passed, so look again before it is done.
    Again,
    /// To [`Step::Next`]: not this one, and go on.
    Skip,
    /// End here: not this one, nor those behind it.
    Stop,
}

/// What became of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Done.
    pub done: usize,
    /// Refused, failed, not found, not confirmed.
    pub refused: usize,
    /// Left, because they were ended before.
    pub left: usize,
}

impl Tally {
    /// What a person is told who ended them: `interrupted: 312 of 4000 removed, 3688 left as they were`.
    pub fn interrupted(&self, done: &str) -> String {
        let total = self.done + self.refused + self.left;
        let refused = if self.refused > 0 { format!("{} refused, ", self.refused) } else { String::new() };
        let they = if self.left == 1 { "it was" } else { "they were" };
        format!("interrupted: {} of {total} {done}, {refused}{} left as {they}", self.done, self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_ended_them_is_told_how_far_they_came() {
        let told = |done, refused, left| Tally { done, refused, left }.interrupted("removed");
        assert_eq!(told(312, 0, 3688), "interrupted: 312 of 4000 removed, 3688 left as they were");
        assert_eq!(told(0, 2, 1), "interrupted: 0 of 3 removed, 2 refused, 1 left as it was");
    }
}
