//! Rights given up, tried afterwards in real processes: an ear's lock, and a daemon that may not look into an ear.

use crate::roles;
use callgist::sandbox::daemon::{Kept, give_up};
use callgist::sandbox::ear::{Code, before_threads, leave_no_path, lock};
use callgist::sandbox::{LockError, trial};
use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
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
    let allowed = trial::needless_allowed(&bait);
    assert!(allowed.len() >= 3, "{allowed:?}");
    if !is_filtered() {
        let named = ["make a name space", "fork into a name space", "fork by clone3"];
        assert!(allowed.len() >= 18 && named.iter().all(|act| allowed.contains(act)), "{allowed:?}");
    }
}

#[test]
fn a_daemon_is_refused_each_new_name_space_and_starts_threads_and_programs_as_ever() {
    let program = ["/usr/bin/true", "/bin/true"].into_iter().find(|path| Path::new(path).exists()).unwrap();
    let told = tells("name-spaces", |role| {
        role.env("CALLGIST_TEST_PROGRAM", program);
    });
    assert_eq!(told, ["a thread", "a program", "refused"]);
}

/// Each has a counterpart that works, so that the refusal is the sandbox's.
#[test]
fn a_daemon_reads_starts_and_writes_to_nothing_but_its_own() {
    let kept = tempfile::tempdir().unwrap();
    let own = kept.path().join("own");
    std::fs::write(&own, "own").unwrap();
    let told = tells("outside", |role| {
        role.env("CALLGIST_TEST_OWN", &own);
    });
    let expected = [
        "read its own",
        "/etc/passwd: PermissionDenied",
        "listing /: PermissionDenied",
        "/bin/true: PermissionDenied",
        "wrote to /dev/null",
        "/dev/zero: PermissionDenied",
    ];
    assert_eq!(told, expected);
    // Whoever has given up nothing may do it all.
    assert!(std::fs::read("/etc/passwd").is_ok() && std::fs::read_dir("/").is_ok());
    assert!(Command::new("/bin/true").status().is_ok());
    assert!(OpenOptions::new().write(true).open("/dev/zero").is_ok());
}

/// What the daemon tries by itself at every start, tried where nothing was given up: all of it is allowed.
#[test]
fn what_a_daemon_tries_at_its_start_is_not_refused_without_its_limits() {
    let told = tells("free", |_| {});
    let all = [
        "read a file of others",
        "write outside its folder",
        "start another program",
        "connect to another port",
        "listen on a port",
    ];
    assert_eq!(told, all);
}

#[test]
fn a_daemon_leaves_no_core_and_cannot_be_dumped() {
    let aborted = roles::play("aborts").output().unwrap();
    let expected = if callgist::sandbox::MAY_BE_DUMPED.is_some() { "dumpable\n" } else { "not dumpable\n" };
    assert_eq!(String::from_utf8_lossy(&aborted.stdout), expected);
    assert_eq!(aborted.status.signal(), Some(libc::SIGABRT), "{}", aborted.status);
    assert!(!aborted.status.core_dumped(), "{}", aborted.status);
    assert!(trial::may_be_dumped(), "whoever has given up nothing may be dumped");
}

#[test]
fn an_ear_leaves_no_core_and_cannot_be_dumped() {
    let aborted = roles::play("ear-aborts").status().unwrap();
    assert_eq!(aborted.signal(), Some(libc::SIGABRT), "{aborted}");
    assert!(!aborted.core_dumped(), "{aborted}");
}

#[test]
fn a_daemon_has_no_capability_and_cannot_use_one_as_root_either() {
    let told = tells("capabilities", |_| {});
    assert_eq!(told, ["none in any set", "no new privileges", "cannot become another user"]);
}

#[test]
fn a_daemon_connects_to_its_event_sockets_and_to_no_other_port() {
    let listeners = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [one, two, refused] =
        listeners.each_ref().map(|listener| listener.local_addr().unwrap().port().to_string());
    let played = roles::play("daemon")
        .env("CALLGIST_TEST_PORTS", format!("{one} {two}"))
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

#[test]
fn a_daemon_listens_on_no_tcp_port_but_on_one_that_was_opened_before() {
    let told = tells("listens", |_| {});
    // An older kernel cannot restrict ports; then the daemon says so.
    assert!(
        [["refused", "answered"], ["not restricted", "answered"]].contains(&[&told[0], &told[1]]),
        "{told:?}"
    );
}

/// The lines that a role tells, which must end well.
#[track_caller]
fn tells(role: &str, with: impl FnOnce(&mut Command)) -> Vec<String> {
    let mut command = roles::play(role);
    with(&mut command);
    let played = command.output().unwrap();
    assert_eq!(played.status.code(), Some(0), "{role}: {}", String::from_utf8_lossy(&played.stderr));
    String::from_utf8(played.stdout).unwrap().lines().map(str::to_owned).collect()
}

/// Whether whoever started the tests has filtered their system calls, as containers do.
fn is_filtered() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    !status.lines().any(|line| line.split_whitespace().eq(["Seccomp:", "0"]))
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
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
    let ports = |name: &str| -> Vec<u16> {
        let named = std::env::var(name).unwrap_or_default();
        named.split_whitespace().map(|port| port.parse().unwrap()).collect()
    };
    let (allowed, refused) = (ports("CALLGIST_TEST_PORTS"), ports("CALLGIST_TEST_OTHER_PORT"));
    let kept = Kept {
        read: vec![],
        write: store.iter().cloned().collect(),
        execute: vec![],
        connect_to: Some(allowed.clone()),
    };
    let given = give_up(kept).unwrap();
    if let [refused] = refused[..] {
        let connect = |port: u16| TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.kind());
        let reached = allowed.len() == 2 && allowed.into_iter().all(|port| connect(port).is_ok());
        roles::tell(match (reached, connect(refused)) {
            (true, Err(ErrorKind::PermissionDenied)) => "connected, refused",
            (true, Ok(_)) if given.in_words().any(|missing| missing.contains("TCP")) => "not restricted",
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

/// Role: a daemon that listened before it gave up its rights, and would like to listen once more.
pub fn listens() -> u8 {
    let before = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = before.local_addr().unwrap().port();
    let given = give_up(Kept { connect_to: Some(vec![port]), ..kept(None, None) }).unwrap();
    roles::tell(match TcpListener::bind("127.0.0.1:0").map_err(|error| error.kind()) {
        Err(ErrorKind::PermissionDenied) => "refused",
        Ok(_) if given.in_words().any(|missing| missing.contains("TCP")) => "not restricted",
        _ => "wrong",
    });
    let asker = TcpStream::connect(("127.0.0.1", port));
    roles::tell(if asker.is_ok() && before.accept().is_ok() { "answered" } else { "deaf" });
    0
}

/// What a daemon keeps that has nothing but one file to read and one program to start.
fn kept(read: Option<PathBuf>, execute: Option<PathBuf>) -> Kept {
    Kept {
        read: read.into_iter().collect(),
        write: vec![],
        execute: execute.into_iter().collect(),
        connect_to: Some(vec![]),
    }
}

fn path_in(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

/// Role: a daemon that starts a thread and a program, and is refused every name space.
pub fn name_spaces() -> u8 {
    let program = path_in("CALLGIST_TEST_PROGRAM").unwrap();
    give_up(kept(None, Some(program.clone()))).unwrap();
    roles::tell(std::thread::spawn(|| "a thread").join().unwrap());
    let started = Command::new(program).stdin(Stdio::null()).status();
    roles::tell(if started.is_ok_and(|status| status.success()) { "a program" } else { "no program" });
    let bait = trial::Bait::new().unwrap();
    let refused = trial::needless_allowed(&bait).is_empty();
    roles::tell(if refused { "refused" } else { "allowed" });
    0
}

/// Role: a daemon that reads its own file, and tries files, folders, programs and devices of others.
pub fn outside() -> u8 {
    let own = path_in("CALLGIST_TEST_OWN").unwrap();
    give_up(kept(Some(own.clone()), None)).unwrap();
    let said = |what: &str, error: Option<io::Error>| match error {
        None => roles::tell(format_args!("{what}: allowed")),
        Some(error) => roles::tell(format_args!("{what}: {:?}", error.kind())),
    };
    let writes = |path: &str| OpenOptions::new().write(true).open(path);
    roles::tell(if std::fs::read(own).is_ok() { "read its own" } else { "read nothing" });
    said("/etc/passwd", std::fs::read("/etc/passwd").err());
    said("listing /", std::fs::read_dir("/").err());
    said("/bin/true", Command::new("/bin/true").stdin(Stdio::null()).status().err());
    roles::tell(if writes("/dev/null").is_ok() { "wrote to /dev/null" } else { "wrote nowhere" });
    said("/dev/zero", writes("/dev/zero").err());
    0
}

/// Role: one that has given up nothing, and tries what a daemon tries.
pub fn free() -> u8 {
    trial::outside_allowed_to_anybody().into_iter().for_each(roles::tell);
    0
}

/// Role: a daemon that says whether it may be dumped, and aborts.
pub fn aborts() -> u8 {
    give_up(kept(None, None)).unwrap();
    roles::tell(if trial::may_be_dumped() { "dumpable" } else { "not dumpable" });
    std::process::abort()
}

/// Role: an ear that aborts, if it is what it should be.
pub fn ear_aborts() -> u8 {
    before_threads(Path::new("/usr/lib")).unwrap();
    match trial::may_be_dumped() == callgist::sandbox::MAY_BE_DUMPED.is_some() {
        true => std::process::abort(),
        false => 1,
    }
}

/// Role: a daemon that looks for what it may do beyond other processes.
pub fn capabilities() -> u8 {
    use rustix::thread::{CapabilitySet, capabilities, capability_is_in_bounding_set, no_new_privs};
    let root = is_root();
    give_up(kept(None, None)).unwrap();
    let sets = capabilities(None).unwrap();
    let bounding = (0..64).map(|number| CapabilitySet::from_bits_retain(1 << number));
    let bound = bounding.map_while(|one| capability_is_in_bounding_set(one).ok()).any(|is_in| is_in);
    let none = sets.effective.is_empty() && sets.permitted.is_empty() && sets.inheritable.is_empty();
    // Who may not set capabilities has none, and no way to those in its bounding set.
    roles::tell(if none && !(root && bound) { "none in any set" } else { "some" });
    roles::tell(if no_new_privs().unwrap() { "no new privileges" } else { "new privileges" });
    let nobody = rustix::process::Uid::from_raw(65_534);
    let changed = rustix::thread::set_thread_uid(nobody).is_ok();
    roles::tell(if changed { "became another user" } else { "cannot become another user" });
    0
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
