//! The command lines that do what was planned, ready to be pasted into a shell: each action is also one of these.

use super::backup::Restoration;
use super::{Delivery, Mark, Medium, Naming, NewObject, Patience, Peek, Policy, Removal, Sending, Start, What};
use crate::model::{hexadecimal, shell};

/// A command line that grows word by word.
struct Line(String);

impl Line {
    fn new(command: &str) -> Self {
        Self(format!("ipcx {command}"))
    }

    /// An option, as it is, if it is given.
    fn flag(mut self, given: bool, flag: &str) -> Self {
        if given {
            self.0.push(' ');
            self.0.push_str(flag);
        }
        self
    }

    /// A word of printable text.
    fn word(self, text: &str) -> Self {
        self.flag(true, &shell::word(text))
    }

    /// A word of exactly these bytes.
    fn exact(self, bytes: &[u8]) -> Self {
        self.flag(true, &shell::exact(bytes))
    }

    /// An option and its value, if there is one.
    fn option(self, name: &str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.flag(true, name).word(&value.to_string()),
            None => self,
        }
    }

    /// How an object is to be called.
    fn naming(self, naming: &Naming) -> Self {
        match naming {
            Naming::Key(key) => self.option("--key", Some(key)),
            Naming::Random => self,
            Naming::Private => self.flag(true, "--private"),
            Naming::Ftok { path, id } => {
                self.flag(true, "--ftok").exact(&[path, &b":"[..], id.to_string().as_bytes()].concat())
            }
            Naming::Name(name) => self.flag(true, "--name").exact(name),
        }
    }
}

/// `ipcx rm queue:5 shm:/cache`: these removals in one call.
pub fn remove<'a>(removals: impl IntoIterator<Item = &'a Removal>, policy: Policy, keeps_backup: bool) -> String {
    let line = Line::new("rm").flag(policy.force, "-f").flag(!keeps_backup, "--no-backup");
    removals.into_iter().fold(line, |line, removal| line.word(&removal.address)).0
}

/// `ipcx undo 7 8`: these restorations in one call.
pub fn undo<'a>(restorations: impl IntoIterator<Item = &'a Restoration>, policy: Policy) -> String {
    let line = Line::new("undo").flag(policy.force, "-f");
    restorations.into_iter().fold(line, |line, one| line.word(&one.number().to_string())).0
}

/// `ipcx kill -TERM 812 813`: these processes in one call, all of them with the signal of the first.
pub fn signal<'a>(deliveries: impl IntoIterator<Item = &'a Delivery>, policy: Policy) -> String {
    let mut deliveries = deliveries.into_iter().peekable();
    let mut line = Line::new("kill");
    if let Some(Delivery { message, .. }) = deliveries.peek() {
        let name = message.signal.name.strip_prefix("SIG").unwrap_or(&message.signal.name);
        line = line.flag(true, &format!("-{name}")).option("--queue", message.value).flag(policy.force, "-f");
    }
    deliveries.fold(line, |line, delivery| line.word(&delivery.pid.to_string())).0
}

impl Removal {
    /// `ipcx rm queue:5`.
    pub fn command(&self, policy: Policy, keeps_backup: bool) -> String {
        remove([self], policy, keeps_backup)
    }
}

impl Restoration {
    /// `ipcx undo 7`.
    pub fn command(&self, policy: Policy) -> String {
        undo([self], policy)
    }
}

impl Delivery {
    /// `ipcx kill -TERM 812`.
    pub fn command(&self, policy: Policy) -> String {
        signal([self], policy)
    }
}

impl Peek {
    /// `ipcx peek queue:5`.
    pub fn command(&self) -> String {
        Line::new("peek").word(&self.address).0
    }
}

impl Sending {
    /// `ipcx send --type 7 queue:5 hello`. Data that are no plain text are written in hexadecimal.
    pub fn command(&self, mark: Mark, patience: Patience, data: &[u8]) -> String {
        let line = Line::new("send");
        let line = match self.medium() {
            Medium::SysvQueue => line.option("--type", Some(mark.kind).filter(|kind| *kind != 1)),
            Medium::PosixQueue => line.option("--priority", Some(mark.priority).filter(|priority| *priority != 0)),
            Medium::Fifo | Medium::Socket => line,
        };
        let line = match patience {
            Patience::None => line,
            Patience::Left(limit) => line.flag(true, &format!("--wait={}", limit.as_secs_f64())),
            Patience::Endless => line.flag(true, "--wait"),
        };
        let line = line.word(&self.address);
        // What begins as an option would be taken for one, and `-` for standard input.
        let text = std::str::from_utf8(data).ok().filter(|text| shell::is_printable(text) && !text.starts_with('-'));
        match text {
            Some(text) => line.word(text).0,
            None => line.flag(true, "--hex").word(&hexadecimal(data)).0,
        }
    }
}

impl NewObject {
    /// `ipcx create fifo /tmp/x`.
    pub fn command(&self) -> String {
        let line = match &self.what {
            What::Queue { naming, limit, depth, message_size } => {
                let line = Line::new("create queue").naming(naming).option("--limit", *limit);
                line.option("--depth", *depth).option("--message-size", *message_size)
            }
            What::Shm { naming, size } => Line::new("create shm").naming(naming).option("--size", Some(size)),
            What::Semaphore { naming, count, start } => {
                let line = Line::new("create sem").naming(naming).option("--count", *count);
                match start {
                    Start::Zero => line,
                    Start::All(value) => line.option("--value", Some(value)),
                    Start::Each(values) => {
                        let values: Vec<String> = values.iter().map(u32::to_string).collect();
                        line.option("--values", Some(values.join(",")))
                    }
                }
            }
            What::Fifo { path } => Line::new("create fifo").exact(path),
        };
        let mode = Some(self.mode).filter(|mode| *mode != 0o600).map(|mode| format!("{mode:04o}"));
        let line = line.option("--mode", mode).option("--owner", self.owner.user);
        line.option("--group", self.owner.group).flag(self.or_open, "--or-open").0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::NewOwner;
    use crate::model::Key;

    fn new(what: What) -> String {
        NewObject { what, mode: 0o600, owner: NewOwner::default(), or_open: false }.command()
    }

    #[test]
    fn new_objects() {
        let queue = |naming| What::Queue { naming, limit: None, depth: None, message_size: None };
        assert_eq!(new(queue(Naming::Random)), "ipcx create queue");
        assert_eq!(new(queue(Naming::Key(Key(-1)))), "ipcx create queue --key 0xffffffff");
        assert_eq!(new(What::Shm { naming: Naming::Private, size: 5 }), "ipcx create shm --private --size 5");
        let path = b"/tmp/it's \x1b".as_slice();
        assert_eq!(new(What::Fifo { path: path.into() }), r"ipcx create fifo $'/tmp/it\'s \033'");
        let start = Start::Each(vec![1, 0]);
        let naming = Naming::Ftok { path: b"/srv".as_slice().into(), id: 65 };
        assert_eq!(new(What::Semaphore { naming, count: None, start }), "ipcx create sem --ftok /srv:65 --values 1,0");
        let what = queue(Naming::Name(b"/o".as_slice().into()));
        let owner = NewOwner { user: Some(5), group: Some(6) };
        assert_eq!(
            NewObject { what, mode: 0o640, owner, or_open: true }.command(),
            "ipcx create queue --name /o --mode 0640 --owner 5 --group 6 --or-open"
        );
    }
}
