//! How the libraries' memory is held: what they free is kept while they work, and given back to the kernel when a
//! piece of work is done.
//!
//! CTranslate2 asks for and frees hundreds of megabytes for every window, and glibc by default asks the kernel for the
//! larger ones each time: page faults were 11 % of Whisper's CPU time. Kept until the window's end they cost nearly
//! nothing; given back then, no page that held what was said stays longer than the work on it.
#![allow(unsafe_code, reason = "two calls of the C library that no kept crate wraps; each has its argument")]

/// From here on freed memory is kept until [`give_back`]. To be called before the process has a second thread: arenas
/// that exist stay.
#[cfg(any(feature = "whisper", test))]
pub(super) fn keep() {
    for (option, value) in [(libc::M_MMAP_MAX, 0), (libc::M_TRIM_THRESHOLD, i32::MAX), (libc::M_ARENA_MAX, 1)]
    {
        // SAFETY: `mallopt` changes numbers of the allocator under the allocator's own lock and touches no memory of
        // anybody's; a number that it does not like changes nothing.
        unsafe { libc::mallopt(option, value) };
    }
}

/// Gives all pages that are free to the kernel.
#[cfg(any(feature = "vosk", feature = "whisper", test))]
pub(super) fn give_back() {
    // SAFETY: `malloc_trim` takes the allocator's locks and releases only pages in which nothing is allocated.
    unsafe { libc::malloc_trim(0) };
}

/// Gives back when it goes: the last field of what a library frees.
#[cfg(feature = "vosk")]
pub(super) struct GivesBack;

#[cfg(feature = "vosk")]
impl Drop for GivesBack {
    fn drop(&mut self) {
        give_back();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allocated_stays_as_it_is() {
        let kept: Vec<u64> = (0..1_000_000).collect();
        drop(kept.to_vec());
        keep();
        give_back();
        assert!(kept.iter().copied().eq(0..1_000_000));
    }
}
