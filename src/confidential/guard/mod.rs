//! A drafted note goes in; a guarded one comes out, or nothing does.
//!
//! The guard trusts nobody. `Guarded` has no other maker, and it is the only note that an ear can encode.

use crate::border::{Topics, Trust};
use crate::call::Language;
use serde::Serialize;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A note that may leave the ear. It encodes field for field as [`crate::border::Note`] decodes.
#[derive(Serialize, Zeroize, ZeroizeOnDrop)]
pub struct Guarded {
    #[zeroize(skip)]
    language: Language,
    #[zeroize(skip)]
    topics: Topics,
    #[zeroize(skip)]
    trust: Trust,
    text: String,
}
