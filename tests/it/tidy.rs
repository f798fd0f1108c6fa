//! The house stays in order: layers, silence, one clock, two processes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Modules and their layers; a module names only lower ones.
const LAYERS: [(&str, u8); 13] = [
    ("config", 1),
    ("wire", 1),
    ("border", 2),
    ("call", 2),
    ("sandbox", 2),
    ("confidential", 3),
    ("ear", 4),
    ("store", 4),
    ("notify", 5),
    ("http", 5),
    ("daemon", 6),
    ("sim", 6),
    ("cli", 7),
];

/// Pairs within one layer that may know each other, and in which direction, with the reason.
const ALLOWED: [(&str, &str, &str); 2] = [
    ("border", "call", "the border may use call's ids"),
    ("config", "call", "a line's language and number are call's; both are plain types"),
];

/// `config` also names which recogniser a line wants.
const ALLOWED_UP: [(&str, &str); 2] = [("config", "border"), ("config", "call")];

struct File {
    path: PathBuf,
    /// Without the unit tests and without comments.
    code: String,
}

impl File {
    /// `daemon`, `wire`, `main`.
    fn module(&self) -> String {
        let first = self.path.components().nth(1).expect("below src");
        first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
    }

    fn names(&self, module: &str) -> bool {
        self.code.contains(&format!("crate::{module}")) || self.code.contains(&format!("callgist::{module}"))
    }
}

fn sources() -> Vec<File> {
    let mut files = Vec::new();
    walk(Path::new("src"), &mut files);
    assert!(files.len() > 30, "the sources were not found");
    files
}

fn walk(folder: &Path, files: &mut Vec<File>) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") && path.file_stem().unwrap() != "tests" {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap();
            let code =
                code.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
            files.push(File { path, code });
        }
    }
}

#[test]
fn a_module_names_only_lower_layers() {
    let layers = BTreeMap::from(LAYERS);
    let mut wrong = Vec::new();
    for file in sources() {
        let own = file.module();
        let Some(layer) = layers.get(own.as_str()) else { continue };
        for (other, above) in &layers {
            let same = *other == own;
            let allowed = ALLOWED.iter().any(|(a, b, _)| *a == own && b == other)
                || ALLOWED_UP.contains(&(own.as_str(), other));
            if !same && above >= layer && !allowed && file.names(other) {
                wrong.push(format!("{} names {other}", file.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_daemons_side_never_names_what_was_said() {
    let side =
        ["daemon", "store", "notify", "http", "cli", "main", "config", "border", "call", "wire", "sandbox"];
    let wrong: Vec<_> = sources()
        .iter()
        .filter(|file| side.contains(&file.module().as_str()) && !file.path.ends_with("cli/note.rs"))
        .filter(|file| file.names("confidential") || file.names("ear::"))
        .map(|file| file.path.clone())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn nothing_reachable_from_run_names_the_simulator_or_what_was_said() {
    let files = sources();
    let mut reached = BTreeSet::from(["cli/run.rs".to_owned()]);
    let mut grew = true;
    while grew {
        let names: Vec<String> = files
            .iter()
            .filter(|file| {
                let path = file.path.strip_prefix("src").unwrap().to_string_lossy().into_owned();
                reached.iter().any(|module| {
                    path == *module
                        || path.starts_with(&format!("{module}/"))
                        || path == format!("{module}.rs")
                })
            })
            .flat_map(|file| {
                let modules = LAYERS.iter().map(|(module, _)| *module);
                modules
                    .filter(|module| *module != "cli" && file.names(module))
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .collect();
        let before = reached.len();
        reached.extend(names);
        grew = reached.len() > before;
    }
    assert!(reached.contains("daemon") && reached.contains("store"), "{reached:?}");
    for module in ["sim", "confidential", "ear"] {
        assert!(!reached.contains(module), "run reaches {module}: {reached:?}");
    }
}

#[test]
fn wire_and_confidential_code_neither_logs_nor_formats() {
    let forbidden = ["tracing::", "log::", "println!", "print!(", "dbg!", "format!("];
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| ["wire", "confidential"].contains(&file.module().as_str())) {
        for word in forbidden {
            if file.code.contains(word) {
                wrong.push(format!("{}: {word}", file.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_daemons_clock_and_the_ears_read_the_time() {
    let clocks = ["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now"];
    let own = |file: &File| {
        file.path.ends_with("daemon/clock.rs") || ["ear", "sim"].contains(&file.module().as_str())
    };
    let wrong: Vec<_> = sources()
        .iter()
        .filter(|file| !own(file) && clocks.iter().any(|clock| file.code.contains(clock)))
        .map(|file| file.path.clone())
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn unsafe_stands_in_at_most_two_files() {
    let with: Vec<_> = sources()
        .iter()
        .filter(|file| {
            ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"]
                .iter()
                .any(|word| file.code.contains(word))
        })
        .map(|file| file.path.clone())
        .collect();
    assert!(with.len() <= 2, "{with:?}");
}

#[test]
fn the_ears_are_a_few_lines_each() {
    for ear in ["src/bin/callgist-ear-vosk.rs", "src/bin/callgist-ear-whisper.rs"] {
        let lines = fs::read_to_string(ear).unwrap().lines().count();
        assert!(lines <= 40, "{ear} has {lines} lines");
    }
}

#[test]
fn no_file_names_a_machine_or_a_registrys_host() {
    let listed = std::process::Command::new("git").args(["ls-files", "-z"]).output().expect("git runs");
    let names = String::from_utf8(listed.stdout).unwrap();
    let forbidden = [
        ["/wo", "rk/"].concat(),
        ["/ro", "ot/"].concat(),
        ["/opt/f", "slab"].concat(),
        ["pypi", ".org"].concat(),
        ["crates", ".io/"].concat(),
        ["files.python", "hosted"].concat(),
    ];
    let mut looked = 0;
    for name in names.split('\0').filter(|name| !name.is_empty()) {
        if name.starts_with("tests/golden/") || name == "Cargo.lock" || name == "deny.toml" {
            continue;
        }
        let Ok(text) = fs::read_to_string(name) else { continue };
        looked += 1;
        for word in &forbidden {
            assert!(!text.contains(word.as_str()), "{name} holds {word}");
        }
    }
    assert!(looked > 50);
}
