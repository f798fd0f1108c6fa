//! The few acts that no kept crate wraps safely: closing all descriptors, cleaning the environment, asking for
//! threads, and trying what must be refused. The only `unsafe` of the sandbox; each block has its argument.
#![allow(unsafe_code, reason = "system calls without a safe wrapper; each block has its argument")]

use super::filter::{CLONED, unshared};
use libc::{c_int, c_long};
use std::ffi::{CStr, OsStr};
use std::io;
use std::net::UdpSocket;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Closes every descriptor from `first` on.
///
/// To be called first in `main`, where nothing of ours has opened one yet; what a caller left open is nobody's.
pub fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: the call touches no memory. It closes descriptors that no Rust value owns: this process has made
    // none yet, and those it got at birth are 0 to 2, which `first` spares.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first.max(3), c_int::MAX, 0) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether the calling thread is the only one of its process, as far as can be found out.
pub fn is_alone() -> bool {
    // SAFETY: for a process of one thread `unshare(CLONE_THREAD)` does nothing and answers 0; for one of more
    // it answers EINVAL and does nothing either. That is its documented meaning, and the cheapest way to ask
    // that needs no /proc.
    let answer = unsafe { libc::unshare(libc::CLONE_THREAD) };
    if answer == 0 {
        return true;
    }
    match io::Error::last_os_error().raw_os_error() {
        Some(libc::EINVAL) => false,
        // Some containers refuse the question itself.
        _ => std::fs::read_dir("/proc/self/task").map_or(true, |threads| threads.count() == 1),
    }
}

/// Lets the kernel swap out no page of this process any more, as each comes to be used.
///
/// Where there is a limit on such pages, whatever asks for memory beyond it afterwards fails.
pub fn lock_pages() -> io::Result<()> {
    // SAFETY: the call touches no memory; it changes what the kernel may do with our pages, and nothing that they hold.
    let result = unsafe { libc::mlockall(libc::MCL_CURRENT | libc::MCL_FUTURE | libc::MCL_ONFAULT) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Ends the process without running anything that was to be run at its end.
pub fn leave(code: u8) -> ! {
    // SAFETY: `_exit` never returns and touches no memory of ours.
    unsafe { libc::_exit(c_int::from(code)) }
}

/// Removes every variable that `listed` does not name.
pub fn keep_environment(listed: &[&str]) {
    let others = std::env::vars_os().map(|(name, _)| name);
    for name in others.filter(|name| !listed.iter().any(|kept| OsStr::new(kept) == name)).collect::<Vec<_>>()
    {
        // SAFETY: only the environment's own races are unsafe, and the caller has asked `is_alone` before.
        unsafe { std::env::remove_var(name) };
    }
}

/// A system call that must be refused. Only this file can make one.
#[derive(Clone, Copy)]
pub struct Act {
    pub name: &'static str,
    number: c_long,
    arguments: [Argument; 6],
    answer: c_int,
    /// Refused only where no code is made at run time.
    pub fixed_code_only: bool,
}

#[derive(Clone, Copy)]
enum Argument {
    Number(i64),
    Text(&'static CStr),
    /// A descriptor above 3 that is open: a socket as RTP comes in on.
    Socket,
    /// The length and place of eight bytes that are read only (`iovec`).
    Vector,
    /// An address to send to or to connect to.
    Address,
    /// An `msghdr` of one empty part and no descriptor.
    Message,
}

/// Tries `act` once from the calling thread; `true` if the kernel refused it as it should.
///
/// `socket` stands for an RTP socket.
pub fn refuses(act: &Act, socket: &UdpSocket) -> bool {
    let mut eight = [0u8; 8];
    let vector = libc::iovec { iov_base: eight.as_mut_ptr().cast(), iov_len: 0 };
    // SAFETY: an all-zero address and an all-zero message are valid values of these C structures.
    let (mut address, mut message): (libc::sockaddr_in, libc::msghdr) =
        unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
    address.sin_family = libc::AF_INET as libc::sa_family_t;
    address.sin_port = 9u16.to_be();
    address.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
    message.msg_iov = (&raw const vector).cast_mut();
    message.msg_iovlen = 1;

    let place = |argument: Argument| match argument {
        Argument::Number(number) => number,
        Argument::Text(text) => text.as_ptr() as i64,
        Argument::Socket => i64::from(socket.as_raw_fd()),
        Argument::Vector => (&raw const vector) as i64,
        Argument::Address => (&raw const address) as i64,
        Argument::Message => (&raw const message) as i64,
    };
    let [a, b, c, d, e, f] = act.arguments.map(place);
    // SAFETY: only `ACTS`, `NEEDLESS` and `name_spaces` below make acts, and each is harmless as it stands there even if it is not refused:
    // it has no length, names a process, path or key that does not exist, or reads. Pointers are to the values
    // above, which outlive the call; where the kernel would write, the length is zero. `close(3)` and the other
    // acts on descriptors can hurt only a process that is not locked, and that one ends on the first answer.
    let answer = unsafe { libc::syscall(act.number, a, b, c, d, e, f) };
    let error = if answer == -1 { io::Error::last_os_error().raw_os_error() } else { None };
    if answer == 0 && matches!(act.number, libc::SYS_fork | libc::SYS_clone) {
        // SAFETY: this is the child that should not exist. Ending at once, without any code of the library's,
        // is all that it may do.
        unsafe { libc::syscall(libc::SYS_exit_group, 0) };
    }
    error == Some(act.answer)
}

/// The calls by which one process looks into another, each tried once on `process`; the names of those that the
/// kernel did not refuse.
///
/// Whoever may trace it traces it until this thread ends.
pub fn looks_allowed(process: u32, pidfd: BorrowedFd<'_>) -> Vec<&'static str> {
    let process = c_long::from(process);
    let mut byte = [0u8; 1];
    let own = libc::iovec { iov_base: byte.as_mut_ptr().cast(), iov_len: 1 };
    // Not an address of ours: the kernel asks for the right first and for the address after.
    let theirs = libc::iovec { iov_base: std::ptr::without_provenance_mut(0x1000), iov_len: 1 };
    let (own, theirs) = (&raw const own as i64, &raw const theirs as i64);
    let pidfd = i64::from(pidfd.as_raw_fd());
    [
        ("read its memory", libc::SYS_process_vm_readv, [process, own, 1, theirs, 1, 0]),
        ("write its memory", libc::SYS_process_vm_writev, [process, own, 1, theirs, 1, 0]),
        ("take its descriptor", libc::SYS_pidfd_getfd, [pidfd, 3, 0, 0, 0, 0]),
        ("compare its descriptors", libc::SYS_kcmp, [process, process, 0, 3, 3, 0]),
        ("attach to it", libc::SYS_ptrace, [libc::PTRACE_SEIZE.into(), process, 0, 0, 0, 0]),
    ]
    .into_iter()
    .filter(|(_, number, [a, b, c, d, e, f])| {
        // SAFETY: the two vectors outlive the call and describe one byte of ours, which may be overwritten, and
        // an address of the other process, where nothing is mapped. The other calls touch no memory of ours; a
        // descriptor that is taken stays open unowned, and no one but tests and a daemon about to end gets that far.
        let answer = unsafe { libc::syscall(*number, *a, *b, *c, *d, *e, *f) };
        let error = io::Error::last_os_error().raw_os_error();
        answer != -1 || !matches!(error, Some(libc::EPERM | libc::EACCES))
    })
    .map(|(name, ..)| name)
    .collect()
}

/// Acts that a daemon never needs and must be refused, harmless where they are not.
pub const NEEDLESS: &[Act] = &[
    act("make an io_uring", libc::SYS_io_uring_setup, &[Number(0), Number(0)]),
    act("store a key", libc::SYS_add_key, &[Number(0), Number(0)]),
    act("ask for a key", libc::SYS_keyctl, &[Number(0x7fff)]),
    act("enter a name space", libc::SYS_setns, &[Number(-1), Number(0)]),
    act("open by handle", libc::SYS_name_to_handle_at, &[HERE, NO_FILE, Number(0), Number(0), Number(0)]),
    act("attach shared memory", libc::SYS_shmat, &[Number(-1)]),
    act("open a message queue", libc::SYS_mq_open, &[Number(0)]),
    act("make what is readable executable", libc::SYS_personality, &[Number(0xffff_ffff)]),
    act("load a module", libc::SYS_init_module, &[Number(0), Number(0), Text(c"")]),
    act("load a module from a file", libc::SYS_finit_module, &[Number(-1), Text(c""), Number(0)]),
    act("remove a module", libc::SYS_delete_module, &[Text(c"callgist nonexistent"), Number(0)]),
    act("load another kernel", libc::SYS_kexec_file_load, &[Number(-1), Number(-1)]),
    act("measure the kernel", libc::SYS_perf_event_open, &[Number(0), Number(0), Number(-1), Number(-1)]),
    act("load a program into the kernel", libc::SYS_bpf, &[Number(0x7fff)]),
    act("handle faults of memory", libc::SYS_userfaultfd, &[Number(-1)]),
    answered_absent(act("fork by clone3", libc::SYS_clone3, &[Number(0), Number(0)])),
];

/// A new name space of each kind, by itself and for a child; with a flag beside it that makes the kernel refuse the whole
/// (EINVAL) where no filter does.
pub fn name_spaces() -> impl Iterator<Item = Act> {
    let with = |flag: c_int, spoiling: c_int| [Number(i64::from(flag | spoiling))];
    let unshared = unshared()
        .map(move |flag| act("make a name space", libc::SYS_unshare, &with(flag, NO_FLAG_OF_UNSHARE)));
    // A thread must share more than that.
    let cloned = CLONED
        .iter()
        .map(move |&flag| act("fork into a name space", libc::SYS_clone, &with(flag, libc::CLONE_THREAD)));
    unshared.chain(cloned)
}

const NO_FLAG_OF_UNSHARE: c_int = 1;

const fn act(name: &'static str, number: c_long, given: &[Argument]) -> Act {
    let mut arguments = [Number(0); 6];
    let mut at = 0;
    while at < given.len() {
        arguments[at] = given[at];
        at += 1;
    }
    Act { name, number, arguments, answer: libc::EPERM, fixed_code_only: false }
}

const fn makes_code(act: Act) -> Act {
    Act { fixed_code_only: true, ..act }
}

const fn answered_absent(act: Act) -> Act {
    Act { answer: libc::ENOSYS, ..act }
}

use Argument::{Address, Message, Number, Socket, Text, Vector};

const HERE: Argument = Number(libc::AT_FDCWD as i64);
const A_FILE: Argument = Text(c"/dev/null");
const NO_FILE: Argument = Text(c"/nonexistent/callgist");
/// Higher than any process id can be (`PID_MAX_LIMIT` is 2^22).
const NOBODY: Argument = Number(0x3fff_ffff);
const PAGE: Argument = Number(4_096);
const READ_AND_RUN: Argument = Number((libc::PROT_READ | libc::PROT_EXEC) as i64);
const OWN: Argument = Number((libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as i64);
const SHARED: Argument = Number((libc::MAP_SHARED | libc::MAP_ANONYMOUS) as i64);
const OF_A_FILE: Argument = Number(libc::MAP_PRIVATE as i64);

/// Every act that an ear must be refused. Without a lock none of them answers EPERM (ENOSYS), so that each answer
/// speaks of the lock; a test shows it.
pub const ACTS: &[Act] = &[
    act("open a file to read", libc::SYS_openat, &[HERE, A_FILE, Number(libc::O_RDONLY as i64)]),
    act("open a file to write", libc::SYS_openat, &[HERE, A_FILE, Number(libc::O_WRONLY as i64)]),
    act("open by the old call", libc::SYS_open, &[A_FILE]),
    act("open by the new call", libc::SYS_openat2, &[HERE, A_FILE]),
    act("create a file", libc::SYS_creat, &[NO_FILE, Number(0o600)]),
    act("look at a file", libc::SYS_newfstatat, &[HERE, NO_FILE]),
    act("read a link", libc::SYS_readlinkat, &[HERE, NO_FILE]),
    act("make a folder", libc::SYS_mkdirat, &[HERE, NO_FILE, Number(0o700)]),
    act("remove a file", libc::SYS_unlinkat, &[HERE, NO_FILE]),
    act("rename a file", libc::SYS_renameat2, &[HERE, NO_FILE, HERE, NO_FILE]),
    act("link a file", libc::SYS_linkat, &[HERE, NO_FILE, HERE, NO_FILE]),
    act("name a file by a link", libc::SYS_symlinkat, &[NO_FILE, HERE, NO_FILE]),
    act("make a pipe with a name", libc::SYS_mknodat, &[HERE, NO_FILE, Number(libc::S_IFIFO as i64)]),
    act("cut a file", libc::SYS_truncate, &[NO_FILE]),
    act("command a device", libc::SYS_ioctl, &[Number(0), Number(libc::FIONREAD as i64), Vector]),
    act("write to standard output", libc::SYS_write, &[Number(1), Vector, Number(0)]),
    act("write to standard error", libc::SYS_write, &[Number(2), Vector, Number(0)]),
    act("write to a socket", libc::SYS_write, &[Socket, Vector, Number(0)]),
    act("write parts to standard error", libc::SYS_writev, &[Number(2), Vector, Number(1)]),
    act("write parts to a socket", libc::SYS_writev, &[Socket, Vector, Number(1)]),
    act("write at a place", libc::SYS_pwrite64, &[Number(2), Vector, Number(0), Number(0)]),
    act(
        "send on an RTP socket",
        libc::SYS_sendto,
        &[Socket, Vector, Number(0), Number(libc::MSG_DONTWAIT as i64)],
    ),
    act(
        "send to an address",
        libc::SYS_sendto,
        &[Number(3), Vector, Number(0), Number(libc::MSG_DONTWAIT as i64), Address, Number(16)],
    ),
    act(
        "send a message on an RTP socket",
        libc::SYS_sendmsg,
        &[Socket, Message, Number(libc::MSG_DONTWAIT as i64)],
    ),
    act(
        "send a message that may hold a descriptor",
        libc::SYS_sendmsg,
        &[Number(3), Message, Number(libc::MSG_DONTWAIT as i64)],
    ),
    act("send many messages", libc::SYS_sendmmsg, &[Socket, Vector, Number(0)]),
    act("send a file", libc::SYS_sendfile, &[Socket, Number(0), Number(0), Number(0)]),
    act("splice", libc::SYS_splice, &[Number(0), Number(0), Socket, Number(0), Number(0)]),
    act(
        "copy between files",
        libc::SYS_copy_file_range,
        &[Number(0), Number(0), Number(2), Number(0), Number(0)],
    ),
    act(
        "make an internet socket",
        libc::SYS_socket,
        &[Number(libc::AF_INET as i64), Number(libc::SOCK_DGRAM as i64)],
    ),
    act(
        "make a local socket",
        libc::SYS_socket,
        &[Number(libc::AF_UNIX as i64), Number(libc::SOCK_STREAM as i64)],
    ),
    act("connect", libc::SYS_connect, &[Socket, Address, Number(16)]),
    act("bind", libc::SYS_bind, &[Socket, Address, Number(16)]),
    act("listen", libc::SYS_listen, &[Socket, Number(1)]),
    act("accept", libc::SYS_accept4, &[Socket]),
    act("set an option of a socket", libc::SYS_setsockopt, &[Socket, Number(-1)]),
    act("copy a descriptor", libc::SYS_dup, &[Number(0)]),
    act("copy a descriptor over 3", libc::SYS_dup2, &[Socket, Number(3)]),
    act("copy a descriptor over 3 by the new call", libc::SYS_dup3, &[Socket, Number(3), Number(0)]),
    act("copy a descriptor by fcntl", libc::SYS_fcntl, &[Number(0), Number(libc::F_DUPFD as i64), Number(4)]),
    act("change a descriptor's flags", libc::SYS_fcntl, &[Socket, Number(libc::F_SETFL as i64), Number(0)]),
    act("close descriptor 3", libc::SYS_close, &[Number(3)]),
    act("close descriptor 2", libc::SYS_close, &[Number(2)]),
    act("close a range with 3 in it", libc::SYS_close_range, &[Number(3), Number(3), Number(0)]),
    act("make a pipe", libc::SYS_pipe2, &[Number(0), Number(0)]),
    act("make a file in memory", libc::SYS_memfd_create, &[Text(c"callgist"), Number(0)]),
    act("make an io_uring", libc::SYS_io_uring_setup, &[Number(0), Number(0)]),
    act("start a program", libc::SYS_execve, &[NO_FILE]),
    act("start a program by the new call", libc::SYS_execveat, &[HERE, NO_FILE]),
    act("fork", libc::SYS_fork, &[]),
    act("fork by clone", libc::SYS_clone, &[Number(libc::SIGCHLD as i64)]),
    answered_absent(act("fork by clone3", libc::SYS_clone3, &[Number(0), Number(0)])),
    act("stop sharing descriptors", libc::SYS_unshare, &[Number(libc::CLONE_FILES as i64)]),
    act("trace a process", libc::SYS_ptrace, &[Number(libc::PTRACE_PEEKDATA as i64), NOBODY]),
    act("read another process", libc::SYS_process_vm_readv, &[NOBODY, Vector, Number(1), Vector, Number(1)]),
    act(
        "write to another process",
        libc::SYS_process_vm_writev,
        &[NOBODY, Vector, Number(1), Vector, Number(1)],
    ),
    act("hold a process", libc::SYS_pidfd_open, &[NOBODY]),
    act("take another process's descriptor", libc::SYS_pidfd_getfd, &[Number(-1), Number(0)]),
    act("signal a process", libc::SYS_kill, &[NOBODY, Number(0)]),
    act("signal a thread of another process", libc::SYS_tgkill, &[NOBODY, NOBODY, Number(0)]),
    act("make shared memory", libc::SYS_shmget, &[Number(0), Number(0), Number(0)]),
    act("attach shared memory", libc::SYS_shmat, &[Number(-1)]),
    act("make a message queue", libc::SYS_msgget, &[Number(0x7ca1_1915), Number(0)]),
    act("store a key", libc::SYS_add_key, &[Number(0), Number(0)]),
    act(
        "map shared memory",
        libc::SYS_mmap,
        &[Number(0), PAGE, Number(libc::PROT_READ as i64), SHARED, Number(-1)],
    ),
    act("map a file", libc::SYS_mmap, &[Number(0), PAGE, Number(libc::PROT_READ as i64), OF_A_FILE, Socket]),
    act("become dumpable", libc::SYS_prctl, &[Number(libc::PR_SET_DUMPABLE as i64), Number(7)]),
    act("change the lock", libc::SYS_seccomp, &[Number(99)]),
    act("make what is readable executable", libc::SYS_personality, &[Number(0xffff_ffff)]),
    act("raise a limit", libc::SYS_prlimit64, &[Number(0), Number(99)]),
    makes_code(act(
        "map memory that runs",
        libc::SYS_mmap,
        &[Number(0), PAGE, READ_AND_RUN, OWN, Number(-1)],
    )),
    makes_code(act("make memory run", libc::SYS_mprotect, &[Number(0x1000), PAGE, READ_AND_RUN])),
];
