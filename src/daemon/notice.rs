//! The notice's own length, read from its file: what a playback is measured against (rule R3); that of the question behind
//! it; and the hashes of both files.

use crate::store::Sha256;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A notice or a question that cannot be used.
#[derive(Debug)]
pub struct NoticeError {
    /// As the settings call it.
    sound: &'static str,
    path: PathBuf,
    what: String,
}

impl fmt::Display for NoticeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the {sound} {} cannot be used: {}; put a WAV file there (sounds/README.md) or change [[line]] {sound}",
            self.path.display(),
            self.what,
            sound = self.sound,
        )
    }
}

impl std::error::Error for NoticeError {}

/// How long the notice at `path` plays, a WAV file.
pub fn length(path: &Path) -> Result<Duration, NoticeError> {
    played("notice", path, SHORTEST)
}

/// How long the question at `path` plays, a WAV file.
pub fn question_length(path: &Path) -> Result<Duration, NoticeError> {
    played("question", path, SHORTEST_QUESTION)
}

/// Of the file of that sound.
pub fn hash(sound: &'static str, path: &Path) -> Result<Sha256, NoticeError> {
    let wrong = |error: std::io::Error| NoticeError { sound, path: path.to_owned(), what: error.to_string() };
    Ok(Sha256::of(&std::fs::read(path).map_err(wrong)?))
}

fn played(sound: &'static str, path: &Path, shortest: Duration) -> Result<Duration, NoticeError> {
    let wrong = |what: String| NoticeError { sound, path: path.to_owned(), what };
    let reader = hound::WavReader::open(path).map_err(|error| match error {
        hound::Error::IoError(error) => wrong(error.to_string()),
        other => wrong(format!("it is no WAV file ({other})")),
    })?;
    let rate = u64::from(reader.spec().sample_rate.max(1));
    let length = Duration::from_micros(u64::from(reader.duration()) * 1_000_000 / rate);
    if length < shortest {
        let (lasts, least) = (length.as_millis(), shortest.as_millis());
        return Err(wrong(format!("it lasts {lasts} ms, and under {least} ms says nothing")));
    }
    Ok(length)
}

/// Under 2.1 s the switch's own figures cannot tell a whole playback (F48), and no notice can be said in it.
const SHORTEST: Duration = Duration::from_millis(2_500);

/// "Press one if you agree" takes a second and a half.
const SHORTEST_QUESTION: Duration = Duration::from_millis(1_000);

#[cfg(test)]
mod tests {
    use super::*;

    fn file(samples: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().unwrap();
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 8_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(file.path(), spec).unwrap();
        (0..samples).for_each(|_| writer.write_sample(0i16).unwrap());
        writer.finalize().unwrap();
        file
    }

    #[test]
    fn the_length_is_read_from_the_file() {
        assert_eq!(length(file(29_302).path()).unwrap(), Duration::from_micros(3_662_750));
    }

    #[test]
    fn a_missing_a_short_and_a_wrong_file_are_told_apart() {
        assert!(length(Path::new("/nowhere/notice.wav")).unwrap_err().to_string().contains("No such file"));
        assert!(length(file(800).path()).unwrap_err().to_string().contains("100 ms"));
        assert!(question_length(file(8_000).path()).is_ok());
        let told = question_length(file(800).path()).unwrap_err().to_string();
        assert!(told.contains("the question") && told.contains("[[line]] question"), "{told}");
        let text = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(text.path(), "no sound").unwrap();
        assert!(length(text.path()).unwrap_err().to_string().contains("no WAV file"));
    }
}
