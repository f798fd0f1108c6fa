//! Rights given up, tried afterwards in real processes: an ear's lock, and a daemon that may not look into an ear.

use crate::roles;
use callgist::sandbox::daemon::{Kept, give_up};
use callgist::sandbox::ear::{Code, before_threads, leave_no_path, lock};
use callgist::sandbox::{LockError, trial};
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::{Arc, Barrier};

#[test]
fn every_forbidden_act_is_refused_from_the_main_thread_and_from_one_that_decodes() {
    for role in ["locked-fixed", "locked-compiled"] {
        let status = roles::play(role).status().unwrap();
        assert_eq!(status.code(), Some(0), "{role}: {status}, {:?}", act_of(status.code()));
    }
}

#[test]
fn without_the_lock_no_act_is_refused_so_each_answer_speaks_of_the_lock() {
    let played = roles::play("unlocked").output().unwrap();
    let told = String::from_utf8(played.stdout).unwrap();
    let unrefused: Vec<&str> = told.lines().collect();
    let status = played.status;
    assert_eq!(
        unrefused.len(),
        trial::count(),
        "{status}; refused without a lock: {:?}",
        missing_from(&unrefused)
    );
}

#[test]
fn a_call_that_is_on_no_list_kills_the_ear() {
    let status = roles::play("killed").status().unwrap();
    assert_eq!(status.signal(), Some(libc::SIGSYS), "{status}");
}

#[test]
fn a_second_thread_before_the_lock_is_noticed() {
    assert_eq!(roles::play("late").status().unwrap().code(), Some(0));
}

#[test]
fn a_daemon_can_neither_read_an_ear_nor_take_its_descriptor_nor_attach_to_it_as_root_either() {
    let ear = Target::start();
    let seen = roles::play("daemon").env("CALLGIST_TEST_TARGET", ear.0.id().to_string()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&seen.stdout), "", "{}", seen.status);
    assert_eq!(seen.status.code(), Some(0));
    // The same look by somebody who has given up nothing: as root all of it works, so the answer above is the
    // sandbox's.
    if rustix::process::geteuid().is_root() {
        assert!(trial::looks_allowed(ear.0.id()).len() >= 7);
    }
}

#[test]
fn a_daemon_writes_to_its_store_and_nowhere_else() {
    let kept = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let written = roles::play("daemon")
        .env("CALLGIST_TEST_STORE", kept.path())
        .env("CALLGIST_TEST_OTHER", other.path())
        .status()
        .unwrap();
    assert_eq!(written.code(), Some(0), "{written}");
    assert!(kept.path().join("store").is_file());
    assert!(!other.path().join("other").exists());
}

#[test]
fn a_daemon_is_refused_what_it_never_needs() {
    let played = roles::play("daemon").env("CALLGIST_TEST_NEEDLESS", "tried").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&played.stdout), "tried\n", "{}", played.status);
    // Here, where nothing was given up, most of it is not refused: the answer above is the filter's.
    let bait = trial::Bait::new().unwrap();
    assert!(trial::needless_allowed(&bait).len() >= 3, "{:?}", trial::needless_allowed(&bait));
}

#[test]
fn a_daemon_connects_to_the_event_socket_and_to_no_other_port() {
    let [switch, other] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [allowed, refused] =
        [&switch, &other].map(|listener| listener.local_addr().unwrap().port().to_string());
    let played = roles::play("daemon")
        .env("CALLGIST_TEST_PORT", allowed)
        .env("CALLGIST_TEST_OTHER_PORT", refused)
        .output()
        .unwrap();
    let told = String::from_utf8(played.stdout).unwrap();
    // An older kernel cannot restrict ports; then the daemon says so.
    assert!(
        ["connected, refused\n", "not restricted\n"].contains(&told.as_str()),
        "{told} {}",
        played.status
    );
}

/// Role: tries every act and prints the names of those that were not refused.
pub fn unlocked() -> u8 {
    let bait = trial::Bait::new().unwrap();
    for name in trial::unrefused(&bait) {
        roles::tell(name);
    }
    0
}

pub fn locked_fixed() -> u8 {
    locked(Code::Fixed)
}

pub fn locked_compiled() -> u8 {
    locked(Code::Compiled)
}

/// Role: locks itself as an ear does and tries every act from two threads; the number of an act that was let
/// through, from 100 on, is its exit code.
fn locked(code: Code) -> u8 {
    let result = before_threads(Path::new("/usr/lib")).and_then(|_begun| {
        let bait = Arc::new(trial::Bait::new().map_err(|_| LockError::Descriptors)?);
        leave_no_path()?;
        let barrier = Arc::new(Barrier::new(2));
        let other = std::thread::spawn({
            let (bait, barrier) = (Arc::clone(&bait), Arc::clone(&barrier));
            move || {
                barrier.wait();
                trial::run(code, &bait)
            }
        });
        let locked = lock(code);
        barrier.wait();
        locked?;
        let refused = trial::run(code, &bait)?;
        let theirs = other.join().map_err(|_| LockError::Threads)??;
        Ok((refused, theirs))
    });
    match result {
        Ok((ours, theirs)) if ours == theirs && ours > 60 => 0,
        Ok(_) => 1,
        Err(LockError::NotRefused(act)) => 100 + act,
        Err(_) => 11,
    }
}

/// Role: does what stands on no list.
pub fn killed() -> u8 {
    before_threads(Path::new("/usr/lib")).unwrap();
    lock(Code::Fixed).unwrap();
    rustix::process::umask(rustix::fs::Mode::empty());
    0
}

/// Role: has a second thread when it should have one.
pub fn late() -> u8 {
    let (held, hold) = std::sync::mpsc::channel::<()>();
    let other = std::thread::spawn(move || hold.recv());
    let result = before_threads(Path::new("/usr/lib")).err();
    drop(held);
    let _ = other.join();
    u8::from(result != Some(LockError::Threads))
}

/// Role: an ear, as far as its rights go; it says `locked` on standard error's last moment and waits.
pub fn target() -> u8 {
    let begun = before_threads(Path::new("/usr/lib")).unwrap();
    std::io::stderr().write_all(b"locked\n").unwrap();
    lock(Code::Fixed).unwrap();
    let _ = rustix::io::read(&begun.way.0, &mut [0; 1]);
    0
}

/// Role: a daemon that has given up what it should; it prints each look into the target that worked.
pub fn daemon() -> u8 {
    let store = std::env::var_os("CALLGIST_TEST_STORE").map(PathBuf::from);
    let port = |name: &str| std::env::var(name).ok().and_then(|port| port.parse::<u16>().ok());
    let (allowed, refused) = (port("CALLGIST_TEST_PORT"), port("CALLGIST_TEST_OTHER_PORT"));
    let kept = Kept {
        read: vec![],
        write: store.iter().cloned().collect(),
        execute: vec![],
        connect_to: Some(allowed.into_iter().collect()),
    };
    let given = give_up(kept).unwrap();
    if let (Some(allowed), Some(refused)) = (allowed, refused) {
        let connect = |port: u16| TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.kind());
        roles::tell(match (connect(allowed), connect(refused)) {
            (Ok(_), Err(ErrorKind::PermissionDenied)) => "connected, refused",
            (Ok(_), Ok(_)) if given.in_words().any(|missing| missing.contains("TCP")) => "not restricted",
            _ => "wrong",
        });
    }
    if std::env::var_os("CALLGIST_TEST_NEEDLESS").is_some() {
        trial::needless_allowed(&trial::Bait::new().unwrap()).into_iter().for_each(roles::tell);
        roles::tell("tried");
    }
    if let Some(target) = std::env::var("CALLGIST_TEST_TARGET").ok().and_then(|id| id.parse().ok()) {
        for name in trial::looks_allowed(target) {
            roles::tell(name);
        }
    }
    if let Some(store) = store {
        std::fs::write(store.join("store"), "kept").unwrap();
    }
    match std::env::var_os("CALLGIST_TEST_OTHER") {
        Some(other) => u8::from(std::fs::write(PathBuf::from(other).join("other"), "").is_ok()),
        None => 0,
    }
}

/// A locked process that waits to be looked into.
struct Target(Child);

impl Target {
    fn start() -> Target {
        let mut child = roles::play("target").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert_eq!(line, "locked\n");
        // The lock closes the pipe: what comes next is its end.
        said.read_to_end(&mut Vec::new()).unwrap();
        Target(child)
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn act_of(code: Option<i32>) -> Option<&'static str> {
    trial::name(u8::try_from(code?).ok()?.checked_sub(100)?)
}

fn missing_from(unrefused: &[&str]) -> Vec<&'static str> {
    (0..=u8::MAX).map_while(trial::name).filter(|name| !unrefused.contains(name)).collect()
}
