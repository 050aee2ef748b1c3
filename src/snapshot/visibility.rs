//! What could not be seen, and which privilege would show it.

/// A process that could not be looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hidden {
    /// Which.
    pub pid: u32,
    /// Its descriptors were refused.
    pub descriptors: bool,
    /// Its memory maps were refused.
    pub maps: bool,
    /// The calls that its threads sleep in were refused.
    pub waits: bool,
}

/// How much of the machine the picture shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Visibility {
    /// Processes that /proc shows; 0 when no process was looked at.
    pub processes: usize,
    /// Those that could not be looked into. Kernel threads and zombies have nothing to look into and do not count.
    pub hidden: Vec<Hidden>,
    /// /proc leaves processes out (`hidepid`), so that their number is not even known.
    pub hides_processes: bool,
    /// The caller is in a PID namespace below the machine's first one: processes outside it are not seen at all.
    pub nested_pid_namespace: bool,
    /// That PID namespace and the caller's IPC namespace were made by one and the same call, as container engines and
    /// `unshare -ip` do it: who uses the IPC namespace is inside, unless somebody joined it on purpose. In a pod, whose
    /// containers share an IPC namespace but no PID namespace, they were not.
    pub ipc_made_with_pid: bool,
    /// The caller is in the machine's first IPC namespace, the one that most processes share.
    pub initial_ipc_namespace: bool,
    /// A process has a unix socket that is in no table of this network namespace: one of another, which may be bound to a
    /// file that is seen here. Known only where socket files without a socket were found.
    pub foreign_unix: bool,
    /// Processes that have a socket or an `io_uring`, by pid: only there descriptors can be that no file of /proc lists. `None`
    /// where descriptors were not looked at.
    pub carriers: Option<Vec<u32>>,
    /// An `io_uring` is open somewhere: it may hold descriptors that no file of /proc lists.
    pub io_uring: bool,
    /// Data wait in a unix socket: descriptors may be on their way in it, held by nobody that /proc shows.
    pub in_flight: bool,
    /// A process sleeps in opening some file, which may be a FIFO.
    pub opening: Option<u32>,
    /// A whole source was refused or missing (a kind's table, /dev/mqueue, …).
    pub missing_source: bool,
    /// Sentences for people: each source that failed, what it hides, what would help.
    pub notes: Vec<String>,
}

/// What is said where processes are not seen at all: /proc leaves them out, or they are outside a nested PID namespace.
pub(super) fn unseen_processes(hidden: bool, nested: bool) -> impl Iterator<Item = String> {
    let hidden = hidden.then_some("/proc is mounted with hidepid: processes of others are not seen at all");
    let nested = nested.then_some("this is a PID namespace of its own: processes outside it are not seen");
    hidden.into_iter().chain(nested).map(str::to_owned)
}

impl Visibility {
    /// Whether everything that was asked for could be seen.
    pub fn complete(&self) -> bool {
        self.hidden.is_empty() && !self.hides_processes && !self.missing_source && !self.outside_ipc_users()
    }

    /// Whether processes that cannot be seen at all share the IPC namespace: it is the machine's first one, and the
    /// caller's PID namespace is not.
    pub fn outside_ipc_users(&self) -> bool {
        self.nested_pid_namespace && self.initial_ipc_namespace
    }

    /// Whether processes outside the caller's PID namespace may know the objects of its IPC namespace.
    pub fn outsiders_know_ipc(&self) -> bool {
        self.nested_pid_namespace && !self.ipc_made_with_pid
    }

    /// Whether a process could hold a descriptor unseen.
    pub fn descriptors_hidden(&self) -> bool {
        self.hides_processes || self.hidden.iter().any(|hidden| hidden.descriptors)
    }

    /// A number of pipe ends as far as it is known: that none was seen means nothing while descriptors are hidden.
    pub fn ends(&self, seen: u32) -> Option<u32> {
        (seen > 0 || !self.descriptors_hidden()).then_some(seen)
    }

    /// Whether a process could have something mapped unseen.
    pub fn maps_hidden(&self) -> bool {
        self.hides_processes || self.hidden.iter().any(|hidden| hidden.maps)
    }

    /// Whether a process could sleep on a System V queue or set unseen.
    pub fn waits_hidden(&self) -> bool {
        self.hides_processes || self.outside_ipc_users() || self.hidden.iter().any(|hidden| hidden.waits)
    }

    /// Notes a source that could not be read.
    pub(super) fn missing(&mut self, note: String) {
        self.missing_source = true;
        self.notes.push(note);
    }

    /// Notes lines of a table that did not parse.
    pub(super) fn damaged(&mut self, what: &str, lines: usize) {
        if lines > 0 {
            self.missing(format!("{what}: {lines} lines could not be understood and are left out"));
        }
    }
}
