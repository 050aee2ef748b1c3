//! Waits for children, and for files that are being opened.

use super::files::likely;
use super::words::{Words, list};
use super::{Told, World};
use crate::model::escape;
use crate::snapshot::waits::{Look, Thread};

/// `wait4`, `waitid`: the children that it could be about. A debugger waits for those that it traces too, so that others may
/// exist.
pub(super) fn child(words: Words<'_>, thread: &Thread, which: Option<i64>) -> Told {
    let Some(which) = which else {
        return Told::open(None, "it waits for the end of a process that cannot be seen from here, or that has ended");
    };
    let meant: Vec<u32> = match u32::try_from(which) {
        Ok(pid @ 1..) => vec![pid],
        _ => words.children(thread.pid).to_vec(),
    };
    let objects: Vec<String> = meant.iter().map(|pid| format!("pid:{pid}")).collect();
    let mut told = Told { objects, ..Told::open(None, "it waits for a child to end") };
    if meant.is_empty() {
        told.text.push_str(", and none could be seen");
        return told;
    }
    // 0 is its own process group. Which group the children are of is not looked up.
    let group = match which {
        0 => " that is of its process group".to_owned(),
        ..=-2 => format!(" that is of process group {} of its PID namespace", which.unsigned_abs()),
        _ => String::new(),
    };
    if !group.is_empty() {
        told.text = format!("it waits for the end of any child{group}; its children are {}", list(words, &meant));
        told.wakers = words.wakers(thread, &meant, "has to end, if it is of that group", false);
        told.edges = likely(&told, &meant);
        return told;
    }
    told.text = match which {
        -1 if meant.len() > 1 => format!("it waits for the end of any child: {}", list(words, &meant)),
        _ => format!("it waits for the end of {}", list(words, &meant)),
    };
    if let [only] = &meant[..]
        && let Some(child) = words.waits.process(*only)
    {
        match &child.look {
            Look::Waits(wait) => told.text = format!("{}, which sleeps in {}", told.text, wait.call),
            Look::Runs => told.text.push_str(", which runs"),
            _ => {}
        }
    }
    told.wakers = words.wakers(thread, &meant, "has to end", true);
    told.edges = likely(&told, &meant);
    // The shell that waits for the command that looks.
    told.surely = meant.contains(&words.waits.own);
    told
}

/// `vfork`, and the like: the parent sleeps as long as its child borrows its memory.
pub(super) fn vfork(words: Words<'_>, thread: &Thread) -> Told {
    let children = words.children(thread.pid);
    let objects = children.iter().map(|pid| format!("pid:{pid}")).collect();
    let mut told = Told {
        objects,
        ..Told::open(None, "it waits for the child of a vfork to run a program or to end, and cannot be interrupted")
    };
    told.wakers = words.wakers(thread, children, "borrows its memory, if it is the child", false);
    told.edges = likely(&told, children);
    if children.is_empty() {
        told.edges.world = World::Open;
    }
    told
}

/// A file that is no FIFO.
pub(super) fn open(path: Option<&[u8]>, there: bool) -> Told {
    match path {
        Some(path) if !there => Told::open(
            None,
            format!(
                "it opens {}, which was removed meanwhile; if that was a FIFO, nobody finds its other end by this path",
                escape(path)
            ),
        ),
        Some(path) => {
            Told::open(None, format!("it opens {}: it waits for a file system, a device or a lease", escape(path)))
        }
        None => Told::open(None, "it opens a file whose path could not be read"),
    }
}
