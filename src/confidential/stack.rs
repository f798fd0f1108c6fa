//! A piece of work goes in; its result comes out, and nothing of it is left on the thread's stack.
//!
//! A value that is moved leaves its old place as it was, and no type wipes that: a frame of sound, a note on its way
//! out. What is left there may come to the heap with the next value that is put together in the same place, in the gaps
//! between its fields. The part of the stack that finished work used is free, so it can be overwritten before that.

use std::hint::black_box;

/// Does a piece of work that recognises, writes a note or decodes Opus.
pub(in crate::confidential) fn deep<T>(work: impl FnOnce() -> T) -> T {
    let done = apart(work);
    wipe();
    done
}

/// Does a piece of work that takes a packet.
pub(in crate::confidential) fn shallow<T>(work: impl FnOnce() -> T) -> T {
    let done = apart(work);
    overwrite::<SHALLOW>();
    done
}

/// Overwrites what calls that have returned left on the calling thread's stack.
pub fn wipe() {
    overwrite::<DEEP>();
}

/// In a frame of its own, which is gone when it is done.
#[inline(never)]
fn apart<T>(work: impl FnOnce() -> T) -> T {
    work()
}

#[inline(never)]
fn overwrite<const DEPTH: usize>() {
    let mut room = [0u8; DEPTH];
    // Borrowed so that it is changed: the compiler would take what is only looked at for a constant, elsewhere.
    black_box(&mut room);
}

/// Deeper than any work of ours goes. More would be surer and take longer; a thread has eight times as much.
pub const DEEP: usize = 256 << 10;

/// Deeper than any packet's way goes, Opus left out (`tests/wiped` tries both). It costs two microseconds a packet, and
/// the other depth nine.
pub const SHALLOW: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    const SAID: [u8; 512] = [0xa7; 512];

    /// Leaves what was said this far down the stack, and tells where.
    #[inline(never)]
    fn speaks<const DEPTH: usize>() -> u64 {
        let above = [0u8; DEPTH];
        black_box(&above);
        let at = says();
        black_box(&above);
        at
    }

    #[inline(never)]
    fn says() -> u64 {
        std::ptr::from_ref(black_box(&SAID.map(black_box))).addr() as u64
    }

    /// The stack is looked at from outside, so that the look itself is not what overwrites it.
    fn is_there(at: u64) -> bool {
        let mut there = vec![0; SAID.len()];
        File::open("/proc/self/mem").unwrap().read_exact_at(&mut there, at).unwrap();
        there == SAID
    }

    /// Deep enough that what the look needs of the stack ends above it.
    const BELOW: usize = 32 << 10;

    #[test]
    fn what_finished_work_leaves_on_the_stack_is_overwritten_and_is_there_without() {
        assert!(is_there(apart(speaks::<BELOW>)), "the look itself overwrites it");
        assert!(!is_there(shallow(speaks::<BELOW>)));
        assert!(!is_there(deep(speaks::<BELOW>)));
        assert!(is_there(shallow(speaks::<{ SHALLOW + BELOW }>)), "deeper than a packet goes");
        assert!(!is_there(deep(speaks::<{ SHALLOW + BELOW }>)));
        assert!(!is_there(deep(speaks::<{ DEEP - BELOW }>)));
    }
}
