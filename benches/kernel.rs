//! What has to be fast inside ipcx, piece by piece: parsing what the kernel prints, making hostile names safe, taking
//! a picture of the running machine, and printing it.
//!
//! Parsers get synthetic text of a fixed size; `collect` and `render` look at the machine as it is, with some pipes
//! and sockets of this process's own, and so compare only with runs on the same machine. The figures in README are
//! ratios of whole commands under load, and come from benches/commands.sh. One benchmark alone:
//! `cargo bench --bench kernel -- sysvipc`; each once, to see that it works: `-- --test`.

use criterion::{BenchmarkId, Criterion, Throughput};
use ipcx::diagnose::why::diagnose;
use ipcx::kernel::{maps, process, sysvipc, unix_diag};
use ipcx::model::{Kinds, escape_into};
use ipcx::output::{json, table};
use ipcx::query::{Row, columns};
use ipcx::snapshot::{Snapshot, Want, collect};
use std::fmt::Write;
use std::hint::black_box;
use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Objects of each System V table: about as many as `kernel.msgmni` allows.
const LINES: usize = 31_000;

fn main() {
    let brief = Criterion::default().sample_size(20);
    let brief = brief.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    let mut criterion = brief.configure_from_args();
    sysv_tables(&mut criterion);
    processes(&mut criterion);
    sockets(&mut criterion);
    names(&mut criterion);
    machine(&mut criterion);
    criterion.final_summary();
}

/// `/proc/sysvipc/{msg,shm,sem}`, padded as the kernel pads them.
fn sysv_tables(criterion: &mut Criterion) {
    let (mut msg, mut shm, mut sem) = (String::new(), String::new(), String::new());
    for at in 0..LINES {
        // Half of the keys have the sign bit, ids grow in the kernel's steps, and one user has a large uid.
        let (key, id) = ((at as u32).wrapping_mul(0x9e37_79b9) as i32, at * 32_768 % i32::MAX as usize);
        let (uid, time) = (if at % 10 == 0 { 4_000_000_000_u32 } else { 1000 }, 1_795_000_000 + at);
        let ids = format!("{uid:5} {uid:5} {uid:5} {uid:5}");
        // Writing to a String cannot fail.
        let _ = writeln!(msg, "{key:10} {id:10}   640  {at:10} {:10} {at:5}     0 {ids} {time} {time} {time}", at % 9);
        let size = (at + 1) * 4096;
        let _ = writeln!(
            shm,
            "{key:10} {id:10}  1600 {size:21} {at:5} {at:5}  {:5} {ids} {time} {time} {time} {size:21} {:21}",
            at % 3,
            0
        );
        let _ = writeln!(sem, "{key:10} {id:10}   600 {:10} {ids} {time} {time}", at % 32 + 1);
    }
    table_of(criterion, "msg", &msg, sysvipc::parse_msg_line);
    table_of(criterion, "shm", &shm, sysvipc::parse_shm_line);
    table_of(criterion, "sem", &sem, sysvipc::parse_sem_line);
}

fn table_of<T>(criterion: &mut Criterion, name: &str, text: &str, parse: fn(&[u8]) -> Option<T>) {
    let count = |text: &str| {
        let mut lines = 0;
        let damaged = sysvipc::parse_lines(text.as_bytes(), parse, &mut |line| {
            black_box(line);
            lines += 1;
        });
        (lines, damaged)
    };
    assert_eq!(count(text), (LINES, 0), "sysvipc/{name}");
    let mut group = criterion.benchmark_group("sysvipc");
    group.throughput(Throughput::Elements(LINES as u64));
    group.bench_function(BenchmarkId::new(name, LINES), |bencher| bencher.iter(|| count(black_box(text))));
    group.finish();
}

/// `/proc/PID/maps` of a large program, and `/proc/PID/stat`.
fn processes(criterion: &mut Criterion) {
    const MAPS: usize = 1000;
    let mut text = String::new();
    for at in 0..MAPS {
        let (start, end) = (0x7f00_0000_0000_u64 + at as u64 * 0x3000, 0x7f00_0000_2000_u64 + at as u64 * 0x3000);
        let (inode, file) = match at % 4 {
            0 => (0, String::new()),
            1 => (at, format!("/SYSV{at:08x} (deleted)")),
            2 => (at, format!("/dev/shm/cache-{at}")),
            _ => (at, format!("/usr/lib/x86_64-linux-gnu/libexample.so.{at}")),
        };
        let line = format!("{start:x}-{end:x} rw-s 00000000 00:01 {inode}");
        let _ = writeln!(text, "{line:<72} {file}");
    }
    let files = |text: &str| {
        let (mut files, mut segments) = (0, 0);
        maps::parse(text.as_bytes(), &mut |mapping| {
            files += 1;
            segments += usize::from(mapping.sysv_key().is_some());
        });
        (files, segments)
    };
    assert_eq!(files(&text), (MAPS * 3 / 4, MAPS / 4));
    let mut group = criterion.benchmark_group("process");
    group.throughput(Throughput::Elements(MAPS as u64));
    group.bench_function(BenchmarkId::new("maps", MAPS), |bencher| bencher.iter(|| files(black_box(&text))));

    // A comm may look like the fields behind it.
    let stat = "812 (a) R 1 (b) S 1 812 812 0 -1 4194560 1250 0 3 0 15 7 0 0 20 0 4 0 98765432 22507520 1320 \
                18446744073709551615 1 1 0 0 0 0 0 4096 17475 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
    assert_eq!(process::parse_stat(stat.as_bytes()).map(|process| process.start_ticks), Some(98_765_432));
    group.throughput(Throughput::Elements(1));
    group.bench_function("stat", |bencher| bencher.iter(|| process::parse_stat(black_box(stat.as_bytes()))));
    group.finish();
}

/// `unix_diag` messages: connections, and a listener with clients that wait.
fn sockets(criterion: &mut Criterion) {
    let waiting: Vec<u8> = (1..=64_u32).flat_map(u32::to_ne_bytes).collect();
    let queue = [3_u32, 4096].map(u32::to_ne_bytes).concat();
    let uid = 1000_u32.to_ne_bytes();
    let file = [411_970_u32, 26].map(u32::to_ne_bytes).concat();
    let name = b"/run/example/service.sock\0";
    let connected = unix_message(
        unix_diag::ESTABLISHED,
        &[(0, name), (1, &file), (2, &411_971_u32.to_ne_bytes()), (4, &queue), (6, &[0]), (7, &uid)],
    );
    let listener =
        unix_message(unix_diag::LISTEN, &[(0, name), (1, &file), (3, &waiting), (4, &queue), (6, &[0]), (7, &uid)]);
    let mut group = criterion.benchmark_group("unix_diag");
    group.throughput(Throughput::Elements(1));
    for (name, message, clients) in [("connected", &connected, 0), ("listener with 64 clients", &listener, 64)] {
        let record = unix_diag::parse_unix(message);
        assert_eq!(record.map(|record| record.pending_clients.len()), Some(clients), "{name}");
        group.bench_function(name, |bencher| bencher.iter(|| unix_diag::parse_unix(black_box(message))));
    }
    group.finish();
}

/// `struct unix_diag_msg` with attributes by number (`linux/unix_diag.h`).
fn unix_message(state: u8, attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut bytes = vec![1, 1, state, 0];
    for word in [411_972_u32, 7, 0] {
        bytes.extend(word.to_ne_bytes());
    }
    for (kind, value) in attributes {
        bytes.extend(((4 + value.len()) as u16).to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(*value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

/// Names as tables print them.
fn names(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("escape");
    let cases: [(&str, &[u8]); 3] = [
        ("plain", b"/run/user/1000/example/service-01.sock"),
        ("other alphabets", "/srv/Größe/日本語/услуга.sock".as_bytes()),
        ("hostile", b"\x1b[2J\x1b]0;x\x07 a\nb\tc\\ \xe2\x80\xae txt \xff\xfe \xf3\xa0\x81\x81"),
    ];
    let mut out = String::with_capacity(1024);
    for (name, bytes) in cases {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                out.clear();
                escape_into(&mut out, black_box(bytes));
                out.len()
            });
        });
        assert!(!out.chars().any(char::is_control), "{name}");
    }
    group.finish();
}

/// The running machine: collecting, and printing what was collected.
fn machine(criterion: &mut Criterion) {
    // Rows even where nothing else runs; 800 descriptors stay below the usual limit of 1024.
    let pipes: Vec<_> = (0..200).map_while(|_| io::pipe().ok()).collect();
    let pairs: Vec<_> = (0..200).map_while(|_| UnixStream::pair().ok()).collect();

    let mut group = criterion.benchmark_group("collect");
    let wants = [("queues, their tables", Want::tables(Kinds::QUEUES)), ("everything", Want::everything(Kinds::all()))];
    for (name, want) in &wants {
        group.bench_function(*name, |bencher| bencher.iter(|| take(want)));
    }
    group.finish();

    // Why everybody sleeps should take less than twice the time of reading each thread's call once.
    let mut group = criterion.benchmark_group("why");
    group.bench_function("each thread's call, read once", |bencher| bencher.iter(read_calls));
    group.bench_function("everybody", |bencher| {
        bencher.iter(|| diagnose(&ipcx::snapshot::waits::collect(None).expect("/proc is there")));
    });
    group.finish();

    let snapshot = take(&Want::everything(Kinds::all()));
    let shown = columns::for_kinds(Kinds::all(), false);
    let mut group = criterion.benchmark_group("render");
    group.throughput(Throughput::Elements(snapshot.objects.len() as u64));
    // Rows are made anew each time, since they keep the verdict that is part of what is measured.
    let rows = || Row::all(&snapshot).collect::<Vec<_>>();
    group.bench_function("table", |bencher| {
        bencher.iter(|| table::write(&mut io::sink(), &shown, &mut rows(), table::Layout::default()));
    });
    group.bench_function("json", |bencher| {
        bencher.iter(|| json::write_document(&mut io::sink(), &snapshot, &mut rows(), &[]));
    });
    group.finish();
    drop((pipes, pairs));
}

/// Reads `/proc/PID/task/TID/syscall` of all threads, and does nothing with it.
fn read_calls() -> usize {
    let list = |path: &str| std::fs::read_dir(path).into_iter().flatten().flatten();
    let pids = list("/proc").filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let tasks = pids.flat_map(|pid| list(&format!("/proc/{pid}/task")));
    tasks.filter_map(|task| std::fs::read(task.path().join("syscall")).ok()).map(|text| text.len()).sum()
}

fn take(want: &Want) -> Snapshot {
    collect(want).expect("/proc is there")
}
