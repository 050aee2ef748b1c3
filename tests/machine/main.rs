//! A whole machine: a small virtual one boots the installed kernel with this very test as its first process, and ipcx looks
//! at it from there.
//!
//! In a namespace of a test's own something is always out of sight: what is outside, or a first process that even root may
//! not look into. Only where all is seen may a pipe or a socket file be called leaked for certain, and only on a machine of
//! one's own can /proc be mounted anew for everybody.
#![allow(clippy::unwrap_used)] // what a test cannot do should fail it

mod image;
mod inside;

use image::Image;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Longest time for boot and scenes. Without virtualisation in hardware every instruction is translated.
const LONGEST: Duration = Duration::from_secs(300);

/// What the first process prints before the scenes, and when all have held.
const UP: &str = "machine: up";
const HELD: &str = "machine: all held";

fn skip(why: &str) {
    // Past libtest, which keeps what passing tests print.
    std::io::stderr().write_all(format!("SKIPPED machine: {why}\n").as_bytes()).unwrap();
}

/// The newest kernel in /boot, and its modules.
fn kernel() -> Option<(PathBuf, PathBuf)> {
    let found = fs::read_dir("/boot").ok()?.filter_map(|entry| {
        let path = entry.ok()?.path();
        let version = path.file_name()?.to_str()?.strip_prefix("vmlinuz-")?.to_owned();
        let modules = Path::new("/lib/modules").join(&version);
        let written = path.metadata().ok()?.modified().ok()?;
        fs::File::open(&path).ok()?;
        Some((written, path, modules))
    });
    found.max().map(|(_, kernel, modules)| (kernel, modules))
}

#[test]
fn everything_in_sight() {
    if inside::is_inside() {
        return inside::run();
    }
    if !cfg!(target_arch = "x86_64") {
        return skip("only x86_64 has a machine that is known here");
    }
    let emulator = "qemu-system-x86_64";
    if !Command::new(emulator).arg("--version").output().is_ok_and(|ran| ran.status.success()) {
        return skip("qemu-system-x86_64 is not installed (apt-get install qemu-system-x86)");
    }
    let Some((kernel, modules)) = kernel() else {
        return skip("no kernel in /boot may be read (apt-get install linux-image-cloud-amd64)");
    };
    let scratch = tempfile::tempdir().unwrap();
    let initrd = scratch.path().join("initrd");
    let mut image = Image::default();
    image.program("init", &std::env::current_exe().unwrap());
    image.program("ipcx", Path::new(env!("CARGO_BIN_EXE_ipcx")));
    image.modules(&modules, &["unix_diag", "inet_diag", "tcp_diag", "udp_diag"]);
    fs::write(&initrd, image.archive()).unwrap();
    let console = scratch.path().join("console");
    let mut machine = Command::new(emulator);
    machine.args([
        "-accel",
        "tcg,thread=multi",
        "-m",
        "1024",
        "-smp",
        "2",
        "-display",
        "none",
        "-no-reboot",
        "-nic",
        "none",
    ]);
    machine.arg("-serial").arg(format!("file:{}", console.display()));
    machine.arg("-kernel").arg(kernel).arg("-initrd").arg(initrd);
    // Behind the dashes: the arguments of the first process.
    machine.args([
        "-append",
        &format!("console=ttyS0 quiet loglevel=0 panic=-1 {}=1 -- {}", inside::MARK, inside::ARGUMENTS),
    ]);
    let mut machine = machine.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap();
    let begun = Instant::now();
    let ended = loop {
        match machine.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if begun.elapsed() > LONGEST => break None,
            None => std::thread::sleep(Duration::from_millis(100)),
        }
    };
    if ended.is_none() {
        machine.kill().unwrap();
        machine.wait().unwrap();
    }
    let said = String::from_utf8_lossy(&fs::read(console).unwrap_or_default()).into_owned();
    if !said.contains(UP) {
        return skip(&format!(
            "the virtual machine did not come up: {:?}",
            said.lines().rev().take(3).collect::<Vec<_>>()
        ));
    }
    assert!(said.contains(HELD), "the machine ended with {ended:?}:\n{said}");
}
