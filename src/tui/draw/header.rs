//! The first line: the program, the machine, the views' tabs with how much each lists, and what state all is in.

use super::{Hit, Painted, put};
use crate::tui::app::App;
use crate::tui::view::View;
use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// How much of the tabs is written.
#[derive(Clone, Copy, PartialEq)]
enum Tabs {
    /// Number, name and count.
    Whole,
    /// The same, with short names.
    Short,
    /// Number and short name.
    Names,
    /// Numbers, and the name of the one that is shown.
    Numbers,
}

const NAME: &str = "ipcx ";

pub(super) fn draw(frame: &mut Frame<'_>, app: &App, area: Rect, painted: &mut Painted) {
    let theme = &app.theme;
    let marks = marks(app);
    let marks_width: usize = marks.iter().map(|(text, _)| text.width() + 1).sum();
    let room = usize::from(area.width).saturating_sub(marks_width);
    let width = |tabs| View::ALL.into_iter().map(|view| label(app, view, tabs).width() + 1).sum::<usize>() - 1;
    let fitting = [Tabs::Whole, Tabs::Short, Tabs::Names].into_iter().find(|tabs| width(*tabs) <= room);
    let tabs = fitting.unwrap_or(Tabs::Numbers);
    let mut x = area.x;
    if NAME.len() + width(tabs) <= room {
        x = put(frame, area, x, "ipcx", theme.title) + 1;
    }
    let end = Rect { width: area.width.saturating_sub(marks_width as u16), ..area };
    for view in View::ALL {
        let severe = app.answer.as_ref().is_some_and(|answer| answer.summary.severe > 0);
        let style = match view {
            _ if view == app.view => theme.tab_on,
            View::Problems if severe => theme.warning,
            _ => theme.tab,
        };
        let from = x;
        x = put(frame, end, x, &label(app, view, tabs), style);
        painted.add(Rect { x: from, width: x - from, ..area }, Hit::Tab(view));
        x += 1;
    }
    let mut x = area.right().saturating_sub(marks_width as u16);
    for (text, style) in marks {
        x = put(frame, area, x + 1, &text, style);
    }
}

fn label(app: &App, view: View, tabs: Tabs) -> String {
    let number = view.index() + 1;
    let count = app.answer.as_ref().and_then(|answer| answer.summary.counts[view.index()]);
    let name = if tabs == Tabs::Whole { view.title() } else { view.short_title() };
    let text = match (tabs, count) {
        (Tabs::Whole | Tabs::Short, Some(count)) => format!("{number} {name}:{count}"),
        (Tabs::Numbers, _) if view != app.view => number.to_string(),
        _ => format!("{number} {name}"),
    };
    // The one that is shown stands out by more than its colour.
    if view == app.view { format!("[{text}]") } else { text }
}

/// What state all is in, for the right end.
fn marks(app: &App) -> Vec<(String, ratatui::style::Style)> {
    let theme = &app.theme;
    let mut marks = Vec::new();
    if app.settings.policy.read_only {
        marks.push(("[RO]".to_owned(), theme.read_only));
    }
    if let Some(since) = app.frozen {
        marks.push((format!("FROZEN {}", super::footer::clock(since)), theme.frozen));
    }
    marks
}
