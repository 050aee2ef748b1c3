//! What is generated: from the command line's definition (clap), the column registry, the key table, the exit codes and
//! the template of the settings. Each function returns the source of one part of a page.

use crate::roff::{bold, italic, paragraph, sentence, typed};
use clap::{Arg, ArgAction, Command};
use ipcx::cli::Exit;
use ipcx::config::keys::{Group, Keymap};
use ipcx::query::columns;
use std::fmt::Write;

/// The part of this name, for a command of ipcx or for ipcx itself; `None` if there is no such part.
pub(crate) fn part(name: &str, of: Option<&str>) -> Option<String> {
    let ipcx = ipcx::cli::command();
    let command = match of {
        None => &ipcx,
        Some(word) => ipcx.find_subcommand(word).unwrap_or_else(|| panic!("ipcx has no command {word}")),
    };
    let call = of.map_or_else(|| "ipcx".to_owned(), |word| format!("ipcx {word}"));
    Some(match name {
        "name" => heading(command, of),
        "synopsis" => synopsis(command, of),
        "description" => description(command),
        "options" => options(command, false),
        "options of every command" => options(command, true),
        "pages" => pages(command),
        "commands" => commands(command, &call),
        "examples" => examples(command),
        "columns" => column_list(),
        "keys" => key_list(),
        "exit status" => exit_status(),
        "settings" => crate::settings::list(ipcx::config::TEMPLATE),
        _ => return None,
    })
}

/// Those that people can see, in the order of help.
pub(crate) fn subcommands(command: &Command) -> impl Iterator<Item = &Command> {
    command.get_subcommands().filter(|inner| !inner.is_hide_set())
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

/// `.SH NAME`, by which `apropos` finds the page: its names, and what it is about.
fn heading(command: &Command, of: Option<&str>) -> String {
    let before = if of.is_some() { "ipcx-" } else { "" };
    let names = std::iter::once(command.get_name()).chain(command.get_visible_aliases());
    let names: Vec<String> = names.map(|name| typed(&format!("{before}{name}"))).collect();
    let about = about(command);
    let (first, rest) = about.split_at(1);
    let about = format!("{} \\- {}{}", names.join(", "), first.to_lowercase(), rest.replace('`', ""));
    format!(".SH NAME\n{}", paragraph(&about, &[]).replace("\\e", "\\"))
}

/// How a command is called, by each of its names; of its own commands one line for each. Hyphenation stays off: `.YS`
/// has switched it on again.
fn synopsis(command: &Command, of: Option<&str>) -> String {
    let mut text = String::new();
    if of.is_none() {
        let with_command = "[\\fIOPTION\\fR]\\|.\\|.\\|.\\&\n\\fICOMMAND\\fR\n[\\fIARGUMENT\\fR]\\|.\\|.\\|.\\&";
        return format!("{}.SY ipcx\n{with_command}\n.YS\n.nh\n", call_line(command, "ipcx"));
    }
    for name in std::iter::once(command.get_name()).chain(command.get_visible_aliases()) {
        let call = format!("ipcx {name}");
        if !command.has_subcommands() {
            text += &call_line(command, &call);
        }
        text.extend(subcommands(command).map(|inner| call_line(inner, &format!("{call} {}", inner.get_name()))));
    }
    text + ".nh\n"
}

fn call_line(command: &Command, call: &str) -> String {
    let mut text = format!(".SY \"{}\"\n", typed(call));
    if command.get_opts().next().is_some() || command.get_arguments().any(|arg| !arg.is_positional()) {
        text += "[\\fIOPTION\\fR]\\|.\\|.\\|.\\&\n";
    }
    for arg in command.get_positionals() {
        let _ = writeln!(text, "{}", operand(arg));
    }
    text + ".YS\n"
}

/// An argument without a name, as in the synopsis.
fn operand(arg: &Arg) -> String {
    let name = italic(&values(arg).join(" "));
    let name = if arg.is_required_set() { name } else { format!("[{name}]") };
    let is_many = matches!(arg.get_action(), ArgAction::Append);
    if is_many { format!("{name}\\|.\\|.\\|.\\&") } else { name }
}

fn description(command: &Command) -> String {
    let text = command.get_long_about().map_or_else(|| about(command), ToString::to_string);
    // The summary and what follows it read as one.
    let text =
        text.split_once("\n\n").map_or_else(|| sentence(&text), |(first, rest)| format!("{} {rest}", sentence(first)));
    let paragraphs: Vec<String> = text.split("\n\n").map(|text| paragraph(text, &[])).collect();
    paragraphs.join(".PP\n")
}

/// What is said about an option or an operand: the names of values in italics, the default, and all that it takes.
fn text_of(arg: &Arg, names: &[String]) -> String {
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let (help, told) = without_default(&help);
    let given = arg.get_default_values().first().map(|value| value.to_string_lossy().into_owned());
    let default = given.or(told).map(|value| format!("The default is `{value}`.")).unwrap_or_default();
    // The summary and what follows it read as one.
    let (summary, rest) = help.split_once("\n\n").unwrap_or((&help, ""));
    let mut paragraphs = rest.split("\n\n");
    let first = paragraphs.next().unwrap_or_default();
    let mut text = paragraph(&format!("{} {default} {first}", sentence(summary)), names);
    text.extend(paragraphs.map(|more| format!(".IP\n{}", paragraph(more, names))));
    text + &choices(arg)
}

/// Takes a default out of a text of help, where an option without a value means something else.
fn without_default(help: &str) -> (String, Option<String>) {
    let found = help.split_once(" [default: ").and_then(|(before, rest)| Some((before, rest.split_once(']')?)));
    match found {
        Some((before, (value, behind))) => (format!("{before}{behind}"), Some(value.to_owned())),
        None => (help.to_owned(), None),
    }
}

/// The names of all values of a command, those within `PATH:ID` or `A,B` one by one; a letter alone may be an article.
fn value_names(command: &Command) -> Vec<String> {
    let names = command
        .get_arguments()
        .flat_map(values)
        .flat_map(|name| name.split(|c: char| !c.is_ascii_uppercase()).map(str::to_owned).collect::<Vec<_>>());
    names.filter(|name| name.len() > 1 || name == "N" || name == "T").collect()
}

/// The words that an argument takes, if they are few.
fn choices(arg: &Arg) -> String {
    let possible: Vec<_> = arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set()).collect();
    if possible.is_empty() || !arg.get_action().takes_values() {
        return String::new();
    }
    if possible.iter().any(|value| value.get_help().is_some()) {
        let mut text = ".RS\n".to_owned();
        for value in possible {
            let help = value.get_help().map(ToString::to_string).unwrap_or_default();
            let _ = write!(text, ".TP 10\n{}\n{}", bold(value.get_name()), paragraph(&sentence(&help), &[]));
        }
        return text + ".RE\n";
    }
    let names: Vec<String> = possible.iter().map(|value| format!("`{}`", value.get_name())).collect();
    let (last, others) = names.split_last().map_or(("", &[][..]), |(last, others)| (last.as_str(), others));
    paragraph(&format!("It is {} or {last}.", others.join(", ")), &[])
}

fn values(arg: &Arg) -> Vec<String> {
    let names = arg.get_value_names().unwrap_or_default();
    if names.is_empty() {
        vec![arg.get_id().to_string().to_uppercase()]
    } else {
        names.iter().map(ToString::to_string).collect()
    }
}

/// `-o, --columns A,B,+C`.
fn option(arg: &Arg) -> String {
    let mut forms: Vec<String> = arg.get_short().iter().map(|short| bold(&format!("-{short}"))).collect();
    forms.extend(arg.get_long().iter().map(|long| bold(&format!("--{long}"))));
    let mut text = forms.join(", ");
    if arg.get_action().takes_values() {
        let mut value = italic(&values(arg).join(" "));
        if arg.get_value_delimiter().is_some() {
            value = format!("{value}[,{value}]\\|.\\|.\\|.");
        }
        let is_optional = arg.get_num_args().is_some_and(|range| range.min_values() == 0);
        let (before, behind) = if is_optional { ("[=", "]") } else { (" ", "") };
        text = [&text, before, &value, behind].concat();
    }
    text
}

/// Operands first, then options, by their headings.
fn options(command: &Command, global: bool) -> String {
    let mut text = String::new();
    let names = value_names(command);
    let shown = |arg: &&Arg| !arg.is_hide_set() && arg.is_global_set() == global;
    for arg in command.get_positionals() {
        let _ = write!(text, ".TP\n{}\n{}", italic(&values(arg).join(" ")), text_of(arg, &names));
    }
    let mut under: Vec<(Option<&str>, String)> = vec![(None, String::new())];
    for arg in command.get_arguments().filter(|arg| !arg.is_positional()).filter(shown) {
        let heading = arg.get_help_heading();
        let at = under.iter().position(|(name, _)| *name == heading).unwrap_or_else(|| {
            under.push((heading, String::new()));
            under.len() - 1
        });
        let _ = write!(under[at].1, ".TP\n{}\n{}", option(arg), text_of(arg, &names));
    }
    for (heading, options) in under {
        if let Some(heading) = heading {
            let _ = writeln!(text, ".SS \"{}\"", heading.replace('\'', "\\(aq"));
        }
        text += &options;
    }
    text
}

/// The commands of ipcx, each with its page.
fn pages(command: &Command) -> String {
    let mut text = String::new();
    for inner in subcommands(command) {
        let name = inner.get_name();
        let also: Vec<String> = inner.get_visible_aliases().map(|alias| format!("`ipcx {alias}`")).collect();
        let also = if also.is_empty() { String::new() } else { format!(" Also {}.", also.join(", ")) };
        let page = crate::page_of(name);
        let page = page.trim_end_matches(".1");
        let _ = write!(
            text,
            ".TP 12n\n{}\n{}See {}(1).\n",
            bold(name),
            paragraph(&format!("{}{also}", sentence(&about(inner))), &[]),
            bold(page)
        );
    }
    text
}

/// The commands of a command, with all about each.
fn commands(command: &Command, call: &str) -> String {
    let mut text = String::new();
    for inner in subcommands(command) {
        let operands: Vec<String> = inner.get_positionals().map(|arg| format!(" {}", operand(arg))).collect();
        let operands = operands.concat();
        let call = format!("{call} {}", inner.get_name());
        let _ = write!(text, ".SS \"{}{operands}\"\n{}{}", typed(&call), description(inner), options(inner, false));
    }
    text
}

/// The examples of help: what is typed, and behind at least two blanks what it does.
fn examples(command: &Command) -> String {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = help.lines().skip_while(|line| *line != "Examples:").skip(1).take_while(|line| line.starts_with("  "));
    let mut text = String::new();
    for line in lines {
        let line = line.trim();
        let (call, what) =
            line.split_once("  ").unwrap_or_else(|| panic!("nothing is said about the example `{line}`"));
        let _ = write!(text, ".TP\n{}\n{}", bold(call), paragraph(&sentence(what), &[]));
    }
    text
}

/// Every column with its other names.
fn column_list() -> String {
    let mut text = String::new();
    for column in columns::ALL {
        let other: Vec<String> = column.aliases.iter().map(|alias| bold(alias)).collect();
        let other = if other.is_empty() { String::new() } else { format!(" ({})", other.join(", ")) };
        let _ = write!(text, ".TP 22n\n{}{other}\n{}", bold(column.name), paragraph(&sentence(column.about), &[]));
    }
    text
}

/// Every key, by group, with the name of what it does.
fn key_list() -> String {
    let keymap = Keymap::default();
    let mut text = String::new();
    for group in Group::ALL {
        let _ = writeln!(text, ".SS {}", group.title());
        for (binding, keys) in keymap.rows().filter(|(binding, _)| binding.group == group) {
            let keys: Vec<String> = keys.iter().map(|key| bold(&key.to_string())).collect();
            let about = paragraph(&sentence(binding.about), &[]);
            let _ = write!(text, ".TP 28n\n{} ({})\n{about}", keys.join(", "), bold(binding.name));
        }
    }
    text
}

fn exit_status() -> String {
    let mut text = String::new();
    for exit in Exit::ALL {
        let _ =
            write!(text, ".TP 6n\n{}\n{}", bold(&(exit as u8).to_string()), paragraph(&sentence(exit.about()), &[]));
    }
    text
}
