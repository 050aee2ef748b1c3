//! The settings for ipcx.toml(5), out of the template that `ipcx config print` prints: the comment above a setting or a
//! table says what it is, the value is the default. A comment with a blank line below it is a heading.

use crate::roff::{bold, paragraph, typed};
use std::fmt::Write;

/// A tagged paragraph for each setting, a subsection for each table. Of `[keys]` the defaults stand in ipcx(1), KEYS.
pub(crate) fn list(template: &str) -> String {
    let mut text = String::new();
    let mut table = String::new();
    // The first block of comments is about the file as a whole.
    for block in template.split("\n\n").skip(1) {
        let mut comment = String::new();
        let mut lines = block.lines().peekable();
        while let Some(line) = lines.next() {
            if let Some(words) = line.strip_prefix("# ") {
                let _ = write!(comment, "{words} ");
            } else if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                name.clone_into(&mut table);
                let about = paragraph(&std::mem::take(&mut comment), &[]);
                let _ =
                    write!(text, ".SS \"[{}]\"\n{}", typed(name), if about.trim().is_empty() { "" } else { &about });
            } else if let Some((name, value)) = line.split_once(" = ") {
                let mut value = value.to_owned();
                while value.starts_with('[') && !value.ends_with(']') {
                    value.push_str(lines.next().unwrap_or("]").trim());
                }
                if table != "keys" {
                    text += &setting(&table, name, &value, &std::mem::take(&mut comment));
                }
                comment.clear();
            }
        }
        if !comment.is_empty() {
            let _ = writeln!(text, ".SS \"{}\"", comment.trim().trim_end_matches('.'));
        }
    }
    text
}

fn setting(table: &str, name: &str, default: &str, about: &str) -> String {
    let name = if table.is_empty() { name.to_owned() } else { format!("{table}.{name}") };
    let default = default.trim_start_matches('[').trim_end_matches(']').trim_end_matches(',').replace(",\"", ", \"");
    let default = default.replace('"', "");
    let default = if about.is_empty() { default } else { format!("The default is `{default}`.") };
    format!(".TP\n{}\n{}", bold(&name), paragraph(&format!("{about} {default}"), &[]))
}
