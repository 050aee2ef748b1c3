//! `ipcx man`: every page is listed, printed and written; nothing is overwritten that is no page of ipcx.

use crate::support::cli::{command, finish, ipcx, place};
use crate::support::users::{NOBODY, as_user};
use crate::support::{isolated, isolated_with_users};
use ipcx::cli::PAGES;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// The names of the files in a directory, sorted.
fn files(directory: &str) -> Vec<String> {
    let entries = fs::read_dir(place(directory)).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The names of all pages, sorted.
fn all() -> Vec<String> {
    let mut names: Vec<String> = PAGES.iter().map(|page| page.name.to_owned()).collect();
    names.sort();
    names
}

#[test]
fn pages_are_listed_and_printed() {
    isolated(|| {
        let listed = ipcx(&["man"]);
        assert_eq!((listed.status, &*listed.err, listed.out.lines().count()), (0, "", PAGES.len()));
        assert!(listed.out.starts_with("ipcx(1) ") && listed.out.contains("\nipcx.toml(5) "), "{}", listed.out);
        for (page, line) in PAGES.iter().zip(listed.out.lines()) {
            let (name, section) = page.name.rsplit_once('.').unwrap();
            assert!(line.starts_with(&format!("{name}({section}) ")), "{line}");
            assert_eq!(ipcx(&["man", "--print", page.name]).out, page.text);
        }
        assert_eq!(ipcx(&["man", "--print", "ls"]).out, ipcx(&["man", "--print", "ipcx-ls.1"]).out);
        let wrong = ipcx(&["man", "--print", "\x1bls"]);
        assert_eq!((wrong.status, &*wrong.out), (2, ""));
        assert!(wrong.err.contains("\\x1bls") && !wrong.err.contains('\x1b'), "{}", wrong.err);
    });
}

#[test]
fn a_page_is_not_taken_for_a_directory() {
    isolated(|| {
        fs::create_dir(place("here")).unwrap();
        let in_place = |directory: &str| {
            let mut command = command(&["man", directory]);
            finish(command.current_dir(place("here")))
        };
        for name in ["ls", "ipcx-ls", "ipcx.toml.5", "ipcrm"] {
            let refused = in_place(name);
            assert_eq!((refused.status, &*refused.out), (2, ""), "{name}");
            assert!(refused.err.contains(&format!("ipcx man --print {name}")), "{}", refused.err);
            assert_eq!(ipcx(&["man", "--print", name]).status, 0);
        }
        assert!(files("here").is_empty());
        // Where it is meant as one, or is there, it is one.
        for name in ["./ls", "ls"] {
            assert_eq!(in_place(name).status, 0);
        }
        assert_eq!(files("here/ls"), all());
    });
}

#[test]
fn pages_are_written_for_everyone_and_again() {
    isolated(|| {
        let directory = place("new/deep");
        let ran = ipcx(&["man", directory.to_str().unwrap()]);
        assert_eq!((ran.status, &*ran.err, ran.out.lines().count()), (0, "", PAGES.len()));
        assert_eq!(files("new/deep"), all());
        for page in PAGES {
            let file = directory.join(page.name);
            assert_eq!(fs::read_to_string(&file).unwrap(), page.text);
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o444, 0o444, "{}", page.name);
            assert!(ran.out.contains(file.to_str().unwrap()));
        }
        // A page of another version is one of ours.
        let old = fs::read_to_string(directory.join("ipcx.1")).unwrap().lines().next().unwrap().to_owned();
        fs::write(directory.join("ipcx.1"), old).unwrap();
        assert_eq!(ipcx(&["man", directory.to_str().unwrap()]).status, 0);
        assert_eq!(fs::read_to_string(directory.join("ipcx.1")).unwrap(), PAGES[0].text);
        assert_eq!(files("new/deep"), all());
    });
}

#[test]
fn pages_go_where_man_looks_for_them() {
    isolated(|| {
        assert_eq!(ipcx(&["man", "--sections", place("man").to_str().unwrap()]).status, 0);
        assert_eq!(files("man"), ["man1", "man5"]);
        let (first, fifth): (Vec<String>, Vec<String>) = all().into_iter().partition(|name| name.ends_with(".1"));
        assert_eq!((files("man/man1"), files("man/man5")), (first, fifth));
    });
}

#[test]
fn what_is_no_page_of_ipcx_stays() {
    isolated(|| {
        let directory = place("pages");
        fs::create_dir(&directory).unwrap();
        let page = directory.join("ipcx-rm.1");
        fs::write(&page, ".TH SOMETHING ELSE\n").unwrap();
        let refused = |what: &str| {
            let ran = ipcx(&["man", directory.to_str().unwrap()]);
            assert_eq!((ran.status, &*ran.out, ran.err.lines().count()), (4, "", 1), "{what}: {}", ran.err);
            assert!(ran.err.contains("ipcx-rm.1"), "{}", ran.err);
            assert_eq!(files("pages"), ["ipcx-rm.1"], "{what}");
        };
        refused("a file");
        assert_eq!(fs::read_to_string(&page).unwrap(), ".TH SOMETHING ELSE\n");
        fs::remove_file(&page).unwrap();
        // Not even a link to a page: what it leads to is somebody else's choice.
        fs::write(place("elsewhere"), PAGES[0].text).unwrap();
        std::os::unix::fs::symlink(place("elsewhere"), &page).unwrap();
        refused("a link");
        fs::remove_file(&page).unwrap();
        fs::create_dir(&page).unwrap();
        refused("a directory");
    });
}

#[test]
fn what_cannot_be_written_is_said() {
    isolated_with_users(|| {
        fs::create_dir(place("closed")).unwrap();
        fs::set_permissions(place("closed"), fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(place("file"), "").unwrap();
        as_user(NOBODY, &[], || {
            let ran = ipcx(&["man", place("closed").to_str().unwrap()]);
            assert_eq!((ran.status, &*ran.out, ran.err.lines().count()), (3, "", 1), "{}", ran.err);
        });
        let ran = ipcx(&["man", place("file").to_str().unwrap()]);
        assert_eq!((ran.status, &*ran.out, ran.err.lines().count()), (1, "", 1), "{}", ran.err);
        assert!(files("closed").is_empty());
    });
}
