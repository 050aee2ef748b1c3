//! How near the kernel's limits are: its own counts, and what adds up over the objects and processes that were seen.
//!
//! A limit that cannot be read, or whose use cannot, is told as unknown, and why. What a limit is of a kind that was not
//! looked at is left out. Nothing here takes part in a verdict.

mod machine;
mod posix;
mod sockets;
mod sysv;

use super::{Snapshot, Want};
use crate::kernel::{Error, room};
use crate::model::limit::Limit;
use crate::model::{Object, Of, Top, Usage};
use rustc_hash::FxHashMap;

/// Use against each limit, in the order of [`LIMITS`](crate::model::limit::LIMITS). `posix_queues`: all POSIX queues of
/// this namespace are among the objects.
pub(super) fn read(want: &Want, snapshot: &Snapshot, posix_queues: bool) -> Vec<Usage> {
    let mut all = sysv::read(&snapshot.objects);
    all.extend(posix::read(want, snapshot, posix_queues));
    if want.every_limit {
        all.extend(machine::pipes(snapshot));
        all.extend(sockets::read(snapshot));
        all.extend(machine::files(snapshot));
    }
    all
}

/// Use against a limit that a sysctl sets, or why that cannot be read.
fn under(limit: &'static Limit, usage: impl FnOnce(u64) -> Usage) -> Usage {
    room::sysctl(limit.sysctl.unwrap_or_default()).map_or_else(|error| unread(limit, &error), usage)
}

/// A limit under which nothing adds up.
fn single(limit: &'static Limit) -> Usage {
    under(limit, |most| Usage::only(limit, Some(most)))
}

fn unread(limit: &'static Limit, error: &Error) -> Usage {
    Usage::unknown(limit, error.to_string())
}

/// The user who has most, and how much; of two the one with the smaller number.
fn top(amounts: impl Iterator<Item = (u32, u64)>) -> Option<Top> {
    by_user(amounts).into_iter().map(|(uid, used)| Top { uid, used }).max_by_key(|top| (top.used, !top.uid))
}

/// What each user has, where it is anything.
fn by_user(amounts: impl Iterator<Item = (u32, u64)>) -> FxHashMap<u32, u64> {
    let mut sums = FxHashMap::default();
    for (uid, amount) in amounts.filter(|(_, amount)| *amount > 0) {
        let sum: &mut u64 = sums.entry(uid).or_default();
        *sum = sum.saturating_add(amount);
    }
    sums
}

/// What the owners of objects have of something.
fn owned<'a>(
    objects: &'a [Object],
    amount: impl Fn(&'a Object) -> Option<u64> + 'a,
) -> impl Iterator<Item = (u32, u64)> + 'a {
    objects.iter().filter_map(move |object| Some((object.owner?.uid, amount(object)?)))
}

/// The one of these that is nearest to its own limit, or has most where there is none; of several the first.
fn nearest(limit: &'static Limit, all: impl Iterator<Item = (Of, u64, Option<u64>)>) -> Option<Usage> {
    let usages = all.map(|(of, used, most)| Usage { of: Some(of), ..Usage::new(limit, used, most) });
    let rank = |usage: &Usage| (usage.percent().unwrap_or(-1.0), usage.used);
    usages.reduce(|best, next| if rank(&next) > rank(&best) { next } else { best })
}

/// That of the object which comes nearest to a limit that each may reach; without objects, the limit alone.
fn largest<'a>(
    limit: &'static Limit,
    most: Option<u64>,
    objects: &'a [Object],
    amount: impl Fn(&'a Object) -> Option<u64>,
) -> Usage {
    let amounts = objects.iter().filter_map(|object| Some((Of::Object(object.identity), amount(object)?, most)));
    nearest(limit, amounts).unwrap_or(Usage::only(limit, most))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::model::limit::{MSGMNB, SHMMAX};
    use crate::snapshot::testing;

    #[test]
    fn who_has_most() {
        let of = |amounts: &[(u32, u64)]| top(amounts.iter().copied()).map(|top| (top.uid, top.used));
        assert_eq!(of(&[(7, 1), (8, 2), (7, 2)]), Some((7, 3)));
        assert_eq!(of(&[(8, 2), (7, 2)]), Some((7, 2)), "of two the smaller number");
        assert_eq!(of(&[(7, 0)]), None);
    }

    #[test]
    fn the_nearest_counts_by_its_own_limit() {
        let objects = [testing::queue(1, 1, 1, 100), testing::queue(2, 2, 1, 1), testing::queue(3, 3, 1, 1)];
        let of = |place: usize| Of::Object(objects[place].identity);
        let all = [(of(0), 100, Some(16_384)), (of(1), 9_000, Some(1 << 20)), (of(2), 8_192, Some(16_384))];
        let usage = nearest(&MSGMNB, all.into_iter()).unwrap();
        assert_eq!((usage.of, usage.used, usage.percent()), (Some(of(2)), Some(8_192), Some(50.0)));
        assert_eq!(nearest(&MSGMNB, std::iter::empty()), None);
        let usage = nearest(&MSGMNB, [(of(0), 5, None), (of(1), 6, None)].into_iter()).unwrap();
        assert_eq!(usage.of, Some(of(1)), "without limits the one with most");
    }

    #[test]
    fn without_objects_the_limit_is_told_alone() {
        assert_eq!(largest(&SHMMAX, Some(9), &[], |_| Some(1)), Usage::only(&SHMMAX, Some(9)));
    }
}
