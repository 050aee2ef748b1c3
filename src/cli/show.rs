//! `ipcx show`: everything about objects, or about a process and all IPC that it holds.

use super::Exit;
use super::args::{Format, OutputArgs};
use super::exit::{Usage, complain};
use super::print::to_stdout;
use crate::actions::{Refusal, Target};
use crate::model::{Address, Kinds};
use crate::output::{csv, detail, json};
use crate::query::Row;
use crate::snapshot::{Snapshot, Want, collect};
use clap::Args;
use std::ffi::OsString;
use std::io::{self, Write};

const EXAMPLES: &str = "\
Examples:
  ipcx show queue:32769 shm:0x52e2             a queue by its id, a segment by its key
  ipcx show sem:/lock /run/x.fifo              a POSIX semaphore, and a FIFO by its path
  ipcx show unix:@abstract 'socket:[411972]'   unix sockets by name and by inode, with who is at the other end
  ipcx show pid:812                            all that a process holds, waits on, or has used";

/// Everything about an object, or about a process and all IPC that it holds
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Show {
    #[command(flatten)]
    output: OutputArgs,

    /// kind:which, a path, or pid:N
    #[arg(value_name = "ADDRESS", required = true)]
    addresses: Vec<OsString>,
}

/// What an address turned out to be.
enum Found {
    Objects(Vec<usize>),
    Process(u32, Vec<usize>),
}

impl Show {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        let parsed = self.addresses.iter().map(|word| Address::parse(word).map(Target::Address));
        let targets: Vec<Target> = parsed.collect::<Result<_, _>>().map_err(Usage::error)?;
        let targets: Vec<Target> = targets.into_iter().map(Target::absolute).collect();
        let mut want = Want::everything(Kinds::empty());
        if self.output.numeric {
            (want.users, want.groups) = (false, false);
        }
        for target in &targets {
            target.add_to(&mut want);
        }
        let snapshot = collect(&want)?;
        let mut exit = Exit::Done;
        let mut found = Vec::new();
        for target in &targets {
            match find(&snapshot, target) {
                Ok(one) => found.push(one),
                Err(refusal) => {
                    complain(&refusal);
                    exit = exit.max(Exit::from(&refusal));
                }
            }
        }
        to_stdout(|out| self.write(out, &snapshot, &found))?;
        if self.output.format() != Format::Json {
            for note in &snapshot.visibility.notes {
                complain(&format_args!("note: {note}"));
            }
        }
        Ok(exit)
    }

    fn write(&self, out: &mut dyn Write, snapshot: &Snapshot, found: &[Found]) -> io::Result<()> {
        let places = found.iter().flat_map(|one| match one {
            Found::Objects(places) | Found::Process(_, places) => places,
        });
        let mut places: Vec<usize> = places.copied().collect();
        let rows = |places: &[usize]| places.iter().map(|place| Row::new(snapshot, *place)).collect::<Vec<_>>();
        if self.output.format() == Format::Text {
            for (number, one) in found.iter().enumerate() {
                if number > 0 {
                    writeln!(out)?;
                }
                match one {
                    Found::Objects(places) => {
                        for row in rows(places) {
                            detail::write_object(out, &row, self.output.style())?;
                        }
                    }
                    Found::Process(pid, places) => {
                        if let Some(process) = snapshot.process(*pid) {
                            detail::write_process(out, snapshot, process, &rows(places))?;
                        }
                    }
                }
            }
            return Ok(());
        }
        places.sort_unstable();
        places.dedup();
        let mut rows = rows(&places);
        let pids: Vec<u32> =
            found.iter().filter_map(|one| if let Found::Process(pid, _) = one { Some(*pid) } else { None }).collect();
        match self.output.format() {
            Format::Ndjson => json::write_lines(out, &mut rows),
            Format::Csv => csv::write(out, &crate::query::columns::ALL.iter().collect::<Vec<_>>(), &rows, false),
            _ => json::write_document(out, snapshot, &mut rows, &pids),
        }
    }
}

fn find(snapshot: &Snapshot, target: &Target) -> Result<Found, Refusal> {
    if let Target::Address(Address::Pid(pid)) = target {
        let missing = Refusal::NotFound { what: target.name(), kind: target.noun() };
        snapshot.process(*pid).ok_or(missing)?;
        let has = |place: &usize| snapshot.holders(*place).iter().any(|holder| holder.pid == *pid && holder.alive);
        return Ok(Found::Process(*pid, (0..snapshot.objects.len()).filter(has).collect()));
    }
    // A key or inode may name several objects; all are shown, each by an address of its own.
    match target.find(snapshot) {
        Ok(place) => Ok(Found::Objects(vec![place])),
        Err(Refusal::Ambiguous { .. }) => match target {
            Target::Address(address) => Ok(Found::Objects(snapshot.find(address).collect())),
            _ => Err(Refusal::NotFound { what: target.name(), kind: target.noun() }),
        },
        Err(refusal) => Err(refusal),
    }
}
