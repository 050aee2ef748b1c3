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

/// How wide characters are on a terminal in the locale of the environment, by the C library's own tables.
#[derive(Debug)]
pub struct Widths(libc::locale_t);

impl Widths {
    /// Those of the environment's locale, as [`read`] finds it.
    pub fn read() -> Self {
        // SAFETY: an empty, terminated name, and no locale to change; the result is null or freed when this is dropped.
        Self(unsafe { libc::newlocale(libc::LC_CTYPE_MASK, c"".as_ptr(), std::ptr::null_mut()) })
    }

    /// Columns that a character takes; `None` when it is no printable one (`man 3 wcwidth`).
    pub fn of(&self, c: char) -> Option<usize> {
        if self.0.is_null() {
            return c.is_ascii().then_some(1).filter(|_| !c.is_ascii_control());
        }
        // SAFETY: a valid locale, for this thread and until it is set back below; the call takes a character by value.
        let width = unsafe {
            let before = libc::uselocale(self.0);
            let width = wcwidth(u32::from(c) as libc::wchar_t);
            libc::uselocale(before);
            width
        };
        usize::try_from(width).ok()
    }
}

impl Drop for Widths {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: made by `newlocale`, in use by no thread, and not used any more.
            unsafe { libc::freelocale(self.0) };
        }
    }
}

unsafe extern "C" {
    /// `man 3 wcwidth`; the libc crate has it not on every target.
    fn wcwidth(c: libc::wchar_t) -> libc::c_int;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_controls() {
        let widths = Widths::read();
        assert_eq!(widths.of('a'), Some(1));
        assert_eq!([widths.of('\x1b'), widths.of('\u{9b}')], [None, None]);
    }

    #[test]
    fn there_always_is_one() {
        let locale = read();
        assert!(!locale.decimal_point.is_empty() && !locale.decimal_point.chars().any(char::is_alphanumeric));
    }
}
