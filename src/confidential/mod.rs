//! All that holds what was said: RTP packets go in, a guarded note comes out; memory only.
//!
//! The front is [`Hall`]. Nothing here opens a file, logs or formats (a recogniser loads its model, once); types that
//! hold what was said have no `Debug`, `Display`, `Clone` or `Serialize` and are wiped on drop.

mod codecs;
mod fax;
mod gate;
pub mod guard;
mod hall;
mod jitter;
mod line;
#[cfg(any(feature = "whisper", test))]
mod mel;
mod never_shown;
pub mod notes;
mod panics;
mod pcm;
mod queue;
pub mod recogniser;
mod resample;
mod stack;
mod text;
mod turns;
mod window;
mod words;

pub use hall::{Answers, Engine, Hall, NoteTaker, Settings};
pub use panics::{FILES as PANIC_FILES, Place, hook as panic_hook, place_of_last_panic};
pub use pcm::Pcm;
pub use stack::{DEEP as WIPED_BY_WORK, SHALLOW as WIPED_BY_A_PACKET, wipe as wipe_stack};
pub use words::{Speaker, Transcript, Turn, Word};

use never_shown::{lacks, never_printed, never_shown, wiped};
use text::Text;
