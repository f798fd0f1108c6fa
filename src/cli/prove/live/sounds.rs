//! The phrase goes in; two sound files come out, which the switch plays as caller and as agent.

use crate::cli::demo::audio::write_wav;
use crate::cli::prove::phrase::Phrase;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;

/// They go with this value: what the search finds later was left by somebody else.
pub struct Sounds {
    folder: TempDir,
}

impl Sounds {
    /// Readable for everybody, for the switch is another user.
    pub fn write(phrase: &Phrase, notice: Duration) -> anyhow::Result<Sounds> {
        let open = Permissions::from_mode(0o755);
        let folder = tempfile::Builder::new().prefix("callgist-phrase-").permissions(open).tempdir()?;
        let sounds = Sounds { folder };
        let silence = |length: Duration| vec![0; length.as_millis() as usize * 8];
        let agent = [phrase.sound.agent.clone(), silence(AFTER)].concat();
        // The caller's begins with the answer, and the talk when the notice is over.
        let mut caller = [silence(notice + MARGIN), phrase.sound.caller.clone()].concat();
        caller.resize(silence(notice + MARGIN).len() + agent.len(), 0);
        write_wav(&sounds.caller(), &caller)?;
        write_wav(&sounds.agent(), &agent)?;
        Ok(sounds)
    }

    pub fn caller(&self) -> PathBuf {
        self.folder.path().join("caller.wav")
    }

    pub fn agent(&self) -> PathBuf {
        self.folder.path().join("agent.wav")
    }
}

/// From the notice's end until the agent has answered.
const MARGIN: Duration = Duration::from_secs(1);

/// The last digit is heard to its end.
const AFTER: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_switch_can_read_both_and_nothing_is_left_of_them() {
        let phrase = Phrase::draw().unwrap();
        let sounds = Sounds::write(&phrase, Duration::from_secs(4)).unwrap();
        let read = |path: PathBuf| -> Vec<i16> {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o644);
            let mut file = hound::WavReader::open(path).unwrap();
            file.samples().map(Result::unwrap).collect()
        };
        let (caller, agent) = (read(sounds.caller()), read(sounds.agent()));
        assert_eq!(caller.len(), agent.len() + 5 * 8_000);
        assert_eq!(caller[5 * 8_000..][..phrase.sound.caller.len()], phrase.sound.caller);
        assert_eq!(agent[..phrase.sound.agent.len()], phrase.sound.agent);
        let folder = sounds.folder.path().to_owned();
        assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o755);
        drop(sounds);
        assert!(!folder.exists());
    }
}
