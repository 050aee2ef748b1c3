//! The four themes. `dark` and `light` take their colours out of the 256 that no terminal setting changes, and set a
//! background with them; a test reckons every contrast.

use super::{Theme, ThemeName};
use ratatui::style::{Color, Modifier, Style};

const BOLD: Modifier = Modifier::BOLD;
const DIM: Modifier = Modifier::DIM;
const REVERSED: Modifier = Modifier::REVERSED;
const UNDERLINED: Modifier = Modifier::UNDERLINED;

const fn with(modifiers: Modifier) -> Style {
    Style::new().add_modifier(modifiers)
}

/// Modifiers alone.
pub(super) const fn mono() -> Theme {
    let plain = Style::new();
    Theme {
        name: ThemeName::Mono,
        text: plain,
        dim: with(DIM),
        title: with(BOLD),
        tab: plain,
        tab_on: with(REVERSED),
        heading: with(BOLD),
        heading_sorted: with(BOLD.union(UNDERLINED)),
        cursor: with(REVERSED),
        selected: with(BOLD.union(UNDERLINED)),
        cursor_selected: with(REVERSED.union(BOLD).union(UNDERLINED)),
        leaked: with(BOLD),
        suspect: with(UNDERLINED),
        in_use: plain,
        idle: plain,
        unknown: with(DIM),
        new: with(BOLD),
        changed: with(BOLD),
        gone: with(DIM),
        danger: with(BOLD),
        button: plain,
        button_on: with(REVERSED),
        danger_on: with(REVERSED.union(BOLD)),
        border: with(DIM),
        border_on: plain,
        label: with(DIM),
        value: plain,
        key: with(BOLD),
        gauge_low: plain,
        gauge_mid: plain,
        gauge_high: with(BOLD),
        gauge_rest: with(DIM),
        spark: plain,
        error: with(BOLD),
        warning: with(BOLD),
        good: plain,
        input: with(UNDERLINED),
        frozen: with(REVERSED),
        read_only: with(REVERSED),
    }
}

/// The terminal's colours over what `mono` already tells apart. Yellow, white, black and the bright ones are left out as
/// text: each is unreadable on some terminal's background. A gauge is an area, and has its number beside it.
pub(super) const fn ansi() -> Theme {
    let mono = mono();
    Theme {
        name: ThemeName::Ansi,
        title: with(BOLD).fg(Color::Cyan),
        tab_on: with(REVERSED.union(BOLD)),
        heading_sorted: with(BOLD.union(UNDERLINED)).fg(Color::Cyan),
        selected: with(BOLD).fg(Color::Cyan),
        cursor_selected: with(REVERSED.union(BOLD)).fg(Color::Cyan),
        leaked: with(BOLD).fg(Color::Red),
        suspect: Style::new().fg(Color::Magenta),
        in_use: Style::new().fg(Color::Green),
        new: with(BOLD).fg(Color::Green),
        changed: with(BOLD),
        danger: with(BOLD).fg(Color::Red),
        danger_on: with(REVERSED.union(BOLD)).fg(Color::Red),
        border_on: Style::new().fg(Color::Cyan),
        label: Style::new().fg(Color::Cyan),
        key: with(BOLD).fg(Color::Cyan),
        gauge_low: Style::new().fg(Color::Green),
        gauge_mid: Style::new().fg(Color::Yellow),
        gauge_high: with(BOLD).fg(Color::Red),
        spark: Style::new().fg(Color::Cyan),
        error: with(BOLD).fg(Color::Red),
        warning: with(BOLD).fg(Color::Magenta),
        good: Style::new().fg(Color::Green),
        frozen: with(REVERSED).fg(Color::Cyan),
        read_only: with(REVERSED).fg(Color::Magenta),
        ..mono
    }
}

/// The colours that a theme with a background is made of, as numbers of the 256.
struct Inks {
    ground: u8,
    ink: u8,
    dim: u8,
    border: u8,
    red: u8,
    amber: u8,
    green: u8,
    cyan: u8,
    blue: u8,
    magenta: u8,
}

pub(super) const fn dark() -> Theme {
    let inks = Inks {
        ground: 234,
        ink: 252,
        dim: 246,
        border: 245,
        red: 210,
        amber: 221,
        green: 114,
        cyan: 80,
        blue: 111,
        magenta: 176,
    };
    painted(ThemeName::Dark, &inks)
}

pub(super) const fn light() -> Theme {
    let inks = Inks {
        ground: 255,
        ink: 235,
        dim: 241,
        border: 241,
        red: 124,
        amber: 94,
        green: 22,
        cyan: 23,
        blue: 25,
        magenta: 90,
    };
    painted(ThemeName::Light, &inks)
}

const fn painted(name: ThemeName, inks: &Inks) -> Theme {
    const fn fg(ink: u8) -> Style {
        Style::new().fg(Color::Indexed(ink))
    }
    // What stands out has the background's colour on its own.
    const fn area(ground: u8, ink: u8) -> Style {
        fg(ground).bg(Color::Indexed(ink))
    }
    let Inks { ground, ink, dim, border, red, amber, green, cyan, blue, magenta } = *inks;
    Theme {
        name,
        text: fg(ink).bg(Color::Indexed(ground)),
        dim: fg(dim),
        title: fg(blue).add_modifier(BOLD),
        tab: fg(dim),
        tab_on: area(ground, blue).add_modifier(BOLD),
        heading: fg(ink).add_modifier(BOLD),
        heading_sorted: fg(blue).add_modifier(BOLD.union(UNDERLINED)),
        cursor: area(ground, blue),
        selected: fg(amber).add_modifier(BOLD),
        cursor_selected: area(ground, amber).add_modifier(BOLD),
        leaked: fg(red).add_modifier(BOLD),
        suspect: fg(amber),
        in_use: fg(green),
        idle: fg(ink),
        unknown: fg(dim),
        new: fg(green).add_modifier(BOLD),
        changed: fg(cyan).add_modifier(BOLD),
        gone: fg(dim),
        danger: fg(red).add_modifier(BOLD),
        button: fg(ink),
        button_on: area(ground, blue),
        danger_on: area(ground, red).add_modifier(BOLD),
        border: fg(border),
        border_on: fg(blue),
        label: fg(dim),
        value: fg(ink),
        key: fg(cyan).add_modifier(BOLD),
        gauge_low: fg(green),
        gauge_mid: fg(amber),
        gauge_high: fg(red).add_modifier(BOLD),
        gauge_rest: fg(dim),
        spark: fg(cyan),
        error: fg(red).add_modifier(BOLD),
        warning: fg(amber).add_modifier(BOLD),
        good: fg(green),
        input: fg(ink).add_modifier(UNDERLINED),
        frozen: area(ground, cyan),
        read_only: area(ground, magenta),
    }
}
