//! Text for the terminal's clipboard (the control sequence OSC 52 of xterm), which works through ssh as well.

/// What lies between the program and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wrap {
    /// Nothing that would not pass the sequence on.
    #[default]
    None,
    /// tmux.
    Tmux,
    /// GNU screen.
    Screen,
}

/// Most characters of base64 that terminals take.
const MOST: usize = 74_994;

/// The sequence; `None` for a text that is too long for it.
pub fn sequence(text: &[u8], _wrap: Wrap) -> Option<Vec<u8>> {
    let encoded = base64(text);
    (encoded.len() <= MOST).then(|| format!("\x1b]52;c;{encoded}\x07").into_bytes())
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let group = three.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(group >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}
