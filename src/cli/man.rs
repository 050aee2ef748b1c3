//! `ipcx man`: the manual pages, which the program carries: list them, print one, or write them where man(1) finds them.

use super::Exit;
use super::exit::{Usage, complain};
use super::print::to_stdout;
use super::settings::shown;
use crate::kernel::{Error, file, new_file};
use crate::model::quoted;
use clap::Args;
use std::ffi::OsStr;
use std::io::{IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A manual page.
#[derive(Debug)]
pub struct Page {
    /// Its file's name: `ipcx-ls.1`.
    pub name: &'static str,
    /// Its source, for man(1).
    pub text: &'static str,
}

macro_rules! pages {
    ($($name:literal),* $(,)?) => {
        &[$(Page { name: $name, text: include_str!(concat!("../../man/", $name)) }),*]
    };
}

/// Every page: what is in man/, in the order in which `ipcx man` lists it.
pub static PAGES: &[Page] = pages![
    "ipcx.1",
    "ipcx-ls.1",
    "ipcx-show.1",
    "ipcx-peek.1",
    "ipcx-send.1",
    "ipcx-recv.1",
    "ipcx-create.1",
    "ipcx-set.1",
    "ipcx-rm.1",
    "ipcx-leaks.1",
    "ipcx-clean.1",
    "ipcx-undo.1",
    "ipcx-kill.1",
    "ipcx-graph.1",
    "ipcx-limits.1",
    "ipcx-why.1",
    "ipcx-tui.1",
    "ipcx-config.1",
    "ipcx-keys.1",
    "ipcx-completions.1",
    "ipcx-man.1",
    "ipcx-ipcs.1",
    "ipcx.toml.5",
];

/// How every page begins: a file that does not is none of ours.
const BEGINNING: &str = ".\\\" Manual page of ipcx.";

const EXAMPLES: &str = "\
Examples:
  ipcx man                                   the pages that there are
  ipcx man --print ls | man -l -             read one that is not installed
  ipcx man --sections ~/.local/share/man     install them all, so that `man ipcx-ls` finds it";

/// List, print or write the manual pages
///
/// Without a directory the pages are listed, with one they are all written into it. They are those of this version of
/// ipcx, which carries them.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Man {
    /// Where to write the pages
    ///
    /// It is made if it is not there. A page of ipcx that is there already is replaced; if anything else lies in the place
    /// of one, nothing is written, and the exit status is 4.
    #[arg(value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Write each into the folder of its section: DIR/man1, DIR/man5
    ///
    /// It is there that `man` looks for them.
    #[arg(long, requires = "directory")]
    sections: bool,
    /// Print the source of a page
    ///
    /// It is named `ls`, `ipcx-ls` or `ipcx-ls.1`.
    #[arg(long, value_name = "PAGE", conflicts_with = "directory")]
    print: Option<String>,
}

impl Man {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        if let Some(name) = &self.print {
            let page = find(name)?;
            to_stdout(|out| out.write_all(page.text.as_bytes()))?;
            return Ok(Exit::Done);
        }
        match &self.directory {
            // `ipcx man ls` asks to read one, and not for a folder of that name full of pages.
            Some(directory) if is_page(directory) => {
                let name = shown(directory);
                Err(Usage::error(format_args!(
                    "`ipcx man --print {name}` prints that page; as a directory write ./{name}"
                )))
            }
            Some(directory) => self.write(directory),
            None => list(),
        }
    }

    fn write(&self, directory: &Path) -> anyhow::Result<Exit> {
        let place = |page: &Page| match page.name.rsplit_once('.') {
            Some((_, section)) if self.sections => directory.join(format!("man{section}")).join(page.name),
            _ => directory.join(page.name),
        };
        for page in PAGES {
            match may_replace(&place(page)) {
                Ok(true) => {}
                Ok(false) => {
                    let place = shown(&place(page));
                    complain(&format_args!("{place} is there, and is no manual page of ipcx: nothing was written"));
                    return Ok(Exit::Refused);
                }
                Err(error) => return Ok(failed(&error)),
            }
        }
        for page in PAGES {
            let place = place(page);
            let made = place.parent().map_or(Ok(()), new_file::make_directories);
            if let Err(error) = made.and_then(|()| new_file::put(&place, page.text.as_bytes())) {
                return Ok(failed(&error));
            }
            to_stdout(|out| writeln!(out, "wrote {}", shown(&place)))?;
        }
        Ok(Exit::Done)
    }
}

fn failed(error: &Error) -> Exit {
    complain(error);
    if error.is_permission() { Exit::Permission } else { Exit::Failed }
}

/// Whether a directory that is not there is called as a page is.
fn is_page(directory: &Path) -> bool {
    let is_absent = || file::lstat(directory.as_os_str().as_bytes()).is_err_and(|error| error.is_absent());
    directory.to_str().is_some_and(|name| find(name).is_ok()) && is_absent()
}

/// Whether there is nothing, or a page of ipcx, of this or another version.
fn may_replace(place: &Path) -> Result<bool, Error> {
    match file::lstat(place.as_os_str().as_bytes()) {
        Err(error) if error.is_absent() => Ok(true),
        Err(error) => Err(error),
        Ok(stat) if stat.file_type != file::FileType::Regular => Ok(false),
        Ok(_) => file::read_named(place).map(|bytes| bytes.starts_with(BEGINNING.as_bytes())),
    }
}

/// Every page by its first name, and what it is about.
pub(super) fn named() -> impl Iterator<Item = (String, String)> {
    PAGES.iter().map(heading).map(|(names, about)| {
        let first = names.split(", ").next().unwrap_or_default();
        (first.to_owned(), about)
    })
}

/// `ipcx-ls.1`, also without what all have in common; each of the names that stand below NAME counts.
fn find(name: &str) -> anyhow::Result<&'static Page> {
    let answers = |page: &&Page| {
        let section = page.name.rsplit_once('.').map_or("", |(_, section)| section);
        let wanted = name.strip_suffix(section).and_then(|name| name.strip_suffix('.')).unwrap_or(name);
        let (names, _) = heading(page);
        names.split(", ").any(|one| one == wanted || one.strip_prefix("ipcx-") == Some(wanted))
    };
    PAGES.iter().find(answers).ok_or_else(|| {
        let name = quoted(OsStr::new(name).as_bytes());
        Usage::error(format_args!("{name} is no manual page: `ipcx man` lists them"))
    })
}

/// One line a page, as `apropos` has it.
fn list() -> anyhow::Result<Exit> {
    let hint = std::io::stdout().is_terminal();
    to_stdout(|out| {
        for page in PAGES {
            let (name, section) = page.name.rsplit_once('.').unwrap_or((page.name, ""));
            writeln!(out, "{:<16} {}", format!("{name}({section})"), heading(page).1)?;
        }
        if hint {
            writeln!(out, "\n`ipcx man --print ls | man -l -` shows one, `ipcx man DIR` writes them all.")?;
        }
        Ok(())
    })?;
    Ok(Exit::Done)
}

/// What stands below NAME: the names, and what the page is about.
fn heading(page: &Page) -> (String, String) {
    let lines = page.text.lines().skip_while(|line| *line != ".SH NAME").skip(1);
    let text = lines.take_while(|line| !line.starts_with('.')).collect::<Vec<_>>().join(" ");
    let (names, about) = text.split_once(" \\- ").unwrap_or_default();
    let plain = |text: &str| text.replace("\\-", "-").replace("\\(aq", "'");
    (plain(names), plain(about))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_by_any_of_their_names() {
        for (name, page) in
            [("ls", "ipcx-ls.1"), ("ipcx-ls", "ipcx-ls.1"), ("ipcx-ls.1", "ipcx-ls.1"), ("ipcx", "ipcx.1")]
        {
            assert_eq!(find(name).unwrap().name, page);
        }
        for (name, page) in [("ipcx.toml", "ipcx.toml.5"), ("ipcx.toml.5", "ipcx.toml.5"), ("ipcrm", "ipcx-ipcs.1")] {
            assert_eq!(find(name).unwrap().name, page);
        }
        assert!(find("ipcx-").is_err() && find("").is_err() && find("l").is_err() && find("ls.5").is_err());
    }

    #[test]
    fn every_page_begins_as_ours_and_says_what_it_is_about() {
        for page in PAGES {
            assert!(page.text.starts_with(BEGINNING), "{}", page.name);
            let (names, about) = heading(page);
            assert!(about.len() > 10 && !about.contains('\\'), "{}: {about}", page.name);
            assert!(find(names.split(", ").last().unwrap()).is_ok_and(|found| found.name == page.name), "{names}");
        }
    }
}
