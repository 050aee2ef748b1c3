//! What the C library knows of the locale that the environment names (`man 7 locale`, `man 3 newlocale`): whether text is
//! UTF-8, and how a fraction is written.

use std::ffi::CStr;

/// The locale, as far as the old tools heed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locale {
    /// Characters are UTF-8.
    pub utf8: bool,
    /// What stands before a fraction (`RADIXCHAR`).
    pub decimal_point: String,
}

impl Default for Locale {
    /// The C locale.
    fn default() -> Self {
        Self { utf8: false, decimal_point: ".".to_owned() }
    }
}

/// `LC_ALL_MASK` of `locale.h`, which the libc crate does not have for every C library: the categories of POSIX.
const EVERY_CATEGORY: libc::c_int = libc::LC_CTYPE_MASK
    | libc::LC_NUMERIC_MASK
    | libc::LC_TIME_MASK
    | libc::LC_COLLATE_MASK
    | libc::LC_MONETARY_MASK
    | libc::LC_MESSAGES_MASK;

/// The locale of the environment (`LC_ALL`, `LC_CTYPE`, `LC_NUMERIC`, `LANG`); that of C where it names one that is not
/// installed. Needs no privilege; the process's own locale stays as it is.
pub fn read() -> Locale {
    // SAFETY: an empty, terminated name, and no locale to change; the result is checked and freed below.
    let locale = unsafe { libc::newlocale(EVERY_CATEGORY, c"".as_ptr(), std::ptr::null_mut()) };
    if locale.is_null() {
        return Locale::default();
    }
    let item = |item| {
        // SAFETY: `locale` is valid until it is freed; the answer is a terminated text that lives as long, and is copied.
        let text = unsafe { CStr::from_ptr(libc::nl_langinfo_l(item, locale)) };
        text.to_string_lossy().into_owned()
    };
    let (charset, decimal_point) = (item(libc::CODESET), item(libc::RADIXCHAR));
    // SAFETY: made above, and not used any more.
    unsafe { libc::freelocale(locale) };
    Locale { utf8: charset == "UTF-8", decimal_point }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_always_is_one() {
        let locale = read();
        assert!(!locale.decimal_point.is_empty() && !locale.decimal_point.chars().any(char::is_alphanumeric));
    }
}
