//! The house stays in order: layers, silence, one clock, two processes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Modules and their layers; a module names only lower ones.
const LAYERS: [(&str, u8); 14] = [
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
    ("figures", 5),
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

    /// Whether it names a module of the first level: `crate::module`, `super::super::module`, `crate::{this, module}`.
    fn names(&self, module: &str) -> bool {
        let above = "super::".repeat(self.depth());
        let roots = ["crate::", "callgist::", &above];
        let roots = roots.into_iter().filter(|root| !root.is_empty());
        let mut named = roots.flat_map(|root| self.code.split(root).skip(1));
        named.any(|path| match path.strip_prefix('{') {
            Some(group) => members(group).iter().any(|member| begins_with(member, module)),
            None => begins_with(path, module),
        })
    }

    /// How many modules it is below the library's root.
    fn depth(&self) -> usize {
        let below = self.path.components().count() - 1;
        let front = ["mod.rs", "lib.rs", "main.rs"].iter().any(|name| self.path.ends_with(name));
        below - usize::from(front)
    }
}

fn begins_with(path: &str, module: &str) -> bool {
    let rest = path.strip_prefix(module);
    rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric() || next == '_'))
}

/// What stands in a group that has just been opened, up to its end.
fn members(group: &str) -> Vec<&str> {
    let (mut members, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                members.push(group[from..at].trim());
                from = at + 1;
                if letter == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    members
}

fn sources() -> Vec<File> {
    let mut files = Vec::new();
    walk(Path::new("src"), &mut |path: &Path, text: String| {
        let of_tests =
            |part: Component<'_>| Path::new(part.as_os_str()).file_stem() == Some("tests".as_ref());
        if !path.components().any(of_tests) {
            let code = without_tests(&text);
            let code = code.iter().map(|line| line.split("//").next().unwrap());
            files.push(File { path: path.to_owned(), code: code.collect::<Vec<_>>().join("\n") });
        }
    });
    assert!(files.len() > 30, "the sources were not found");
    files
}

/// Every file of Rust below a folder, in order.
pub(crate) fn walk(folder: &Path, each: &mut impl FnMut(&Path, String)) {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, each);
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            each(&path, text);
        }
    }
}

/// The lines of a file without each item that only tests compile. An item ends where rustfmt closes it: at the depth at
/// which it began.
fn without_tests(text: &str) -> Vec<&str> {
    let (mut code, mut lines) = (Vec::new(), text.lines());
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            code.push(line);
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        let is_last = |line: &str| {
            let at_its_depth = line.strip_prefix(indent).filter(|rest| !rest.starts_with([' ', '#']));
            at_its_depth.is_some_and(|rest| rest.ends_with(['}', ';']))
        };
        lines.by_ref().find(|line| is_last(line));
    }
    code
}

#[test]
fn only_what_tests_alone_compile_is_left_out() {
    let text = "mod a;\n#[cfg(test)]\nmod tests;\nfn b() {\n    #[cfg(test)]\n    fn c() {\n        x;\n    }\n    y\n}\n\
                #[cfg(test)]\n#[allow(z)]\nmod tests {\n    fn d() {}\n}\nfn e() {}";
    assert_eq!(without_tests(text), ["mod a;", "fn b() {", "    y", "}", "fn e() {}"]);
    for (path, code) in [("src/store/mod.rs", "impl Store"), ("src/wire/esl/mod.rs", "pub use codec::")] {
        assert!(
            sources().iter().any(|file| file.path == Path::new(path) && file.code.contains(code)),
            "{path}"
        );
    }
}

#[test]
fn a_module_is_named_in_every_way_in_which_rust_can_name_it() {
    let file = |path: &str, code: &str| File { path: path.into(), code: code.to_owned() };
    for (path, code) in [
        ("src/store/open.rs", "use crate::sim;"),
        ("src/store/open.rs", "use super::super::sim::Switch;"),
        ("src/store/mod.rs", "use super::sim;"),
        ("src/store/open.rs", "use crate::{call::{Leg, Number}, sim::Switch};"),
        ("src/store/open.rs", "use crate::{\n    call,\n    sim,\n};"),
        ("src/main.rs", "callgist::sim::run()"),
    ] {
        assert!(file(path, code).names("sim"), "{path}: {code}");
        assert!(!file(path, code).names("si"), "{path}: {code}");
    }
    for code in ["use super::sim;", "use crate::{call::{sim}, store};", "use crate::simple;"] {
        assert!(!file("src/store/open.rs", code).names("sim"), "{code}");
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
    let side = [
        "daemon", "store", "notify", "http", "figures", "cli", "main", "config", "border", "call", "wire",
        "sandbox",
    ];
    let wrong: Vec<_> = sources()
        .iter()
        .filter(|file| side.contains(&file.module().as_str()))
        // What was written or typed was not heard.
        .filter(|file| !["cli/note.rs", "cli/typed.rs"].iter().any(|path| file.path.ends_with(path)))
        .filter(|file| file.names("confidential") || file.names("ear"))
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
    let mut wrong = Vec::new();
    for file in sources().iter().filter(|file| ["wire", "confidential"].contains(&file.module().as_str())) {
        for word in LOGS.iter().chain(&FORMATS).filter(|word| file.code.contains(**word)) {
            if !FORMATS_ALLOWED.iter().any(|(path, allowed, _)| file.path.ends_with(path) && allowed == word)
            {
                wrong.push(format!("{}: {word}", file.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    for (path, word, _) in FORMATS_ALLOWED {
        let there = |file: &File| file.path.ends_with(path) && file.code.contains(word);
        assert!(sources().iter().any(there), "{path} has no {word} any more");
    }
}

const LOGS: [&str; 6] = ["tracing::", "log::", "print!(", "println!(", "stderr()", "dbg!"];

const FORMATS: [&str; 6] = ["format!(", "format_args!", "write!(", "writeln!(", ".to_string()", "panic!("];

/// Where something is formatted all the same, and why nothing that was said, and no number of anybody's, is in it.
const FORMATS_ALLOWED: [(&str, &str, &str); 18] = [
    ("confidential/notes/lexicon.rs", "write!(", "what is wrong in a lexicon, which is read before any call"),
    ("confidential/recogniser/mod.rs", "write!(", "the names of a model's files"),
    ("confidential/recogniser/trial.rs", "writeln!(", "the tests' alone"),
    ("confidential/recogniser/trial.rs", "stderr()", "the tests' alone"),
    ("wire/esl/error.rs", "write!(", "what kind of input or output failed"),
    ("wire/esl/command.rs", "write!(", "Debug: numbers and lengths"),
    ("wire/esl/event.rs", "write!(", "Debug: an event's name and how many headers it has"),
    ("wire/esl/frame.rs", "write!(", "Debug: lengths"),
    ("wire/esl/headers.rs", "write!(", "Debug: lengths"),
    ("wire/esl/line.rs", "write!(", "Debug: lengths"),
    ("wire/esl/reply.rs", "write!(", "Debug: lengths"),
    ("wire/sip/message.rs", "write!(", "the message itself, for the wire"),
    ("wire/sip/uas.rs", "write!(", "headers, for the wire"),
    ("wire/esl/command.rs", ".to_string()", "a length, for the wire"),
    ("wire/esl/event.rs", ".to_string()", "a length, for the wire; numbers in JSON"),
    ("wire/esl/frame.rs", ".to_string()", "lengths, for the wire"),
    ("wire/esl/reply.rs", ".to_string()", "the switch's refusal, which somebody has to read"),
    ("wire/sip/sdp.rs", ".to_string()", "a payload type, for the wire"),
];

#[test]
fn only_the_daemons_clock_and_the_ears_read_the_time() {
    let clocks =
        ["Instant::now", "SystemTime::now", "Timestamp::now", "Zoned::now", ".elapsed()", "clock_gettime("];
    // The simulator stands for the switch, which has a clock of its own.
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
