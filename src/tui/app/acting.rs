//! Actions: which objects or processes are meant at the moment a key is pressed, the dialog that asks, and what becomes of it.

use super::overlay::Overlay;
use super::{App, Severity};
use crate::actions::{Policy, Refusal, Target, backup};
use crate::config::keys::Command;
use crate::model::{Identity, Kind, escape};
use crate::tui::dialog::{Candidate, Create, Dialog, Holders, Next, Page, Remove, Send, Signal, Undo, counted};
use crate::tui::draw::Hit;
use crate::tui::effect::Effect;
use crate::tui::id::Id;
use crate::tui::jobs::{Deed, Ended, Job, Keeping, Planning, Report};
use crate::tui::look::{Depth, Look};
use crate::tui::view::View;
use rustc_hash::FxHashMap;

impl App {
    /// Opens the dialog of an action; false for a command that is none.
    pub(super) fn act(&mut self, command: Command) -> bool {
        if !matches!(command, Command::Remove | Command::Undo | Command::Signal | Command::Send | Command::Create) {
            return false;
        }
        if self.doing.is_some() {
            self.say(Severity::Note, "one thing after the other: something is being done yet; Esc cancels it");
            return true;
        }
        match command {
            Command::Remove => self.remove(),
            Command::Undo => self.undo(),
            Command::Signal => self.signal(),
            Command::Send => self.send(),
            _ => self.create(),
        }
        true
    }

    /// Where backups are kept.
    fn keeping(&self) -> Keeping {
        Keeping(self.settings.store.clone())
    }

    /// What is meant now: in details, what the cursor's line names or the details are of; in a list, what is marked, or what
    /// the cursor is on.
    fn meant(&self, wants_process: bool) -> Vec<Id> {
        if let Some(crumb) = self.trail.last() {
            let fits = |id: &Id| matches!(id, Id::Process { .. }) == wants_process && !matches!(id, Id::Limit(_));
            // An object's details also name its other ends: what is removed or filled is the object itself.
            let follow = wants_process || matches!(crumb.id, Id::Process { .. } | Id::Graph(_));
            return vec![self.linked().filter(|id| follow && fits(id)).unwrap_or(crumb.id)];
        }
        let list = self.list();
        let mut marked: Vec<Id> = list.selected.iter().filter_map(|id| id.subject()).collect();
        marked.sort_unstable();
        marked.dedup();
        if marked.is_empty() { list.cursor.and_then(Id::subject).into_iter().collect() } else { marked }
    }

    /// The objects that are meant; says why there are none.
    fn meant_objects(&mut self) -> Vec<Target> {
        let ids = self.meant(false);
        let mut targets = Vec::with_capacity(ids.len());
        let mut gone = 0;
        for id in &ids {
            match id {
                Id::Object(identity) => match self.picture.target(*identity) {
                    Some(target) => targets.push(target),
                    None => gone += 1,
                },
                Id::Process { .. } | Id::Limit(_) | Id::Graph(_) | Id::Item(_) => {}
            }
        }
        match &ids[..] {
            [] => self.say_lists("no object is chosen here", View::Sockets),
            [Id::Process { pid, .. }] => {
                let key = self.key_of(Command::Signal);
                self.say(Severity::Note, format!("pid:{pid} is a process: this is for objects; {key} signals it"));
            }
            _ if gone > 0 && targets.is_empty() => self.say(Severity::Note, "it is gone already"),
            _ if targets.is_empty() => self.say_lists("this is no object", View::Sockets),
            _ => {}
        }
        targets
    }

    /// Says so where an action is refused whatever it is done to.
    fn refused(&mut self, permitted: Result<(), Refusal>) -> bool {
        permitted.is_err_and(|refusal| {
            self.say(Severity::Error, refusal.to_string());
            true
        })
    }

    fn remove(&mut self) {
        let targets = self.meant_objects();
        let name = match &targets[..] {
            [] => return,
            [one] => one.name(),
            many => counted(many.len(), "object"),
        };
        let policy = self.settings.policy;
        if self.refused(policy.permit(&name)) {
            return;
        }
        let page = Remove::new(targets.clone(), policy, self.keeping());
        self.open_dialog(Page::Remove(page), Some(Job::plan(Planning::Removals(targets))));
    }

    fn undo(&mut self) {
        let policy = self.settings.policy;
        if self.refused(backup::permit(policy)) {
            return;
        }
        let job = Job::plan(Planning::Backups(self.keeping(), policy));
        self.open_dialog(Page::Undo(Undo::new(policy, self.keeping())), Some(job));
    }

    fn signal(&mut self) {
        let ids = self.meant(true);
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut places = FxHashMap::default();
        let mut what = counted(ids.len(), "object");
        let of_objects = ids.iter().any(|id| matches!(id, Id::Object(_)));
        for id in &ids {
            match id {
                Id::Process { pid, start_ticks } => candidates.push(self.process(*pid, *start_ticks)),
                Id::Object(identity) => {
                    if let ([_], Some(target)) = (&ids[..], self.picture.target(*identity)) {
                        what = target.name();
                    }
                    self.holders(*identity, &mut candidates, &mut places);
                }
                Id::Limit(_) | Id::Graph(_) | Id::Item(_) => {}
            }
        }
        candidates.sort_unstable_by_key(|candidate| candidate.pid);
        candidates.dedup_by(|a, b| a.pid == b.pid && a.start_ticks == b.start_ticks);
        let name = match &candidates[..] {
            [] if of_objects => {
                self.say(Severity::Note, format!("{what}: no living process is seen to have it"));
                return;
            }
            [] => {
                let key = self.key_of(Command::View(View::Processes.index() as u8 + 1));
                self.say(Severity::Note, format!("nobody is chosen here: {key} lists the processes"));
                return;
            }
            [one] => one.name(),
            many => counted(many.len(), "process"),
        };
        let policy = self.settings.policy;
        if self.refused(policy.permit(&name)) {
            return;
        }
        if of_objects && candidates.len() > 1 {
            self.open_dialog(Page::Holders(Holders::new(what, candidates, policy)), None);
        } else {
            let (signal, job) = Signal::new(candidates, policy);
            self.open_dialog(Page::Signal(signal), Some(job));
        }
    }

    fn process(&self, pid: u32, start_ticks: u64) -> Candidate {
        let full = self.picture.full.as_ref();
        let process = full.and_then(|full| full.snapshot.process(pid)).filter(|one| one.start_ticks == start_ticks);
        let comm = process.map(|process| escape(&process.comm).into_owned()).unwrap_or_default();
        Candidate { pid, start_ticks, comm, roles: String::new() }
    }

    /// All living processes that have an object, or are written down in it, each once: `places` tells where.
    fn holders(&self, identity: Identity, candidates: &mut Vec<Candidate>, places: &mut FxHashMap<u32, usize>) {
        let Some(full) = &self.picture.full else { return };
        let Some(place) = full.place(identity) else { return };
        let snapshot = &full.snapshot;
        for holder in snapshot.holders(place).iter().filter(|holder| holder.alive) {
            let Some(process) = snapshot.process(holder.pid) else { continue };
            let role = holder.role.name();
            let next = candidates.len();
            let at = *places.entry(holder.pid).or_insert(next);
            if let Some(known) = candidates.get_mut(at) {
                if !known.roles.split(", ").any(|known| known == role) {
                    known.roles = format!("{}, {role}", known.roles);
                }
            } else {
                let comm = escape(&process.comm).into_owned();
                let start_ticks = process.start_ticks;
                candidates.push(Candidate { pid: holder.pid, start_ticks, comm, roles: role.to_owned() });
            }
        }
    }

    fn send(&mut self) {
        let mut targets = self.meant_objects();
        if targets.len() > 1 {
            self.say(Severity::Note, format!("{} are marked: one thing is sent to one of them", targets.len()));
            return;
        }
        let Some(target) = targets.pop() else { return };
        let policy = self.settings.policy;
        if self.refused(policy.permit(&target.name())) {
            return;
        }
        let page = Send::new(&target, policy);
        self.open_dialog(Page::Send(page), Some(Job::plan(Planning::Sending(target, policy))));
    }

    fn create(&mut self) {
        let policy: Policy = self.settings.policy;
        if self.refused(policy.permit("new object")) {
            return;
        }
        let clock = crate::tui::draw::clock(self.now).replace(':', "");
        self.open_dialog(Page::Create(Create::new(policy, clock)), None);
    }

    fn open_dialog(&mut self, page: Page, job: Option<Job>) {
        self.ticket += 1;
        self.overlay = Some(Overlay::Dialog(Box::new(Dialog { ticket: self.ticket, page })));
        if let Some(job) = job {
            self.give(job);
        }
    }

    /// Hands a job to the worker.
    fn give(&mut self, mut job: Job) {
        match &mut job {
            Job::Plan { ticket, .. } => *ticket = self.ticket,
            Job::Do(deed) => (self.doing, self.progress) = (Some(deed.doing()), None),
            Job::TellInterrupted(_) | Job::Peek(_) | Job::Export(_) => {}
        }
        self.effects.push(Effect::Work(Box::new(job)));
    }

    /// Does what a dialog says.
    pub(super) fn follow(&mut self, next: Next) {
        match next {
            Next::Stays => {}
            Next::Closes => self.overlay = None,
            Next::Asks(job) => self.give(job),
            Next::Turns(page, job) => self.open_dialog(*page, Some(job)),
            Next::Does(job) => {
                self.overlay = None;
                if matches!(&job, Job::Do(deed) if matches!(**deed, Deed::Remove(_) | Deed::Signal(_)))
                    && self.trail.last().is_none()
                {
                    // What was marked is being dealt with.
                    self.list_mut().selected.clear();
                }
                self.give(job);
            }
        }
    }

    /// The mouse pressed something of a dialog.
    pub(super) fn hit_dialog(&mut self, hit: Hit) {
        let Some(Overlay::Dialog(dialog)) = &mut self.overlay else { return };
        let next = match hit {
            Hit::Button(press) => dialog.press(press),
            Hit::Option(row) => dialog.point(row),
            _ => Next::Stays,
        };
        self.follow(next);
    }

    /// Takes in what a job tells.
    pub(super) fn report(&mut self, report: Report) {
        match report {
            Report::Progress { done, total } => self.progress = Some((done, total)),
            Report::Said(severity, text) => self.say_done(severity, text),
            Report::Planned(ticket, planned) => {
                if let Some(Overlay::Dialog(dialog)) = &mut self.overlay {
                    dialog.take(ticket, planned);
                }
            }
            Report::Peeked { number, found } => self.peeked(number, found),
            Report::Done(line) => self.finished(Severity::Done, &line),
            Report::Failed(line) => self.finished(Severity::Error, &line),
            Report::Ended(ended) => self.ended(ended),
        }
    }

    /// Says what became of an action; and why it is not to be seen, where that is so.
    fn say_done(&mut self, severity: Severity, mut text: String) {
        if self.frozen.is_some() && severity == Severity::Done && self.doing.is_some() {
            let key = self.key_of(Command::Freeze);
            text = format!("{text}; the picture stands still, {key} lets it go on");
        }
        self.say(severity, text);
    }

    fn ended(&mut self, ended: Ended) {
        if let Some((severity, text)) = ended.summary {
            self.say_done(severity, text);
        }
        (self.doing, self.progress) = (None, None);
        self.wanted = ended.made;
        self.effects.extend(ended.files.into_iter().map(Effect::Watch));
        // What the tables tell is there at once.
        self.effects.push(Effect::Look(Depth::Tables));
        self.refresh();
    }

    /// Puts the cursor on what was made, as soon as it is seen.
    pub(super) fn find_wanted(&mut self, look: &Look) {
        let Some(address) = &self.wanted else { return };
        let Some(place) = look.snapshot.find(address).next() else {
            if look.depth == Depth::Full {
                self.wanted = None;
            }
            return;
        };
        let object = &look.snapshot.objects[place];
        let view = match object.kind() {
            Kind::Queue => View::Queues,
            Kind::Shm | Kind::Memfd => View::Memory,
            Kind::Semaphore => View::Semaphores,
            Kind::Pipe | Kind::Fifo => View::Pipes,
            Kind::Socket => View::Sockets,
        };
        let id = Id::Object(object.identity);
        self.wanted = None;
        // Who reads or types something by now is not led away from it.
        if self.overlay.is_some() || self.filtering || self.trail.last().is_some() {
            return;
        }
        self.lists[view.index()].cursor = Some(id);
        self.view = view;
    }
}
