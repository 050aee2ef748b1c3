//! What can be undone, as a table for people and as JSON (`ipcx.backups/1`).

use crate::model::Time;
use crate::query::{Cell, Style};
use serde::Serialize;
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

/// A backup as a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackupRow {
    /// Number by which it is undone.
    pub number: u64,
    /// The object's address when it was removed.
    pub address: String,
    /// Key, owner and contents in one phrase.
    pub description: String,
    /// When it was removed.
    #[serde(serialize_with = "time")]
    pub removed_at: Time,
    /// When it expires.
    #[serde(serialize_with = "time")]
    pub expires_at: Time,
    /// Size of its file.
    pub bytes: u64,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    backups: &'a [BackupRow],
}

fn time<S: serde::Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(time)
}

/// Writes the document.
pub fn write_json(out: &mut dyn Write, rows: &[BackupRow]) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &Document { schema: "ipcx.backups/1", backups: rows })?;
    out.write_all(b"\n")
}

/// Writes the table, the newest last.
pub fn write_table(out: &mut dyn Write, rows: &[BackupRow], now: Time, style: Style) -> io::Result<()> {
    let text = |cell: &Cell<'_>| {
        let mut text = String::new();
        cell.print(&mut text, style);
        text
    };
    let mut table = vec![["N", "REMOVED", "EXPIRES", "SIZE", "ADDRESS", "WHAT"].map(str::to_owned)];
    table.extend(rows.iter().map(|row| {
        [
            row.number.to_string(),
            format!("{} ago", text(&Cell::Age(now.seconds_since(row.removed_at)))),
            format!("in {}", text(&Cell::Age(row.expires_at.seconds_since(now)))),
            text(&Cell::Size(row.bytes)),
            row.address.clone(),
            row.description.clone(),
        ]
    }));
    let width = |column: usize| table.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..5).map(width).collect();
    for row in &table {
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = " ".repeat(width.saturating_sub(cell.width()));
            // Numbers and sizes to the right.
            if column == 0 || column == 3 { write!(out, "{pad}{cell}  ")? } else { write!(out, "{cell}{pad}  ")? }
        }
        writeln!(out, "{}", row[5])?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let at = |secs| Time { secs, nanos: 0 };
        let row = BackupRow {
            number: 7,
            address: "queue:0".into(),
            description: "key 0x000004d2".into(),
            removed_at: at(1_000),
            expires_at: at(605_800),
            bytes: 2048,
        };
        let mut out = Vec::new();
        write_table(&mut out, std::slice::from_ref(&row), at(1_090), Style::default()).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "N  REMOVED  EXPIRES   SIZE  ADDRESS  WHAT\n7  1m ago   in 6d23h    2K  queue:0  key 0x000004d2\n"
        );
        let mut out = Vec::new();
        write_json(&mut out, &[row]).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            (&json["schema"], &json["backups"][0]["removed_at"]),
            (&"ipcx.backups/1".into(), &"1970-01-01T00:16:40Z".into())
        );
    }
}
