//! The house rules that a compiler does not check: which layer may import which, where the unsafe code is, that every
//! file says what it is for. Read it to learn how the source is laid out.
#![allow(clippy::unwrap_used)] // a test that cannot read the source should fail

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each layer, and those below it that it may use. Imports run one way only.
const LAYERS: [(&str, &[&str]); 11] = [
    ("model", &[]),
    ("kernel", &["model"]),
    ("snapshot", &["kernel", "model"]),
    ("diagnose", &["snapshot", "model"]),
    ("actions", &["diagnose", "kernel", "snapshot", "model"]),
    ("query", &["diagnose", "snapshot", "model"]),
    ("output", &["query", "diagnose", "snapshot", "model"]),
    ("config", &["query", "model"]),
    ("cli", &["config", "output", "query", "actions", "diagnose", "snapshot", "kernel", "model", "tui"]),
    ("compat", &["config", "output", "query", "actions", "diagnose", "snapshot", "kernel", "model"]),
    ("tui", &["config", "output", "query", "actions", "diagnose", "snapshot", "kernel", "model"]),
];

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All source files with their text, by path relative to `src`.
fn files() -> BTreeMap<PathBuf, String> {
    let mut todo = vec![source()];
    let mut files = BTreeMap::new();
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                files.insert(path.strip_prefix(source()).unwrap().to_path_buf(), text);
            }
        }
    }
    assert!(files.len() > 30, "the source was found");
    files
}

/// The layer of a file: its folder, or `main` and `lib`.
fn layer(file: &Path) -> String {
    let first = file.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// Code without comments, as far as line comments go.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(|line| line.split("//").next().unwrap())
}

/// The first names behind `crate::` in a file: those of `use crate::a::…`, `use crate::{a, b::c}` and `crate::a::f()`.
fn used_layers(text: &str) -> BTreeSet<String> {
    let code: String = code(text).collect::<Vec<_>>().join("\n");
    let mut used = BTreeSet::new();
    let word = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    for part in code.split("crate::").skip(1) {
        let Some(group) = part.strip_prefix('{') else {
            used.insert(word(part));
            continue;
        };
        let mut depth = 0;
        let mut start = true;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => start = true,
                c if start && c.is_alphabetic() => {
                    used.insert(word(&group[at..]));
                    start = false;
                }
                _ => {}
            }
        }
    }
    used
}

#[test]
fn imports_run_downward() {
    let mut wrong = Vec::new();
    for (file, text) in files() {
        let layer = layer(&file);
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == layer) else {
            assert!(["lib", "main"].contains(&layer.as_str()), "{} is in no known layer", file.display());
            continue;
        };
        for used in used_layers(&text) {
            let known = LAYERS.iter().any(|(name, _)| *name == used);
            if known && used != layer && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{} uses {used}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "forbidden imports:\n{}", wrong.join("\n"));
}

#[test]
fn the_import_reader_reads() {
    let used = used_layers("use crate::{model::{A, B}, kernel};\nlet x = crate::snapshot::f(); // crate::tui\n");
    assert_eq!(used.into_iter().collect::<Vec<_>>(), ["kernel", "model", "snapshot"]);
}

#[test]
fn unsafe_code_is_in_kernel_alone() {
    for (file, text) in files() {
        let has = code(&text).any(|line| line.contains("unsafe {") || line.contains("unsafe fn"));
        assert!(!has || layer(&file) == "kernel", "{} has unsafe code", file.display());
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for (file, text) in files() {
        assert!(text.starts_with("//!"), "{} does not open with //!", file.display());
    }
}

#[test]
fn system_calls_are_made_in_kernel_alone() {
    // `config` and `cli` ask the environment and the terminal, and actions nothing: all else is the kernel layer's.
    for (file, text) in files() {
        let layer = layer(&file);
        if ["kernel", "main", "lib"].contains(&layer.as_str()) {
            continue;
        }
        let tests = text.find("#[cfg(test)]").unwrap_or(text.len());
        for line in code(&text[..tests]) {
            for word in ["libc::", "nix::", "std::fs", "procfs::"] {
                // `unix::` is not `nix::`.
                let used = line.match_indices(word).any(|(at, _)| !line[..at].ends_with(char::is_alphanumeric));
                assert!(!used, "{} uses {word}", file.display());
            }
        }
    }
}

#[test]
fn main_is_short() {
    assert!(files()[Path::new("main.rs")].lines().count() < 60);
}
