//! When to print colours.

use std::ffi::{OsStr, OsString};

/// When to print colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ColorChoice {
    /// On a terminal that can, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Whether to print colours: `NO_COLOR` (no-color.org: set and not empty) and `TERM=dumb` count only for `auto`.
pub fn use_color(choice: ColorChoice, terminal: bool) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => terminal && !is_refused(|name| std::env::var_os(name)),
    }
}

/// Whether the environment, asked for variables, says that there are to be no colours.
pub(super) fn is_refused(environment: impl Fn(&str) -> Option<OsString>) -> bool {
    let no_color = environment("NO_COLOR").is_some_and(|value| !value.is_empty());
    no_color || environment("TERM").as_deref() == Some(OsStr::new("dumb"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_explicit_choice_wins() {
        assert!(use_color(ColorChoice::Always, false));
        assert!(!use_color(ColorChoice::Never, true));
        assert!(!use_color(ColorChoice::Auto, false));
    }
}
