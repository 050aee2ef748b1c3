//! What pipes take of a user's share, and open files: of the machine, and of the process that is nearest to its limit.

use super::{by_user, nearest, owned, single, under, unread};
use crate::kernel::{file, rlimits, room};
use crate::model::limit::{FILE_MAX, Limit, PIPE_MAX_SIZE, PIPE_PAGES_HARD, PIPE_PAGES_SOFT, RLIMIT_NOFILE};
use crate::model::{Body, Object, Of, Top, Usage};
use crate::snapshot::Snapshot;

/// Pages that a new pipe is charged with, and one that is made beyond the soft limit (`PIPE_DEF_BUFFERS`,
/// `PIPE_MIN_DEF_BUFFERS` in `include/linux/pipe_fs_i.h`).
const PAGES: u64 = 16;
const FEW_PAGES: u64 = 2;

const HOW: &str = "reckoned with 16 pages for each pipe and FIFO that the user owns and somebody has open, and 2 beyond \
                   the soft limit; no pipe is asked for its size; root has no limit";

/// What the pipes of users without privilege are charged with.
pub(super) fn pipes(objects: &[Object]) -> [Usage; 3] {
    let soft = room::sysctl("fs.pipe-user-pages-soft").ok().filter(|most| *most > 0);
    let open = owned(objects, |object| match object.body {
        Body::Pipe(_) => Some(1),
        Body::Fifo(ends) => (ends.readers + ends.writers > 0).then_some(1),
        _ => None,
    });
    let users = by_user(open.filter(|(uid, _)| *uid != 0)).into_iter();
    let most = users.map(|(uid, pipes)| Top { uid, used: pages(pipes, soft) });
    let top = most.max_by_key(|top| (top.used, !top.uid));
    let used = top.map_or(0, |top| top.used);
    let usage = |limit: &'static Limit| {
        // 0 is no limit.
        let set = |most| Usage::new(limit, used, Some(most).filter(|most| *most > 0));
        under(limit, |most| Usage { top, note: Some(HOW.to_owned()), ..set(most) })
    };
    [usage(&PIPE_PAGES_SOFT), usage(&PIPE_PAGES_HARD), single(&PIPE_MAX_SIZE)]
}

/// What so many pipes are charged with: all of their pages until the soft limit is reached, few from then on.
fn pages(pipes: u64, soft: Option<u64>) -> u64 {
    let whole = soft.map_or(pipes, |soft| pipes.min(soft / PAGES));
    whole * PAGES + (pipes - whole) * FEW_PAGES
}

/// Open files of the machine, and descriptors of the process that is nearest to its own limit.
pub(super) fn files(snapshot: &Snapshot) -> [Usage; 2] {
    let all = match room::files() {
        // The kernel starts with the largest number there is, which means none.
        Ok((used, most)) => Usage::new(&FILE_MAX, used, Some(most).filter(|most| *most < i64::MAX as u64)),
        Err(error) => unread(&FILE_MAX, &error),
    };
    [all, descriptors(snapshot)]
}

fn descriptors(snapshot: &Snapshot) -> Usage {
    let proc = match file::open_directory("/proc") {
        Ok(proc) => proc,
        Err(error) => return unread(&RLIMIT_NOFILE, &error),
    };
    let mut buffer = Vec::new();
    let processes = snapshot.processes().filter(|process| !process.kernel && process.is_alive());
    let all = processes.filter_map(|process| {
        let open = rlimits::open_descriptors(&proc, process.pid).ok().filter(|open| *open > 0)?;
        let limit = rlimits::read(&proc, process.pid, &mut buffer).ok()?.descriptors;
        Some((Of::Process(process.pid), open, limit))
    });
    nearest(&RLIMIT_NOFILE, all).unwrap_or_else(|| {
        Usage::unknown(&RLIMIT_NOFILE, "the kernel tells how many descriptors a process has since Linux 6.2")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_beyond_the_soft_limit_take_less() {
        assert_eq!(pages(3, Some(16_384)), 48);
        assert_eq!(pages(1_024, Some(16_384)), 16_384);
        assert_eq!(pages(1_026, Some(16_384)), 16_388);
        assert_eq!(pages(2_000, None), 32_000);
        assert_eq!(pages(2, Some(1)), 4);
    }
}
