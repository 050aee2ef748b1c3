//! `ipcs` where something is missing: the tables of /proc, System V IPC itself, room for what it says, a locale's point.

use crate::support::old_objects::{self, NAMELESS};
use crate::support::users::NOBODY;
use crate::support::util_linux::{Case, Difference, Said, case, compare, installed, our};
use crate::support::{Child, isolated, isolated_with_users, mounts, refuse, scratch, sysv};
use std::process::Command;

fn line(words: &str) -> Case {
    case("ipcs", &words.split_whitespace().collect::<Vec<_>>())
}

const CREATOR: Difference = Difference {
    when: |case, theirs| case.arguments.iter().any(|word| word == "-c" || word == "-i") && theirs.err.is_empty(),
    why: "slot by slot, util-linux takes a segment's or set's creating user for its creating group",
};

const OTHERS: Difference = Difference {
    when: |case, _| case.uid != 0,
    why: "slot by slot, util-linux sees only what the caller may read; MSG_STAT_ANY and its kin show all to everyone",
};

#[test]
fn slot_by_slot() {
    isolated_with_users(|| {
        let scene = old_objects::scene();
        let mut cases: Vec<Case> = Vec::new();
        for kind in ["-q", "-m", "-s", "-a"] {
            for view in ["", "-t", "-p", "-l", "-u", "-b", "--human", "-t --human"] {
                cases.push(line(&format!("{kind} {view}")));
            }
        }
        cases.push(line("-q -c"));
        for (kind, ids) in [("-q", &scene.queues), ("-m", &scene.segments), ("-s", &scene.sets)] {
            // The last one of segments and sets was made by another user.
            for id in ids[..ids.len() - 1].iter().copied().chain([99, 32768]) {
                cases.push(line(&format!("{kind} -i {id}")));
            }
        }
        let by_others = ["", "-t", "-p", "-q -c"].map(|words| line(words).by(NOBODY));
        let by_owner = [line("-c"), line(&format!("-m -i {}", scene.segments[8]))];
        let before: Vec<Said> = cases.iter().chain(&by_others).chain(&by_owner).map(Case::ours).collect();
        mounts::hide("/proc/sysvipc");
        // Nothing is lost with the tables.
        let after: Vec<Said> = cases.iter().chain(&by_others).chain(&by_owner).map(Case::ours).collect();
        assert_eq!(before, after);
        if installed("ipcs").is_some() {
            compare(&cases, &[]);
            compare(&by_others, &[OTHERS]);
            compare(&by_owner, &[CREATOR]);
            mounts::hide("/proc/sys");
            compare(&["-l", "-l -b", "-l --human", "-u", "-u --human", ""].map(line), &[]);
        }
    });
}

#[test]
fn without_system_v_ipc() {
    isolated(|| {
        if installed("ipcs").is_none() {
            return;
        }
        sysv::queue(1, 0o600);
        sysv::segment(2, 100, 0o600);
        sysv::semaphores(3, 2, 0o600);
        let lines =
            ["-l", "-l --human", "-u", "-u -b", "", "-t", "-c", "-p", "-q -i 0", "-m -i 0", "-s -i 0", "-s -i 9"];
        let refused = |call| {
            Child::run(&[], || {
                refuse::refuse(call);
                compare(&lines.map(line), &[]);
            });
        };
        // With the tables, which say what the calls do not.
        [libc::SYS_msgctl, libc::SYS_shmctl, libc::SYS_semctl].into_iter().for_each(refused);
        mounts::hide("/proc/sysvipc");
        mounts::hide("/proc/sys");
        [libc::SYS_msgctl, libc::SYS_shmctl, libc::SYS_semctl].into_iter().for_each(refused);
    });
}

/// Standard output and error of a shell's command, where `ipcs` is the one of a folder.
fn shell(place: &std::path::Path, script: &str) -> String {
    let path = format!("{}:/usr/bin:/bin", place.display());
    let output = Command::new("bash").args(["-c", script]).env_clear().env("PATH", path).env("LC_ALL", "C").output();
    let output = output.unwrap();
    format!("{:?} {} {}", output.status, output.stdout.escape_ascii(), output.stderr.escape_ascii())
}

#[test]
fn where_it_cannot_write() {
    isolated(|| {
        let Some(theirs) = installed("ipcs") else { return };
        let ours = our("ipcs");
        let alike = |script: &str| {
            let [theirs, ours] = [&theirs, &ours].map(|path| shell(path.parent().unwrap(), script));
            assert_eq!(theirs, ours, "{script}");
        };
        [
            "ipcs >/dev/full",
            "ipcs -h >/dev/full",
            "ipcs -V >/dev/full",
            "ipcs -q -i 99 >/dev/full",
            "ipcs -l >/dev/full",
            "ipcs >&-",
            "ipcs -z >&-",
            "ipcs -q -i 99 >&-",
            "ipcs -z 2>&-",
        ]
        .into_iter()
        .for_each(alike);
        // Nobody could read that it is not there, which is not ours to judge.
        let missing = |tool: &std::path::Path| shell(tool.parent().unwrap(), "ipcs -q -i 99 2>&-; echo $?");
        assert!(missing(&theirs).contains("1\\n") && missing(&ours).contains("0\\n"));
        for number in 0..3000 {
            sysv::queue(0, 0o600 + number % 8);
        }
        ["ipcs -q 2>&- | md5sum", "ipcs | head -n 3; echo ${PIPESTATUS[0]}", "ipcs -q </dev/null | tail -n 2"]
            .into_iter()
            .for_each(alike);
        // Of more than the C library collects, util-linux no longer knows why it was not taken; and that much is an error to it
        // where standard output is closed, or its reader gone and SIGPIPE ignored, while less is none. Ours is the same at
        // any length.
        let long = shell(theirs.parent().unwrap(), "ipcs >/dev/full");
        assert!(long.ends_with("ipcs: write error\\n"), "{long}");
        for script in ["ipcs >&-; echo $? >&2", "trap '' PIPE; (ipcs; echo $? >&2) | head -n 1"] {
            let said = shell(ours.parent().unwrap(), script);
            assert!(said.ends_with(" 0\\n"), "{script}: {said}");
        }
        let long = shell(ours.parent().unwrap(), "ipcs >/dev/full");
        assert!(long.ends_with("ipcs: write error: No space left on device\\n"), "{long}");
    });
}

#[test]
fn another_decimal_point() {
    isolated_with_users(|| {
        let place = scratch().join("locales");
        std::fs::create_dir(&place).unwrap();
        let mut define = Command::new("localedef");
        define.args(["-i", "de_DE", "-f", "UTF-8"]).arg(place.join("de_DE.utf8"));
        if !define.output().is_ok_and(|output| output.status.success()) {
            isolated::skip("decimal point", "localedef cannot make the German locale");
            return;
        }
        let scene = old_objects::scene();
        let place = format!("LOCPATH={}", place.display());
        let mut cases = Vec::new();
        // Only its numbers: util-linux may have its messages in German too.
        for locale in ["LC_NUMERIC=de_DE.utf8", "LC_NUMERIC=C", "LC_NUMERIC=no_WHERE", "LC_CTYPE=de_DE.utf8"] {
            for words in ["--human", "-u --human", "-l --human", "-q --human -i", "-m --human -i", "-t", "-b"] {
                let id = if words.ends_with("-i") { scene.segments[2].to_string() } else { String::new() };
                cases.push(line(&format!("{words} {id}")).with(&[&place, locale]));
            }
        }
        let german = cases[0].ours();
        assert!(german.out.contains("  1,5K "), "{}", german.out);
        if installed("ipcs").is_some() {
            compare(&cases, &[]);
        }
    });
}

#[test]
fn without_read_permission() {
    isolated_with_users(|| {
        let scene = old_objects::scene();
        let theirs = scene.sets[0];
        let denied = line(&format!("-s -i {theirs}")).by(NAMELESS).ours();
        let expected = "ipcs: semctl(GETVAL) failed: Permission denied\n";
        assert_eq!((&*denied.status, &*denied.out, &*denied.err), ("exit 1", "", expected));
    });
}
