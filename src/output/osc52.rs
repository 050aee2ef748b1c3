//! Text for the clipboard of the terminal that shows ipcx, also over ssh: OSC 52 (`xterm` control sequences, "Manipulate
//! Selection Data").
//!
//! A multiplexer in between takes the sequence for itself. Seen with tmux 3.3: with `set-clipboard on` the plain one reaches
//! its buffer and the terminal; with `allow-passthrough on` the wrapped one reaches the terminal; with the defaults of both
//! (`external`, `off`) neither does. So it gets both: the same text twice does no harm. GNU screen hands on what is wrapped.

use std::ffi::OsString;

/// What is between ipcx and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wrap {
    /// Nothing.
    #[default]
    None,
    /// tmux.
    Tmux,
    /// GNU screen.
    Screen,
}

/// Most bytes of base64: many terminals drop a longer sequence without a word.
pub const MOST: usize = 74_994;

/// Bytes of base64 in one string to screen, which cuts longer ones.
const CHUNK: usize = 76;

impl Wrap {
    /// From the environment: `TMUX` and `STY` are set by the multiplexers for what runs on the same machine; over ssh `TERM`
    /// is all there is.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let is_set = |name| variable(name).is_some_and(|value| !value.is_empty());
        let term = variable("TERM").unwrap_or_default();
        let term = term.as_encoded_bytes();
        if is_set("TMUX") || (!is_set("STY") && term.starts_with(b"tmux")) {
            Self::Tmux
        } else if is_set("STY") || term.starts_with(b"screen") {
            Self::Screen
        } else {
            Self::None
        }
    }

    /// What has to be set for the text to get through, if that is not so by itself.
    pub const fn needs(self) -> Option<&'static str> {
        match self {
            Self::Tmux => Some("tmux hands it on with `set -g set-clipboard on`"),
            Self::None | Self::Screen => None,
        }
    }
}

/// What to write to the terminal for this text to be in its clipboard; `None` when it is too long for that. Whether the
/// terminal does it cannot be known: some ask, some have it switched off.
pub fn sequence(text: &[u8], wrap: Wrap) -> Option<Vec<u8>> {
    // Three bytes make four.
    if text.len().div_ceil(3) * 4 > MOST {
        return None;
    }
    let encoded = base64(text);
    let plain = [b"\x1b]52;c;", &encoded[..], b"\x07"].concat();
    Some(match wrap {
        Wrap::None => plain,
        Wrap::Tmux => {
            // Within, each ESC is doubled.
            let inner: Vec<u8> =
                plain.iter().flat_map(|b| std::iter::repeat_n(*b, 1 + usize::from(*b == 0x1b))).collect();
            [&plain[..], b"\x1bPtmux;", &inner, b"\x1b\\"].concat()
        }
        Wrap::Screen => {
            let chunks: Vec<&[u8]> = encoded.chunks(CHUNK).collect();
            let body = chunks.join(&b"\x1b\\\x1bP"[..]);
            [&plain[..], b"\x1bP\x1b]52;c;", &body, b"\x07\x1b\\"].concat()
        }
    })
}

/// RFC 4648.
fn base64(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let index = bits >> (18 - 6 * digit) & 63;
            out.push(if digit <= group.len() { DIGITS[index as usize] } else { b'=' });
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn as_the_standard_has_it() {
        for (text, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), encoded.as_bytes());
        }
        assert_eq!(base64(b"\xff\xfe\xfb"), b"//77");
    }

    #[test]
    fn each_way() {
        assert_eq!(sequence(b"foo", Wrap::None).unwrap(), b"\x1b]52;c;Zm9v\x07");
        assert_eq!(sequence(b"foo", Wrap::Tmux).unwrap(), b"\x1b]52;c;Zm9v\x07\x1bPtmux;\x1b\x1b]52;c;Zm9v\x07\x1b\\");
        let long = sequence(&[b'x'; 60], Wrap::Screen).unwrap();
        let encoded = base64(&[b'x'; 60]);
        let wrapped = [b"\x1bP\x1b]52;c;", &encoded[..76], b"\x1b\\\x1bP", &encoded[76..], b"\x07\x1b\\"].concat();
        assert!(long.ends_with(&wrapped));
        assert_eq!(long.len(), 8 + encoded.len() + wrapped.len());
    }

    #[test]
    fn no_more_than_terminals_take() {
        let most = MOST / 4 * 3;
        assert_eq!(sequence(&vec![0; most], Wrap::None).unwrap().len(), MOST / 4 * 4 + 8);
        assert_eq!(sequence(&vec![0; most + 1], Wrap::None), None);
    }

    #[test]
    fn what_is_in_between() {
        let wrap = |set: &[(&str, &str)]| {
            Wrap::of(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value)))
        };
        assert_eq!(wrap(&[("TERM", "xterm-256color"), ("TMUX", "")]), Wrap::None);
        assert_eq!(wrap(&[("TERM", "screen-256color"), ("TMUX", "/tmp/x,1,0")]), Wrap::Tmux);
        assert_eq!(wrap(&[("TERM", "tmux-256color")]), Wrap::Tmux);
        assert_eq!(wrap(&[("TERM", "screen.xterm"), ("STY", "1.pts")]), Wrap::Screen);
        assert_eq!(wrap(&[("TERM", "screen")]), Wrap::Screen);
        assert_eq!(wrap(&[]), Wrap::None);
    }

    proptest! {
        #[test]
        fn nothing_of_the_text_ends_the_sequence_early(text: Vec<u8>) {
            let plain = sequence(&text, Wrap::None).unwrap();
            let body = plain.strip_prefix(b"\x1b]52;c;").unwrap().strip_suffix(b"\x07").unwrap();
            prop_assert!(body.iter().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(b)));
            prop_assert_eq!(body.len(), text.len().div_ceil(3) * 4);
        }
    }
}
