//! `/proc/self/mountinfo`, through the procfs crate, whose parser is right and which is read once: whether /proc hides
//! processes, and whether cgroups tag sockets.

use super::file;
use procfs::process::Process;

/// Whether cgroup-v1 controllers that tag sockets (`net_cls`, `net_prio`) are in use: then borrowing a socket from a
/// process tags it anew for good (`__scm_install_fd`). `/proc/cgroups` tells it for the whole machine, also where they
/// are mounted out of sight; the mounts tell it where that file is missing.
pub fn cgroups_tag_sockets() -> bool {
    if file::read("/proc/cgroups").is_ok_and(|text| controllers_tag_sockets(&text)) {
        return true;
    }
    let Ok(mounts) = Process::myself().and_then(|me| me.mountinfo()) else { return false };
    let tags = |option: &String| TAGS.contains(&option.as_bytes());
    mounts.into_iter().any(|mount| mount.fs_type == "cgroup" && mount.super_options.keys().any(tags))
}

/// The controllers that tag sockets.
const TAGS: [&[u8]; 2] = [b"net_cls", b"net_prio"];

/// Parses `/proc/cgroups`: a controller has its hierarchy's number behind its name, 0 when it is in none of version 1.
pub fn controllers_tag_sockets(text: &[u8]) -> bool {
    text.split(|b| *b == b'\n').any(|line| {
        let mut fields = line.split(|b| *b == b'\t' || *b == b' ');
        let name = fields.next().unwrap_or_default();
        TAGS.contains(&name) && fields.next().and_then(super::text::decimal).is_some_and(|number| number != 0)
    })
}

/// Whether the /proc in use was mounted with a `hidepid` that can leave others' processes out (`man 5 proc`).
pub fn proc_hides_processes() -> bool {
    let Ok(mounts) = Process::myself().and_then(|me| me.mountinfo()) else { return false };
    mounts
        .into_iter()
        .rfind(|mount| mount.mount_point.as_os_str() == "/proc" && mount.fs_type == "proc")
        .and_then(|mount| mount.super_options.get("hidepid").cloned().flatten())
        .is_some_and(|value| !matches!(value.as_str(), "0" | "off"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controllers_in_a_hierarchy_of_version_1() {
        let head = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n";
        let tags = |lines: &str| controllers_tag_sockets(format!("{head}{lines}").as_bytes());
        assert!(!tags("net_cls\t0\t1\t1\nnet_prio\t0\t1\t1\ncpu\t1\t1\t1\n"));
        assert!(tags("cpu\t1\t1\t1\nnet_cls\t9\t1\t1\n"));
        assert!(!tags("") && !tags("net_cls") && !tags("net_cls\tx"));
    }
}
