//! `/proc/self/mountinfo`, through the procfs crate, whose parser is right and which is read once: whether /proc hides
//! processes.

use procfs::process::Process;

/// Whether the /proc in use was mounted with a `hidepid` that can leave others' processes out (`man 5 proc`).
pub fn proc_hides_processes() -> bool {
    let Ok(mounts) = Process::myself().and_then(|me| me.mountinfo()) else { return false };
    mounts
        .into_iter()
        .rfind(|mount| mount.mount_point.as_os_str() == "/proc" && mount.fs_type == "proc")
        .and_then(|mount| mount.super_options.get("hidepid").cloned().flatten())
        .is_some_and(|value| !matches!(value.as_str(), "0" | "off"))
}
