//! What an extension costs stays as little as it is: the patches of tests/extend still fit, and need no more files and rows
//! than they may. `make extend` also builds each and runs its test.

use super::root;
use std::process::Command;

#[test]
fn a_newcomers_patches_still_fit_and_cost_no_more_than_they_may() {
    let run = Command::new(root().join("tests/extend/run.sh")).arg("--check").output().expect("a shell and git");
    let [said, wrong] = [run.stdout, run.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(run.status.success(), "{said}{wrong}");
    let patches = std::fs::read_dir(root().join("tests/extend")).expect("the folder of the patches");
    let patches =
        patches.filter(|entry| entry.as_ref().is_ok_and(|e| e.path().extension().is_some_and(|e| e == "patch")));
    assert_eq!(said.lines().count(), patches.count(), "a line a patch:\n{said}");
}
