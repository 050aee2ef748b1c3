//! Times as `ctime(3)` writes them, in local time and never translated.

use crate::kernel::local_time;
use std::io::Write;

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `Nov` for 11.
pub(super) fn month(number: u8) -> &'static str {
    MONTHS.get(usize::from(number).wrapping_sub(1)).copied().unwrap_or_default()
}

/// `Sat Nov 21 03:53:07 2026`, for seconds since the epoch, at the end of `text`; the number itself where its year is
/// beyond the C library.
pub(super) fn write(text: &mut Vec<u8>, seconds: i64) {
    let at = local_time::of(seconds);
    let day = at.and_then(|at| DAYS.get(usize::from(at.weekday)));
    let month = at.map(|at| month(at.month));
    // Into memory, which takes everything.
    let _ = match (at, day, month) {
        (Some(at), Some(day), Some(month)) => {
            let (hour, minute, second) = (at.hour, at.minute, at.second);
            write!(text, "{day} {month} {:2} {hour:02}:{minute:02}:{second:02} {}", at.day, at.year)
        }
        _ => write!(text, "{seconds}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seconds: i64) -> String {
        let mut text = Vec::new();
        write(&mut text, seconds);
        String::from_utf8_lossy(&text).into_owned()
    }

    #[test]
    fn as_the_library_writes_them() {
        let text = of(1_795_236_540);
        assert!(text.contains(" Nov 2") && text.ends_with(" 2026"), "{text}");
        assert_eq!(text.len(), 24);
        assert_eq!(&of(1_794_000_000)[7..9], "  ", "padded by a blank: {}", of(1_794_000_000));
        assert_eq!(of(i64::MAX), i64::MAX.to_string());
    }
}
