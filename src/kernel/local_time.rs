//! Local time by the C library's own rules (`man 3 localtime`, `man 3 tzset`): whatever it makes of `TZ`, so do we, which
//! matters where text has to be the same as another C program's.

use std::mem::MaybeUninit;
use std::sync::Once;

/// A moment on the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalTime {
    /// Year.
    pub year: i64,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute.
    pub minute: u8,
    /// Second, 60 for a leap second.
    pub second: u8,
    /// Day of the week, Sunday is 0.
    pub weekday: u8,
    /// Seconds east of Greenwich.
    pub offset: i64,
}

/// Seconds since the epoch as local time; `None` where the year does not fit the C library's.
pub fn of(seconds: i64) -> Option<LocalTime> {
    static ZONE: Once = Once::new();
    // SAFETY: reads the environment, which nothing in this program changes once it runs.
    ZONE.call_once(|| unsafe { tzset() });
    let mut tm = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: a valid time and a valid, writable `tm` for the whole call.
    let made = unsafe { libc::localtime_r(&raw const seconds, tm.as_mut_ptr()) };
    if made.is_null() {
        return None;
    }
    // SAFETY: plain integers and a pointer that is not used, zeroed above and filled by the successful call.
    let tm = unsafe { tm.assume_init() };
    Some(LocalTime {
        year: i64::from(tm.tm_year) + 1900,
        month: tm.tm_mon as u8 + 1,
        day: tm.tm_mday as u8,
        hour: tm.tm_hour as u8,
        minute: tm.tm_min as u8,
        second: tm.tm_sec as u8,
        weekday: tm.tm_wday as u8,
        offset: tm.tm_gmtoff,
    })
}

unsafe extern "C" {
    /// `man 3 tzset`; the libc crate has it not on every target.
    fn tzset();
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// In whatever zone the tests run: the calendar is checked, and that the offset fits it. Which offset a zone has, the
    /// tests of the old tools check against others that ask the C library.
    #[test]
    fn the_calendar_is_that_of_jiff() {
        for seconds in [0, 951_782_400, 1_795_236_540, 4_102_444_799] {
            let ours = of(seconds).unwrap();
            assert!(ours.offset.abs() <= 26 * 3600, "{ours:?}");
            let theirs = jiff::Timestamp::from_second(seconds + ours.offset).unwrap();
            let theirs = theirs.to_zoned(jiff::tz::TimeZone::UTC);
            assert_eq!(ours.year, i64::from(theirs.year()));
            assert_eq!(
                [ours.month, ours.day, ours.hour, ours.minute],
                [theirs.month(), theirs.day(), theirs.hour(), theirs.minute()].map(|n| n as u8)
            );
            assert_eq!(ours.second, theirs.second() as u8);
            assert_eq!(ours.weekday, theirs.weekday().to_sunday_zero_offset() as u8);
        }
        assert_eq!(of(i64::MAX), None);
    }
}
