//! `ipcx peek` on shared memory: any range, by the way that leaves nothing behind where there is one.

use crate::support::cli::{ipcx, ipcx_as, ipcx_bytes, json, place};
use crate::support::users::{NOBODY, child_of};
use crate::support::{Child, isolated, isolated_with_users, posix, sysv};
use ipcx::actions::{Care, PeekRequest, Refusal, Target, plan_peek};
use ipcx::model::Address;
use serde_json::json;
use std::fs;
use std::os::unix::fs::{FileExt, MetadataExt};

/// Runs `look`, and checks that the segment's whole record is the same afterwards.
fn unchanged<T>(id: i32, look: impl FnOnce() -> T) -> T {
    let before = sysv::segment_record(id);
    crate::support::wait::second_after(crate::support::wait::second(), 1);
    let seen = look();
    assert_eq!(sysv::segment_record(id), before, "shmid_ds before and after");
    seen
}

/// Bytes of a segment in memory, from the kernel's table.
fn resident(id: i32) -> u64 {
    let mut found = None;
    ipcx::kernel::sysvipc::read_shm(&mut |line| {
        if line.perm.id == id {
            found = line.resident;
        }
    })
    .unwrap();
    found.unwrap()
}

#[test]
fn what_a_process_has_attached_is_read_without_a_trace() {
    isolated(|| {
        let id = sysv::segment(0x52e2, 10_000, 0o600);
        let _child = Child::new(&[], || {
            nix::sys::prctl::set_name(c"\x1b[2Jevil").unwrap();
            let attached = sysv::attach(id);
            attached.write(100, b"needle");
            attached.write(8190, b"\x1b\xff over a page");
            attached
        });
        unchanged(id, || {
            let document = json(&["peek", "--json", "--offset", "100", "--length", "6", "shm:0x52e2"]);
            assert_eq!((&document["schema"], &document["address"]), (&json!("ipcx.peek/1"), &json!("shm:0")));
            assert_eq!((&document["offset"], &document["length"]), (&json!(100), &json!(6)));
            assert_eq!((&document["data"], &document["data_hex"]), (&json!("needle"), &json!(null)));
            assert_eq!(document["size"], 10_000);
            let ran = ipcx(&["peek", "--no-trace", "--offset", "100", "--length", "6", "shm:0"]);
            assert_eq!((ran.status, &*ran.err, ran.out.lines().last()), (0, "", Some("needle")));
            assert!(!ran.out.contains('\x1b'), "{:?}", ran.out);
            let ran = ipcx(&["--read-only", "peek", "shm:0"]);
            assert!(ran.status == 0 && ran.out.contains("00001ff0"), "{}", ran.out);
            assert!(ran.out.ends_with("00002710\n"), "{}", ran.out);
            let (status, all) = ipcx_bytes(&["peek", "--raw", "shm:0"]);
            assert_eq!(
                (status, all.len(), &all[100..106], &all[8190..8192]),
                (0, 10_000, &b"needle"[..], &b"\x1b\xff"[..])
            );
        });
    });
}

#[test]
fn an_ordinary_user_reads_the_memory_of_his_own_process() {
    isolated_with_users(|| {
        // One full of bytes, one with a hole, one that nobody has touched.
        let sizes = [8192, 100 << 20, 4096];
        let ids = sizes.map(|size| sysv::segment(0, size, 0o666));
        let _child = child_of(NOBODY, &[], || {
            let attached = ids.map(sysv::attach);
            attached[0].write(0, &[b'a'; 8192]);
            attached[1].write((50 << 20) + 3, b"needle");
            attached
        });
        for (id, offset, text) in [(ids[0], 4094, "aaaa"), (ids[1], (50 << 20) + 3, "needle"), (ids[2], 7, "\0\0\0")] {
            let (offset, length) = (offset.to_string(), text.len().to_string());
            let before = resident(id);
            let ran = unchanged(id, || {
                let address = format!("shm:{id}");
                ipcx_as(NOBODY, &["peek", "-J", "--no-trace", "--offset", &offset, "--length", &length, &address])
            });
            assert_eq!(ran.status, 0, "shm:{id}: {}", ran.err);
            let document: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
            assert_eq!((&document["data"], &document["source"]["how"]), (&json!(text), &json!("process-memory")));
            assert_eq!(resident(id), before, "no page was made");
        }
        let whole = ipcx_as(NOBODY, &["peek", "--length", "100M", &format!("shm:{}", ids[1])]);
        assert!(whole.status == 0 && whole.out.contains("|...needle.......|"), "{}", whole.out);
        assert_eq!(resident(ids[1]), 4096);
    });
}

#[test]
fn where_another_has_filled_pages_the_memory_of_one_process_does_not_tell() {
    isolated_with_users(|| {
        let id = sysv::segment(1, 1 << 20, 0o666);
        let _filled = Child::new(&[], || {
            let attached = sysv::attach(id);
            attached.write(8192, b"by root");
            attached
        });
        let _attached = child_of(NOBODY, &[], || sysv::attach(id));
        let ran = ipcx_as(NOBODY, &["peek", "--offset", "8K", "--length", "7", "shm:0x1"]);
        assert_eq!((ran.status, ran.out.lines().last()), (0, Some("by root")), "{}", ran.err);
        assert!(ran.err.contains("attached read-only for a moment"), "{}", ran.err);
        assert_eq!(resident(id), 4096);
    });
}

#[test]
fn attaching_is_told_before_and_can_be_refused() {
    isolated(|| {
        let id = sysv::segment(1, 5000, 0o600);
        sysv::attach(id).write(4096, b"hello");
        let part = ["--offset", "4K", "--length", "5", "shm:0x1"];
        unchanged(id, || {
            let plan = plan_peek(&Target::Address(Address::parse("shm:0x1").unwrap())).unwrap();
            assert!(plan.traces.len() == 1 && plan.traces[0].contains("lpid"), "{:?}", plan.traces);
            for refused in [&["peek", "--no-trace"][..], &["--read-only", "peek"]] {
                let ran = ipcx(&[refused, &part].concat());
                assert_eq!((ran.status, &*ran.out), (4, ""), "{}", ran.err);
                assert!(ran.err.contains("lpid") && ran.err.lines().count() == 1, "{}", ran.err);
            }
        });
        let ran = ipcx(&[&["peek"][..], &part].concat());
        assert_eq!((ran.status, ran.out.lines().last()), (0, Some("hello")), "{}", ran.err);
        assert!(ran.err.starts_with("ipcx: note: ") && ran.err.contains("lpid"), "{}", ran.err);
        let document = json(&[&["peek", "-J"][..], &part].concat());
        assert_eq!(document["source"]["how"], "attach");
        assert!(document["notes"][0].as_str().unwrap().contains("lpid"));
        assert_eq!(resident(id), 4096, "the page that nobody touched was not made");
    });
}

#[test]
fn a_segment_marked_for_removal_is_never_attached() {
    isolated_with_users(|| {
        let id = sysv::segment(1, 4096, 0o666);
        let child = Child::new(&[], || {
            let attached = sysv::attach(id);
            attached.write(0, b"still here");
            attached
        });
        sysv::control_segment(id, libc::IPC_RMID);
        let address = format!("shm:{id}");
        unchanged(id, || {
            let ran = ipcx_as(NOBODY, &["peek", &address]);
            assert_eq!((ran.status, &*ran.out), (4, ""), "{}", ran.err);
            assert!(ran.err.contains("marked for removal"), "{}", ran.err);
            let ran = ipcx(&["peek", "--length", "10", &address]);
            assert_eq!((ran.status, ran.out.lines().last()), (0, Some("still here")), "{}", ran.err);
        });
        child.end();
        assert_eq!(ipcx(&["peek", &address]).status, 1, "it went with its last user");
    });
}

#[test]
fn holes_stay_holes() {
    isolated(|| {
        const SIZE: usize = 100 << 20;
        let id = sysv::segment(1, SIZE, 0o600);
        let attached = sysv::attach(id);
        attached.write(60 << 20, b"needle");
        let check = |how: &str| {
            let copy = place(how);
            assert_eq!(ipcx(&["peek", "-O", copy.to_str().unwrap(), "shm:0x1"]).status, 0);
            let file = fs::File::open(&copy).unwrap();
            let mut bytes = [0; 6];
            file.read_exact_at(&mut bytes, 60 << 20).unwrap();
            assert_eq!((file.metadata().unwrap().len(), &bytes), (SIZE as u64, b"needle"), "{how}");
            fs::remove_file(copy).unwrap();
            let ran = ipcx(&["peek", "--length", "100M", "shm:0x1"]);
            assert!(ran.out.contains("|needle..........|") && ran.out.lines().count() < 10, "{}", ran.out);
            assert_eq!(resident(id), 4096, "{how}");
            assert_eq!(json(&["peek", "-J", "--length", "8", "shm:0x1"])["source"]["how"], how);
        };
        check("mapped-file");
        drop(attached);
        check("attach");
    });
}

#[test]
fn a_range_beyond_the_end_names_the_size() {
    isolated(|| {
        let id = sysv::segment(1, 5000, 0o600);
        posix::segment(c"/cache", 5000, 0o600);
        unchanged(id, || {
            for address in ["shm:0x1", "shm:/cache"] {
                for range in
                    [["--offset=5001", "--raw"], ["--offset=0", "--length=5001"], ["--offset=4999", "--length=2"]]
                {
                    let ran = ipcx(&["peek", range[0], range[1], address]);
                    assert_eq!((ran.status, &*ran.out), (1, ""), "{range:?}");
                    assert!(ran.err.contains("5000 bytes") && ran.err.lines().count() == 1, "{}", ran.err);
                }
            }
        });
        let huge = ipcx(&["peek", "--raw", "--offset=16E", "shm:/cache"]);
        assert_eq!(huge.status, 2, "no such number: {}", huge.err);
        assert_eq!(ipcx_bytes(&["peek", "--raw", "--offset=5000", "shm:/cache"]), (0, vec![]));
    });
}

#[test]
fn people_get_the_beginning_and_are_told_how_to_get_the_rest() {
    isolated(|| {
        let file = posix::segment(c"/cache", 70_000, 0o600);
        file.write_all_at(&vec![b'x'; 70_000], 0).unwrap();
        let ran = ipcx(&["peek", "shm:/cache"]);
        assert_eq!((ran.status, ran.out.lines().last().map(str::len)), (0, Some(65_536)));
        assert!(ran.err.contains("0 to 65535 of 70000") && ran.err.contains("--length"), "{}", ran.err);
        let document = json(&["peek", "--json", "/dev/shm/cache"]);
        assert_eq!((&document["length"], &document["size"]), (&json!(65_536), &json!(70_000)));
        assert!(document["notes"][0].as_str().unwrap().contains("of 70000"));
        assert_eq!(json(&["peek", "--json", "--length=70000", "shm:/cache"])["length"], 70_000);
        assert_eq!(ipcx_bytes(&["peek", "--raw", "shm:/cache"]).1.len(), 70_000);
        posix::segment(c"/none", 0, 0o600);
        assert_eq!(ipcx(&["peek", "shm:/none"]).out, "shm:/none is empty: it has 0 bytes\n");
        assert_eq!(json(&["peek", "-J", "shm:/none"])["data"], "");
    });
}

#[test]
fn a_posix_segment_keeps_its_times_and_holes() {
    isolated(|| {
        let file = posix::segment(c"/sparse", 100 << 20, 0o600);
        file.write_all_at(b"needle", 50 << 20).unwrap();
        let before = file.metadata().unwrap();
        crate::support::wait::second_after(crate::support::wait::second(), 1);
        let ran = ipcx(&["peek", "--length", "100M", "shm:/sparse"]);
        assert!(ran.status == 0 && ran.out.contains("|needle..........|"), "{}", ran.out);
        assert_eq!(&*ran.err, "");
        let after = file.metadata().unwrap();
        assert_eq!((after.blocks(), after.atime(), after.ctime()), (before.blocks(), before.atime(), before.ctime()));
        assert_eq!((after.atime_nsec(), after.mtime_nsec()), (before.atime_nsec(), before.mtime_nsec()));
    });
}

#[test]
fn a_posix_segment_of_another_user() {
    isolated_with_users(|| {
        posix::segment(c"/closed", 4096, 0o600);
        let open = posix::segment(c"/open", 4096, 0o600);
        fs::set_permissions("/dev/shm/open", std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        open.write_all_at(b"text", 0).unwrap();
        assert_eq!(ipcx_as(NOBODY, &["peek", "shm:/closed"]).status, 3);
        let ran = ipcx_as(NOBODY, &["peek", "--no-trace", "shm:/open"]);
        assert!(ran.status == 4 && ran.err.contains("access time"), "{}", ran.err);
        let ran = ipcx_as(NOBODY, &["peek", "--length", "4", "shm:/open"]);
        assert_eq!((ran.status, ran.out.lines().last()), (0, Some("text")));
        assert!(ran.err.contains("access time"), "{}", ran.err);
        sysv::segment(1, 4096, 0o600);
        let ran = ipcx_as(NOBODY, &["peek", "shm:0x1"]);
        assert_eq!((ran.status, ran.err.lines().count()), (3, 1), "{}", ran.err);
    });
}

#[test]
fn what_was_replaced_is_not_read() {
    isolated(|| {
        let id = sysv::segment(1, 4096, 0o600);
        posix::segment(c"/cache", 4096, 0o600);
        let child = Child::new(&[], || sysv::attach(id));
        let plan = |address: &str| plan_peek(&Target::Address(Address::parse(address).unwrap())).unwrap();
        let (attached, file) = (plan("shm:0x1"), plan("shm:/cache"));
        child.end();
        posix::unlink_segment(c"/cache");
        posix::segment(c"/cache", 4096, 0o600);
        for plan in [attached, file] {
            let refused = plan.run(&PeekRequest::default(), Care::default()).unwrap_err();
            assert!(matches!(refused, Refusal::Changed { .. }), "{refused:?}");
        }
    });
}

#[test]
fn hostile_names_are_escaped() {
    isolated(|| {
        posix::segment(c"/a\x1b[31m\nb", 4, 0o600);
        let ran = ipcx(&["peek", r"shm:/a\x1b[31m\nb"]);
        assert_eq!(ran.status, 0, "{}", ran.err);
        assert!(ran.out.starts_with(r"shm:/a\x1b[31m\nb: 4 bytes"), "{}", ran.out);
    });
}
