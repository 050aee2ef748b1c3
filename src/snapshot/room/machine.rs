//! What pipes take of a user's share, open files of the machine and of a process, and queued signals of a user.

use super::{by_user, nearest, owned, single, under, unread};
use crate::kernel::{file, rlimits, room};
use crate::model::limit::{
    FILE_MAX, Limit, PIPE_MAX_SIZE, PIPE_PAGES_HARD, PIPE_PAGES_SOFT, RLIMIT_NOFILE, RLIMIT_SIGPENDING,
};
use crate::model::{Body, Of, Top, Usage};
use crate::snapshot::Snapshot;

/// Pages that a new pipe is charged with, and one that is made beyond the soft limit (`PIPE_DEF_BUFFERS`,
/// `PIPE_MIN_DEF_BUFFERS` in `include/linux/pipe_fs_i.h`).
const PAGES: u64 = 16;
const FEW_PAGES: u64 = 2;

const HOW: &str = "reckoned with 16 pages for each pipe and FIFO that the user owns and somebody has open, and 2 beyond \
                   the soft limit; no pipe is asked for its size; root has no limit";

/// What the pipes of users without privilege are charged with.
pub(super) fn pipes(snapshot: &Snapshot) -> [Usage; 3] {
    let soft = room::sysctl("fs.pipe-user-pages-soft").ok().filter(|most| *most > 0);
    let open = owned(&snapshot.objects, |object| match object.body {
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
        let usage = under(limit, |most| Usage { top, note: Some(HOW.to_owned()), ..set(most) });
        let hidden = snapshot.visibility.descriptors_hidden();
        if hidden { usage.seen_in_part("not all processes could be looked into") } else { usage }
    };
    [usage(&PIPE_PAGES_SOFT), usage(&PIPE_PAGES_HARD), single(&PIPE_MAX_SIZE)]
}

/// What so many pipes are charged with: all of their pages until the soft limit is reached, few from then on.
fn pages(pipes: u64, soft: Option<u64>) -> u64 {
    let whole = soft.map_or(pipes, |soft| pipes.min(soft / PAGES));
    whole * PAGES + (pipes - whole) * FEW_PAGES
}

/// Open files of the machine, and what processes may have of descriptors and queued signals.
pub(super) fn files(snapshot: &Snapshot) -> Vec<Usage> {
    let all = match room::files() {
        Ok((used, most)) => Usage::new(&FILE_MAX, used, Some(most)),
        Err(error) => unread(&FILE_MAX, &error),
    };
    [all].into_iter().chain(processes(snapshot)).collect()
}

/// Descriptors of a process and queued signals of a user, by the process that is nearest to its own limit on each; ipcx,
/// which is there only to look, is left out.
fn processes(snapshot: &Snapshot) -> [Usage; 2] {
    let proc = match file::open_directory("/proc") {
        Ok(proc) => proc,
        Err(error) => return [unread(&RLIMIT_NOFILE, &error), unread(&RLIMIT_SIGPENDING, &error)],
    };
    let mut buffer = Vec::new();
    let (mut open, mut queued) = (Vec::new(), Vec::new());
    let own = std::process::id();
    for process in snapshot.processes().filter(|one| !one.kernel && one.is_alive() && one.pid != own) {
        let of = Of::Process(process.pid);
        let number = rlimits::open_descriptors(&proc, process.pid).unwrap_or(0);
        // Who has more than its limit had it lowered, to open nothing any more.
        if number > 0
            && let Ok(limits) = rlimits::read(&proc, process.pid, &mut buffer)
            && limits.descriptors.is_none_or(|limit| number <= limit)
        {
            open.push((of, number, limits.descriptors));
        }
        if let Ok((number, limit)) = rlimits::queued_signals(&proc, process.pid, &mut buffer)
            && limit != Some(0)
        {
            queued.push((of, number, limit));
        }
    }
    let why = "the kernel tells how many descriptors a process has since Linux 6.2";
    // The number is that of the user, whichever process says it.
    let user = |of| match of {
        Some(Of::Process(pid)) => Some(snapshot.process(pid)?.uids?[0]),
        _ => None,
    };
    let signals = nearest(&RLIMIT_SIGPENDING, queued.into_iter()).map(|usage| {
        let top = user(usage.of).zip(usage.used).filter(|(_, used)| *used > 0);
        Usage { of: None, top: top.map(|(uid, used)| Top { uid, used }), ..usage }
    });
    [
        nearest(&RLIMIT_NOFILE, open.into_iter()).unwrap_or_else(|| Usage::unknown(&RLIMIT_NOFILE, why)),
        signals.unwrap_or_else(|| Usage::unknown(&RLIMIT_SIGPENDING, "no process could be asked")),
    ]
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
