//! Words, token numbers and sound go in; the bytes that they are in memory come out, each under the name of its form.

use audio_codec::pcma::{PcmaDecoder, PcmaEncoder};
use audio_codec::pcmu::PcmuEncoder;
use audio_codec::{Decoder, Encoder};

/// What somebody said, in one form.
pub struct Form {
    /// A stretch is counted under this name.
    pub name: &'static str,
    pub bytes: Vec<u8>,
}

/// A word or several: as it stands, in capitals, with a capital letter, each in UTF-8 and UTF-16.
pub fn words(text: &str) -> Vec<Form> {
    let mut letters = text.chars();
    let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    let mut written = vec![text.to_lowercase(), text.to_uppercase(), capital];
    written.sort();
    written.dedup();
    let forms = written.iter().flat_map(|text| {
        let wide: Vec<u16> = text.encode_utf16().collect();
        [
            Form { name: UTF_8, bytes: text.clone().into_bytes() },
            Form { name: UTF_16, bytes: wide.iter().flat_map(|unit| unit.to_le_bytes()).collect() },
            Form { name: UTF_16, bytes: wide.iter().flat_map(|unit| unit.to_be_bytes()).collect() },
        ]
    });
    forms.collect()
}

/// Some token numbers in a row, as the sizes and the whole numbers of C.
#[allow(dead_code, reason = "only a recogniser that is no script has tokens")]
pub fn tokens(ids: &[usize]) -> Vec<Form> {
    vec![
        Form { name: TOKENS, bytes: ids.iter().flat_map(|id| (*id as u64).to_le_bytes()).collect() },
        Form { name: TOKENS, bytes: ids.iter().flat_map(|id| (*id as u32).to_le_bytes()).collect() },
    ]
}

/// Every 5 ms of a sound at 8 kHz that goes over an A-law line, from the packet to what a recogniser gets: any 10 ms of
/// it that stand in memory hold one of these. Silence is left out, for it is everywhere.
pub fn sound(said: &[i16]) -> Vec<Form> {
    let mut a_law = vec![0; said.len()];
    PcmaEncoder::new().encode_into(said, &mut a_law).unwrap();
    let mut heard = vec![0i16; said.len()];
    PcmaDecoder::new().decode_into(&a_law, &mut heard).unwrap();
    let mut mu_law = vec![0; said.len()];
    PcmuEncoder::new().encode_into(&heard, &mut mu_law).unwrap();
    let wide = crate::confidential::at_16_khz(&heard);
    let mut forms = Vec::new();
    for (name, law) in [(A_LAW, &a_law), (MU_LAW, &mu_law)] {
        let loud = law.chunks_exact(40).filter(|stretch| is_loud(stretch));
        forms.extend(loud.map(|stretch| Form { name, bytes: stretch.to_vec() }));
    }
    forms.extend(samples(&heard, 40, [I16_8, F32_8, F32_8_UNIT]));
    forms.extend(samples(&wide, 80, [I16_16, F32_16, F32_16_UNIT]));
    forms
}

/// Stretches of samples as 16 bit, and as floating point of the same size and of at most one.
fn samples(all: &[i16], length: usize, names: [&'static str; 3]) -> Vec<Form> {
    let mut forms = Vec::new();
    for stretch in all.chunks_exact(length).filter(|stretch| is_loud(stretch)) {
        let float = |part: f32| -> Vec<u8> {
            stretch.iter().flat_map(|sample| (f32::from(*sample) / part).to_le_bytes()).collect()
        };
        let whole = stretch.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let bytes = [whole, float(1.0), float(32_768.0)];
        forms.extend(names.into_iter().zip(bytes).map(|(name, bytes)| Form { name, bytes }));
    }
    forms
}

fn is_loud<T: Ord>(stretch: &[T]) -> bool {
    stretch.iter().collect::<std::collections::BTreeSet<_>>().len() > 12
}

/// The forms in which our own buffers hold sound; the other ones are libraries'.
pub const OURS: [&str; 4] = [A_LAW, MU_LAW, I16_8, I16_16];

pub const UTF_8: &str = "words, UTF-8";
pub const UTF_16: &str = "words, UTF-16";
pub const TOKENS: &str = "token numbers";
pub const A_LAW: &str = "A-law";
pub const MU_LAW: &str = "mu-law";
pub const I16_8: &str = "16 bit at 8 kHz";
pub const I16_16: &str = "16 bit at 16 kHz";
pub const F32_8: &str = "float at 8 kHz";
pub const F32_8_UNIT: &str = "float up to 1 at 8 kHz";
pub const F32_16: &str = "float at 16 kHz";
pub const F32_16_UNIT: &str = "float up to 1 at 16 kHz";
