//! The terminal: taken over at the start, given back at every end, also at a panic; and given back for a while when the
//! program is stopped as a job (Ctrl-Z).

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use ratatui::crossterm::style::force_color_output;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::crossterm::{cursor, execute};
use std::io::{self, BufWriter, Stdout, Write};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the terminal is taken over now: it is given back once.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while it is taken over. Dropping it gives it back.
#[derive(Debug)]
pub struct Screen {
    /// To draw on. Never dropped: it would complain on stderr about a terminal that is gone, which is stderr too, and panic.
    pub terminal: ManuallyDrop<Terminal<CrosstermBackend<BufWriter<Stdout>>>>,
    mouse: bool,
}

impl Screen {
    /// Takes the terminal over. Errors: it is none, or gone.
    pub fn take(mouse: bool) -> io::Result<Self> {
        // The theme decides about colours. Left to itself, crossterm 0.29 answers NO_COLOR by writing an empty sequence in
        // the place of a colour, which resets the highlight as well.
        force_color_output(true);
        take(mouse)?;
        match terminal() {
            Ok(terminal) => Ok(Self { terminal: ManuallyDrop::new(terminal), mouse }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Gives it back, calls `stop`, and takes it over again with nothing of the old picture.
    pub fn lend(&mut self, stop: impl FnOnce()) -> io::Result<()> {
        give_back();
        stop();
        take(self.mouse)?;
        self.repaint()
    }

    /// Forgets what is on the terminal, so that all of it is painted anew. `Terminal::clear` would ask the terminal where
    /// its cursor is, and wait for an answer that the input thread reads.
    fn repaint(&mut self) -> io::Result<()> {
        execute!(io::stdout(), Clear(ClearType::All))?;
        let new = ManuallyDrop::new(terminal()?);
        drop(ManuallyDrop::into_inner(std::mem::replace(&mut self.terminal, new)));
        Ok(())
    }

    /// Writes bytes past the picture, for what is no picture: the clipboard.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout();
        out.write_all(bytes)?;
        out.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Bytes of a picture that are written at once: one that comes in pieces can be seen half done.
const PICTURE: usize = 256 * 1024;

fn terminal() -> io::Result<Terminal<CrosstermBackend<BufWriter<Stdout>>>> {
    Terminal::new(CrosstermBackend::new(BufWriter::with_capacity(PICTURE, io::stdout())))
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    let taken = execute!(out, EnterAlternateScreen, EnableBracketedPaste, Clear(ClearType::All));
    let taken = taken.and_then(|()| if mouse { execute!(out, EnableMouseCapture) } else { Ok(()) });
    if taken.is_err() {
        give_back();
    }
    taken
}

/// Gives the terminal back, if it was taken. Does all it can: a terminal that is gone refuses, and needs nothing.
pub fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let mut out = io::stdout();
        let _ = execute!(out, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
        let _ = disable_raw_mode();
    }
}

/// Has a panic give the terminal back before it is reported, so that the report can be read.
pub fn give_back_on_panic() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        give_back();
        report(panic);
    }));
}
