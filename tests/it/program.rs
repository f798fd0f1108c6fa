//! A program and its settings go in; `callgist run` comes out with the lines of its log, and the processes that it started.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

/// Its log is JSON, a line each. `ears` is the folder of its ears' programs, if they are not beside it.
pub fn started(program: &Path, config: &Path, ears: Option<&Path>) -> (Child, Lines<BufReader<ChildStderr>>) {
    let mut child = Command::new(program)
        .envs(ears.map(|ears| ("CALLGIST_EAR_DIR", ears)))
        .arg("--config")
        .arg(config)
        .args(["run", "--log", "json"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    (child, log.lines())
}

/// The processes that any thread of this one started and that have not ended.
pub fn children(parent: u32) -> Vec<i32> {
    let tasks = std::fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten();
    let listed = tasks.map(|task| std::fs::read_to_string(task.path().join("children")).unwrap_or_default());
    listed
        .flat_map(|list| list.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<_>>())
        .collect()
}
