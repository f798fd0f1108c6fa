//! Capabilities, new privileges, core files: what every process of ours gives up before its first thread.

use super::{LockError, MAY_BE_DUMPED};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, dumpable_behavior, getrlimit, set_dumpable_behavior, setrlimit,
};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set, clear_ambient_capability_set,
    no_new_privs, remove_capability_from_bounding_set, set_capabilities, set_no_new_privs,
};

/// Drops every capability, from all five sets; a process of root's keeps none either.
///
/// Only a process that may set capabilities can empty its bounding set. One that may not has none to lose, and
/// without new privileges the bounding set gives it nothing.
pub fn drop_capabilities() -> Result<(), LockError> {
    let failed = |_| LockError::Capabilities;
    let may_bound = capabilities(None).map_err(failed)?.effective.contains(CapabilitySet::SETPCAP);
    if may_bound {
        empty_bounding_set().map_err(failed)?;
    }
    clear_ambient_capability_set().map_err(failed)?;
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })
        .map_err(failed)?;
    let left = capabilities(None).map_err(failed)?;
    let all_gone = left.effective.is_empty() && left.permitted.is_empty() && left.inheritable.is_empty();
    if all_gone { Ok(()) } else { Err(LockError::Capabilities) }
}

/// The kernel tells where its capabilities end by refusing to speak of the next one.
fn empty_bounding_set() -> rustix::io::Result<()> {
    for number in 0..64 {
        let one = CapabilitySet::from_bits_retain(1 << number);
        match capability_is_in_bounding_set(one) {
            Ok(true) => remove_capability_from_bounding_set(one)?,
            Ok(false) => {}
            Err(_) => break,
        }
    }
    Ok(())
}

/// No program started from here on gains a right by being started.
pub fn refuse_new_privileges() -> Result<(), LockError> {
    set_no_new_privs(true).map_err(|_| LockError::NoNewPrivileges)?;
    match no_new_privs() {
        Ok(true) => Ok(()),
        _ => Err(LockError::NoNewPrivileges),
    }
}

/// No core file, no debugger, no `/proc/PID/mem`.
///
/// Not being dumpable is what counts: where `core_pattern` is a pipe, the kernel does not look at the size. A build with
/// the feature `dumpable` leaves that out, and only that.
pub fn refuse_dumps() -> Result<(), LockError> {
    if MAY_BE_DUMPED.is_none() {
        set_dumpable_behavior(DumpableBehavior::NotDumpable).map_err(|_| LockError::Dumpable)?;
        if may_be_dumped() {
            return Err(LockError::Dumpable);
        }
    }
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none).map_err(|_| LockError::CoreSize)?;
    if getrlimit(Resource::Core) == none { Ok(()) } else { Err(LockError::CoreSize) }
}

/// Whether the kernel would write a core of this process, and let others look into it.
pub fn may_be_dumped() -> bool {
    !matches!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable))
}
