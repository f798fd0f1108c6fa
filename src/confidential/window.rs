//! Voice goes in as the gate lets it through; windows for the recogniser come out, and a way back in time.
//!
//! What one party says is gathered until a window is full: each window costs Whisper nearly the same, however little is
//! in it, and in a full one it hears better (of 2,346 words of human prompts 66 were wrong in full windows, 84 in ones of
//! ten seconds). So that an objection need not wait for that, an open window is looked into at a pause when its speech
//! has waited for long and there is room: its audio so far is given as a copy. When a window closes, and when it is
//! looked into, depends on the call's own time alone. A recogniser that follows a stream gets its audio in blocks
//! instead, as it comes.

use super::pcm::{BLOCK, Budget, PER_MS, Pcm};
use super::recogniser::Packing;
use std::collections::VecDeque;

pub(in crate::confidential) struct Packer {
    packing: Packing,
    window: Pcm,
    ready: VecDeque<Given>,
    pieces: Vec<Stretch>,
    /// Samples of the stream up to the end of the open window.
    given: u64,
    voice_samples: u64,
    /// The call's time of the open window's oldest speech that was not looked at.
    oldest_ms: Option<u32>,
    /// Where in the open window the stretch that is being said began.
    open_at: Option<usize>,
}

super::never_shown!(Packer, Given);

/// What a recogniser is given.
pub(in crate::confidential) enum Given {
    /// The next of its stretches.
    Window(Pcm),
    /// A window that is still open, so far, and where in the stream it begins, in milliseconds.
    Look(Pcm, u32),
}

/// A stretch of speech: where it begins in the stream and in the call, and how long it is, in milliseconds.
struct Stretch {
    given_ms: u64,
    call_ms: u32,
    length_ms: u32,
}

impl Packer {
    pub(in crate::confidential) fn new(packing: Packing, budget: &Budget) -> Packer {
        Packer {
            packing,
            window: Pcm::new(budget),
            ready: VecDeque::new(),
            pieces: Vec::new(),
            given: 0,
            voice_samples: 0,
            oldest_ms: None,
            open_at: None,
        }
    }

    /// Somebody begins to speak.
    pub(in crate::confidential) fn begin(&mut self, call_ms: u32) {
        self.open_at = Some(self.window.len());
        self.oldest_ms.get_or_insert(call_ms);
        self.pieces.push(Stretch { given_ms: self.given_ms(), call_ms, length_ms: 0 });
    }

    pub(in crate::confidential) fn voice(&mut self, samples: &[i16], call_ms: u32) {
        self.voice_samples += samples.len() as u64;
        let mut rest = samples;
        while !rest.is_empty() {
            let room = self.longest().saturating_sub(self.window.len());
            let (now, later) = rest.split_at(rest.len().min(room));
            self.window.push(now);
            self.given += now.len() as u64;
            rest = later;
            if self.window.len() >= self.longest() {
                self.overflow(call_ms);
            }
        }
    }

    /// A pause.
    pub(in crate::confidential) fn end(&mut self) {
        self.measure();
        self.open_at = None;
        if self.packing == Packing::Stream {
            self.silence(ENDPOINT_MS);
        }
    }

    /// The call's time goes on.
    pub(in crate::confidential) fn tick(&mut self, call_ms: u32, look_ms: Option<u32>) {
        if self.open_at.is_some() || self.packing == Packing::Stream {
            return;
        }
        let old = |oldest: u32| look_ms.is_some_and(|after| call_ms >= oldest.saturating_add(after));
        if self.window.len() + LEAST_ROOM > self.longest() {
            self.close_window();
        } else if self.oldest_ms.is_some_and(old) {
            self.look();
        }
    }

    /// What is gathered waits no longer to be looked at.
    pub(in crate::confidential) fn look(&mut self) {
        if self.packing == Packing::Stream {
            return self.close_window();
        }
        if self.oldest_ms.take().is_some() {
            let begins_ms = self.given_ms() - (self.window.len() / PER_MS) as u64;
            let begins_ms = u32::try_from(begins_ms).unwrap_or(u32::MAX);
            self.ready.push_back(Given::Look(self.window.again(), begins_ms));
        }
    }

    /// What is gathered is the last of its window.
    pub(in crate::confidential) fn close_window(&mut self) {
        self.oldest_ms = None;
        if !self.window.is_empty() {
            self.ready.push_back(Given::Window(self.window.take()));
        }
    }

    pub(in crate::confidential) fn poll(&mut self) -> Option<Given> {
        self.ready.pop_front()
    }

    pub(in crate::confidential) fn is_empty(&self) -> bool {
        self.window.is_empty()
    }

    pub(in crate::confidential) fn speech_ms(&self) -> u32 {
        u32::try_from(self.voice_samples / PER_MS as u64).unwrap_or(u32::MAX)
    }

    /// The call's time of a word that begins and ends so many milliseconds after the stream's first sample.
    ///
    /// Recognisers let a word reach into the silence beside it, and so over the border of two stretches that may be
    /// minutes apart in the call. It belongs to the one with more of it in its voice.
    pub(in crate::confidential) fn call_time(&mut self, start_ms: u32, end_ms: u32) -> (u32, u32) {
        self.measure();
        let (start, end) = (u64::from(start_ms), u64::from(end_ms.max(start_ms)));
        let first = self.pieces.partition_point(|piece| piece.given_ms <= start).max(1) - 1;
        let touched = self.pieces.iter().skip(first).take_while(|piece| piece.given_ms < end.max(start + 1));
        let overlap = |piece: &&Stretch| {
            let (from, to) = (piece.given_ms + EDGE_MS, piece.given_end().saturating_sub(2 * EDGE_MS));
            end.min(to) as i64 - start.max(from) as i64
        };
        // Of equals the first: `max_by_key` would take the last.
        let Some(piece) = touched.min_by_key(|piece| -overlap(piece)) else { return (start_ms, end_ms) };
        let within = |at: u64| {
            let into = at.saturating_sub(piece.given_ms).min(u64::from(piece.length_ms));
            piece.call_ms.saturating_add(into as u32)
        };
        (within(start), within(end))
    }

    pub(in crate::confidential) fn wipe(&mut self) {
        self.window = self.window.take().split_off(usize::MAX);
        self.ready.clear();
        self.pieces.clear();
        self.given = 0;
        self.open_at = None;
        self.oldest_ms = None;
    }

    /// The window is full in the middle of speech: the stretch moves to the next window whole when it began late in
    /// this one, else it is cut where it is quietest.
    fn overflow(&mut self, call_ms: u32) {
        let Packing::Windows { .. } = self.packing else {
            return self.close_window();
        };
        let began = self.open_at.unwrap_or(0);
        let cut = if began > self.longest() / 2 { began } else { self.quietest() };
        let rest = self.window.split_off(cut);
        self.close_window();
        self.window = rest;
        self.open_at = Some(0);
        let waited = u32::try_from(self.window.len() / PER_MS).unwrap_or(u32::MAX);
        self.oldest_ms = Some(call_ms.saturating_sub(waited));
    }

    /// The sample in the middle of the quietest 100 ms of the last five seconds.
    fn quietest(&self) -> usize {
        let first = self.window.len().saturating_sub(5_000 * PER_MS);
        let mut loudness = vec![0u64; (self.window.len() - first) / QUIET];
        let samples = self.window.slices().flatten().skip(first);
        for (n, sample) in samples.enumerate() {
            if let Some(sum) = loudness.get_mut(n / QUIET) {
                *sum += u64::from(sample.unsigned_abs());
            }
        }
        let quiet = loudness.iter().enumerate().min_by_key(|(_, sum)| **sum).map_or(0, |(n, _)| n);
        first + quiet * QUIET + QUIET / 2
    }

    /// Silence of a stream.
    fn silence(&mut self, ms: usize) {
        let mut left = ms * PER_MS;
        while left > 0 {
            let now = left.min(self.longest() - self.window.len() % self.longest());
            self.window.push_silence(now);
            self.given += now as u64;
            left -= now;
            if self.window.len() >= self.longest() {
                self.close_window();
            }
        }
    }

    /// Brings the length of the stretch that is being said up to date.
    fn measure(&mut self) {
        let given_ms = self.given_ms();
        if let Some(last) = self.pieces.last_mut()
            && (self.open_at.is_some() || last.length_ms == 0)
        {
            last.length_ms = u32::try_from(given_ms - last.given_ms).unwrap_or(u32::MAX);
        }
    }

    fn given_ms(&self) -> u64 {
        self.given / PER_MS as u64
    }

    fn longest(&self) -> usize {
        match self.packing {
            Packing::Windows { longest_ms } => longest_ms as usize * PER_MS,
            Packing::Stream => BLOCK,
        }
    }
}

impl Stretch {
    fn given_end(&self) -> u64 {
        self.given_ms + u64::from(self.length_ms)
    }
}

/// What the gate leaves before a voice; it leaves about twice that after one.
const EDGE_MS: u64 = 200;

/// Silence that tells a stream's recogniser that a sentence is over: its own rule is half a second.
const ENDPOINT_MS: usize = 600;

/// A window with less room than this is closed at a pause: hardly a word would fit, with what the gate leaves around it.
/// Closed with more room, the last words of a sentence would be a window of their own, and those are heard badly.
const LEAST_ROOM: usize = 900 * PER_MS;

const QUIET: usize = 100 * PER_MS;

#[cfg(test)]
mod tests {
    use super::*;

    const WHISPER: Packing = Packing::Windows { longest_ms: 29_000 };

    fn say(packer: &mut Packer, from_ms: u32, ms: u32) {
        packer.begin(from_ms);
        for at in (0..ms).step_by(16) {
            packer.voice(&[1_000; 256], from_ms + at);
        }
        packer.end();
    }

    fn windows(packer: &mut Packer) -> Vec<usize> {
        let length = |given| match given {
            Given::Window(window) => window.len() / PER_MS,
            Given::Look(..) => panic!("nobody asked for a look"),
        };
        std::iter::from_fn(|| packer.poll()).map(length).collect()
    }

    /// Where looked-into windows begin and how long they are.
    fn looks(packer: &mut Packer) -> Vec<(u32, usize)> {
        let look = |given| match given {
            Given::Look(audio, begins_ms) => (begins_ms, audio.len() / PER_MS),
            Given::Window(_) => panic!("it was closed"),
        };
        std::iter::from_fn(|| packer.poll()).map(look).collect()
    }

    #[test]
    fn speech_is_packed_and_what_does_not_fit_begins_the_next_window() {
        let mut packer = Packer::new(WHISPER, &Budget::default());
        for n in 0..4 {
            say(&mut packer, n * 20_000, 8_000);
            packer.tick(n * 20_000 + 9_000, None);
        }
        assert_eq!(windows(&mut packer), [8_000 * 3], "three fit, the fourth begins the next");
        packer.close_window();
        assert_eq!(windows(&mut packer), [8_000]);
    }

    #[test]
    fn an_open_window_is_looked_into_at_a_pause_when_its_speech_is_old() {
        let mut packer = Packer::new(WHISPER, &Budget::default());
        say(&mut packer, 0, 1_600);
        packer.tick(9_999, Some(10_000));
        assert_eq!(looks(&mut packer), []);
        packer.begin(10_000);
        packer.tick(12_000, Some(10_000));
        assert_eq!(looks(&mut packer), [], "never in the middle of speech");
        packer.end();
        packer.tick(12_100, Some(10_000));
        assert_eq!(looks(&mut packer), [(0, 1_600)]);
        packer.tick(60_000, Some(10_000));
        assert_eq!(looks(&mut packer), [], "nothing new was said");
        say(&mut packer, 60_000, 1_600);
        packer.tick(70_000, Some(10_000));
        assert_eq!(looks(&mut packer), [(0, 3_200)], "the same window");
        packer.close_window();
        assert_eq!(windows(&mut packer), [3_200], "and all of it once more when it is closed");
        say(&mut packer, 80_000, 1_600);
        packer.tick(90_000, Some(10_000));
        assert_eq!(looks(&mut packer), [(3_200, 1_600)]);
    }

    #[test]
    fn a_stretch_that_does_not_fit_moves_to_the_next_window_whole() {
        let mut packer = Packer::new(WHISPER, &Budget::default());
        say(&mut packer, 0, 20_000);
        say(&mut packer, 30_000, 12_000);
        packer.close_window();
        assert_eq!(windows(&mut packer), [20_000, 12_000]);
    }

    #[test]
    fn a_window_is_closed_at_a_pause_when_hardly_a_word_fits_into_it() {
        let mut packer = Packer::new(WHISPER, &Budget::default());
        say(&mut packer, 0, 26_000);
        say(&mut packer, 30_000, 2_000);
        packer.tick(33_000, None);
        assert!(windows(&mut packer).is_empty(), "a second is left");
        say(&mut packer, 34_000, 160);
        packer.tick(35_000, None);
        assert_eq!(windows(&mut packer), [28_160]);
    }

    #[test]
    fn speech_without_a_pause_is_cut_where_it_is_quietest() {
        let mut packer = Packer::new(WHISPER, &Budget::default());
        packer.begin(0);
        for ms in (0..32_000).step_by(16) {
            let loud = if (26_000..26_200).contains(&ms) { 10 } else { 1_000 };
            packer.voice(&[loud; 256], ms);
        }
        packer.end();
        packer.close_window();
        let cut = windows(&mut packer);
        assert!((26_000..26_200).contains(&cut[0]), "{cut:?}");
        assert_eq!(cut.iter().sum::<usize>(), 32_000);
    }

    #[test]
    fn words_find_their_way_back_to_the_time_of_the_call() {
        let mut packer = Packer::new(WHISPER, &Budget::default());
        say(&mut packer, 5_000, 1_600);
        say(&mut packer, 60_000, 1_600);
        assert_eq!(packer.call_time(100, 400), (5_100, 5_400));
        assert_eq!(packer.call_time(1_800, 2_300), (60_200, 60_700));
        assert_eq!(
            packer.call_time(900, 1_900),
            (5_900, 6_600),
            "the last word before a silence stays before it"
        );
        assert_eq!(
            packer.call_time(1_300, 2_200),
            (60_000, 60_600),
            "the first word after one does not move before it"
        );
    }

    #[test]
    fn a_stream_gets_blocks_and_a_silence_after_each_sentence() {
        let mut packer = Packer::new(Packing::Stream, &Budget::default());
        say(&mut packer, 0, 480);
        assert_eq!(windows(&mut packer), [200; 5]);
        packer.close_window();
        assert_eq!(windows(&mut packer), [80]);
        assert_eq!(packer.call_time(300, 600), (300, 480));
    }
}
