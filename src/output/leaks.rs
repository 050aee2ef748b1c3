//! Found leaks for people: a table with the reasons below each object, where the lines have to fit a terminal, and what all of
//! it comes to.

use super::grid::{fold, pad};
use super::table::{self, Layout};
use crate::diagnose::{Left, Sum};
use crate::query::columns::Column;
use crate::query::{Cell, Row, Style};
use std::io::{self, Write};
use unicode_width::UnicodeWidthStr;

/// Before a reason.
const INDENT: &str = "    ";
/// So many programs are named; the rest is a number.
const MOST_PROGRAMS: usize = 10;

/// Writes rows, each with its reasons below it, folded to the layout's width.
pub fn write_explained(
    out: &mut dyn Write,
    columns: &[&'static Column],
    rows: &mut [Row<'_>],
    layout: Layout,
) -> io::Result<()> {
    let mut table = Vec::new();
    table::write(&mut table, columns, rows, layout)?;
    let mut lines = table.split_inclusive(|byte| *byte == b'\n');
    if !layout.no_header {
        out.write_all(lines.next().unwrap_or_default())?;
    }
    for (line, row) in lines.zip(rows) {
        out.write_all(line)?;
        out.write_all(fold(INDENT, INDENT, &row.verdict().reasons.join("; "), layout.width).as_bytes())?;
        row.forget_verdict();
    }
    Ok(())
}

/// Writes what it all comes to; `user` names an owner.
pub fn write_sums(
    out: &mut dyn Write,
    left: &Left,
    user: impl Fn(Option<u32>) -> String,
    style: Style,
) -> io::Result<()> {
    let Sum { leaked, suspect, bytes } = left.all;
    let holding = if bytes > 0 { format!("; {} of memory in them", size(bytes, style)) } else { String::new() };
    writeln!(out, "{leaked} leaked, {suspect} suspect{holding}")?;
    if left.owners.len() > 1 {
        let owners = left.owners.iter().map(|(uid, sum)| (user(*uid), *sum));
        write_table(out, "OWNER", owners.collect(), style)?;
    }
    let programs: Vec<_> = left.programs.iter().filter(|(_, sum)| sum.leaked + sum.suspect > 1).collect();
    let mut lines: Vec<(String, Sum)> =
        programs.iter().take(MOST_PROGRAMS).map(|(pid, sum)| (format!("pid {pid}, gone"), *sum)).collect();
    if let Some(rest) = programs.get(MOST_PROGRAMS..).filter(|rest| !rest.is_empty()) {
        let sum = rest.iter().fold(Sum::default(), |all, (_, sum)| Sum {
            leaked: all.leaked + sum.leaked,
            suspect: all.suspect + sum.suspect,
            bytes: all.bytes + sum.bytes,
        });
        lines.push((format!("{} more", rest.len()), sum));
    }
    if lines.is_empty() { Ok(()) } else { write_table(out, "LEFT BY", lines, style) }
}

fn write_table(out: &mut dyn Write, heading: &str, lines: Vec<(String, Sum)>, style: Style) -> io::Result<()> {
    let heads = [heading, "LEAKED", "SUSPECT", "MEMORY"].map(str::to_owned);
    let number = |count: usize| if count == 0 { "-".to_owned() } else { count.to_string() };
    let cells = lines.into_iter().map(|(name, sum)| {
        let memory = if sum.bytes == 0 { "-".to_owned() } else { size(sum.bytes, style) };
        [name, number(sum.leaked), number(sum.suspect), memory]
    });
    let lines: Vec<[String; 4]> = std::iter::once(heads).chain(cells).collect();
    let width = |at: usize| lines.iter().map(|line| line[at].width()).max().unwrap_or(0);
    let widths = [0, 1, 2, 3].map(width);
    writeln!(out)?;
    for line in &lines {
        let mut text = String::new();
        for (at, (cell, width)) in line.iter().zip(widths).enumerate() {
            pad(&mut text, cell, cell.width(), width, at > 0, at == 3);
        }
        writeln!(out, "{text}")?;
    }
    Ok(())
}

fn size(bytes: u64, style: Style) -> String {
    let mut text = String::new();
    Cell::Size(bytes).print(&mut text, style);
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::query::columns::find;
    use crate::snapshot::testing::{self, Scene};

    #[test]
    fn reasons_are_folded_below() {
        let mut scene = Scene::default();
        let place = scene.add(testing::segment(1, 1, 4_096, 0));
        scene.gone(place, 50, crate::model::Role::Creator);
        let picture = scene.picture();
        let mut rows: Vec<Row<'_>> = Row::all(&picture).collect();
        let columns = [find("address").unwrap(), find("state").unwrap()];
        let mut out = Vec::new();
        let layout = Layout { width: Some(40), ..Layout::default() };
        write_explained(&mut out, &columns, &mut rows, layout).unwrap();
        let text = String::from_utf8(out).unwrap();
        let expected = "ADDRESS  STATE\n\
                        shm:1    leaked\n    no process of this machine has it\n    attached; its creator, pid 50, is\n    \
                        gone; last attached or detached\n    2026-11-21T04:20:00Z\n";
        assert_eq!(text, expected);
        assert!(text.lines().all(|line| line.width() <= 40));
    }

    #[test]
    fn sums_name_owners_only_where_there_are_several() {
        let sum = Sum { leaked: 2, suspect: 0, bytes: 2_048 };
        let mut left = Left { all: sum, owners: vec![(Some(0), sum)], programs: vec![(50, sum)] };
        let shown = |left: &Left| {
            let mut out = Vec::new();
            let name = |uid: Option<u32>| uid.map_or_else(|| "-".to_owned(), |uid| format!("u{uid}"));
            write_sums(&mut out, left, name, Style::default()).unwrap();
            String::from_utf8(out).unwrap()
        };
        let programs = "\nLEFT BY       LEAKED  SUSPECT  MEMORY\npid 50, gone       2        -      2K\n";
        assert_eq!(shown(&left), format!("2 leaked, 0 suspect; 2K of memory in them\n{programs}"));
        left.owners.push((None, Sum { suspect: 1, ..Sum::default() }));
        let owners =
            "\nOWNER  LEAKED  SUSPECT  MEMORY\nu0          2        -      2K\n-           -        1       -\n";
        assert_eq!(shown(&left), format!("2 leaked, 0 suspect; 2K of memory in them\n{owners}{programs}"));
        left.programs = (1..=12).map(|pid| (pid, sum)).collect();
        assert!(shown(&left).contains("\n2 more             4        -      4K\n"), "{}", shown(&left));
    }
}
