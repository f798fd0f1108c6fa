//! A party's sound at 8 kHz goes in, what the ear makes of it comes out, to the sample: it is the ear's own resampler,
//! compiled into whatever looks for its output.

mod pcm {
    pub(in crate::confidential) const RATE: u32 = 16_000;
}

#[path = "../../src/confidential/resample.rs"]
#[allow(dead_code, reason = "the ear needs more of it than those who look for its output")]
mod resample;

/// The samples at 16 kHz, as they go to a recogniser.
pub fn at_16_khz(samples: &[i16]) -> Vec<i16> {
    let mut resampler = resample::Resampler::new(8_000);
    let mut heard = Vec::with_capacity(2 * samples.len());
    for some in samples.chunks(resample::BLOCK) {
        resampler.push(some);
        heard.extend(std::iter::from_fn(|| resampler.poll()).flatten());
    }
    heard
}
