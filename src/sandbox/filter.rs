//! The system calls that are left to a process, as seccomp filters for all its threads.
//!
//! An ear's list is an allow-list. A filter knows two answers, an ear needs four, so three filters stand on top of
//! each other and the strictest answer counts: one lets through what is allowed or refused by name and kills the
//! process for anything else; one answers ENOSYS where a library then takes an older call; one answers EPERM to
//! all that is not allowed. EPERM and not death for the acts by name, because each of them is tried ([`super::trial`])
//! and because libraries try some (opening, printing) and do well without.

use super::LockError;
use libc::c_long;
use seccompiler::{
    SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter, apply_filter_all_threads,
};
use std::collections::BTreeMap;

type Rules = BTreeMap<c_long, Vec<SeccompRule>>;
type Condition = (u8, Len, Op, u64);

/// Whether code may be made at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// No memory becomes executable any more (Vosk).
    Fixed,
    /// The library compiles its own code for the shapes that it sees (oneDNN in Whisper's library).
    Compiled,
}

/// Locks every thread of this process into an ear's list; `ours` is its own process id.
pub fn lock_ear(code: Code, ours: u32) -> Result<(), LockError> {
    let allowed = allowed_to_an_ear(code, ours)?;
    let answered = |names: &[c_long]| names.iter().map(|&number| (number, vec![])).collect::<Rules>();
    let absent = answered(ABSENT);

    let mut named = answered(REFUSED);
    named.extend(allowed.keys().chain(absent.keys()).map(|&number| (number, vec![])));
    let mut left = allowed;
    left.extend(absent.clone());

    // The last one forbids the installing of filters, so it comes last.
    install(absent, SeccompAction::Allow, SeccompAction::Errno(libc::ENOSYS as u32))?;
    install(named, SeccompAction::KillProcess, SeccompAction::Allow)?;
    install(left, SeccompAction::Errno(libc::EPERM as u32), SeccompAction::Allow)
}

/// Refuses the calling thread, and all that it starts, the calls by which one process looks into another, and those
/// that a daemon never needs.
pub fn refuse_looking_into_others() -> Result<(), LockError> {
    let mut refused: Rules = LOOKS.iter().chain(NEEDLESS).map(|&number| (number, vec![])).collect();
    let any = |flag: libc::c_int| rule(vec![(0, Len::Qword, Op::MaskedEq(flag as u64), flag as u64)]);
    refused.insert(libc::SYS_unshare, unshared().map(any).collect::<Result<_, _>>()?);
    refused.insert(libc::SYS_clone, CLONED.iter().copied().map(any).collect::<Result<_, _>>()?);
    let absent = ABSENT.iter().map(|&number| (number, vec![])).collect();
    for (rules, answer) in [(absent, libc::ENOSYS), (refused, libc::EPERM)] {
        let program = compile(rules, SeccompAction::Allow, SeccompAction::Errno(answer as u32))?;
        apply_filter(&program).map_err(|_| LockError::Filter)?;
    }
    Ok(())
}

fn install(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> Result<(), LockError> {
    apply_filter_all_threads(&compile(rules, otherwise, matched)?).map_err(|_| LockError::Filter)
}

fn compile(
    rules: Rules,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> Result<seccompiler::BpfProgram, LockError> {
    SeccompFilter::new(rules, otherwise, matched, TargetArch::x86_64)
        .and_then(TryInto::try_into)
        .map_err(|_| LockError::Filter)
}

fn allowed_to_an_ear(code: Code, ours: u32) -> Result<Rules, LockError> {
    let mut rules: Rules = HARMLESS.iter().map(|&number| (number, vec![])).collect();
    let mut allow = |number: c_long, conditions: Vec<Condition>| -> Result<(), LockError> {
        rules.entry(number).or_default().push(rule(conditions)?);
        Ok(())
    };
    // Sending on descriptor 3 and to nobody else. Not `write`, whose place nobody needs, and not `sendmsg`,
    // which could hand a descriptor back.
    allow(libc::SYS_sendto, vec![(0, Len::Dword, Op::Eq, 3), (4, Len::Qword, Op::Eq, 0)])?;
    // Closing 3 would let the next socket that is received take its number.
    allow(libc::SYS_close, vec![(0, Len::Dword, Op::Gt, 3)])?;
    // A thread that shares all, in the same name spaces: what `pthread_create` asks for.
    let shared = (libc::CLONE_THREAD | libc::CLONE_VM | libc::CLONE_FILES | libc::CLONE_SIGHAND) as u64;
    allow(libc::SYS_clone, vec![(0, Len::Qword, Op::MaskedEq(shared | not_a_thread()), shared)])?;
    // Only to itself: this is how `abort` ends a process.
    allow(libc::SYS_tgkill, vec![(0, Len::Dword, Op::Eq, u64::from(ours))])?;
    for looking in [libc::F_GETFD, libc::F_GETFL] {
        allow(libc::SYS_fcntl, vec![(1, Len::Dword, Op::Eq, looking as u64)])?;
    }
    // Own memory, of no file and shared with nobody.
    let private = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as u64;
    let of_memory = (libc::MAP_TYPE | libc::MAP_ANONYMOUS) as u64;
    let mut map = vec![(3, Len::Dword, Op::MaskedEq(of_memory), private)];
    let mut protect = vec![];
    if code == Code::Fixed {
        let executable = (2, Len::Dword, Op::MaskedEq(libc::PROT_EXEC as u64), 0);
        map.push(executable.clone());
        protect.push(executable);
    }
    allow(libc::SYS_mmap, map)?;
    match protect.is_empty() {
        true => rules.insert(libc::SYS_mprotect, vec![]),
        false => rules.insert(libc::SYS_mprotect, vec![rule(protect)?]),
    };
    Ok(rules)
}

fn rule(conditions: Vec<Condition>) -> Result<SeccompRule, LockError> {
    conditions
        .into_iter()
        .map(|(argument, length, compare, value)| SeccompCondition::new(argument, length, compare, value))
        .collect::<Result<Vec<_>, _>>()
        .and_then(SeccompRule::new)
        .map_err(|_| LockError::Filter)
}

/// Each kind of name space, as `clone` is asked for a new one.
pub(super) const CLONED: &[libc::c_int] = &[
    libc::CLONE_NEWNS,
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
];

/// The same for `unshare`, which has one more: its number is a signal's for `clone`.
pub(super) fn unshared() -> impl Iterator<Item = libc::c_int> {
    CLONED.iter().copied().chain([CLONE_NEWTIME])
}

/// Not in the crate `libc`.
const CLONE_NEWTIME: libc::c_int = 0x80;

/// What an ear's `clone` may not ask for: a name space of its own, or to be held by another process.
fn not_a_thread() -> u64 {
    let held = (libc::CLONE_PIDFD | libc::CLONE_PTRACE) as u64;
    CLONED.iter().fold(held, |all, &flag| all | flag as u64)
}

/// Allowed to an ear whatever the arguments: memory, waiting, the clock, receiving, its own end.
const HARMLESS: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getcpu,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_time,
    libc::SYS_restart_syscall,
    libc::SYS_getrandom,
    libc::SYS_read,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_poll,
    libc::SYS_ppoll,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_sysinfo,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Answered with ENOSYS, to the daemon as well: the C library then takes `clone`, whose flags a filter can see.
const ABSENT: &[c_long] = &[libc::SYS_clone3];

/// Refused to an ear with EPERM: each act that is tried, its near relatives, and what libraries try in passing.
/// What stands neither here nor above kills the ear.
const REFUSED: &[c_long] = &[
    // Paths.
    libc::SYS_open,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_creat,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_access,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlink,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_chdir,
    libc::SYS_mkdir,
    libc::SYS_mkdirat,
    libc::SYS_unlink,
    libc::SYS_unlinkat,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_link,
    libc::SYS_linkat,
    libc::SYS_symlink,
    libc::SYS_symlinkat,
    libc::SYS_mknod,
    libc::SYS_mknodat,
    libc::SYS_truncate,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_lseek,
    libc::SYS_inotify_init1,
    // Writing and sending, on whatever is open.
    libc::SYS_write,
    libc::SYS_pwrite64,
    libc::SYS_writev,
    libc::SYS_pwritev,
    libc::SYS_pwritev2,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_tee,
    libc::SYS_vmsplice,
    libc::SYS_copy_file_range,
    libc::SYS_fsync,
    libc::SYS_ioctl,
    // Sockets.
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_shutdown,
    libc::SYS_setsockopt,
    libc::SYS_getsockopt,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    // Descriptors.
    libc::SYS_dup,
    libc::SYS_dup2,
    libc::SYS_dup3,
    libc::SYS_close_range,
    libc::SYS_pipe,
    libc::SYS_pipe2,
    libc::SYS_eventfd2,
    libc::SYS_epoll_create1,
    libc::SYS_timerfd_create,
    libc::SYS_signalfd4,
    libc::SYS_memfd_create,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // Programs, processes, and looking into them.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_fork,
    libc::SYS_unshare,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_kcmp,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_setscheduler,
    libc::SYS_setpriority,
    // Memory that others could see, or that runs.
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_msgget,
    libc::SYS_msgsnd,
    libc::SYS_semget,
    libc::SYS_mq_open,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_pkey_mprotect,
    // The lock itself.
    libc::SYS_prctl,
    libc::SYS_seccomp,
    libc::SYS_personality,
    libc::SYS_setrlimit,
    libc::SYS_prlimit64,
    libc::SYS_uname,
];

/// Refused to the daemon with EPERM, and by inheritance to the ears: each looks into another process or arms it.
const LOOKS: &[c_long] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_perf_event_open,
    libc::SYS_bpf,
    libc::SYS_userfaultfd,
];

/// Refused to the daemon as well: what neither it nor an ear needs at any time, and what would get round a filter on
/// the usual calls. (Of `unshare` the new name spaces alone: by it a process asks whether it has one thread.)
const NEEDLESS: &[c_long] = &[
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_setns,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_msgget,
    libc::SYS_mq_open,
    libc::SYS_personality,
    libc::SYS_syslog,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_iopl,
    libc::SYS_ioperm,
];
