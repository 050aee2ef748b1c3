//! Sizes as the old tools show them to people: at most one decimal, one letter, in steps of 1024.

/// `1.5K`, `1023.9M`, `16E`: rounded half up to one decimal, which is left out when it is 0. The letter is that of the
/// size before it is rounded, so that `1024K` is possible. `point` is the locale's.
pub(super) fn human(bytes: u64, point: &str) -> String {
    let step = bytes.checked_ilog2().unwrap_or(0) / 10;
    let letter = ["B", "K", "M", "G", "T", "P", "E"][step as usize];
    // Of exbibytes the tools count whole kilobytes only.
    let counted = if step == 6 { bytes - bytes % 1024 } else { bytes };
    let tenths = ((u128::from(counted) * 20) >> (10 * step)).div_ceil(2);
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole}{letter}"),
        (whole, tenth) => format!("{whole}{point}{tenth}{letter}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_the_tools_show_them() {
        for (bytes, shown) in [
            (0, "0B"),
            (1, "1B"),
            (1023, "1023B"),
            (1024, "1K"),
            (1075, "1K"),
            (1076, "1.1K"),
            (1536, "1.5K"),
            (10188, "9.9K"),
            (10189, "10K"),
            (1_048_064, "1023.5K"),
            (1_048_575, "1024K"),
            (1 << 40, "1T"),
            ((1 << 60) - 1, "1024P"),
            (1_441_151_880_758_558_719, "1.2E"),
            (1_441_151_880_758_558_720, "1.3E"),
            (1_210_567_579_837_190_143, "1E"),
            (1_210_567_579_837_190_144, "1.1E"),
            (u64::MAX, "16E"),
        ] {
            assert_eq!(human(bytes, "."), shown, "{bytes}");
        }
        assert_eq!(human(1536, ","), "1,5K");
    }

    proptest! {
        #[test]
        fn never_further_off_than_half_a_tenth(bytes: u64) {
            let text = human(bytes, ".");
            let (number, letter) = text.split_at(text.len() - 1);
            let step = "BKMGTPE".find(letter).unwrap_or(7) as i32;
            let shown = number.parse::<f64>().unwrap_or(f64::NAN) * 1024f64.powi(step);
            prop_assert!((shown - bytes as f64).abs() <= 0.0501 * 1024f64.powi(step), "{bytes}: {text}");
        }
    }
}
