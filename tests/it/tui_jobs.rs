//! Actions of the terminal interface on real objects: keys in, effects carried out, and what the kernel says then. What
//! comes between a dialog and its button never changes what it is about.

use crate::support::undo::{backups, entries, sight};
use crate::support::{Child, eventually, isolated, posix, scratch, sysv};
use ipcx::actions::{Policy, backup};
use ipcx::config::keys::{Key, Keymap};
use ipcx::config::theme::ThemeName;
use ipcx::config::{Columns, State};
use ipcx::kernel::next_id;
use ipcx::model::{Kind, Kinds, Time};
use ipcx::output::osc52::Wrap;
use ipcx::snapshot::{Want, collect};
use ipcx::tui::app::{App, Overlay, Settings, Severity};
use ipcx::tui::draw;
use ipcx::tui::effect::Effect;
use ipcx::tui::event::{Event, Mouse};
use ipcx::tui::id::Id;
use ipcx::tui::jobs::{Job, Keeping, Teller};
use ipcx::tui::look::{Depth, Look};
use ipcx::tui::present::{Memory, present};
use ipcx::tui::view::View;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use std::os::unix::fs::FileTypeExt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// The interface without a terminal and threads: what it asks for is done when the test says so.
struct Interface {
    app: App,
    memory: Memory,
    jobs: Vec<Job>,
    files: Vec<Box<[u8]>>,
    cancels: usize,
    looks: usize,
}

impl Interface {
    fn new(read_only: bool) -> Self {
        let settings = Settings {
            keymap: Keymap::default(),
            theme: ThemeName::Mono,
            ascii: false,
            interval: Duration::from_secs(2),
            columns: View::ALL.map(|view| view.columns(&Columns::default())),
            policy: Policy { read_only, force: false },
            view: View::Queues,
            store: Some((backups(), backup::Settings::default())),
            clipboard: Wrap::None,
            remembered: State::default(),
        };
        let app = App::new(settings, (80, 24), Time { secs: 1_795_235_400, nanos: 0 });
        let mut new =
            Self { app, memory: Memory::default(), jobs: Vec::new(), files: Vec::new(), cancels: 0, looks: 0 };
        new.look(Depth::Full);
        new
    }

    /// Gives it an event, and answers its questions.
    fn event(&mut self, event: Event) {
        for effect in self.app.update(event) {
            match effect {
                Effect::Present(question) => {
                    let answer = present(&question.1, &question.0, &mut self.memory);
                    self.event(Event::Presented(Box::new(answer)));
                }
                Effect::Work(job) => self.jobs.push(*job),
                Effect::Watch(file) => self.files.push(file),
                Effect::Cancel => self.cancels += 1,
                Effect::Look(_) => self.looks += 1,
                _ => {}
            }
        }
        let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
        let mut painted = draw::Painted::default();
        terminal.draw(|frame| painted = draw::draw(frame, &self.app)).unwrap();
        self.app.take_painted(painted);
    }

    fn look(&mut self, depth: Depth) {
        let want = match depth {
            Depth::Full => Want { files: self.files.clone(), ..Want::everything(Kinds::all()) },
            Depth::Tables => Want { contents: true, ..Want::tables(Kinds::SYSV | Kinds::POSIX) },
        };
        let look = Look::new(depth, collect(&want).unwrap(), Duration::ZERO);
        self.event(Event::Looked(Arc::new(look)));
    }

    /// Presses keys, by their names.
    fn keys(&mut self, names: &[&str]) {
        for name in names {
            self.event(Event::Key(Key::parse(name).unwrap()));
        }
    }

    fn type_text(&mut self, text: &str) {
        self.event(Event::Paste(text.to_owned()));
    }

    /// Does the jobs that were asked for; with `cancelled` they are asked to stop from the first.
    fn work(&mut self, cancelled: bool) {
        let (to, from) = mpsc::channel();
        for job in std::mem::take(&mut self.jobs) {
            job.run(&Teller::new(to.clone(), Arc::new(AtomicBool::new(cancelled))));
        }
        drop(to);
        for event in from {
            self.event(event);
        }
    }

    /// Puts the cursor on the row of an address.
    fn go(&mut self, address: &str) {
        self.keys(&["g"]);
        for _ in 0..1000 {
            let answer = self.app.answer.as_ref().unwrap();
            let at = self.app.list().at;
            if answer.listing.grid.cell(at, 0).0 == address {
                return;
            }
            self.keys(&["Down"]);
        }
        panic!("{address} is not listed");
    }

    fn is_asked(&self) -> bool {
        matches!(self.app.overlay, Some(Overlay::Dialog(_)))
    }

    /// The dialog, as it is drawn.
    fn screen(&mut self) -> String {
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).unwrap();
        terminal.draw(|frame| drop(draw::draw(frame, &self.app))).unwrap();
        terminal.backend().to_string()
    }

    /// The messages with this beginning.
    fn said(&self, severity: Severity, words: &str) -> bool {
        self.app.log.entries().any(|entry| entry.severity == severity && entry.text.contains(words))
    }
}

fn exists(address: &str) -> bool {
    sight(address).is_some()
}

#[test]
fn a_removal_is_asked_about_and_undone() {
    isolated(|| {
        let id = sysv::queue(0x51, 0o600);
        sysv::send(id, 3, b"kept");
        let address = format!("queue:{id}");
        let before = sight(&address);
        let mut ui = Interface::new(false);
        ui.go(&address);
        // Before and after it was looked who uses it, Enter is Cancel.
        for planned in [false, true] {
            ui.keys(&["d"]);
            if planned {
                ui.work(false);
            }
            assert!(ui.is_asked());
            ui.keys(&["Enter"]);
            assert!(!ui.is_asked());
            ui.work(false);
            assert_eq!(sight(&address), before);
        }
        for no in ["Esc", "q", "n"] {
            ui.keys(&["d", no]);
            assert!(!ui.is_asked());
        }
        ui.jobs.clear();
        ui.keys(&["d"]);
        ui.work(false);
        let screen = ui.screen();
        for words in ["1 message of 4 bytes", "a backup is kept", &format!("same as: ipcx rm {address}")] {
            assert!(screen.contains(words), "{screen}");
        }
        ui.keys(&["Tab", "Enter"]);
        assert!(!ui.is_asked() && ui.app.doing.is_some() && exists(&address));
        ui.work(false);
        assert!(!exists(&address) && ui.app.doing.is_none() && ui.looks >= 2);
        assert!(ui.said(Severity::Done, &format!("removed {address}")));
        ui.look(Depth::Tables);

        ui.keys(&["u"]);
        ui.work(false);
        ui.keys(&["Enter"]);
        assert!(ui.jobs.is_empty() && !exists(&address) && entries().len() == 1);
        ui.keys(&["u"]);
        ui.work(false);
        ui.keys(&["Tab", "Enter"]);
        ui.work(false);
        assert_eq!(sight(&address), before);
        assert!(ui.said(Severity::Done, &format!("brought back {address}")) && entries().is_empty());
    });
}

/// The bug that must not be: the rows move under an open dialog, and another object is hit.
#[test]
fn rows_that_move_under_the_dialog_do_not_change_its_target() {
    isolated(|| {
        let (first, other) = (sysv::queue(0x61, 0o600), sysv::queue(0x62, 0o600));
        (0..9).for_each(|_| sysv::send(first, 1, b"x"));
        let mut ui = Interface::new(false);
        ui.event(Event::Key(Key::parse(":").unwrap()));
        ui.type_text("sort -messages");
        ui.keys(&["Enter", "g"]);
        let shown =
            |ui: &Interface| ui.app.answer.as_ref().unwrap().listing.grid.cell(ui.app.list().at, 0).0.to_owned();
        assert_eq!(shown(&ui), format!("queue:{first}"));
        ui.keys(&["d"]);
        ui.work(false);
        // The other one comes first now, the first one goes, and the cursor ends up on the other.
        (0..20).for_each(|_| sysv::send(other, 1, b"y"));
        ui.look(Depth::Tables);
        sysv::remove_queue(first);
        (0..5).for_each(|_| ui.look(Depth::Full));
        ui.look(Depth::Tables);
        assert!(ui.screen().contains(&format!("Remove queue:{first}")), "{}", ui.screen());
        ui.keys(&["Tab", "Enter"]);
        ui.work(false);
        assert!(exists(&format!("queue:{other}")));
        assert!(ui.said(Severity::Error, &format!("queue:{first}: gone or replaced")));
    });
}

#[test]
fn an_object_in_its_place_is_not_removed() {
    isolated(|| {
        let old = sysv::queue(0x71, 0o600);
        drop(posix::segment(c"/same", 4096, 0o600));
        for (view, address, replace) in [
            (
                "2",
                format!("queue:{old}"),
                &(|| {
                    sysv::remove_queue(old);
                    // The same id, too: only that it is younger tells.
                    next_id::request(Kind::Queue, old).unwrap();
                    assert_eq!(sysv::queue(0x71, 0o640), old);
                }) as &dyn Fn(),
            ),
            ("3", "shm:/same".to_owned(), &|| {
                posix::unlink_segment(c"/same");
                drop(posix::segment(c"/same", 8192, 0o600));
            }),
        ] {
            let mut ui = Interface::new(false);
            ui.keys(&[view]);
            ui.go(&address);
            ui.keys(&["d"]);
            ui.work(false);
            // A change is dated by the second.
            let now = crate::support::wait::second();
            crate::support::wait::second_after(now, 1);
            replace();
            ui.look(Depth::Full);
            ui.keys(&["Tab", "Enter"]);
            ui.work(false);
            assert!(exists(&address) && entries().is_empty());
            assert!(ui.said(Severity::Error, &format!("{address}: gone or replaced")), "{:?}", ui.app.log);
        }
    });
}

#[test]
fn what_is_in_use_stays_unless_forced() {
    isolated(|| {
        let ids: Vec<i32> = (0..3).map(|n| sysv::segment(0x80 + n, 4096, 0o600)).collect();
        let used = ids[1];
        let child = Child::new(&[], || sysv::attach(used));
        let mut ui = Interface::new(false);
        ui.keys(&["3", "g", "Space", "Space", "Space", "d"]);
        ui.work(false);
        let screen = ui.screen();
        assert!(
            screen.contains("Remove 3 objects") && screen.contains(&format!("in use: pid {}", child.pid())),
            "{screen}"
        );
        assert!(screen.contains("1 in use: kept unless forced"), "{screen}");
        ui.keys(&["Tab", "Enter"]);
        assert!(ui.app.list().selected.is_empty());
        ui.work(false);
        assert_eq!(ids.iter().map(|id| exists(&format!("shm:{id}"))).collect::<Vec<_>>(), [false, true, false]);
        assert!(ui.said(Severity::Done, "2 of 2 removed"));

        ui.look(Depth::Full);
        ui.go(&format!("shm:{used}"));
        ui.keys(&["d"]);
        ui.work(false);
        // Without force there is no button that would do it.
        ui.keys(&["Tab"]);
        assert!(!ui.screen().contains("[Remove]"), "{}", ui.screen());
        ui.keys(&["Space"]);
        let screen = ui.screen();
        assert!(screen.contains(&format!("ipcx rm -f shm:{used}")) && screen.contains("keeps its memory"), "{screen}");
        ui.keys(&["Shift-Tab", "Enter"]);
        ui.work(false);
        assert!(ui.said(Severity::Done, &format!("removed shm:{used}")), "{:?}", ui.app.log);
    });
}

#[test]
fn what_comes_in_use_after_the_dialog_stays() {
    isolated(|| {
        let id = sysv::segment(0x91, 4096, 0o600);
        let mut ui = Interface::new(false);
        ui.keys(&["3"]);
        ui.go(&format!("shm:{id}"));
        ui.keys(&["d"]);
        ui.work(false);
        ui.keys(&["Tab", "Enter"]);
        let _child = Child::new(&[], || sysv::attach(id));
        ui.work(false);
        assert!(exists(&format!("shm:{id}")));
        assert!(ui.said(Severity::Error, "in use"), "{:?}", ui.app.log);
    });
}

#[test]
fn many_can_be_cancelled_in_between() {
    isolated(|| {
        let ids: Vec<i32> = (0..5).map(|n| sysv::queue(0xa0 + n, 0o600)).collect();
        let mut ui = Interface::new(false);
        ui.keys(&["g", "Space", "Space", "Space", "Space", "Space", "d"]);
        ui.work(false);
        ui.keys(&["Tab", "Enter"]);
        // While it goes on no other is begun, and Esc cancels it.
        ui.keys(&["d"]);
        assert!(!ui.is_asked() && ui.jobs.len() == 1);
        ui.keys(&["Esc"]);
        assert_eq!(ui.cancels, 1);
        ui.work(true);
        assert!(ids.iter().all(|id| exists(&format!("queue:{id}"))));
        assert!(ui.said(Severity::Note, "interrupted: 0 of 5 removed, 5 left"), "{:?}", ui.app.log);
        assert!(ui.app.doing.is_none());
    });
}

#[test]
fn a_holder_is_chosen_and_signalled() {
    isolated(|| {
        let id = sysv::segment(0xb1, 4096, 0o600);
        let child = Child::new(&[], || sysv::attach(id));
        let mut ui = Interface::new(false);
        ui.keys(&["3"]);
        ui.go(&format!("shm:{id}"));
        // Its maker, which is this process, and the child that has it attached.
        let ask = |ui: &mut Interface| {
            ui.keys(&["x"]);
            let screen = ui.screen();
            assert!(screen.contains("attached") && screen.contains("creator"), "{screen}");
            let row = screen.lines().position(|line| line.contains("attached")).unwrap();
            let first = screen.lines().position(|line| line.contains("[ ]")).unwrap();
            (first..row).for_each(|_| ui.keys(&["Down"]));
            ui.keys(&["Enter"]);
            ui.work(false);
            assert!(ui.screen().contains("SIGTERM"), "{}", ui.screen());
            ui.keys(&["k", "i", "l", "l", "Enter"]);
            ui.work(false);
        };
        ask(&mut ui);
        let screen = ui.screen();
        assert!(screen.contains(&format!("send SIGKILL to pid:{}", child.pid())), "{screen}");
        assert!(screen.contains(&format!("ipcx kill -KILL {}", child.pid())), "{screen}");
        ui.keys(&["Enter"]);
        ui.work(false);
        assert!(!ui.is_asked() && child.is_running());
        ask(&mut ui);
        ui.keys(&["Tab", "Enter"]);
        ui.work(false);
        eventually("the child has ended", || !child.is_running());
        assert!(ui.said(Severity::Done, "sent SIGKILL"), "{:?}", ui.app.log);
    });
}

#[test]
fn a_message_is_typed_and_sent() {
    isolated(|| {
        let id = sysv::queue(0xc1, 0o600);
        let mut ui = Interface::new(false);
        ui.go(&format!("queue:{id}"));
        ui.keys(&["w"]);
        ui.work(false);
        ui.type_text(r"a\nb");
        // Over the form of the data, and its type, to the buttons: Enter leads there, and the first one is Cancel.
        ui.keys(&["Enter", "Space", "Enter", "Backspace", "7", "Enter", "Enter"]);
        assert!(!ui.is_asked() && ui.jobs.is_empty() && sysv::take(id).is_none());
        ui.keys(&["w"]);
        ui.work(false);
        ui.type_text(r"a\nb");
        ui.keys(&["Enter", "Space", "Enter", "Backspace", "7"]);
        assert!(ui.screen().contains(&format!("ipcx send --type 7 queue:{id} --hex 610a62")), "{}", ui.screen());
        ui.keys(&["Enter", "Right", "Enter"]);
        ui.work(false);
        assert_eq!(sysv::take(id), Some((7, b"a\nb".to_vec())));
        assert!(ui.said(Severity::Done, "sent 3 bytes"), "{:?}", ui.app.log);
    });
}

#[test]
fn a_new_fifo_is_made_and_shown() {
    isolated(|| {
        let path = scratch().join("new.fifo");
        let mut ui = Interface::new(false);
        ui.keys(&["n", "Enter"]);
        assert!(ui.screen().contains("/tmp/ipcx-"), "{}", ui.screen());
        ui.keys(&["Ctrl-u"]);
        assert!(ui.screen().contains("begins with /") && !ui.screen().contains("[Make]"), "{}", ui.screen());
        ui.type_text(path.to_str().unwrap());
        ui.keys(&["Tab", "Tab", "Enter"]);
        assert!(!ui.is_asked() && ui.jobs.is_empty() && !path.exists());
        ui.keys(&["n", "Enter", "Ctrl-u"]);
        ui.type_text(path.to_str().unwrap());
        ui.keys(&["Tab", "Tab", "Right", "Enter"]);
        ui.work(false);
        assert!(std::fs::metadata(&path).unwrap().file_type().is_fifo());
        // Nobody has it open, and still it is listed, and the cursor is on it.
        ui.look(Depth::Full);
        assert_eq!(ui.app.view, View::Pipes);
        let answer = ui.app.answer.as_ref().unwrap();
        assert_eq!(answer.listing.grid.cell(ui.app.list().at, 0).0, format!("fifo:{}", path.display()));
        assert!(matches!(ui.app.list().cursor, Some(Id::Object(_))));
    });
}

#[test]
fn the_mouse_presses_buttons() {
    isolated(|| {
        let id = sysv::queue(0xd1, 0o600);
        let mut ui = Interface::new(false);
        ui.go(&format!("queue:{id}"));
        ui.keys(&["d"]);
        ui.work(false);
        let place = |ui: &Interface, word: &str| {
            let mut terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
            terminal.draw(|frame| drop(draw::draw(frame, &ui.app))).unwrap();
            let screen = terminal.backend().to_string();
            let (line, text) = screen.lines().enumerate().find(|(_, text)| text.contains(word)).unwrap();
            // Each line is in quotes.
            let before = text.split(word).next().unwrap().chars().count() - 1;
            (before as u16, line as u16)
        };
        let (column, line) = place(&ui, "[Cancel]");
        ui.event(Event::Mouse(Mouse::Press(column + 1, line)));
        assert!(!ui.is_asked() && ui.jobs.is_empty());
        ui.keys(&["d"]);
        ui.work(false);
        let (column, line) = place(&ui, "[Remove]");
        ui.event(Event::Mouse(Mouse::Press(column + 1, line)));
        ui.work(false);
        assert!(!exists(&format!("queue:{id}")));
    });
}

#[test]
fn every_dialog_can_be_used_at_every_size() {
    isolated(|| {
        let id = sysv::segment(0xf1, 4096, 0o600);
        let _child = Child::new(&[], || sysv::attach(id));
        let queue = sysv::queue(0xf2, 0o600);
        let mut ui = Interface::new(false);
        ui.go(&format!("queue:{queue}"));
        let steps: [(&[&str], &str); 9] = [
            (&["d"], "[Cancel]"),
            (&["u"], "[Cancel]"),
            (&["w"], "[Cancel]"),
            (&["n"], "[Cancel]"),
            (&["n", "Enter"], "[Cancel]"),
            (&["n", "Down", "Enter"], "[Cancel]"),
            (&["3", "g", "x"], "[Signal 1"),
            (&["x", "Enter"], "type to"),
            (&["x", "Down", "Enter", "Enter"], "[Cancel]"),
        ];
        for (keys, word) in steps {
            for key in keys {
                ui.keys(&[key]);
                ui.work(false);
            }
            assert!(ui.is_asked(), "{keys:?}");
            for (width, height) in [(1, 1), (19, 9), (20, 5), (40, 15), (80, 24), (120, 40), (300, 100)] {
                let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
                terminal.draw(|frame| drop(draw::draw(frame, &ui.app))).unwrap();
                let screen = terminal.backend().to_string();
                assert!(screen.contains(word) || width < 20, "{keys:?} at {width}x{height}:\n{screen}");
            }
            ui.keys(&["Esc"]);
            assert!(!ui.is_asked(), "{keys:?}");
        }
    });
}

#[test]
fn read_only_answers_and_opens_nothing() {
    isolated(|| {
        let id = sysv::queue(0xe1, 0o600);
        sysv::send(id, 1, b"x");
        let mut ui = Interface::new(true);
        ui.go(&format!("queue:{id}"));
        for key in ["d", "Delete", "u", "x", "F9", "w", "n"] {
            let before = ui.app.log.len();
            ui.keys(&[key]);
            assert!(!ui.is_asked() && ui.jobs.is_empty(), "{key}");
            assert_eq!(ui.app.log.len(), before + 1, "{key}");
            let last = ui.app.log.entries().next_back().unwrap();
            assert!(last.text.contains("refused in read-only mode"), "{key}: {}", last.text);
        }
    });
}

#[test]
fn an_interrupted_removal_is_told() {
    isolated(|| {
        let (to, from) = mpsc::channel();
        let teller = Teller::new(to, Arc::new(AtomicBool::new(false)));
        Job::TellInterrupted(Keeping(Some((backups(), backup::Settings::default())))).run(&teller);
        Job::TellInterrupted(Keeping(None)).run(&teller);
        drop(teller);
        assert_eq!(from.into_iter().count(), 0, "where nothing was interrupted nothing is told");
    });
}
