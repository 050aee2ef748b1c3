//! Colour themes: a style for each thing that is drawn, and which theme is used where.
//!
//! No style is the only sign of anything: states are words, marks are characters. `palette` has the themes themselves.

mod palette;

use super::ColorChoice;
use super::color::is_refused;
use ratatui::style::Style;
use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;

/// A theme's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ThemeName {
    /// The terminal's own 16 colours, on its own background.
    #[default]
    Ansi,
    /// For a dark background, which it sets.
    Dark,
    /// For a light background, which it sets.
    Light,
    /// No colour: bold, dim, underlined, reversed.
    Mono,
}

impl ThemeName {
    /// All, in the order in which [`ThemeName::next`] goes through them.
    pub const ALL: [Self; 4] = [Self::Ansi, Self::Dark, Self::Light, Self::Mono];

    /// The one behind it; behind the last, the first.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Ansi => Self::Dark,
            Self::Dark => Self::Light,
            Self::Light => Self::Mono,
            Self::Mono => Self::Ansi,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ansi => "ansi",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Mono => "mono",
        }
    }
}

impl fmt::Display for ThemeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No theme has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no theme; there are ansi, dark, light, mono")]
pub struct NoTheme;

impl FromStr for ThemeName {
    type Err = NoTheme;

    fn from_str(text: &str) -> Result<Self, NoTheme> {
        Self::ALL.into_iter().find(|theme| theme.name() == text).ok_or(NoTheme)
    }
}

/// The theme to draw with: the one asked for on the command line, or else the configured one. Where colours are refused,
/// by `--color never` or, unless `--color always` was given, by `NO_COLOR` or `TERM=dumb`, it is [`ThemeName::Mono`]:
/// the terminal library would turn off the highlight together with the colours. `environment` is asked for variables.
pub fn choose(
    asked: Option<ThemeName>,
    configured: Option<ThemeName>,
    color: ColorChoice,
    environment: impl Fn(&str) -> Option<OsString>,
) -> ThemeName {
    let colors = match color {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => !is_refused(environment),
    };
    if colors { asked.or(configured).unwrap_or_default() } else { ThemeName::Mono }
}

/// Declares [`Theme`], and beside it the list of its styles, so that what holds for all of them can be tested.
macro_rules! theme {
    ($($(#[$about:meta])* $style:ident,)*) => {
        /// A style for each thing that is drawn. `text` is that of the whole screen; the others go over it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct Theme {
            /// Which it is.
            pub name: ThemeName,
            $($(#[$about])* pub $style: Style,)*
        }

        impl Theme {
            /// All styles, with their names.
            pub fn styles(&self) -> impl Iterator<Item = (&'static str, Style)> {
                [$((stringify!($style), self.$style),)*].into_iter()
            }
        }
    };
}

theme! {
    /// Everything, and the background.
    text,
    /// What matters less.
    dim,
    /// The program's name.
    title,
    /// A view's name.
    tab,
    /// That of the view shown.
    tab_on,
    /// Heading of a column.
    heading,
    /// That of the column sorted by.
    heading_sorted,
    /// The row under the cursor.
    cursor,
    /// A marked row.
    selected,
    /// A marked row under the cursor.
    cursor_selected,
    /// The state `leaked`.
    leaked,
    /// The state `suspect`.
    suspect,
    /// The state `in-use`.
    in_use,
    /// The state `idle`.
    idle,
    /// The state `unknown`.
    unknown,
    /// A row that has just appeared.
    new,
    /// A value that has just changed.
    changed,
    /// A row whose object is gone.
    gone,
    /// What destroys: its text, or the border around it.
    danger,
    /// A button.
    button,
    /// The button under the cursor.
    button_on,
    /// The button under the cursor, if it destroys.
    danger_on,
    /// A border.
    border,
    /// That of the part which has the keys.
    border_on,
    /// The name of an attribute.
    label,
    /// Its value.
    value,
    /// The name of a key.
    key,
    /// A gauge with room left.
    gauge_low,
    /// One that fills up.
    gauge_mid,
    /// One that is nearly full.
    gauge_high,
    /// The part of a gauge that is free.
    gauge_rest,
    /// A curve over time.
    spark,
    /// An error.
    error,
    /// A warning.
    warning,
    /// Something went well.
    good,
    /// What is typed.
    input,
    /// The mark that what is shown stands still.
    frozen,
    /// The mark of read-only mode.
    read_only,
}

impl Theme {
    /// The theme of this name.
    pub fn of(name: ThemeName) -> Self {
        match name {
            ThemeName::Ansi => palette::ansi(),
            ThemeName::Dark => palette::dark(),
            ThemeName::Light => palette::light(),
            ThemeName::Mono => palette::mono(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use ratatui::style::{Color, Modifier};

    #[test]
    fn names_are_read_as_they_are_written() {
        let mut name = ThemeName::default();
        for theme in ThemeName::ALL {
            assert_eq!((name, theme.to_string().parse()), (theme, Ok(theme)));
            assert_eq!(Theme::of(theme).name, theme);
            name = name.next();
        }
        assert_eq!(name, ThemeName::default());
        let error = "Dark".parse::<ThemeName>().unwrap_err().to_string();
        assert!(ThemeName::ALL.iter().all(|theme| error.contains(theme.name())));
    }

    #[test]
    fn refused_colours_beat_every_choice_of_a_theme() {
        use ColorChoice::{Always, Auto, Never};
        use ThemeName::{Ansi, Dark, Light, Mono};
        type Case =
            (Option<ThemeName>, Option<ThemeName>, ColorChoice, &'static [(&'static str, &'static str)], ThemeName);
        let cases: [Case; 11] = [
            (None, None, Auto, &[], Ansi),
            (None, Some(Dark), Auto, &[("TERM", "xterm")], Dark),
            (Some(Light), Some(Dark), Auto, &[], Light),
            (None, Some(Dark), Auto, &[("NO_COLOR", "1")], Mono),
            (Some(Light), None, Auto, &[("NO_COLOR", "1")], Mono),
            (Some(Light), None, Auto, &[("TERM", "dumb")], Mono),
            (Some(Light), None, Auto, &[("NO_COLOR", "")], Light),
            (Some(Light), None, Always, &[("NO_COLOR", "1")], Light),
            (None, None, Always, &[("TERM", "dumb")], Ansi),
            (Some(Light), None, Never, &[], Mono),
            (Some(Mono), Some(Dark), Always, &[], Mono),
        ];
        for (asked, configured, color, environment, expected) in cases {
            let lookup =
                |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
            let chosen = choose(asked, configured, color, lookup);
            assert_eq!(chosen, expected, "{asked:?} {configured:?} {color:?} {environment:?}");
        }
    }

    #[test]
    fn mono_has_no_colour_and_leaves_things_apart() {
        let theme = Theme::of(ThemeName::Mono);
        for (name, style) in theme.styles() {
            assert_eq!((style.fg, style.bg, style.underline_color), (None, None, None), "{name}");
        }
        apart(&theme);
    }

    #[test]
    fn ansi_has_the_terminals_own_colours_and_background() {
        let theme = Theme::of(ThemeName::Ansi);
        for (name, style) in theme.styles() {
            assert_eq!(style.bg, None, "{name}");
            // Black, white, yellow and the bright ones cannot be read on one background or the other.
            let readable = [Color::Red, Color::Green, Color::Magenta, Color::Cyan, Color::Blue];
            let gauge = name == "gauge_mid" && style.fg == Some(Color::Yellow);
            assert!(style.fg.is_none_or(|color| readable.contains(&color)) || gauge, "{name}: {style:?}");
        }
        assert_eq!(theme.text, Style::new());
        apart(&theme);
    }

    /// What stands beside each other and must not look the same.
    fn apart(theme: &Theme) {
        for (a, b) in [
            (theme.cursor, theme.text),
            (theme.cursor, theme.selected),
            (theme.selected, theme.text),
            (theme.cursor_selected, theme.cursor),
            (theme.cursor_selected, theme.selected),
            (theme.button, theme.button_on),
            (theme.danger, theme.danger_on),
            (theme.danger_on, theme.button_on),
            (theme.tab, theme.tab_on),
            (theme.heading, theme.heading_sorted),
            (theme.leaked, theme.in_use),
            (theme.gone, theme.text),
            (theme.border, theme.border_on),
        ] {
            assert_ne!(a, b, "{:?}", theme.name);
        }
    }

    /// Relative luminance (WCAG 2.2) of a colour of the 6×6×6 cube or the greys, which no terminal setting changes.
    fn luminance(color: Color) -> f64 {
        let Color::Indexed(index @ 16..) = color else { panic!("{color:?} is not the same on every terminal") };
        let level = |step: u8| if step == 0 { 0 } else { 55 + 40 * step };
        let [r, g, b] = match index {
            232.. => [8 + 10 * (index - 232); 3],
            _ => [(index - 16) / 36, (index - 16) / 6 % 6, (index - 16) % 6].map(level),
        };
        let linear = |byte: u8| {
            let c = f64::from(byte) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    fn contrast(a: Color, b: Color) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn contrasts_are_reckoned_rightly() {
        // White on black, and on #767676, the lightest grey with 4.5.
        assert!((contrast(Color::Indexed(231), Color::Indexed(16)) - 21.0).abs() < 0.01);
        assert!((contrast(Color::Indexed(231), Color::Indexed(243)) - 4.54).abs() < 0.01);
    }

    #[test]
    fn dark_and_light_can_be_read_on_any_terminal() {
        for name in [ThemeName::Dark, ThemeName::Light] {
            let theme = Theme::of(name);
            let (ground, ink) = (theme.text.bg.unwrap(), theme.text.fg.unwrap());
            for (what, style) in theme.styles() {
                let ratio = contrast(style.fg.unwrap_or(ink), style.bg.unwrap_or(ground));
                assert!(ratio >= 4.5, "{name}: {what} has a contrast of {ratio:.2}");
                let blurs = Modifier::DIM | Modifier::REVERSED;
                assert!(!style.add_modifier.intersects(blurs), "{name}: {what} would not have that contrast");
            }
            // A row under the cursor keeps no colour of its own: it could not be read on the cursor's.
            assert!(theme.cursor.fg.is_some() && theme.cursor_selected.fg.is_some());
            assert!(contrast(theme.cursor.bg.unwrap(), ground) >= 3.0, "{name}: the cursor is seen");
            apart(&theme);
        }
        let luminances = [ThemeName::Dark, ThemeName::Light].map(|name| luminance(Theme::of(name).text.bg.unwrap()));
        assert!(luminances[0] < 0.05 && luminances[1] > 0.7);
    }
}
