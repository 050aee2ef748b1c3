//! `ipcs -i`: all about one object.

use super::page::{Page, Unit};
use crate::compat::{Stop, lists};
use crate::kernel::sysvipc::Perm;
use crate::kernel::{msgctl, semctl};

/// A queue; says whether there is one with this id.
pub(super) fn queue(page: &mut Page, id: i32) -> bool {
    let Some(line) = lists::queue(id) else { return false };
    // The table lacks the limit. Asked so that no read permission is needed; util-linux shows 0 without it.
    let limit = msgctl::stat(id).map_or(0, |stat| stat.limit_bytes);
    page.line("");
    page.line(format_args!("Message Queue msqid={id}"));
    page.line(format_args!("{}\tmode={}", ids(&line.perm, "\t"), octal(line.perm.mode)));
    let prefix = if page.unit() == Unit::Human { "size" } else { "bytes" };
    let (bytes, limit) = (amount(page, line.bytes), amount(page, limit));
    page.line(format_args!(
        "c{prefix}={bytes}\tq{prefix}={limit}\tqnum={}\tlspid={}\tlrpid={}",
        line.messages, line.last_sender, line.last_receiver
    ));
    page.time_line("send_time=", line.sent);
    page.time_line("rcv_time=", line.received);
    page.time_line("change_time=", line.changed);
    page.line("");
    true
}

/// A segment; likewise.
pub(super) fn segment(page: &mut Page, id: i32) -> bool {
    let Some(line) = lists::segment(id) else { return false };
    page.line("");
    page.line(format_args!("Shared memory Segment shmid={id}"));
    page.line(ids(&line.perm, "\t"));
    let mode = line.perm.mode;
    page.line(format_args!("mode={}\taccess_perms={}", octal(mode), octal(mode & 0o777)));
    let label = if page.unit() == Unit::Human { "size" } else { "bytes" };
    let size = amount(page, line.size);
    page.line(format_args!(
        "{label}={size}\tlpid={}\tcpid={}\tnattch={}",
        line.last_pid, line.creator_pid, line.attaches
    ));
    page.time_line("att_time=", line.attached);
    page.time_line("det_time=", line.detached);
    page.set_time_line("change_time=", line.changed);
    page.line("");
    true
}

/// A semaphore set; likewise. Errors: without read permission on it.
pub(super) fn set(page: &mut Page, id: i32) -> Result<bool, Stop> {
    let Some(line) = lists::set(id) else { return Ok(false) };
    let semaphores = match semctl::read_values(id, line.count) {
        Ok(semaphores) => semaphores,
        // Removed since it was in the table.
        Err(error) if error.is_absent() => return Ok(false),
        Err(error) => return Err(Stop::because(format!("semctl(GETVAL) failed: {}", error.in_c()))),
    };
    page.line("");
    page.line(format_args!("Semaphore Array semid={id}"));
    page.line(ids(&line.perm, "\t "));
    let mode = line.perm.mode;
    page.line(format_args!("mode={}, access_perms={}", octal(mode), octal(mode & 0o777)));
    page.line(format_args!("nsems = {}", line.count));
    page.time_line("otime = ", line.operated);
    page.set_time_line("ctime = ", line.changed);
    for name in ["semnum", "value", "ncount", "zcount", "pid"] {
        page.cell(name, 10);
    }
    page.end();
    for (number, semaphore) in semaphores.iter().enumerate() {
        page.cell(number, 10);
        page.cell(semaphore.value, 10);
        page.cell(semaphore.waiting_increase, 10);
        page.cell(semaphore.waiting_zero.unwrap_or_default(), 10);
        page.cell(semaphore.last_pid.unwrap_or_default(), 10);
        page.end();
    }
    page.line("");
    Ok(true)
}

fn ids(perm: &Perm, between: &str) -> String {
    let gid = |ids: crate::model::Ids| ids.gid.unwrap_or_default();
    let (owner, creator) = (perm.owner, perm.creator);
    format!("uid={}{between}gid={}{between}cuid={}{between}cgid={}", owner.uid, gid(owner), creator.uid, gid(creator))
}

/// As `%#o` writes it.
fn octal(mode: u32) -> String {
    if mode == 0 { "0".to_owned() } else { format!("0{mode:o}") }
}

fn amount(page: &Page, bytes: u64) -> String {
    if page.unit() == Unit::Human { page.human(bytes) } else { bytes.to_string() }
}
