//! Whether the terminal's text is UTF-8, as far as the locale tells (`man 7 locale`): if not, nothing else than ASCII is
//! drawn.

use std::ffi::OsString;

/// Whether the locale's characters are UTF-8. `environment` is asked for variables: the first of `LC_ALL`, `LC_CTYPE` and
/// `LANG` that is set and not empty counts. Without any the locale is C, and its characters ASCII.
pub fn is_utf8(environment: impl Fn(&str) -> Option<OsString>) -> bool {
    let set = |name: &&str| environment(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(set).unwrap_or_default();
    let locale = locale.to_string_lossy().to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_says_something_counts() {
        let cases: [(&[(&str, &str)], bool); 9] = [
            (&[], false),
            (&[("LANG", "C")], false),
            (&[("LANG", "de_DE.UTF-8")], true),
            (&[("LANG", "C.utf8")], true),
            (&[("LANG", "de_DE.Utf-8@euro")], true),
            (&[("LANG", "de_DE.ISO-8859-1")], false),
            (&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")], false),
            (&[("LC_ALL", ""), ("LC_CTYPE", "en_GB.UTF-8"), ("LANG", "C")], true),
            (&[("LC_CTYPE", "POSIX"), ("LANG", "de_DE.UTF-8")], false),
        ];
        for (environment, expected) in cases {
            let lookup =
                |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
            assert_eq!(is_utf8(lookup), expected, "{environment:?}");
        }
    }
}
