//! As a service: what the service manager is told, and the unit and the package's list against what they name.

use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn the_service_manager_is_told_of_the_start_the_life_and_the_end() {
    let house = crate::refusals::House::new();
    let socket = house.path("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut callgist = Command::new(env!("CARGO_BIN_EXE_callgist"))
        .arg("--config")
        .arg(house.written())
        .arg("run")
        .env("NOTIFY_SOCKET", &socket)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let heard = || {
        let mut text = [0; 256];
        let length = manager.recv(&mut text).expect("a word from callgist");
        String::from_utf8_lossy(&text[..length]).trim().to_owned()
    };
    assert_eq!(heard(), "READY=1");
    // There is no switch: it lives all the same.
    assert_eq!(heard(), "WATCHDOG=1");
    let pid = rustix::process::Pid::from_child(&callgist);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let mut last = heard();
    while last == "WATCHDOG=1" {
        last = heard();
    }
    assert_eq!(last, "STOPPING=1");
    assert!(callgist.wait().unwrap().success());
}

#[test]
fn doctor_leaves_the_database_to_the_daemons_user() {
    let house = crate::refusals::House::new();
    let told = crate::doctor::told(&house.written(), None, &[]).to_string();
    assert!(told.contains("made at the first start"), "{told}");
    assert!(!house.path("store").exists(), "doctor made the folder");
}

#[test]
fn doctor_publishes_the_longest_time_that_anything_said_can_stay_in_memory() {
    let settings = "[ears]\nrotate_after_calls = 7\nrotate_after_hours = 3\n";
    let house = crate::refusals::House::new().with("[ears]\n", settings);
    let told = crate::doctor::told(&house.written(), None, &[]);
    let says = |what: &str| crate::doctor::named(&told, what).map(|found| found["says"].as_str().unwrap());
    let stay = says("memory").unwrap();
    assert!(stay.contains("7 calls or 3 h") && stay.contains("3 h and that call"), "{stay}");
    assert_eq!(says("locked memory").unwrap().contains("may be swapped out"), !locks(), "{told}");
    assert_eq!(says("build").is_some(), cfg!(feature = "dumpable"), "{told}");
}

/// Whether whoever runs this may lock all memory.
fn locks() -> bool {
    rustix::process::getrlimit(rustix::process::Resource::Memlock).maximum.is_none()
}

#[test]
fn a_build_that_may_be_dumped_says_so_and_goes_into_no_package() {
    const WORDS: &str = "this build may be dumped";
    let grep = Command::new("grep").args(["-qF", WORDS, env!("CARGO_BIN_EXE_callgist")]).status().unwrap();
    assert_eq!(grep.success(), cfg!(feature = "dumpable"));
    assert!(callgist::sandbox::MAY_BE_DUMPED.is_none_or(|says| says.starts_with(WORDS)));
    // What is packed is looked through for these words, and nobody asks for the feature.
    let setup = std::fs::read_to_string(".ci/setup").unwrap();
    assert!(setup.contains(&["grep -qF '", WORDS, "' target/release/callgist"].concat()));
    let manifest: toml::Table = std::fs::read_to_string("Cargo.toml").unwrap().parse().unwrap();
    let default = manifest["features"]["default"].as_array().unwrap();
    assert!(default.iter().all(|feature| feature.as_str() != Some("dumpable")));
    assert!(!manifest["package"]["metadata"]["deb"].as_table().unwrap().contains_key("features"));
    let makefile = std::fs::read_to_string("Makefile").unwrap();
    let built = makefile.lines().find(|line| line.starts_with("build := ")).unwrap();
    assert!(!makefile.contains("dumpable") && !built.contains("--features"), "{built}");
}

#[test]
fn the_unit_keeps_the_daemon_from_what_it_never_needs() {
    let unit = std::fs::read_to_string("packaging/callgist.service").unwrap();
    let set = |line: &str| assert!(unit.lines().any(|other| other == line), "the unit lacks {line}");
    for line in [
        "Type=notify",
        "User=callgist",
        "StateDirectory=callgist",
        "IPAddressDeny=any",
        "IPAddressAllow=localhost",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
        "LimitCORE=0",
        "LimitMEMLOCK=infinity",
    ] {
        set(line);
    }
    // oneDNN writes code at run time.
    assert!(!unit.lines().any(|line| line.starts_with("MemoryDenyWriteExecute")));
    // The daemon says that it lives every five seconds.
    let watchdog = unit.lines().find_map(|line| line.strip_prefix("WatchdogSec=")).unwrap();
    assert!(watchdog.parse::<u64>().unwrap() >= 15);
}

#[test]
fn the_packages_list_names_files_that_are_there() {
    let manifest: toml::Table = std::fs::read_to_string("Cargo.toml").unwrap().parse().unwrap();
    let assets = manifest["package"]["metadata"]["deb"]["assets"].as_array().unwrap();
    assert!(assets.len() > 8);
    for asset in assets {
        let source = asset[0].as_str().unwrap();
        // What is built, or made for the package, is not in the checkout.
        if source.starts_with("target/") {
            continue;
        }
        let folder = std::path::Path::new(source).parent().unwrap();
        assert!(std::path::Path::new(source).exists() || source.contains('*') && folder.is_dir(), "{source}");
    }
}
