//! The same picture in nothing but ASCII, for terminals and locales that know no more (`--ascii`).

use ratatui::buffer::Buffer;

/// Replaces every other character: frames and arrows by what comes near, the rest by `?`.
pub(super) fn flatten(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        let plain = match symbol.chars().next().unwrap_or('?') {
            '─' | '━' | '—' | '–' => '-',
            '│' | '┃' | '▆' | '▇' => '|',
            '┌' | '┐' | '└' | '┘' | '├' | '┤' | '┬' | '┴' | '┼' | '╭' | '╮' | '╯' | '╰' => {
                '+'
            }
            '▲' | '↑' => '^',
            '▼' | '↓' => 'v',
            '▶' | '→' | '›' | '»' => '>',
            '◀' | '←' | '‹' | '«' => '<',
            '●' | '•' | '■' | '✓' => '*',
            '…' | '·' | '▂' | '▃' | '░' | '▒' => '.',
            '█' | '▉' | '▊' | '▋' => '#',
            '▌' | '▍' | '▎' | '▏' | '▓' => '=',
            '▁' => '_',
            '▄' | '▅' => ':',
            _ => '?',
        };
        cell.set_char(plain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    #[test]
    fn nothing_but_ascii_is_left_and_nothing_moves() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "a│漢字…é▶x", Style::default());
        flatten(&mut buffer);
        let text: String = buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect();
        assert_eq!(text, "a|? ? .?>x  ");
    }
}
