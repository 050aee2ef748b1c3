//! Finding out what a dialog is about: who uses it now, what would become of it, whether it can be done. Changes nothing.

use super::Keeping;
use crate::actions::backup::{Entry, Restoration};
use crate::actions::{
    Fill, Message, Plan, PlannedSignal, Policy, Receivers, Sending, Target, plan_removals, plan_send, plan_signals,
    reactions as reactions_of,
};
use crate::kernel::signals;
use crate::model::Signal;

/// What is asked.
#[derive(Debug)]
pub enum Planning {
    /// What removing these would do.
    Removals(Vec<Target>),
    /// Which backups there are, and whether each can come back.
    Backups(Keeping, Policy),
    /// What each signal would do to these.
    Reactions(Vec<Receivers>),
    /// What this signal would do to these.
    Signals {
        /// Whom.
        receivers: Vec<Receivers>,
        /// Which.
        message: Message,
    },
    /// What can be sent there.
    Sending(Target, Policy),
}

/// What was found out.
#[derive(Debug)]
pub enum Planned {
    /// The removals.
    Removals(Vec<Plan>),
    /// The backups, the oldest first.
    Backups(Vec<Backup>),
    /// All signals.
    Reactions(Vec<Reaction>),
    /// The deliveries.
    Signals(Vec<PlannedSignal>),
    /// The sending, and what the target holds.
    Sending(Sending, Option<Fill>),
    /// Nothing: why.
    Failed(String),
}

/// A backup, and whether it can come back.
#[derive(Debug, Clone)]
pub struct Backup {
    /// The backup.
    pub entry: Entry,
    /// Why it cannot come back now.
    pub refusal: Option<String>,
    /// Why not even by force.
    pub even_forced: Option<String>,
}

/// What a signal would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reaction {
    /// The signal.
    pub signal: Signal,
    /// What one process would do with it; of several, what it is for.
    pub words: String,
}

impl Planning {
    /// Finds it out.
    pub fn run(self) -> Planned {
        let found = match self {
            Self::Removals(targets) => {
                plan_removals(&targets).map(Planned::Removals).map_err(|error| error.to_string())
            }
            Self::Backups(keeping, policy) => backups(&keeping, policy).map(Planned::Backups),
            Self::Reactions(receivers) => reactions(&receivers).map(Planned::Reactions),
            Self::Signals { receivers, message } => {
                plan_signals(&receivers, &message).map(Planned::Signals).map_err(|error| error.to_string())
            }
            Self::Sending(target, policy) => sending(&target, policy),
        };
        found.unwrap_or_else(Planned::Failed)
    }
}

fn backups(keeping: &Keeping, policy: Policy) -> Result<Vec<Backup>, String> {
    let Some(store) = keeping.look()? else { return Ok(Vec::new()) };
    let entries = store.entries().map_err(|error| error.to_string())?;
    let checked = entries.into_iter().map(|entry| {
        let restoration = Restoration { entry };
        let refusal = |force| restoration.check(Policy { force, ..policy }).err().map(|refusal| refusal.to_string());
        let (refusal, even_forced) = (refusal(false), refusal(true));
        Backup { entry: restoration.entry, refusal, even_forced }
    });
    Ok(checked.collect())
}

/// What one process would do with each signal; for several of them, what each is for.
fn reactions(receivers: &[Receivers]) -> Result<Vec<Reaction>, String> {
    let with_meaning = |signal: Signal| Reaction { words: signal.meaning.to_owned(), signal };
    let [Receivers::Process { pid, start_ticks }] = receivers else {
        return Ok(signals::known().all().map(with_meaning).collect());
    };
    let all = reactions_of(*pid, *start_ticks).map_err(|refusal| refusal.to_string())?;
    let told = all.into_iter().map(|(signal, reaction)| match reaction {
        Some(reaction) => Reaction { signal, words: reaction.words },
        None => with_meaning(signal),
    });
    Ok(told.collect())
}

fn sending(target: &Target, policy: Policy) -> Result<Planned, String> {
    let sending = plan_send(target).map_err(|refusal| refusal.to_string())?;
    let fill = sending.check(policy, None).map_err(|refusal| refusal.to_string())?;
    Ok(Planned::Sending(sending, fill))
}
