//! `ipcx clean`: remove what `ipcx leaks` calls leaked, after one question; with a backup, one by one, and of each it is
//! looked right before whether it still is.

use super::exit::{Exit, complain};
use super::leaks::{Search, Sought, is_end, show};
use super::many::Many;
use super::print::say;
use super::{ask, keeping};
use crate::actions::{Backups, Go, Plan, Policy, Refusal, Step, Tally, Target, plan_removals_in, remove_all};
use crate::config::Backup;
use crate::query::Row;
use clap::Args;
use std::collections::HashSet;
use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
Examples:
  ipcx clean                        show what is leaked, ask, and remove it
  ipcx clean -n                     only say what would be removed
  ipcx clean --yes user:alice       without a question, of one user
  ipcx clean -m --older-than 1d     segments that nothing has touched for a day
  ipcx undo                         bring it all back";

/// Longest time between a look at the objects and the removal of one of them.
const FRESH: Duration = Duration::from_secs(1);
/// So many are planned with one look.
const AT_ONCE: usize = 512;

/// Remove what is leaked, with a way back
///
/// Takes what `ipcx leaks` with the same filter lists as leaked, shows it, asks once, and removes it with a backup as `ipcx
/// rm` does. What has come into use since it was shown, or is another object by now, stays and is named. Suspects are taken
/// only on request: a program that left no trace may still want them.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Clean {
    #[command(flatten)]
    sought: Sought,

    /// Remove suspects, too
    #[arg(long)]
    suspects: bool,
    /// Do not ask
    ///
    /// Where there is no terminal to ask on, nothing is removed without it.
    #[arg(short, long)]
    yes: bool,
    /// Only say what would be removed, and what would be refused and why
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Keep no backup: there is no way back
    #[arg(long)]
    no_backup: bool,
}

impl Clean {
    pub(super) fn run(&self, read_only: bool, limits: Backup) -> anyhow::Result<Exit> {
        let search = self.sought.checked()?;
        let policy = Policy { read_only, force: false };
        let snapshot = search.look()?;
        let mut rows = search.found(&snapshot, self.suspects);
        search.lasting(&mut rows)?;
        let all = rows.len();
        rows.retain(|row| !is_end(row.object()));
        search.tell_unseen(&snapshot);
        match all - rows.len() {
            0 => {}
            1 => complain(
                &"note: one pipe or socket has nothing to remove: it goes when the process that has it closes it or ends",
            ),
            ends => complain(&format_args!(
                "note: {ends} pipes and sockets have nothing to remove: they go when the processes that have them close \
                 them or end"
            )),
        }
        if rows.is_empty() {
            say(&search.nothing(&snapshot, self.suspects))?;
            search.tell_paths();
            return Ok(Exit::Done);
        }
        let targets: Vec<Target> = rows.iter().map(|row| Target::object(&snapshot, row.place)).collect();
        if self.dry_run {
            let plans = plan_removals_in(&snapshot, &targets, &|_| Ok(()));
            return forecast(plans, policy, !self.no_backup);
        }
        if let Err(refusal) = policy.permit(&format!("{} objects", targets.len())) {
            complain(&refusal);
            return Ok(Exit::from(&refusal));
        }
        show(&snapshot, &mut rows)?;
        if !self.agreed(targets.len()) {
            return Ok(Exit::Refused);
        }
        drop(rows);
        drop(snapshot);
        self.remove(&search, targets, policy, limits)
    }

    /// Whether the person agrees; says so if not.
    fn agreed(&self, count: usize) -> bool {
        if self.yes {
            return true;
        }
        if !io::stdin().is_terminal() {
            complain(&"nothing was done: there is no terminal to ask on; --yes removes them without a question");
            return false;
        }
        let these = if count == 1 { "this object" } else { "these objects" };
        let back = if self.no_backup { "; this cannot be undone" } else { "" };
        let agreed = ask::confirmed(&format!("remove {these} ({count}){back}?"));
        if !agreed {
            complain(&"nothing was done: not confirmed");
        }
        agreed
    }

    fn remove(
        &self,
        search: &Search,
        mut targets: Vec<Target>,
        policy: Policy,
        limits: Backup,
    ) -> anyhow::Result<Exit> {
        let store = (!self.no_backup).then(|| keeping::open(limits).map_err(|error| format!("{error:#}")));
        let backups = match &store {
            None => Backups::No,
            Some(Ok(store)) => Backups::In(store),
            Some(Err(why)) => Backups::Nowhere(why),
        };
        let total = targets.len();
        let mut many = Many::begin(true)?;
        let mut tally = Tally::default();
        loop {
            let rest = targets.split_off(targets.len().min(AT_ONCE));
            let looked = Instant::now();
            let plans = still_found(search, &targets, self.suspects)?;
            let planned: Vec<Target> = plans.iter().map(|(target, _)| target.clone()).collect();
            let mut ended = false;
            let round = remove_all(plans, policy, backups, &mut |progress| match progress.step {
                // One at least, or there would be no end to looking.
                Step::Next(_) if progress.done > 0 && looked.elapsed() > FRESH => Go::Stop,
                Step::Next(_) => {
                    let before = tally.done + tally.refused + progress.done;
                    ended = !many.next(|| format!("removing {} of {total}…", before + 1));
                    if ended { Go::Stop } else { Go::On }
                }
                Step::Done(removal, outcome) => {
                    many.removed(removal, outcome);
                    Go::On
                }
                Step::Refused(refusal) => {
                    many.refused("", refusal);
                    Go::On
                }
            });
            tally.done += round.done;
            tally.refused += round.refused;
            targets = planned[planned.len() - round.left..].iter().cloned().chain(rest).collect();
            if ended || targets.is_empty() {
                break;
            }
        }
        tally.left = targets.len();
        if total > 1 {
            let back = if tally.done > 1 && !self.no_backup { "; `ipcx undo` brings back all of it" } else { "" };
            many.done(&format!("{} of {total} removed{back}", tally.done));
        }
        Ok(many.finish(&tally, "removed"))
    }
}

/// Plans against a new picture. What `leaks` would not list any more is left alone, and with it what only looks the same.
fn still_found(search: &Search, targets: &[Target], suspects: bool) -> anyhow::Result<Vec<Plan>> {
    let snapshot = search.look()?;
    let found: HashSet<usize> = search.found(&snapshot, suspects).iter().map(|row| row.place).collect();
    let still = |place: usize| {
        if found.contains(&place) {
            return Ok(());
        }
        let row = Row::new(&snapshot, place);
        let verdict = row.verdict();
        let why = format!("left as it is: it is {} by now: {}", verdict.state.name(), verdict.reasons.join("; "));
        Err(Refusal::Unsafe { what: snapshot.address(place).to_string(), why })
    };
    Ok(plan_removals_in(&snapshot, targets, &still))
}

/// Only says what would happen.
fn forecast(plans: Vec<Plan>, policy: Policy, keeps: bool) -> anyhow::Result<Exit> {
    let mut many = Many::begin(false)?;
    for (_, plan) in plans {
        match plan.and_then(|removal| removal.check(policy).map(|()| removal.would(keeps))) {
            Ok(line) => many.done(&line),
            Err(refusal) => many.refused("would fail: ", &refusal),
        }
    }
    Ok(many.finish(&Tally::default(), "removed"))
}
