//! How an object's one number went over the last minutes, as bars. Time runs evenly from left to right, whenever the looks
//! were taken; the lowest bar is the least value that was seen, the highest the greatest, and the caption names both.

use super::memory::Sample;
use crate::model::{Body, Object};
use crate::query::{Cell, Style};

/// The samples of one object, and what they count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// What is counted, in words.
    pub what: &'static str,
    /// It is counted in bytes.
    pub bytes: bool,
    /// The samples, the oldest first.
    pub samples: Vec<Sample>,
}

/// The parts of a character's height that can be filled.
const BARS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

impl History {
    /// That of an object. Its number is the one that the memory takes samples of.
    pub fn of(object: &Object, samples: Vec<Sample>) -> Self {
        let (what, bytes) = match &object.body {
            Body::Queue(_) => ("messages", false),
            Body::Shm(shm) if shm.resident.is_some() => ("in memory", true),
            Body::Shm(shm) if shm.allocated.is_some() => ("allocated", true),
            Body::Shm(_) => ("size", true),
            Body::Memfd(_) => ("allocated", true),
            Body::Semaphore(_) => ("sum of values", false),
            Body::Pipe(_) | Body::Fifo(_) => ("open ends", false),
            Body::Socket(_) => ("to be read", true),
        };
        Self { what, bytes, samples }
    }

    /// The least and the greatest value; `None` as long as there are no two samples to compare.
    fn range(&self) -> Option<(u64, u64)> {
        let values = || self.samples.iter().map(|sample| sample.value);
        let range = values().min().zip(values().max());
        range.filter(|_| self.samples.len() > 1)
    }

    /// Seconds from the first sample to the last.
    fn span(&self) -> i64 {
        let ends = self.samples.first().zip(self.samples.last());
        ends.map_or(0, |(first, last)| (last.at - first.at).max(0) / 1000)
    }

    /// What the bars show: `messages, last 4 min, 0–12`. Empty as long as they show nothing.
    pub fn caption(&self) -> String {
        let Some((least, most)) = self.range() else { return String::new() };
        let number = |value: u64| {
            let mut text = String::new();
            let cell = if self.bytes { Cell::Size(value) } else { Cell::Number(value.into()) };
            cell.print(&mut text, Style::default());
            text
        };
        let span = match self.span() {
            seconds @ 0..90 => format!("{seconds} s"),
            seconds => format!("{} min", (seconds + 30) / 60),
        };
        let range = if least == most {
            format!("always {}", number(least))
        } else {
            format!("{}–{}", number(least), number(most))
        };
        format!("{}, last {span}, {range}", self.what)
    }

    /// The bars, at most so many columns wide and so many lines high, the highest line first. Nothing as long as there
    /// are no two samples.
    pub fn bars(&self, width: usize, lines: usize) -> Vec<String> {
        let Some((least, most)) = self.range().filter(|_| width > 0) else { return Vec::new() };
        // What never changed has no height that one line could not show.
        let lines = if least == most { lines.min(1) } else { lines };
        let steps = lines * 8;
        let level = |value: u64| match most - least {
            // Flat: on the ground if it is nothing, otherwise half way up, since there is nothing to compare it with.
            0 if value == 0 => 1,
            0 => steps / 2,
            range => 1 + (u128::from(value - least) * (steps as u128 - 1) / u128::from(range)) as usize,
        };
        let levels: Vec<usize> = self.columns(width).into_iter().map(level).collect();
        let line = |below: usize| levels.iter().map(|level| BARS[level.saturating_sub(below * 8).min(8)]).collect();
        (0..lines).rev().map(line).collect()
    }

    /// One value for each column: the greatest of its share of the time, or where no look was taken in it the one before.
    fn columns(&self, width: usize) -> Vec<u64> {
        let Some((first, last)) = self.samples.first().zip(self.samples.last()) else { return Vec::new() };
        let count = width.min(self.samples.len());
        let span = (last.at - first.at).max(0) as u128 + 1;
        let mut columns = vec![None; count];
        for sample in &self.samples {
            let at = (sample.at - first.at).max(0) as u128 * count as u128 / span;
            let column: &mut Option<u64> = &mut columns[(at as usize).min(count - 1)];
            *column = (*column).max(Some(sample.value));
        }
        let mut before = first.value;
        let stood = |column: Option<u64>| {
            before = column.unwrap_or(before);
            before
        };
        columns.into_iter().map(stood).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(samples: &[(i64, u64)]) -> History {
        let samples = samples.iter().map(|(seconds, value)| Sample { at: seconds * 1000, value: *value });
        History { what: "messages", bytes: false, samples: samples.collect() }
    }

    #[test]
    fn a_rise_climbs_from_the_least_to_the_greatest() {
        let rise = history(&[(0, 5), (2, 6), (4, 7), (6, 8), (8, 9), (10, 10), (12, 11), (14, 12)]);
        assert_eq!(rise.bars(20, 1), ["▁▂▃▄▅▆▇█"]);
        assert_eq!(rise.bars(20, 2), ["    ▁▃▅█", "▁▃▅▇████"]);
        assert_eq!(rise.caption(), "messages, last 14 s, 5–12");
        assert_eq!(rise.bars(4, 1), ["▂▄▆█"], "each column is the greatest of its share");
        assert_eq!(rise.bars(1, 1), ["█"]);
        assert!(rise.bars(0, 1).is_empty());
    }

    #[test]
    fn what_does_not_change_is_flat() {
        assert_eq!(history(&[(0, 3), (240, 3), (250, 3)]).bars(9, 1), ["▄▄▄"]);
        assert_eq!(history(&[(0, 3), (240, 3)]).caption(), "messages, last 4 min, always 3");
        assert_eq!(history(&[(0, 0), (2, 0)]).bars(9, 1), ["▁▁"]);
        assert_eq!(history(&[(0, u64::MAX), (2, 0)]).bars(9, 2), ["█ ", "█▁"]);
    }

    #[test]
    fn time_runs_evenly_whenever_the_looks_were_taken() {
        // Three looks in three seconds, then none for a long time: the last value stood all the while, as far as is known.
        assert_eq!(history(&[(0, 0), (1, 8), (2, 4), (30, 0)]).bars(9, 1), ["███▁"]);
    }

    #[test]
    fn one_sample_tells_nothing_of_time_and_a_clock_may_be_set_back() {
        assert!(history(&[(0, 3)]).bars(9, 1).is_empty() && history(&[(0, 3)]).caption().is_empty());
        assert!(history(&[]).bars(9, 1).is_empty());
        let back = history(&[(100, 1), (50, 2)]);
        assert_eq!((back.bars(9, 1).len(), back.caption()), (1, "messages, last 0 s, 1–2".to_owned()));
    }
}
