//! Blocks of memory that are given back go in, those that hold a canary come out; each with the way that led there.

use crate::canary;
use crate::places::Finding;
use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[global_allocator]
static WATCHFUL: Watchful = Watchful;

/// The system's allocator, which looks before it takes back.
///
/// Every block is given out zeroed, so that what is found in one was put there by whoever had it, and a block that grows
/// always moves, so that what it leaves behind does not depend on luck.
struct Watchful;

// SAFETY: each call is handed on to `System` with the layout that it came with, or, where a block grows, with one of the
// same alignment. A block is read whole while it is still its owner's to give back; all of it was written, for it was
// zeroed when it was given out.
unsafe impl GlobalAlloc for Watchful {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises for `layout`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises for `layout`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller gives back a block of this layout, so its bytes are there to be read and then freed.
        unsafe {
            look(std::slice::from_raw_parts(block, layout.size()));
            System.dealloc(block, layout);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that `size` is fit for this alignment; as many bytes are copied as both blocks have.
        unsafe {
            let larger = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !larger.is_null() {
                std::ptr::copy_nonoverlapping(block, larger, layout.size().min(size));
                self.dealloc(block, layout);
            }
            larger
        }
    }
}

static WATCHING: AtomicBool = AtomicBool::new(false);

static FOUND: Mutex<Vec<Finding>> = Mutex::new(Vec::new());

thread_local! {
    /// This thread is looking, so what it frees meanwhile is its own.
    static LOOKS: Cell<bool> = const { Cell::new(false) };
}

fn look(block: &[u8]) {
    if !WATCHING.load(Ordering::Relaxed) || LOOKS.try_with(|looks| looks.replace(true)).unwrap_or(true) {
        return;
    }
    if let Some(what) = canary::within(block) {
        let finding = Finding { what, bytes: block.len(), way: Backtrace::force_capture() };
        FOUND.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
    }
    let _ = LOOKS.try_with(|looks| looks.set(false));
}

/// A test's first line: blocks are looked through whichever thread gives them back, and another test has its own.
pub fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does something while every block that is given back is looked through.
pub fn watched<T>(act: impl FnOnce() -> T) -> (T, Vec<Finding>) {
    canary::ready();
    FOUND.lock().unwrap_or_else(PoisonError::into_inner).clear();
    WATCHING.store(true, Ordering::SeqCst);
    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act));
    WATCHING.store(false, Ordering::SeqCst);
    let found = std::mem::take(&mut *FOUND.lock().unwrap_or_else(PoisonError::into_inner));
    match done {
        Ok(done) => (done, found),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// The allocator sees what it should: in each form, where a block goes and where it grows.
mod tests {
    use super::{alone, watched};
    use crate::canary::{self, Sound};
    use std::hint::black_box;

    fn found_by(act: impl FnOnce()) -> usize {
        watched(act).1.len()
    }

    #[test]
    fn a_word_that_is_given_back_is_seen_in_each_form() {
        let _alone = alone();
        let word = canary::word(1);
        assert_eq!(found_by(|| drop(black_box(word.to_owned()))), 1);
        assert_eq!(found_by(|| drop(black_box(word.to_uppercase()))), 1);
        assert!(found_by(|| drop(black_box(word.chars().collect::<Vec<char>>()))) > 0);
        assert_eq!(found_by(|| drop(black_box(canary::number().to_owned()))), 1);
        assert_eq!(found_by(|| drop(black_box("any other word".to_owned()))), 0);
    }

    #[test]
    fn a_word_that_is_left_behind_where_a_text_grows_is_seen() {
        let _alone = alone();
        let grown = found_by(|| {
            let mut text = black_box(canary::word(1).to_owned());
            text.reserve(1_000);
            zeroize::Zeroize::zeroize(black_box(&mut text));
        });
        assert_eq!(grown, 1);
    }

    #[test]
    fn sound_that_is_given_back_is_seen_in_each_form() {
        let _alone = alone();
        for sound in Sound::ALL {
            let (samples, bytes) = (sound.heard(), sound.payloads());
            let loud = samples.len() / 2;
            let piece = &samples[loud..loud + 1_600];
            assert_eq!(found_by(|| drop(black_box(piece.to_vec()))), 1, "{sound:?}");
            let floats =
                |scale: f32| piece.iter().map(|sample| f32::from(*sample) / scale).collect::<Vec<_>>();
            assert!(found_by(|| drop(black_box(floats(1.0)))) > 0, "{sound:?}");
            assert!(found_by(|| drop(black_box(floats(32_768.0)))) > 0, "{sound:?}");
            let packet = &bytes[bytes.len() / 2];
            assert_eq!(found_by(|| drop(black_box(packet.to_vec()))), 1, "{sound:?}");
        }
        let other: Vec<i16> = (0..1_600).map(|n| (n * 37 % 1_999) as i16 - 1_000).collect();
        assert_eq!(found_by(|| drop(black_box(other))), 0);
    }

    #[test]
    fn what_was_wiped_is_not_seen() {
        let _alone = alone();
        let seen = found_by(|| {
            let mut text = black_box(canary::word(1).to_owned());
            zeroize::Zeroize::zeroize(&mut text);
        });
        assert_eq!(seen, 0);
    }
}
