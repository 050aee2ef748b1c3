//! `ipcs` beside util-linux's where numbers are extreme: in the tables, and in the limits.

use crate::support::isolated;
use crate::support::old_objects::put_over;
use crate::support::util_linux::{Case, case, compare, installed};

fn line(words: &str) -> Case {
    case("ipcs", &words.split_whitespace().collect::<Vec<_>>())
}

/// Numbers that no test can make the kernel show.
#[test]
fn tables_with_extremes() {
    isolated(|| {
        if installed("ipcs").is_none() {
            return;
        }
        put_over(
            "/proc/sysvipc/msg",
            b"       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime      rtime      ctime\n\
              -2147483648 2147483647   777 18446744073709551615 9223372036854775807 4194304 4194303 4294967294 0 1 2 1 253402300800 32535215999\n\
              0 5 0 1023 1 1 1 0 0 0 0 0 0 0\n\
              0 6 0 1048524 1 123456 99999 0 0 0 0 951782400 4102444799 2147483648\n",
        );
        put_over(
            "/proc/sysvipc/shm",
            b"       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n\
              2147483647 2147483647  3777 18446744073709551615 4194304 4194303 9223372036854775807 4294967294 0 1 2 1 253402300800 32535215999 0 0\n\
              0 5 0 1152921504606846975 1 1 1 0 0 0 0 0 0 0 0 0\n",
        );
        put_over(
            "/proc/sysvipc/sem",
            b"       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n\
              1 2147483647 777 32000 4294967294 0 1 2 1 253402300800\n\
              0 5 0 1 0 0 0 0 0 0\n",
        );
        let mut cases = Vec::new();
        for kind in ["-q", "-m", "-s", "-a"] {
            for view in ["", "-t", "-p", "-c"] {
                cases.extend(["", "--human"].map(|size| line(&format!("{kind} {view} {size}"))));
            }
        }
        for id in ["5", "6", "2147483647"] {
            for size in ["", "--human"] {
                cases.extend(["-q", "-m"].map(|kind| line(&format!("{kind} -i {id} {size}"))));
            }
        }
        compare(&cases, &[]);
    });
}

#[test]
fn limits_of_every_size() {
    isolated(|| {
        if installed("ipcs").is_none() {
            return;
        }
        let set = |name: &str, value: &str| std::fs::write(format!("/proc/sys/kernel/{name}"), value).unwrap();
        let lines = ["-l", "-l -b", "-l --human"];
        let both = || compare(&lines.map(line), &[]);
        for power in 0..64 {
            // Around each power of two; the page of the clamp is among them.
            for off in [-1i128, 0, 1] {
                let value = u64::try_from((1i128 << power) + off).unwrap();
                set("shmall", &value.to_string());
                set("shmmax", &value.wrapping_mul(3).to_string());
                compare(&["-ml", "-ml -b", "-ml --human"].map(line), &[]);
            }
        }
        for value in [u64::MAX, u64::MAX - 4095, 0] {
            set("shmall", &value.to_string());
            set("shmmax", &value.to_string());
            both();
        }
        // Sizes that are rounded up and down.
        for tenth in 0..20u64 {
            for exponent in [10, 20, 50, 60] {
                let half = (1u128 << exponent) * u128::from(2 * tenth + 1) / 20;
                let size = u64::try_from((1u128 << exponent) + half).unwrap();
                let kilobytes = size.next_multiple_of(1024);
                for size in [size - 1, size, size + 1, kilobytes - 1, kilobytes] {
                    set("shmmax", &size.to_string());
                    compare(&[line("-ml --human")], &[]);
                }
            }
        }
        for value in ["0", "1", "2147483647"] {
            set("msgmax", value);
            set("msgmnb", value);
            set("sem", &format!("{value} {value} {value} 7"));
            both();
        }
        set("msgmni", "0");
        set("shmmni", "0");
        both();
    });
}
