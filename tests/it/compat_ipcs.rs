//! `ipcs` beside util-linux's: the same objects, the same words.

use crate::support::isolated;
use crate::support::util_linux::{Difference, case, compare, installed};

#[test]
fn the_version_names_both() {
    isolated(|| {
        if installed("ipcs").is_none() {
            return;
        }
        let version = Difference { when: |_, theirs| theirs.out.contains(" from "), why: "ours names ipcx too" };
        compare(&[case("ipcs", &["-V"]), case("ipcs", &["-é"])], &[version]);
    });
}
