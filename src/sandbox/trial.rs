//! Tries what was given up: every forbidden act goes to the kernel, and each must come back refused.

use super::LockError;
use super::filter::Code;
use super::paths::{Given, Paths, Tcp};
use super::raw::{self, ACTS};
pub use super::rights::may_be_dumped;
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::fs::File;
use std::io::{self, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Something to try acts of sending on: a UDP socket as RTP comes in on, connected and alone.
///
/// It is made before the lock and closed after the trial.
pub struct Bait(UdpSocket);

impl Bait {
    /// A socket connected to itself, so that nothing tried on it could reach anybody.
    pub fn new() -> io::Result<Bait> {
        let socket = UdpSocket::bind(("127.0.0.1", 0))?;
        socket.connect(socket.local_addr()?)?;
        Ok(Bait(socket))
    }
}

/// Tries every act from the calling thread; answers how many were refused, or the first that was not.
pub fn run(code: Code, bait: &Bait) -> Result<u16, LockError> {
    let mut refused = 0;
    for (number, act) in
        ACTS.iter().enumerate().filter(|(_, act)| code == Code::Fixed || !act.fixed_code_only)
    {
        if !raw::refuses(act, &bait.0) {
            return Err(LockError::NotRefused(number as u8));
        }
        refused += 1;
    }
    Ok(refused)
}

/// Tries every act and names those that were *not* refused: what a process without a lock may do.
pub fn unrefused(bait: &Bait) -> Vec<&'static str> {
    ACTS.iter().filter(|act| !raw::refuses(act, &bait.0)).map(|act| act.name).collect()
}

/// Tries every way to look into `process` (an ear of ours); the names of those that worked, none for a daemon that
/// has given up what it should.
pub fn looks_allowed(process: u32) -> Vec<&'static str> {
    let mut allowed = calls_allowed(process);
    let folder = PathBuf::from(format!("/proc/{process}"));
    allowed.extend(File::open(folder.join("mem")).is_ok().then_some("open its memory"));
    allowed.extend(
        File::open(folder.join("maps")).is_ok_and(|mut maps| has_bytes(&mut maps)).then_some("read its map"),
    );
    allowed.extend(std::fs::read_link(folder.join("fd/3")).is_ok().then_some("see its descriptors"));
    allowed
}

/// Tries what a daemon never needs; the names of acts that were not refused.
pub fn needless_allowed(bait: &Bait) -> Vec<&'static str> {
    let acts = raw::NEEDLESS.iter().copied().chain(raw::name_spaces());
    acts.filter(|act| !raw::refuses(act, &bait.0)).map(|act| act.name).collect()
}

/// Tries what lies outside the paths and ports that were left, as far as the kernel restricts them; the names of acts
/// that were not refused. None of them changes anything where it is not.
pub(super) fn outside_allowed(paths: &Paths, tcp: &Tcp, given: &Given) -> Vec<&'static str> {
    // The same file may have several paths: `/bin` is a link to `/usr/bin`.
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let kept = |path: &Path| {
        let lists = [&paths.read, &paths.write, &paths.execute];
        lists.into_iter().flatten().any(|kept| real(path).starts_with(real(kept)))
    };
    let outside = |tried: &'static [&'static str]| {
        tried.iter().map(Path::new).find(|path| path.exists() && !kept(path))
    };
    let mut allowed = Vec::new();
    if given.restricts_paths() {
        allowed.extend(
            outside(READABLE).filter(|path| File::open(path).is_ok()).map(|_| "read a file of others"),
        );
        allowed
            .extend(outside(FOLDERS).filter(|path| makes_a_file(path)).map(|_| "write outside its folder"));
        allowed.extend(outside(PROGRAMS).filter(|path| starts(path)).map(|_| "start another program"));
    }
    if let (true, Tcp::ConnectTo(ports)) = (given.restricts_tcp(), tcp) {
        let port = FOREIGN.into_iter().find(|port| !ports.contains(port));
        allowed.extend(port.filter(|port| connects(*port)).map(|_| "connect to another port"));
        allowed.extend(listens().then_some("listen on a port"));
    }
    allowed
}

/// The same by whoever has given up nothing, as if no path and no port were left: all of it is allowed then, which shows
/// that a refusal is the sandbox's.
pub fn outside_allowed_to_anybody() -> Vec<&'static str> {
    outside_allowed(&Paths::default(), &Tcp::ConnectTo(vec![]), &Given::all())
}

/// A file without a name, which is gone when it is closed.
fn makes_a_file(folder: &Path) -> bool {
    let how = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    rustix::fs::open(folder, how, Mode::RUSR | Mode::WUSR).is_ok()
}

fn starts(program: &Path) -> bool {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok()
}

/// Whether the kernel lets a connection be tried: where nobody listens it is refused by the other side, not by it.
fn connects(port: u16) -> bool {
    let here = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    match TcpStream::connect_timeout(&here, Duration::from_secs(1)) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), io::ErrorKind::PermissionDenied),
    }
}

/// Whether a port can be taken, whichever is free.
fn listens() -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).is_ok()
}

/// Readable for everybody on every system.
const READABLE: &[&str] = &["/etc/passwd", "/etc/group", "/proc/version"];

/// Writable for everybody.
const FOLDERS: &[&str] = &["/tmp", "/var/tmp", "/dev/shm"];

/// They do nothing.
const PROGRAMS: &[&str] = &["/usr/bin/true", "/bin/true"];

/// Ports on which nothing is done with what comes.
const FOREIGN: [u16; 2] = [9, 7];

/// The same for the system calls alone.
pub(super) fn calls_allowed(process: u32) -> Vec<&'static str> {
    let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) else { return vec![] };
    match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(pidfd) => raw::looks_allowed(process, pidfd.as_fd()),
        Err(_) => vec!["find out, for the process is gone"],
    }
}

fn has_bytes(file: &mut File) -> bool {
    file.read(&mut [0]).is_ok_and(|read| read > 0)
}

/// The act of this number, in words.
pub fn name(number: u8) -> Option<&'static str> {
    ACTS.get(usize::from(number)).map(|act| act.name)
}

/// How many acts there are in all.
pub fn count() -> usize {
    ACTS.len()
}
