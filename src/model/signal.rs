//! Signals: numbers, names, default actions and meanings (`man 7 signal`), read from text and printed.
//!
//! Numbers are those of Linux on x86, ARM, RISC-V, POWER and s390; `kernel::signals` does not compile where others hold.
//! Which real-time signals a program may use is the C library's choice, and passed in: it keeps the first few to itself.

use super::name::quoted;
use std::ops::RangeInclusive;

/// What a signal does to a process that neither catches nor ignores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultAction {
    /// The process ends.
    Terminate,
    /// The process ends and leaves a core dump, if its limits allow one.
    Core,
    /// The process stops.
    Stop,
    /// The process goes on if it was stopped.
    Continue,
    /// Nothing happens.
    Ignore,
}

impl DefaultAction {
    /// Its name in lists and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Terminate => "terminate",
            Self::Core => "core",
            Self::Stop => "stop",
            Self::Continue => "continue",
            Self::Ignore => "ignore",
        }
    }
}

/// Number of `SIGKILL`.
pub(super) const KILL: i32 = 9;
/// Number of `SIGCONT`.
pub(super) const CONT: i32 = 18;
/// Number of `SIGSTOP`.
pub(super) const STOP: i32 = 19;
/// The largest standard signal: above it a signal that is pending is queued again.
pub(super) const LAST_STANDARD: i32 = 31;

use DefaultAction::{Continue, Core, Ignore, Stop, Terminate};

/// Name without `SIG`, default action and meaning of the standard signals, by number from 1.
const STANDARD: [(&str, DefaultAction, &str); 31] = [
    ("HUP", Terminate, "its terminal is gone; many daemons read their settings anew"),
    ("INT", Terminate, "interrupt from the keyboard, Ctrl-C"),
    ("QUIT", Core, "quit from the keyboard, Ctrl-\\"),
    ("ILL", Core, "an instruction that the processor does not know"),
    ("TRAP", Core, "a breakpoint, or another trap of a debugger"),
    ("ABRT", Core, "the program gave up: abort(3)"),
    ("BUS", Core, "memory that is mapped but cannot be had, or is misaligned"),
    ("FPE", Core, "arithmetic without a result, such as a division by zero"),
    ("KILL", Terminate, "ends it at once; cannot be caught, blocked or ignored"),
    ("USR1", Terminate, "for the program's own use"),
    ("SEGV", Core, "memory that it may not use"),
    ("USR2", Terminate, "for the program's own use, a second one"),
    ("PIPE", Terminate, "it wrote into a pipe or socket that nobody reads"),
    ("ALRM", Terminate, "the timer of alarm(2) or setitimer(2) ran out"),
    ("TERM", Terminate, "asks it to end, with time to clean up"),
    ("STKFLT", Terminate, "a fault of a coprocessor's stack; the kernel does not send it"),
    ("CHLD", Ignore, "a child has ended, stopped or gone on"),
    ("CONT", Continue, "goes on after a stop"),
    ("STOP", Stop, "stops it; cannot be caught, blocked or ignored"),
    ("TSTP", Stop, "stop from the keyboard, Ctrl-Z"),
    ("TTIN", Stop, "it read from its terminal in the background"),
    ("TTOU", Stop, "it wrote to its terminal in the background"),
    ("URG", Ignore, "urgent data came on a socket"),
    ("XCPU", Core, "its limit of processor time is reached"),
    ("XFSZ", Core, "its limit of file size is reached"),
    ("VTALRM", Terminate, "the timer of processor time in its own code ran out"),
    ("PROF", Terminate, "the timer of processor time in code and kernel ran out"),
    ("WINCH", Ignore, "its terminal changed its size"),
    ("IO", Terminate, "a descriptor is ready, for who asked for it with O_ASYNC"),
    ("PWR", Terminate, "the power is failing"),
    ("SYS", Core, "a system call that does not exist or is forbidden to it"),
];

/// Other names of the same numbers.
const ALIASES: [(&str, &str); 4] = [("CLD", "CHLD"), ("IOT", "ABRT"), ("POLL", "IO"), ("UNUSED", "SYS")];

/// One signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Number, 1 to 64; 0 only asks whether a process could be signalled.
    pub number: i32,
    /// `SIGTERM`, `SIGRTMIN+2`; `0` for signal 0.
    pub name: String,
    /// What it does to who neither catches nor ignores it.
    pub action: DefaultAction,
    /// What it is for, in one line.
    pub meaning: &'static str,
}

/// Why a text is no signal. Each prints as one line that quotes the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignalError {
    /// No such name.
    #[error("there is no signal {text}{}; `ipcx kill --list` lists them all",
        .near.as_ref().map_or_else(String::new, |near| format!(", did you mean {near}?")))]
    Unknown {
        /// What was written.
        text: String,
        /// A name that is spelled alike.
        near: Option<String>,
    },
    /// No such number.
    #[error("there is no signal {text}: numbers go from 0 to {last}")]
    Number {
        /// What was written.
        text: String,
        /// The largest number.
        last: i32,
    },
    /// A number that the C library uses for itself.
    #[error("signal {0} is used by the C library for its threads and must not be sent to a program")]
    Reserved(i32),
    /// Beyond the real-time signals.
    #[error(
        "there is no signal {text}: real-time signals are SIGRTMIN to SIGRTMIN+{count}, or SIGRTMAX-{count} to SIGRTMAX"
    )]
    RealTime {
        /// What was written.
        text: String,
        /// How many there are behind the first.
        count: i32,
    },
}

/// All signals of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signals {
    realtime: RangeInclusive<i32>,
}

impl Signals {
    /// With the real-time signals that the C library leaves to programs, `SIGRTMIN` to `SIGRTMAX`.
    pub const fn new(realtime: RangeInclusive<i32>) -> Self {
        Self { realtime }
    }

    /// Every signal that can be sent, by number.
    pub fn all(&self) -> impl Iterator<Item = Signal> + '_ {
        (1..=LAST_STANDARD).chain(self.realtime.clone()).filter_map(|number| self.by_number(number))
    }

    /// The signal of a number.
    pub fn by_number(&self, number: i32) -> Option<Signal> {
        if number == 0 {
            let meaning = "sends nothing: asks whether the process could be signalled";
            return Some(Signal { number, name: "0".to_owned(), action: Ignore, meaning });
        }
        let place = usize::try_from(number - 1).ok()?;
        if let Some((name, action, meaning)) = STANDARD.get(place) {
            return Some(Signal { number, name: format!("SIG{name}"), action: *action, meaning });
        }
        let (first, last) = (*self.realtime.start(), *self.realtime.end());
        let name = match (number - first, last - number) {
            (..=-1, _) | (_, ..=-1) => return None,
            (0, _) => "SIGRTMIN".to_owned(),
            (_, 0) => "SIGRTMAX".to_owned(),
            (above, below) if above <= below => format!("SIGRTMIN+{above}"),
            (_, below) => format!("SIGRTMAX-{below}"),
        };
        let meaning = "real-time, for the program's own use, queued each time";
        Some(Signal { number, name, action: Terminate, meaning })
    }

    /// Reads a name, with or without `SIG` and in any case, or a number: `TERM`, `sigterm`, `9`, `RTMIN+2`, `SIGRTMAX-1`.
    pub fn parse(&self, text: &str) -> Result<Signal, SignalError> {
        let unknown = || SignalError::Unknown { text: quoted(text.as_bytes()), near: near(text) };
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return self.parse_number(text);
        }
        let upper = text.to_ascii_uppercase();
        let name = upper.strip_prefix("SIG").unwrap_or(&upper);
        if let Some(number) = self.realtime_number(name) {
            let count = self.realtime.end() - self.realtime.start();
            let known = self.realtime.contains(&number).then(|| self.by_number(number));
            return known.flatten().ok_or_else(|| SignalError::RealTime { text: quoted(text.as_bytes()), count });
        }
        let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
        let place = STANDARD.iter().position(|(known, ..)| *known == name).ok_or_else(unknown)?;
        self.by_number(place as i32 + 1).ok_or_else(unknown)
    }

    fn parse_number(&self, text: &str) -> Result<Signal, SignalError> {
        let wrong = || SignalError::Number { text: quoted(text.as_bytes()), last: *self.realtime.end() };
        // Zeros in front may mean an octal number to whoever wrote them.
        if text.len() > 1 && text.starts_with('0') {
            return Err(wrong());
        }
        let number: i32 = text.parse().map_err(|_| wrong())?;
        if (LAST_STANDARD + 1..*self.realtime.start()).contains(&number) {
            return Err(SignalError::Reserved(number));
        }
        self.by_number(number).ok_or_else(wrong)
    }

    /// The number that a real-time signal's name comes to, 0 if to none at all; `None` for another name.
    fn realtime_number(&self, name: &str) -> Option<i32> {
        let offset = |text: &str| -> Option<i32> {
            let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            if digits { text.parse().ok() } else { None }
        };
        if let Some(rest) = name.strip_prefix("RTMIN") {
            let by = if rest.is_empty() { Some(0) } else { rest.strip_prefix('+').and_then(offset) };
            return Some(by.and_then(|by| self.realtime.start().checked_add(by)).unwrap_or(0));
        }
        let rest = name.strip_prefix("RTMAX")?;
        let by = if rest.is_empty() { Some(0) } else { rest.strip_prefix('-').and_then(offset) };
        Some(by.and_then(|by| self.realtime.end().checked_sub(by)).unwrap_or(0))
    }
}

/// The name that is spelled most like a text, if any is.
fn near(text: &str) -> Option<String> {
    const FARTHEST: usize = 2;
    let text: Vec<u8> = text.bytes().take(32).map(|b| b.to_ascii_uppercase()).collect();
    let names = STANDARD.iter().map(|(name, ..)| *name).chain(ALIASES.iter().map(|(alias, _)| *alias));
    let names = names.chain(["RTMIN", "RTMAX"]);
    let distances = names.map(|name| {
        let whole = format!("SIG{name}");
        (distance(&text, name.as_bytes()).min(distance(&text, whole.as_bytes())), name)
    });
    // With as many slips as a name has letters, anything is near it.
    let (slips, name) = distances.min()?;
    (slips <= FARTHEST && slips + 1 < text.len().min(name.len())).then(|| name.to_owned())
}

/// How many letters have to be put in, left out, changed or swapped with their neighbour to make one text of another.
fn distance(a: &[u8], b: &[u8]) -> usize {
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let changed = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let mut least = changed.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    least = least.min(rows[i - 2][j - 2] + 1);
                }
                least
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIGNALS: Signals = Signals::new(34..=64);

    fn number(text: &str) -> i32 {
        SIGNALS.parse(text).unwrap().number
    }

    #[test]
    fn names_and_numbers() {
        for text in ["TERM", "term", "SIGTERM", "sigterm", "SigTerm", "15"] {
            assert_eq!(number(text), 15, "{text}");
        }
        for (text, expected) in [("0", 0), ("9", 9), ("KILL", 9), ("IOT", 6), ("cld", 17), ("POLL", 29), ("64", 64)] {
            assert_eq!(number(text), expected, "{text}");
        }
        for (text, expected) in [("RTMIN", 34), ("SIGRTMIN+2", 36), ("rtmax-1", 63), ("RTMAX", 64), ("RTMIN+30", 64)] {
            assert_eq!(number(text), expected, "{text}");
        }
        let name = |number| SIGNALS.by_number(number).unwrap().name;
        assert_eq!(
            [name(34), name(36), name(49), name(50), name(63), name(64)],
            ["SIGRTMIN", "SIGRTMIN+2", "SIGRTMIN+15", "SIGRTMAX-14", "SIGRTMAX-1", "SIGRTMAX"]
        );
    }

    #[test]
    fn the_c_library_s_range_counts() {
        let musl = Signals::new(35..=64);
        assert_eq!(musl.parse("RTMIN").unwrap().number, 35);
        assert_eq!(musl.parse("34"), Err(SignalError::Reserved(34)));
        assert_eq!(SIGNALS.parse("33"), Err(SignalError::Reserved(33)));
        assert_eq!(musl.all().count(), 61);
    }

    #[test]
    fn what_is_no_signal() {
        for text in ["", "SIG", "-9", "+9", "9 ", "09", "65", "99999999999999", "RTMIN+31", "RTMAX-31", "RTMIN-1"] {
            assert!(SIGNALS.parse(text).is_err(), "{text:?}");
        }
        for text in ["RTMIN+", "RTMIN2", "RTMAX+1", "RTMIN+-1", "RTMIN+x", "SIGSIGTERM", "T\u{e9}RM", "\x1b[31m"] {
            let error = SIGNALS.parse(text).unwrap_err().to_string();
            assert!(!error.chars().any(char::is_control), "{error}");
        }
    }

    #[test]
    fn a_slip_of_the_hand_gets_a_suggestion() {
        for (text, meant) in [
            ("TREM", "TERM"),
            ("KIL", "KILL"),
            ("sigtrem", "TERM"),
            ("USR", "USR1"),
            ("SGIHUP", "HUP"),
            ("STPO", "STOP"),
        ] {
            let error = SIGNALS.parse(text).unwrap_err().to_string();
            assert!(error.contains(&format!("did you mean {meant}?")), "{error}");
        }
        for text in ["nonsense", "X", "", "xyz"] {
            let error = SIGNALS.parse(text).unwrap_err().to_string();
            assert!(!error.contains("did you mean"), "{error}");
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_machine() {
        use nix::sys::signal::Signal as Theirs;
        for signal in SIGNALS.all().filter(|signal| signal.number <= LAST_STANDARD) {
            assert_eq!(Theirs::try_from(signal.number).unwrap().as_str(), signal.name);
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(number in 0..=64) {
            if let Some(signal) = SIGNALS.by_number(number) {
                prop_assert_eq!(SIGNALS.parse(&signal.name), Ok(signal.clone()));
                prop_assert_eq!(SIGNALS.parse(&number.to_string()), Ok(signal));
            }
        }

        #[test]
        fn any_text_is_a_signal_or_an_error(text: String, like in "(?i)(SIG)?(RTM(IN|AX)[+-]?)?[0-9A-Z]{0,12}") {
            for text in [&text, &like] {
                match SIGNALS.parse(text) {
                    Ok(signal) => prop_assert!(signal.number == 0 || SIGNALS.all().any(|known| known == signal)),
                    Err(error) => prop_assert!(!error.to_string().chars().any(char::is_control)),
                }
            }
        }
    }
}
