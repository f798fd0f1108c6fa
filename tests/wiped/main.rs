//! No block of memory that is given back holds a word or a sample of a call.
//!
//! In an ear the C library overwrites what is freed, which would hide a wipe that was forgotten. So this is a process of
//! its own, without that, whose allocator looks through every block before it takes it back: for words and a number that
//! nobody else says, and for the sound of the calls in each form that it takes on its way. Whole calls go through the
//! confidential pipeline, in every codec, and end in each way that a call can end.

#[allow(unsafe_code, reason = "an allocator has no safe form")]
mod allocator;
/// Calls that go through a hall.
mod calls;
/// What is looked for.
mod canary;
/// What the ear makes of a sound, to the sample.
#[path = "../it/heard.rs"]
mod confidential;
/// The note engine alone, on written calls.
mod engine;
/// What was found, by the place that gave it back.
mod places;
/// Whisper's path from a window to words, around a network that says what it is told.
#[cfg(feature = "whisper")]
mod whisper;
