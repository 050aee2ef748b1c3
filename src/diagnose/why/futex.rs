//! Waits on futexes: mutexes, condition variables, semaphores, joins of threads (`man 2 futex`, `man 7 futex`).
//!
//! A priority-inheriting one holds its owner's thread id, which the kernel defines. Of any other the kernel knows only the
//! address: who owns a mutex is written where the C library (glibc, on 64-bit machines) keeps it, eight bytes behind the word,
//! and is called a guess.

use super::words::{Words, have};
use super::{Edges, Group, Told, World};
use crate::model::escape;
use crate::snapshot::waits::{Futex, Look, On, Thread};

/// `FUTEX_TID_MASK`, `linux/futex.h`.
const TID: u32 = 0x3fff_ffff;
/// `FUTEX_OWNER_DIED`.
const OWNER_DIED: u32 = 0x4000_0000;

pub(super) fn explain(words: Words<'_>, thread: &Thread, futex: &Futex) -> Told {
    let address = address(futex);
    let mut told = Told::open(Some(address.clone()), String::new());
    if futex.is_pi() {
        owned(words, futex, &mut told);
        return told;
    }
    if joins(words, thread, futex, &mut told) || mutex(words, thread, futex, &mut told) {
        return told;
    }
    let what = match semaphore(futex) {
        Some(name) => format!("it waits for {name}, which is at 0, to be posted"),
        None => format!("it waits on a futex at {address} (a condition variable, a semaphore, or another lock)"),
    };
    if let Some(shared) = &futex.shared {
        let pids = words.waits.mappers.get(&(shared.device, shared.inode)).cloned().unwrap_or_default();
        told.wakers = words.wakers(thread, &pids, "has its memory mapped", false);
        told.text = match told.wakers.len() {
            0 => format!("{what}; no other process has that memory mapped now"),
            _ => format!("{what}; {} that memory mapped", have(words, &pids)),
        };
        if !told.wakers.is_empty() && wait_for_it(words, futex, &pids) {
            told.held_up = true;
            told.text.push_str("; all of them wait for it");
        }
        return told;
    }
    within(words, thread, &what, &mut told);
    told
}

/// `futex:PATH+OFFSET`, or the address in the process where no file is behind it.
fn address(futex: &Futex) -> String {
    match &futex.shared {
        Some(shared) => {
            let path = shared.path.strip_suffix(b" (deleted)").unwrap_or(&shared.path);
            format!("futex:{}+{}", escape(path), shared.offset)
        }
        None => format!("futex:0x{:x}", futex.address),
    }
}

/// The POSIX semaphore that a futex is in, escaped, by where `sem_open` keeps it (`man 7 sem_overview`): its value is the first
/// word of the file. Who made it has it by a name that it had for a moment only, and which says nothing.
fn semaphore(futex: &Futex) -> Option<String> {
    let shared = futex.shared.as_ref().filter(|shared| shared.offset == 0)?;
    let name = shared.path.strip_prefix(b"/dev/shm/sem.".as_slice())?;
    let at_zero = futex.words.is_some_and(|words| words[0] == 0);
    let what = if name.ends_with(b" (deleted)") {
        "a POSIX semaphore".to_owned()
    } else {
        format!("the POSIX semaphore sem:/{}", escape(name))
    };
    at_zero.then_some(what)
}

/// Whether all who have a futex do nothing but wait for it themselves, without a time limit: none of them will wake another.
fn wait_for_it(words: Words<'_>, futex: &Futex, pids: &[u32]) -> bool {
    let same = |other: &Thread| {
        let waits_for = |on: &On| matches!(on, On::Futex(theirs) if is_same(theirs, futex));
        !other.is_stopped() && other.wait().is_some_and(|wait| !wait.timed && waits_for(&wait.on))
    };
    pids.iter().filter(|pid| **pid != words.waits.own).all(|pid| {
        let mut living = words.waits.threads_of(*pid).iter().filter(|thread| thread.look != Look::Ended).peekable();
        living.peek().is_some() && living.all(same)
    })
}

fn is_same(one: &Futex, other: &Futex) -> bool {
    match (&one.shared, &other.shared) {
        (Some(one), Some(other)) => (one.device, one.inode, one.offset) == (other.device, other.inode, other.offset),
        _ => false,
    }
}

/// Only threads of the same process can wake it.
fn within(words: Words<'_>, thread: &Thread, what: &str, told: &mut Told) {
    let others = words.waits.living(thread.pid).saturating_sub(1);
    let object = told.objects.first().cloned().unwrap_or_default();
    told.wakers = words.wakers(thread, &[thread.pid], "has other threads", true);
    told.text = match others {
        0 => format!("{what}; it is private to the process, which has no other thread"),
        1 => format!("{what}; it is private to the process, which has 1 other thread"),
        _ => format!("{what}; it is private to the process, which has {others} other threads"),
    };
    let sharers = words.waits.sharers.get(&thread.pid).map_or(&[][..], Vec::as_slice);
    if !sharers.is_empty() {
        told.text = format!("{}; {} the same memory", told.text, have(words, sharers));
        told.wakers.extend(words.wakers(thread, sharers, "has the same memory", true));
    }
    let members = std::iter::once(&thread.pid).chain(sharers).map(|pid| (*pid, None)).collect();
    told.edges = Edges { world: World::Closed, groups: vec![Group { object, members }] };
}

/// A priority-inheriting lock.
fn owned(words: Words<'_>, futex: &Futex, told: &mut Told) {
    let address = told.objects.first().cloned().unwrap_or_default();
    let Some([word, ..]) = futex.words else {
        told.text = format!("it waits for the lock at {address}, whose word could not be read");
        return;
    };
    if word & OWNER_DIED != 0 {
        told.text = format!("it waits for the lock at {address}, whose owner has died");
        return;
    }
    let tid = word & TID;
    if !futex.own_pids {
        told.text = format!("thread {tid} of its PID namespace has the lock at {address}");
        return;
    }
    let Some(owner) = words.waits.thread(tid) else {
        told.text = format!("thread {tid}, which has the lock at {address}, is gone or cannot be seen");
        return;
    };
    told.text = format!("thread {tid} of {} has the lock at {address}", words.who(owner.pid));
    told.wakers.extend(words.waker(owner.pid, Some(tid), "has the lock (as the kernel records it)", true));
    let group = Group { object: address, members: vec![(owner.pid, Some(tid))].into() };
    told.edges = Edges { world: World::Closed, groups: vec![group] };
}

/// `pthread_join`: the word is the thread's id until the kernel clears it at its end.
fn joins(words: Words<'_>, thread: &Thread, futex: &Futex, told: &mut Told) -> bool {
    let tid = futex.value;
    let here = words.waits.threads_of(thread.pid).iter().any(|other| other.tid() == tid);
    let is_id = futex.own_pids && here && futex.words.is_some_and(|words| words[0] == tid) && tid != thread.tid();
    if !is_id {
        return false;
    }
    told.text = format!("it waits for the end of thread {tid} of its process (pthread_join, as it seems)");
    told.wakers.extend(words.waker(thread.pid, Some(tid), "has to end", false));
    let object = told.objects.first().cloned().unwrap_or_default();
    let members = vec![(thread.pid, Some(tid))].into();
    told.edges = Edges { world: World::Likely, groups: vec![Group { object, members }] };
    true
}

/// A mutex of the C library: 2 is "taken, and somebody waits", and its owner is at +8. A robust one has the owner's id in the
/// word itself, with the highest bit for those who wait.
fn mutex(words: Words<'_>, thread: &Thread, futex: &Futex, told: &mut Told) -> bool {
    const WAITERS: u32 = 0x8000_0000;
    let Some([word, _, behind]) = futex.words else { return false };
    let robust = futex.value & WAITERS != 0 && word & WAITERS != 0;
    let owner = match (robust, futex.value == 2 && word == 2) {
        (true, _) => word & TID,
        (false, true) => behind,
        _ => return false,
    };
    // A semaphore whose count happens to look like it has no thread's id there.
    if owner == 0 || owner > 4_194_304 || !matches!(futex.operation, 0 | 9) {
        return false;
    }
    let address = told.objects.first().cloned().unwrap_or_default();
    let guess = "by where the C library keeps it, a guess";
    if !futex.own_pids {
        told.text = format!("the mutex at {address} is owned by thread {owner} of its PID namespace ({guess})");
        return true;
    }
    match words.waits.thread(owner).filter(|owner| !owner.task.is_ending()) {
        None => {
            let hiding = &words.waits.hiding;
            let gone = if hiding.processes || hiding.nested_since.is_some() && futex.shared.is_some() {
                "is gone, or cannot be seen from here"
            } else {
                "is gone: nobody is left to unlock it"
            };
            told.text = format!("the owner of the mutex at {address}, thread {owner} ({guess}), {gone}");
        }
        // Somebody else who happens to have that number, or another namespace's.
        Some(found) if !may_own(words, thread, futex, found.pid) => return false,
        Some(found) => {
            let itself = if owner == thread.tid() { ", which is the waiting thread itself" } else { "" };
            told.text =
                format!("thread {owner} of {} owns the mutex at {address} ({guess}){itself}", words.who(found.pid));
            if itself.is_empty() {
                told.wakers.extend(words.waker(found.pid, Some(owner), "owns the mutex (a guess)", false));
            }
            let members = vec![(found.pid, Some(owner))].into();
            told.edges = Edges { world: World::Likely, groups: vec![Group { object: address, members }] };
        }
    }
    true
}

/// Whether a process has the memory that a futex is in.
fn may_own(words: Words<'_>, thread: &Thread, futex: &Futex, pid: u32) -> bool {
    match &futex.shared {
        None => pid == thread.pid,
        Some(shared) => {
            let mappers = words.waits.mappers.get(&(shared.device, shared.inode));
            mappers.is_some_and(|pids| pids.contains(&pid))
        }
    }
}
