//! Rows picked out of a picture, written for programs: the same as the command line prints of them.

use crate::support::cli::ipcx;
use crate::support::{Child, isolated, look, one, posix, sysv};
use ipcx::model::Kinds;
use ipcx::output::{csv, json};
use ipcx::query::Row;
use ipcx::query::columns;
use serde_json::Value;
use std::fs;

#[test]
fn rows_that_are_picked_out() {
    isolated(|| {
        sysv::queue(1, 0o640);
        let segment = sysv::segment(2, 4096, 0o600);
        drop(posix::segment(c"/a,\"b\"", 10, 0o600));
        let _holders = [Child::new(&[], || sysv::attach(segment)), Child::new(&[], || ())];
        let snapshot = look(Kinds::SYSV | Kinds::POSIX);
        let places = [one(&snapshot, "shm:/a,\"b\""), one(&snapshot, "shm:0x2")];
        let rows = || places.map(|place| Row::new(&snapshot, place));

        let mut text = Vec::new();
        json::write_document(&mut text, &snapshot, &mut rows(), &[]).unwrap();
        let document: Value = serde_json::from_slice(&text).unwrap();
        let addresses: Vec<&Value> = document["objects"].as_array().unwrap().iter().map(|o| &o["address"]).collect();
        assert_eq!(addresses, ["shm:/a,\"b\"", "shm:0"]);
        assert_eq!(document["schema"], "ipcx.snapshot/1");
        // Their holders and nobody else.
        let processes = document["processes"].as_object().unwrap();
        let attached = document["objects"][1]["holders"].as_array().unwrap().iter().find(|h| h["role"] == "attached");
        assert_eq!((processes.len(), processes.contains_key(&attached.unwrap()["pid"].to_string())), (2, true));

        let mut lines = Vec::new();
        json::write_lines(&mut lines, &mut rows()).unwrap();
        for ((row, line), place) in rows().iter().zip(lines.split(|b| *b == b'\n')).zip(0..) {
            let copied = json::object_text(row);
            assert_eq!(copied.as_bytes(), line);
            assert_eq!(serde_json::from_str::<Value>(&copied).unwrap(), document["objects"][place]);
        }

        // Into a file, as a person asks for it.
        let path = crate::support::scratch().join("rows.csv");
        let mut file = ipcx::kernel::new_file::create(path.as_os_str().as_encoded_bytes(), false).unwrap().file;
        let chosen = columns::parse("address,size,processes", &[]).unwrap();
        csv::write(&mut file, &chosen, &rows(), false).unwrap();
        let written = fs::read_to_string(&path).unwrap();
        assert_eq!(written.lines().next(), Some("address,size,processes"));
        assert!(written.contains("\"shm:/a,\"\"b\"\"\",10,\n") && written.contains("shm:0,4096,"), "{written}");
        let again = ipcx::kernel::new_file::create(path.as_os_str().as_encoded_bytes(), false);
        assert!(again.is_err_and(|error| error.exists()));
        let listed = ipcx(&["ls", "--csv", "-m", "-o", "address,size,processes", "size<100"]).out;
        assert!(written.starts_with(&listed) && listed.lines().count() == 2, "{listed}");
    });
}
