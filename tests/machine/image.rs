//! The machine's only file system: an archive that the kernel unpacks into memory (`Documentation/driver-api/early-userspace/
//! buffer-format.rst`, the format that `cpio -H newc` writes).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Files by their path, without the slash in front.
#[derive(Default)]
pub(crate) struct Image {
    files: BTreeMap<String, Vec<u8>>,
}

impl Image {
    /// A program with the libraries that it is linked with.
    pub(crate) fn program(&mut self, name: &str, path: &Path) {
        let said = Command::new("ldd").arg(path).output().unwrap();
        for word in String::from_utf8(said.stdout).unwrap().split_whitespace().filter(|word| word.starts_with('/')) {
            self.files.entry(word[1..].to_owned()).or_insert_with(|| fs::read(word).unwrap());
        }
        self.files.insert(name.to_owned(), without_symbols(path));
    }

    /// Those of these kernel modules that are there.
    pub(crate) fn modules(&mut self, directory: &Path, names: &[&str]) {
        let mut left = vec![directory.join("kernel/net")];
        while let Some(place) = left.pop() {
            for path in fs::read_dir(place).into_iter().flatten().map(|entry| entry.unwrap().path()) {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if path.is_dir() {
                    left.push(path);
                } else if let Some(at) = names.iter().position(|wanted| name.strip_prefix(wanted) == Some(".ko")) {
                    self.files.insert(format!("modules/{at}.ko"), fs::read(path).unwrap());
                }
            }
        }
    }

    /// The archive, with the directories that the files need, empty ones to mount on, and a console.
    pub(crate) fn archive(&self) -> Vec<u8> {
        const DIRECTORY: u32 = 0o40755;
        const PROGRAM: u32 = 0o100_755;
        let mut archive = Archive::default();
        let mut directories: Vec<PathBuf> = ["proc", "sys", "dev", "run", "tmp", "etc"].map(PathBuf::from).into();
        for path in self.files.keys() {
            directories.extend(Path::new(path).ancestors().skip(1).map(Path::to_path_buf));
        }
        directories.sort();
        directories.dedup();
        for directory in directories.iter().filter(|directory| !directory.as_os_str().is_empty()) {
            archive.entry(directory.to_str().unwrap(), DIRECTORY, (0, 0), &[]);
        }
        // Without it the first process has no standard output.
        archive.entry("dev/console", 0o20600, (5, 1), &[]);
        let users = "root:x:0:0::/:/\nuser:x:1000:1000::/:/\nother:x:1001:1001::/:/\n";
        archive.entry("etc/passwd", 0o100_644, (0, 0), users.as_bytes());
        for (path, bytes) in &self.files {
            archive.entry(path, PROGRAM, (0, 0), bytes);
        }
        archive.entry("TRAILER!!!", 0, (0, 0), &[]);
        archive.bytes
    }
}

#[derive(Default)]
struct Archive {
    bytes: Vec<u8>,
    count: u32,
}

impl Archive {
    fn entry(&mut self, name: &str, mode: u32, device: (u32, u32), bytes: &[u8]) {
        self.count += 1;
        let size = u32::try_from(bytes.len()).unwrap();
        let length = u32::try_from(name.len() + 1).unwrap();
        // Inode, mode, uid, gid, links, time, size, device of the file, device that it stands for, name's length, checksum.
        let fields = [self.count, mode, 0, 0, 1, 0, size, 0, 0, device.0, device.1, length, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(bytes);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

/// A debug build is mostly symbols, which the machine would have to unpack.
fn without_symbols(path: &Path) -> Vec<u8> {
    let scratch = tempfile::tempdir().unwrap();
    let stripped = scratch.path().join("stripped");
    let ran = Command::new("strip").arg("-o").arg(&stripped).arg(path).output();
    let to = if ran.is_ok_and(|ran| ran.status.success()) { &stripped } else { path };
    fs::read(to).unwrap()
}
