//! A stereo recording goes in, WAV or FLAC of any rate; two voices at 8 kHz come out.

use anyhow::{Context, bail};
use rubato::{FixedSync, Resampler};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Two voices at 8 kHz, as long as each other.
pub struct Recording {
    pub caller: Vec<i16>,
    pub agent: Vec<i16>,
}

impl Recording {
    pub fn open(path: &Path) -> anyhow::Result<Recording> {
        let what = || format!("cannot read {}", path.display());
        let bytes = std::fs::read(path).with_context(what)?;
        let read = if bytes.starts_with(b"fLaC") { Recording::flac(&bytes) } else { Recording::wav(&bytes) };
        read.with_context(what)
    }

    pub fn flac(bytes: &[u8]) -> anyhow::Result<Recording> {
        let mut reader = claxon::FlacReader::new(bytes)?;
        let info = reader.streaminfo();
        stereo(info.channels)?;
        let samples = reader.samples().collect::<Result<Vec<i32>, _>>()?;
        Recording::new(&samples, info.bits_per_sample, info.sample_rate)
    }

    fn wav(bytes: &[u8]) -> anyhow::Result<Recording> {
        let mut reader = hound::WavReader::new(bytes).context("it is neither WAV nor FLAC")?;
        let spec = reader.spec();
        stereo(u32::from(spec.channels))?;
        let (samples, bits) = match spec.sample_format {
            hound::SampleFormat::Int => {
                (reader.samples::<i32>().collect::<Result<Vec<_>, _>>()?, u32::from(spec.bits_per_sample))
            }
            hound::SampleFormat::Float => {
                let floats = reader.samples::<f32>().collect::<Result<Vec<_>, _>>()?;
                (floats.iter().map(|sample| (sample * 32_767.0) as i32).collect(), 16)
            }
        };
        Recording::new(&samples, bits, spec.sample_rate)
    }

    fn new(samples: &[i32], bits: u32, rate: u32) -> anyhow::Result<Recording> {
        let scale = 1.0 / (1i64 << (bits - 1)) as f32;
        let voice = |channel: usize| {
            let one = samples.iter().skip(channel).step_by(2).map(|sample| *sample as f32 * scale);
            to_8_khz(one.collect(), rate)
        };
        Ok(Recording { caller: voice(0)?, agent: voice(1)? })
    }

    pub fn seconds(&self) -> f64 {
        self.caller.len() as f64 / 8_000.0
    }
}

fn stereo(channels: u32) -> anyhow::Result<()> {
    if channels != 2 {
        bail!("it has {channels} channel(s): two are needed, left the caller, right the agent");
    }
    Ok(())
}

fn to_8_khz(voice: Vec<f32>, rate: u32) -> anyhow::Result<Vec<i16>> {
    let voice = if rate == 8_000 { voice } else { resampled(&voice, rate)? };
    Ok(voice.into_iter().map(|sample| (sample * 32_768.0).clamp(-32_768.0, 32_767.0) as i16).collect())
}

fn resampled(voice: &[f32], rate: u32) -> anyhow::Result<Vec<f32>> {
    use rubato::audioadapter_buffers::direct::SequentialSliceOfVecs;
    let mut resampler = rubato::Fft::<f32>::new(rate as usize, 8_000, 1_024, 1, FixedSync::Both)?;
    let channels = [voice.to_vec()];
    let input = SequentialSliceOfVecs::new(&channels, 1, voice.len())?;
    let length = resampler.process_all_needed_output_len(voice.len());
    let mut out = [vec![0.0; length]];
    let mut output = SequentialSliceOfVecs::new_mut(&mut out, 1, length)?;
    let (_, written) = resampler.process_all_into_buffer(&input, &mut output, voice.len(), None)?;
    let [mut out] = out;
    out.truncate(written);
    Ok(out)
}

/// Writes a voice of 8 kHz as a WAV file that everybody may read: the switch, which plays it, is another user.
pub fn write_wav(path: &Path, voice: &[i16]) -> std::io::Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 8_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let written = hound::WavWriter::create(path, spec).and_then(|mut writer| {
        voice.iter().try_for_each(|sample| writer.write_sample(*sample))?;
        writer.finalize()
    });
    written.map_err(std::io::Error::other)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(channels: u16, rate: u32, seconds: u32) -> Vec<u8> {
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        for n in 0..rate * seconds {
            let tone = (f64::from(n) * 440.0 * std::f64::consts::TAU / f64::from(rate)).sin() * 8_000.0;
            (0..channels).for_each(|c| writer.write_sample(if c == 0 { tone as i16 } else { 0 }).unwrap());
        }
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_recording_of_another_rate_becomes_8_khz_and_keeps_its_sides() {
        let recording = Recording::wav(&wav(2, 44_100, 1)).unwrap();
        assert!((recording.seconds() - 1.0).abs() < 0.05, "{}", recording.seconds());
        let loudest = |voice: &[i16]| voice.iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!((7_000..9_000).contains(&loudest(&recording.caller)));
        assert!(loudest(&recording.agent) < 10);
    }

    #[test]
    fn a_mono_recording_is_refused_with_what_is_needed() {
        let error = Recording::wav(&wav(1, 8_000, 1)).err().unwrap().to_string();
        assert!(error.contains("left the caller"), "{error}");
    }
}
