//! Real programs, running and killed, against `ipcx leaks`: `tests/real-programs.sh` starts those that are installed in
//! namespaces of its own and says what it checked and what it skipped.

use std::io::Write;
use std::process::Command;

#[test]
fn nothing_of_a_running_program_is_leaked_and_what_it_leaves_is_found() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real-programs.sh");
    let ran = Command::new("bash").args([script, env!("CARGO_BIN_EXE_ipcx")]).output();
    let told = ran.as_ref().map(|ran| String::from_utf8_lossy(&ran.stdout).into_owned()).unwrap_or_default();
    for line in told.lines().filter(|line| line.starts_with("SKIPPED") || line.starts_with("ok")) {
        // Past libtest, which keeps what passing tests print.
        writeln!(std::io::stderr(), "{line}").expect("stderr");
    }
    assert!(ran.is_ok_and(|ran| ran.status.success()), "{told}");
}
