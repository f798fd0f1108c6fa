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
    black_box(&[0u8; DEPTH]);
}

/// Deeper than any work of ours goes. More would be surer and take longer; a thread has eight times as much.
pub const DEEP: usize = 256 << 10;

/// Deeper than any packet's way goes, Opus left out (`tests/wiped` tries both). It costs two microseconds a packet, and
/// the other depth nine.
pub const SHALLOW: usize = 64 << 10;
