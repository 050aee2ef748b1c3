//! The Debian package: made of the binary under test by cargo-deb, installed by dpkg into a scratch root, run there, and
//! removed again without a trace.
#![allow(clippy::unwrap_used)] // a test that cannot make the package should fail

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const OLD_NAMES: [&str; 4] = ["ipcs", "ipcrm", "ipcmk", "lsipc"];

fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{out}{err}");
    out.into_owned()
}

/// Whether the programs are there; if not, says loudly, past libtest, that the test is skipped.
fn can_package() -> bool {
    let runs = |words: &[&str]| {
        let output = Command::new(words[0]).args(&words[1..]).output();
        output.is_ok_and(|output| output.status.success())
    };
    let missing = [
        (runs(&["cargo", "deb", "--version"]), "cargo-deb is not installed (cargo install --locked cargo-deb)"),
        (runs(&["dpkg", "--version"]), "dpkg is not installed"),
        (runs(&["dpkg-shlibdeps", "--version"]), "dpkg-shlibdeps is not installed (apt-get install dpkg-dev)"),
        (run(Command::new("id").arg("-u")).trim() == "0", "dpkg installs files of root only for root"),
    ];
    let Some((_, why)) = missing.iter().find(|(there, _)| !there) else { return true };
    std::io::stderr().write_all(format!("SKIPPED package: {why}\n").as_bytes()).unwrap();
    false
}

/// Makes the package without building anything: cargo-deb takes the binary from where a release build would leave it.
fn package(scratch: &Path) -> PathBuf {
    let (target, package) = (scratch.join("target"), scratch.join("ipcx.deb"));
    fs::create_dir_all(target.join("release")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_ipcx"), target.join("release/ipcx")).unwrap();
    let mut deb = Command::new("cargo");
    deb.args(["deb", "--no-build", "--strip", "--fast", "--locked", "--offline", "--manifest-path"]);
    deb.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).arg("--output").arg(&package);
    let output = deb.env("CARGO_TARGET_DIR", &target).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("warning"), "cargo deb: {said}");
    package
}

/// Files and links below a directory, relative to it.
fn files(root: &Path) -> BTreeSet<String> {
    let (mut found, mut todo) = (BTreeSet::new(), vec![root.to_path_buf()]);
    while let Some(directory) = todo.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                todo.push(path);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}

/// What has to be in it: every manual page and completion that the project has, and no program but ipcx in a system's PATH.
fn expected() -> BTreeSet<String> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: BTreeSet<String> = [
        "usr/bin/ipcx",
        "usr/share/bash-completion/completions/ipcx",
        "usr/share/doc/ipcx/LICENSE-APACHE",
        "usr/share/doc/ipcx/LICENSE-MIT",
        "usr/share/doc/ipcx/README.md",
        "usr/share/doc/ipcx/changelog.Debian.gz",
        "usr/share/doc/ipcx/changelog.gz",
        "usr/share/doc/ipcx/copyright",
        "usr/share/doc/ipcx/examples/config.toml",
        "usr/share/fish/vendor_completions.d/ipcx.fish",
        "usr/share/zsh/vendor-completions/_ipcx",
    ]
    .map(str::to_owned)
    .into();
    files.extend(OLD_NAMES.map(|name| format!("usr/lib/ipcx/bin/{name}")));
    for page in fs::read_dir(project.join("man")).unwrap() {
        let page = page.unwrap().file_name().into_string().unwrap();
        let section = page.rsplit('.').next().unwrap();
        files.insert(format!("usr/share/man/man{section}/{page}.gz"));
    }
    // Where one page is about several names, man finds it by each.
    files.extend(["ipcrm", "ipcmk", "lsipc", "signal"].map(|name| format!("usr/share/man/man1/ipcx-{name}.1.gz")));
    files
}

#[test]
fn it_installs_runs_and_leaves_nothing() {
    if !can_package() {
        return;
    }
    let scratch = tempfile::tempdir().unwrap();
    let package = package(scratch.path());
    let root = scratch.path().join("root");
    fs::create_dir_all(root.join("var/lib/dpkg/info")).unwrap();
    fs::create_dir_all(root.join("var/lib/dpkg/updates")).unwrap();
    fs::write(root.join("var/lib/dpkg/status"), "").unwrap();
    let dpkg = |action: &str, what: &str| {
        // The root has no C library, which the package rightly asks for: the program finds this machine's.
        let mut dpkg = Command::new("dpkg");
        run(dpkg.arg("--root").arg(&root).args(["--force-depends", action, what]));
    };
    dpkg("--install", package.to_str().unwrap());

    let installed: BTreeSet<String> = files(&root).into_iter().filter(|file| !file.starts_with("var/")).collect();
    assert_eq!(installed, expected());
    let version = env!("CARGO_PKG_VERSION");
    let program = |name: &str, word: &str| run(Command::new(root.join(name)).arg(word).env_clear());
    assert_eq!(program("usr/bin/ipcx", "--version"), format!("ipcx {version}\n"));
    for name in OLD_NAMES {
        let said = program(&format!("usr/lib/ipcx/bin/{name}"), "--version");
        assert!(said.starts_with(&format!("{name} from util-linux ")) && said.contains(version), "{said}");
    }
    let listed = run(Command::new(root.join("usr/bin/ipcx")).args(["ls", "--sysv", "--json"]).env_clear());
    assert!(listed.contains("ipcx.snapshot/1"), "{listed}");
    for link in files(&root.join("usr/share/man")) {
        let page = root.join("usr/share/man").join(&link);
        assert!(fs::metadata(page).is_ok_and(|page| page.len() > 0), "{link} leads nowhere");
    }
    let copyright = fs::read_to_string(root.join("usr/share/doc/ipcx/copyright")).unwrap();
    assert!(copyright.contains("MIT") && copyright.contains("Apache"), "{copyright}");

    dpkg("--purge", "ipcx");
    assert!(!root.join("usr").exists(), "left behind: {:?}", files(&root));
}

#[test]
fn the_debian_changelog_is_of_this_version() {
    let changelog = include_str!("../assets/debian/changelog");
    let first = changelog.lines().next().unwrap();
    assert!(first.starts_with(concat!("ipcx (", env!("CARGO_PKG_VERSION"), "-1) ")), "{first}");
}
