//! What `lsipc --help` prints.

use super::column::{Column, LIMITS, POSIX, SYSTEM_V};
use super::facility::Facility;
use std::io::{self, Write};

const USAGE: &str = "
Usage:
 lsipc [options]

List objects of inter-process communication, or the limits that apply to them.

What to list (limits of System V IPC unless told otherwise):
 -m, --shmems             System V shared memory segments
 -q, --queues             System V message queues
 -s, --semaphores         System V semaphore sets
 -M, --posix-shmems       POSIX shared memory segments
 -Q, --posix-mqueues      POSIX message queues
 -S, --posix-semaphores   POSIX semaphores
 -g, --global             limits and their use; of one kind with -m, -q, -s, -Q
 -i, --id <id>            all about the System V object with this id
 -N, --name <name>        all about the POSIX object with this name

How to write it:
 -e, --export             NAME=\"value\" pairs, one line for each object
 -J, --json               JSON
 -l, --list               a table, also of one object
 -n, --newline            NAME=\"value\" pairs, one line for each
 -r, --raw                words, blanks in them escaped
     --noheadings         without a line of headings
     --notruncate         command lines whole, also on a terminal
 -y, --shell              column names that a shell takes for those of variables

Columns and values:
 -o, --output <list>      these columns; +<list> adds them to the usual ones
 -c, --creator            creator and owner too
 -t, --time               times of use and change too
     --time-format <how>  short, full or iso
 -b, --bytes              sizes in bytes
 -P, --numeric-perms      permissions in octal

 -h, --help               print this and exit
 -V, --version            print the version and exit
";

/// Writes it.
pub(super) fn write(out: &mut impl Write) -> io::Result<()> {
    out.write_all(USAGE.as_bytes())?;
    let mut section = |heading: &str, columns: &[Column]| {
        writeln!(out, "\n{heading}:")?;
        columns.iter().try_for_each(|column| writeln!(out, "{:>15}  {}", column.name(), column.help()))
    };
    section("Columns of every System V object", SYSTEM_V)?;
    section("Columns of every POSIX object", POSIX)?;
    section("Columns of shared memory segments (--shmems; SIZE also --posix-shmems)", Facility::Shm.own())?;
    section("Columns of message queues (--queues; the first two also --posix-mqueues)", Facility::Queue.own())?;
    section("Columns of semaphore sets (--semaphores)", Facility::Sem.own())?;
    section("Columns of POSIX semaphores (--posix-semaphores)", Facility::PosixSem.own())?;
    section("Columns of limits (--global)", LIMITS)?;
    writeln!(out, "\nMore in ipcx-ipcs(1) and ipcx-ls(1).")
}
