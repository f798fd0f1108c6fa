//! Samples go in, samples come out once, and no copy stays: the only store of audio in an ear. A look at an open window
//! is a copy, which goes as soon as it was read.
//!
//! Always 16 kHz, 16 bit, one channel. It grows by whole blocks, so no audio is ever copied to make room, and each
//! block is wiped when it goes. All blocks of a hall are counted in one [`Budget`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Samples per second of everything behind the resampler; both recognisers were trained on it.
pub(in crate::confidential) const RATE: u32 = 16_000;

/// Samples in one millisecond.
pub(in crate::confidential) const PER_MS: usize = RATE as usize / 1_000;

/// Samples of a block: 200 ms, which is what a streaming recogniser likes to get in one call. Smaller ones cost more
/// allocations, larger ones more unused memory per stream.
pub(in crate::confidential) const BLOCK: usize = 200 * PER_MS;

/// How many bytes of audio are held at this moment, shared by all that hold some.
#[derive(Clone, Default)]
pub(in crate::confidential) struct Budget(Arc<AtomicUsize>);

impl Budget {
    pub(in crate::confidential) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A stretch of audio.
pub struct Pcm {
    blocks: Vec<Box<[i16; BLOCK]>>,
    len: usize,
    budget: Budget,
}

impl Pcm {
    /// A stretch of its own, for benches.
    pub fn of(samples: &[i16]) -> Pcm {
        let mut pcm = Pcm::new(&Budget::default());
        pcm.push(samples);
        pcm
    }

    pub(in crate::confidential) fn new(budget: &Budget) -> Pcm {
        Pcm { blocks: Vec::new(), len: 0, budget: budget.clone() }
    }

    /// Samples held.
    pub(in crate::confidential) fn len(&self) -> usize {
        self.len
    }

    pub(in crate::confidential) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(in crate::confidential) fn push(&mut self, mut samples: &[i16]) {
        while !samples.is_empty() {
            let at = self.len % BLOCK;
            if at == 0 {
                self.add_block();
            }
            let (now, later) = samples.split_at(samples.len().min(BLOCK - at));
            if let Some(block) = self.blocks.last_mut() {
                block[at..at + now.len()].copy_from_slice(now);
            }
            self.len += now.len();
            samples = later;
        }
    }

    pub(in crate::confidential) fn push_silence(&mut self, mut samples: usize) {
        const SILENCE: [i16; 256] = [0; 256];
        while samples > 0 {
            let now = samples.min(SILENCE.len());
            self.push(&SILENCE[..now]);
            samples -= now;
        }
    }

    /// The samples in order, in slices of at most [`BLOCK`].
    pub(in crate::confidential) fn slices(&self) -> impl Iterator<Item = &[i16]> {
        let len = self.len;
        self.blocks.iter().enumerate().map(move |(i, block)| &block[..BLOCK.min(len - i * BLOCK)])
    }

    /// Takes everything from sample `at` on out of here into a stretch of its own.
    pub(in crate::confidential) fn split_off(&mut self, at: usize) -> Pcm {
        let mut rest = Pcm::new(&self.budget);
        let mut start = 0;
        for slice in self.slices() {
            if start + slice.len() > at {
                rest.push(&slice[at.saturating_sub(start)..]);
            }
            start += slice.len();
        }
        self.truncate(at);
        rest
    }

    /// The same samples once more, for a look at what is still being gathered; wiped like any other.
    pub(in crate::confidential) fn again(&self) -> Pcm {
        let mut other = Pcm::new(&self.budget);
        self.slices().for_each(|slice| other.push(slice));
        other
    }

    /// The same stretch, leaving an empty one here.
    pub(in crate::confidential) fn take(&mut self) -> Pcm {
        let empty = Pcm::new(&self.budget);
        std::mem::replace(self, empty)
    }

    fn truncate(&mut self, at: usize) {
        self.len = self.len.min(at);
        while self.blocks.len() > self.len.div_ceil(BLOCK) {
            self.drop_block();
        }
        let used = self.len % BLOCK;
        if used > 0
            && let Some(last) = self.blocks.last_mut()
        {
            last[used..].zeroize();
        }
    }

    fn add_block(&mut self) {
        self.blocks.push(Box::new([0; BLOCK]));
        self.budget.0.fetch_add(BLOCK_BYTES, Ordering::Relaxed);
    }

    fn drop_block(&mut self) {
        if let Some(mut block) = self.blocks.pop() {
            block.zeroize();
            self.budget.0.fetch_sub(BLOCK_BYTES, Ordering::Relaxed);
        }
    }
}

impl Drop for Pcm {
    fn drop(&mut self) {
        self.truncate(0);
    }
}

impl ZeroizeOnDrop for Pcm {}

const BLOCK_BYTES: usize = BLOCK * size_of::<i16>();

super::never_shown!(Pcm);
super::wiped!(Pcm);

#[cfg(test)]
mod tests {
    use super::*;

    fn held(pcm: &Pcm) -> Vec<i16> {
        pcm.slices().flatten().copied().collect()
    }

    #[test]
    fn samples_come_out_as_they_went_in_however_they_are_split() {
        let budget = Budget::default();
        let samples: Vec<i16> = (0..10_000).map(|n| n as i16).collect();
        for size in [1, 160, 256, BLOCK, BLOCK + 1, 10_000] {
            let mut pcm = Pcm::new(&budget);
            samples.chunks(size).for_each(|chunk| pcm.push(chunk));
            assert!(held(&pcm) == samples);
        }
    }

    #[test]
    fn a_split_keeps_every_sample_once() {
        let budget = Budget::default();
        let samples: Vec<i16> = (0..10_000).map(|n| n as i16).collect();
        for at in [0, 1, BLOCK, BLOCK + 7, 9_999, 10_000] {
            let mut pcm = Pcm::new(&budget);
            pcm.push(&samples);
            let rest = pcm.split_off(at);
            assert!(held(&pcm) == samples[..at] && held(&rest) == samples[at..]);
        }
    }

    #[test]
    fn the_budget_counts_what_is_held_and_nothing_after() {
        let budget = Budget::default();
        let mut pcm = Pcm::new(&budget);
        pcm.push_silence(BLOCK + 1);
        assert_eq!(budget.bytes(), 2 * BLOCK_BYTES);
        let taken = pcm.take();
        assert!(pcm.is_empty());
        drop(taken);
        assert_eq!(budget.bytes(), 0);
    }
}
