//! The system's journal: all that it took in since a moment comes out, and for `--plant` something is left in it.

use anyhow::{Context, bail};
use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

/// Whether a journal runs on this machine. One that has ended leaves its socket behind, and nobody behind it.
pub fn is_there() -> bool {
    listens(Path::new(SOCKET))
}

fn listens(socket: &Path) -> bool {
    match UnixDatagram::unbound().and_then(|asks| asks.connect(socket)) {
        Ok(()) => true,
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused),
    }
}

/// What everybody wrote into it since then: a process of ours may have had somebody else write for it.
pub fn export(since: SystemTime) -> anyhow::Result<Vec<u8>> {
    let since = since.duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let read = Command::new("journalctl")
        .args(["--quiet", "--no-pager", "--output=export", &format!("--since=@{since}")])
        .stdin(Stdio::null())
        .output()
        .context("journalctl cannot be started")?;
    if !read.status.success() {
        let said = String::from_utf8_lossy(&read.stderr);
        bail!("journalctl ended with {}: {}", read.status, said.lines().next().unwrap_or_default());
    }
    Ok(read.stdout)
}

/// Leaves words in it, and waits until they can be read there.
pub fn leave(words: &str, since: SystemTime) -> anyhow::Result<()> {
    let entry = format!("MESSAGE={}\nPRIORITY=7\nSYSLOG_IDENTIFIER=callgist-prove\n", words.trim_end());
    UnixDatagram::unbound()?.send_to(entry.as_bytes(), SOCKET).context("the journal takes nothing")?;
    for _ in 0..100 {
        if holds(&export(since)?, words) {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("the journal did not take what was left for it")
}

fn holds(bytes: &[u8], words: &str) -> bool {
    let words = words.trim_end().as_bytes();
    bytes.windows(words.len()).any(|window| window == words)
}

const SOCKET: &str = "/run/systemd/journal/socket";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_that_has_ended_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        assert!(!listens(&socket), "there was none");
        let journal = UnixDatagram::bind(&socket).unwrap();
        assert!(listens(&socket));
        drop(journal);
        assert!(socket.exists() && !listens(&socket), "its socket outlives it");
    }
}
