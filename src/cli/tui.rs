//! `ipcx` on a terminal, and `ipcx tui`: the terminal interface.

use super::Exit;
use super::args::Color;
use super::exit::Usage;
use super::{keeping, remembering};
use crate::actions::Policy;
use crate::config;
use crate::config::theme::{self, ThemeName};
use crate::model::quoted;
use crate::output::osc52::Wrap;
use crate::query::filter::parse_seconds;
use crate::tui::app::Settings;
use crate::tui::view::View;
use crate::tui::{self, Ended};
use clap::Args;
use std::io::{self, IsTerminal};
use std::time::Duration;

/// Open the terminal interface
///
/// The same as `ipcx` alone on a terminal. `?` lists the keys.
#[derive(Debug, Default, Args)]
pub(super) struct Tui {
    /// Colour theme: ansi, dark, light or mono
    ///
    /// Without it: the settings' theme, or else the one chosen last with a key. Where `NO_COLOR` is set or `TERM` is
    /// `dumb`, it is `mono`, unless `--color always` was given.
    #[arg(long, value_name = "NAME")]
    theme: Option<ThemeName>,
    /// Look every so many seconds, 0.25 to 3600
    #[arg(long, value_name = "SECONDS")]
    interval: Option<String>,
    /// The view to begin with: overview, queues, memory, semaphores, pipes, sockets, processes or problems
    #[arg(long, value_name = "NAME")]
    view: Option<String>,
    /// Draw with nothing but ASCII
    ///
    /// In a locale that is not UTF-8 it is so anyway.
    #[arg(long)]
    ascii: bool,
    /// Leave the mouse to the terminal
    ///
    /// With it on, most terminals select text while Shift is held.
    #[arg(long)]
    no_mouse: bool,
    /// When to use colours [default: auto]
    #[arg(long, value_name = "WHEN", id = "tui_color")]
    color: Option<Color>,
}

impl Tui {
    /// Whether anything of it was asked for by name.
    pub(super) fn is_asked_for(&self) -> bool {
        self.theme.is_some()
            || self.interval.is_some()
            || self.view.is_some()
            || self.ascii
            || self.no_mouse
            || self.color.is_some()
    }

    pub(super) fn run(&self, read_only: bool, file: config::Settings) -> anyhow::Result<Exit> {
        let mouse = file.mouse && !self.no_mouse;
        let settings = self.settings(read_only, file)?;
        if !is_terminal() {
            return Err(Usage::error("there is no terminal to draw on; `ipcx ls` lists without one"));
        }
        let before = settings.remembered.clone();
        let (ended, state, last) = tui::run(settings, mouse)?;
        if let Some(last) = last {
            super::exit::complain(&last);
        }
        if state != before {
            remembering::keep(&state);
        }
        match ended {
            Ended::Quit => Ok(Exit::Done),
            Ended::Signal(ending) => Ok(ending.into()),
            Ended::Lost(why) => Err(anyhow::anyhow!(why)),
        }
    }

    /// A flag counts before the file, and what was chosen in the interface where neither says anything.
    fn settings(&self, read_only: bool, file: config::Settings) -> anyhow::Result<Settings> {
        let interval = self.interval.as_deref().map(interval).transpose()?.unwrap_or(file.refresh);
        let view = match self.view.as_deref() {
            None => View::Overview,
            Some(name) => View::of_name(name).ok_or_else(|| {
                let all = View::ALL.map(View::name).join(", ");
                Usage::error(format_args!("{} is no view: they are {all}", quoted(name.as_bytes())))
            })?,
        };
        let remembered = remembering::recall();
        let configured = if file.theme == ThemeName::default() { remembered.theme } else { Some(file.theme) };
        let color = self.color.unwrap_or_default().into();
        let environment = |name: &str| std::env::var_os(name);
        Ok(Settings {
            theme: theme::choose(self.theme, configured, color, environment),
            ascii: self.ascii || file.ascii || !config::is_utf8(environment),
            keymap: file.keys,
            interval,
            columns: View::ALL.map(|view| view.columns(&file.columns)),
            policy: Policy { read_only, force: false },
            store: keeping::place(file.backup).ok(),
            view,
            clipboard: Wrap::of(environment),
            remembered,
        })
    }
}

/// Whether there is a terminal to draw on and to read keys from.
pub(super) fn is_terminal() -> bool {
    io::stdout().is_terminal() && io::stdin().is_terminal()
}

fn interval(text: &str) -> anyhow::Result<Duration> {
    let seconds = text.parse().ok().or_else(|| parse_seconds(text).map(|whole| whole as f64));
    let seconds = seconds.filter(|seconds| (0.25..=3600.0).contains(seconds));
    let seconds = seconds.ok_or_else(|| {
        Usage::error(format_args!(
            "{} is no interval: write seconds from 0.25 to 3600, e.g. --interval 5",
            quoted(text.as_bytes())
        ))
    })?;
    Ok(Duration::from_secs_f64(seconds))
}
