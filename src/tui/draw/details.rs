//! Details of one thing, in the place of the list or beside it.
//!
//! ```text
//! Queues › queue:5 › orders(812)                                      the way that led here
//! orders(812) ─▶ [queue 0x4d2  3 msgs, 96/16K] ─▶ (nobody)            who is on each side
//! ▁▂▂▅█ messages, last 4 min, 0–12                                    how its number went
//! state        in-use (certain)                                       lines that can be walked,
//! holders      last-sender    orders(812)                             or the contents
//! ```

use super::fold::folded;
use super::{Hit, Painted, contents, list, put, put_cut};
use crate::tui::app::{App, Crumb};
use crate::tui::present::{Details, Line, Part};
use ratatui::Frame;
use ratatui::layout::Rect;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns of the labels, and where there is little room.
const LABEL: (u16, u16) = (13, 10);
/// Columns below which there is little.
const NARROW: u16 = 60;
/// Rows that a value takes at the most: a command line may be as long as it likes.
const MOST_ROWS: usize = 8;
/// Columns that a tree must leave for its names; otherwise they begin at the left when they go on.
const LEAST_TEXT: usize = 20;
/// Lines from which on a picture and bars leave enough for what they are about.
const ROOMY: u16 = 16;

/// Details that are open, with the way that led to them; `None` while they are not known yet.
pub(super) fn draw_open(
    frame: &mut Frame<'_>,
    app: &App,
    details: Option<&Details>,
    crumb: &Crumb,
    area: Rect,
    painted: &mut Painted,
) {
    if area.height == 0 {
        return;
    }
    let way = way(app, crumb, details);
    let gone = details.is_some_and(|details| details.gone);
    let room = usize::from(area.width).saturating_sub(if gone { 5 } else { 0 });
    let x = put(frame, area, area.x, &cut_left(&way, room), app.theme.heading);
    if gone {
        put(frame, area, x + 1, "gone", app.theme.gone);
    }
    let area = below(area, 1);
    let Some(details) = details else {
        // The contents can be there before the rest is.
        match &crumb.pane {
            Some(pane) => contents::draw(frame, app, pane, area, painted),
            None => drop(put(frame, area, area.x, "looking…", app.theme.dim)),
        }
        return;
    };
    let area = head(frame, app, details, area);
    if let Some(pane) = &crumb.pane {
        contents::draw(frame, app, pane, area, painted);
        return;
    }
    let offset = offset(details, crumb, area);
    painted.details_offset = offset;
    let mut rest = area;
    for (at, one) in details.lines.iter().enumerate().skip(offset) {
        if rest.height == 0 {
            break;
        }
        let rows = line(frame, app, details, one, rest);
        painted.add(rows, Hit::Line(at, one.link.map(|link| link.to)));
        painted.page = at + 1 - offset;
        if crumb.line == at {
            frame.buffer_mut().set_style(rows, app.theme.cursor);
            // Screen readers and braille displays follow the terminal's own cursor.
            frame.set_cursor_position((area.x, rows.y));
        }
        rest = below(rest, rows.height);
    }
}

/// The first line to be shown: the cursor is always among the lines that are seen, and no room is left below the last.
fn offset(details: &Details, crumb: &Crumb, area: Rect) -> usize {
    let rows = |at: usize| details.lines.get(at).map_or(1, |one| parts(details, one, area.width).len());
    // The first of the lines above that still leaves this one on the screen.
    let highest = |last: usize| {
        let (mut at, mut used) = (last, rows(last));
        while at > 0 && used + rows(at - 1) <= usize::from(area.height) {
            at -= 1;
            used += rows(at);
        }
        at
    };
    let last = details.lines.len().saturating_sub(1);
    crumb.offset.min(highest(last)).clamp(highest(crumb.line.min(last)), crumb.line.min(last))
}

/// Columns of the labels; none where there are none, as in a graph.
fn label_width(details: &Details, width: u16) -> u16 {
    match details.lines.iter().all(|one| one.label.is_empty()) {
        true => 0,
        false if width < NARROW => LABEL.1,
        false => LABEL.0,
    }
}

/// A line's value in as many rows as it needs. Of a tree's line all stand to the right of its branches.
fn parts(details: &Details, one: &Line, width: u16) -> Vec<String> {
    let width = usize::from(width.saturating_sub(label_width(details, width)));
    let (branches, text) = branches(&one.text);
    let room = width.saturating_sub(branches.width());
    if branches.is_empty() || room < LEAST_TEXT {
        return folded(&one.text, width, MOST_ROWS);
    }
    let on = |c| if matches!(c, '│' | '├') { '│' } else { ' ' };
    let below: String = branches.chars().map(on).collect();
    let before = std::iter::once(branches).chain(std::iter::repeat(&*below));
    before.zip(folded(text, room, MOST_ROWS)).map(|(before, text)| format!("{before}{text}")).collect()
}

/// What a tree draws before a name, and the rest.
fn branches(text: &str) -> (&str, &str) {
    let drawn = text.starts_with(['│', '├', '└', ' ']);
    let end = text.find(|c| !matches!(c, '│' | '├' | '└' | '─' | '◀' | '▶' | ' ')).filter(|_| drawn);
    text.split_at(end.unwrap_or(0))
}

/// Details of the cursor's row, beside the list.
pub(super) fn draw_beside(frame: &mut Frame<'_>, app: &App, details: &Details, area: Rect) {
    if area.height == 0 || area.width < 4 {
        return;
    }
    for y in area.y..area.bottom() {
        put(frame, Rect { y, height: 1, ..area }, area.x, "│", app.theme.border);
    }
    let area = Rect { x: area.x + 2, width: area.width - 2, ..area };
    let x = put(frame, area, area.x, &details.title, app.theme.heading);
    if details.gone {
        put(frame, area, x + 1, "gone", app.theme.gone);
    }
    let area = head(frame, app, details, below(area, 1));
    let mut rest = area;
    for one in &details.lines {
        if rest.height == 0 {
            break;
        }
        let rows = line(frame, app, details, one, rest);
        rest = below(rest, rows.height);
    }
}

/// The names of all that was opened on the way here.
fn way(app: &App, last: &Crumb, details: Option<&Details>) -> String {
    let crumbs = app.trail.crumbs();
    let before = crumbs[..crumbs.len().saturating_sub(1)].iter().map(|crumb| crumb.title.as_str());
    let here = details.map_or(last.title.as_str(), |details| details.title.as_str());
    let contents = if last.pane.is_some() { "contents" } else { "" };
    let names = std::iter::once(app.view.title()).chain(before).chain([here, contents]);
    names.filter(|name| !name.is_empty()).collect::<Vec<_>>().join(" › ")
}

/// The end of a text, as much as fits: where somebody is matters more than where he began.
fn cut_left(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let (mut start, mut used) = (text.len(), 1);
    for (at, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > width {
            break;
        }
        start = at;
    }
    if width == 0 { String::new() } else { format!("…{}", &text[start..]) }
}

/// What is left of an area below so many lines.
fn below(area: Rect, lines: u16) -> Rect {
    let lines = lines.min(area.height);
    Rect { y: area.y + lines, height: area.height - lines, ..area }
}

/// Who is on each side, and how its number went; what is left of the area.
fn head(frame: &mut Frame<'_>, app: &App, details: &Details, area: Rect) -> Rect {
    let theme = &app.theme;
    let mut rest = area;
    if let Some(flow) = details.flow.as_ref().filter(|_| area.height >= 4) {
        let mut x = area.x;
        for (text, part) in flow.spans(usize::from(area.width)) {
            let style = match part {
                _ if details.gone => theme.gone,
                Part::Party => theme.value,
                Part::Waiting => theme.warning,
                Part::Gone => theme.gone,
                Part::Aside | Part::Arrow => theme.dim,
                Part::Object => theme.title,
            };
            x = put(frame, area, x, &text, style);
        }
        rest = below(rest, 1);
    }
    let roomy = area.height >= ROOMY;
    if let Some(history) = details.history.as_ref().filter(|_| area.height >= 8) {
        let caption = history.caption();
        let room = usize::from(area.width).saturating_sub(caption.width() + 1);
        let bars = history.bars(room.min(60), if roomy { 2 } else { 1 });
        let mut x = rest.x;
        for bar in &bars {
            x = put(frame, rest, rest.x, bar, if details.gone { theme.gone } else { theme.spark });
            rest = below(rest, 1);
        }
        if !bars.is_empty() {
            let caption_line = Rect { y: rest.y - 1, height: 1, ..area };
            put(frame, caption_line, x + 1, &caption, theme.dim);
        }
    }
    if roomy && rest.y > area.y { below(rest, 1) } else { rest }
}

/// One line: what it tells, and the value. The rows at the top of the area that it took.
fn line(frame: &mut Frame<'_>, app: &App, details: &Details, one: &Line, area: Rect) -> Rect {
    let theme = &app.theme;
    let column = label_width(details, area.width);
    let label = Rect { width: area.width.min(column.saturating_sub(1)), height: 1, ..area };
    put_cut(frame, label, &one.label, if details.gone { theme.gone } else { theme.label });
    let style = match one.link {
        _ if details.gone => theme.gone,
        Some(_) => theme.key,
        None if one.label == "state" => list::state(app, one.text.split(' ').next().unwrap_or_default()),
        None => theme.value,
    };
    let parts = parts(details, one, area.width);
    for (part, y) in parts.iter().zip(area.y..area.bottom()) {
        put(frame, Rect { y, height: 1, ..area }, area.x + column.min(area.width), part, style);
    }
    Rect { height: area.height.min(parts.len() as u16), ..area }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_tree_goes_on_to_the_right_of_its_branches() {
        let text = "│  ├◀▶ pipe:[38887577]  reader, waiting-send".to_owned();
        let one = Line { label: String::new(), text, link: None };
        let id = crate::tui::id::Id::Process { pid: 1, start_ticks: 1 };
        let jump = crate::tui::present::Jump::Nowhere(String::new());
        let (title, lines) = (String::new(), vec![one]);
        let details = Details { id, title, gone: false, flow: None, history: None, lines, jump };
        let shown = |width| parts(&details, &details.lines[0], width);
        assert_eq!(shown(30), ["│  ├◀▶ pipe:[38887577]  ", "│  │   reader, waiting-send"]);
        assert_eq!(shown(80), [&*details.lines[0].text]);
        assert_eq!(shown(26)[1], "reader, waiting-send", "there is no room");
        assert_eq!(branches("cat(1)  reader"), ("", "cat(1)  reader"));
    }

    #[test]
    fn the_end_of_a_long_way_is_what_is_shown() {
        let way = "Queues › queue:5 › orders(812)";
        assert_eq!(cut_left(way, 40), way);
        assert_eq!(cut_left(way, 12), "…orders(812)");
        assert_eq!((cut_left(way, 1), cut_left(way, 0)), ("…".to_owned(), String::new()));
        assert_eq!(cut_left("漢字漢字", 4), "…字");
    }
}
