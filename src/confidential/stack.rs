//! A thread's stack goes in as finished work left it; nothing of that work is left on it.
//!
//! A value that is moved leaves its old place as it was, and no type wipes that: a frame of sound, a note on its way
//! out. The part of the stack that finished work used is free, so it can be overwritten before it is used again.

use zeroize::Zeroize;

/// Overwrites what calls that have returned left on the calling thread's stack.
#[inline(never)]
pub fn wipe() {
    let mut left = [0u8; DEPTH];
    std::hint::black_box(&mut left).zeroize();
}

/// Deeper than any work of ours goes. More would be surer and take longer; a thread has eight times as much.
const DEPTH: usize = 256 << 10;
