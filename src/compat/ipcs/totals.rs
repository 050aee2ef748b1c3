//! `ipcs -l` and `ipcs -u`: limits, and what is in use.

use super::page::{Page, Unit};
use crate::kernel::{ipc_info, shmat};

/// Limits of queues.
pub(super) fn queue_limits(page: &mut Page) {
    let Ok(limits) = ipc_info::msg_limits() else { return page.line("unable to fetch message limits") };
    title(page, "Messages Limits");
    page.line(format_args!("max queues system wide = {}", limits.queues));
    bytes(page, "max size of message", limits.message_bytes);
    bytes(page, "default max size of queue", limits.queue_bytes);
}

/// Limits of segments.
pub(super) fn segment_limits(page: &mut Page) {
    let Ok(limits) = ipc_info::shm_limits() else { return page.line("unable to fetch shared memory limits") };
    title(page, "Shared Memory Limits");
    page.line(format_args!("max number of segments = {}", limits.segments));
    let page_size = shmat::page() as u64;
    if page.unit() == Unit::Usual {
        page.line(format_args!("max seg size (kbytes) = {}", limits.largest / 1024));
        page.line(format_args!("max total shared memory (kbytes) = {}", product(limits.pages, page_size / 1024)));
    } else {
        bytes(page, "max seg size", limits.largest);
        bytes(page, "max total shared memory", product(limits.pages, page_size));
    }
    bytes(page, "min seg size", ipc_info::SHMMIN);
}

/// Limits of semaphore sets.
pub(super) fn set_limits(page: &mut Page) {
    let Ok(limits) = ipc_info::sem_limits() else { return page.line("unable to fetch semaphore limits") };
    title(page, "Semaphore Limits");
    page.line(format_args!("max number of arrays = {}", limits.sets));
    page.line(format_args!("max semaphores per array = {}", limits.in_set));
    page.line(format_args!("max semaphores system wide = {}", limits.in_all));
    page.line(format_args!("max ops per semop call = {}", limits.operations));
    page.line(format_args!("semaphore max value = {}", ipc_info::SEMVMX));
}

/// What queues use.
pub(super) fn queue_use(page: &mut Page) {
    let Ok(used) = ipc_info::msg_used() else { return page.line("kernel not configured for message queues") };
    title(page, "Messages Status");
    page.line(format_args!("allocated queues = {}", used.queues));
    page.line(format_args!("used headers = {}", used.messages));
    match page.unit() {
        Unit::Usual => page.line(format_args!("used space = {} bytes", used.bytes)),
        Unit::Bytes | Unit::Human => bytes(page, "used space", u64::try_from(used.bytes).unwrap_or(0)),
    }
}

/// What segments use.
pub(super) fn segment_use(page: &mut Page) {
    let Ok(used) = ipc_info::shm_used() else { return page.line("kernel not configured for shared memory") };
    title(page, "Shared Memory Status");
    page.line(format_args!("segments allocated {}", used.segments));
    page.line(format_args!("pages allocated {}", used.pages));
    page.line(format_args!("pages resident  {}", used.resident));
    page.line(format_args!("pages swapped   {}", used.swapped));
    page.line(format_args!("Swap performance: {} attempts\t {} successes", used.swap_attempts, used.swap_successes));
}

/// What semaphore sets use.
pub(super) fn set_use(page: &mut Page) {
    let Ok(used) = ipc_info::sem_used() else { return page.line("kernel not configured for semaphores") };
    title(page, "Semaphore Status");
    page.line(format_args!("used arrays = {}", used.sets));
    page.line(format_args!("allocated semaphores = {}", used.semaphores));
}

fn title(page: &mut Page, title: &str) {
    page.line(format_args!("------ {title} --------"));
}

/// A size, in bytes or for people; the label says which.
fn bytes(page: &mut Page, label: &str, size: u64) {
    match page.unit() {
        Unit::Human => page.line(format_args!("{label} = {}", page.human(size))),
        Unit::Usual | Unit::Bytes => page.line(format_args!("{label} (bytes) = {size}")),
    }
}

/// `pages` times `each`; what does not fit 64 bits is the largest multiple that does.
fn product(pages: u64, each: u64) -> u64 {
    pages.checked_mul(each).unwrap_or_else(|| u64::MAX - u64::MAX % each.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_clamped() {
        assert_eq!(product(1 << 52, 4096), u64::MAX - 4095);
        assert_eq!(product((1 << 52) - 1, 4096), u64::MAX - 4095);
        assert_eq!(product(1 << 52, 4), 1 << 54);
        assert_eq!(product(u64::MAX, 4), u64::MAX - 3);
        assert_eq!(product(7, 0), 0);
    }
}
