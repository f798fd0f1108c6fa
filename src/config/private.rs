//! The path of a file that is its owner's alone goes in, its text comes out, or a sentence on what to do.

use anyhow::{Context, bail};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// The text without the line's end; `what` names it where it cannot be read.
///
/// A service manager's copy of the file goes before the file itself (`LoadCredential=`, systemd.exec(5)), which may
/// then belong to root alone.
pub fn text(path: &Path, what: &str) -> anyhow::Result<Zeroizing<String>> {
    text_with(path, what, std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from))
}

fn text_with(path: &Path, what: &str, credentials: Option<PathBuf>) -> anyhow::Result<Zeroizing<String>> {
    let copy = credentials.zip(path.file_name()).map(|(folder, name)| folder.join(name));
    let path = copy.as_ref().filter(|copy| copy.is_file()).map_or(path, PathBuf::as_path);
    let cannot = format!("cannot read {what} from {}", path.display());
    let unread = || format!("{cannot}: create the file with mode 0600");
    let mode = std::fs::metadata(path).with_context(unread)?.permissions().mode();
    if mode & 0o077 != 0 {
        bail!("{} can be read by others (mode {:04o}): run chmod 0600 on it", path.display(), mode & 0o7777);
    }
    let foreign = || format!("{cannot}: give the file to the user that runs callgist");
    let whole = Zeroizing::new(std::fs::read_to_string(path).with_context(foreign)?);
    Ok(Zeroizing::new(whole.trim_end().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_service_managers_copy_goes_before_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("secret");
        let read = |credentials: Option<&Path>| {
            text_with("/nowhere/secret".as_ref(), "the secret", credentials.map(Path::to_owned))
        };
        let unread = read(Some(folder.path())).unwrap_err().to_string();
        assert!(unread.contains("the secret from /nowhere/secret"), "{unread}");
        fs::write(&copy, "from the manager\n").unwrap();
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o400)).unwrap();
        assert_eq!(read(Some(folder.path())).unwrap().as_str(), "from the manager");
        assert!(read(None).is_err());
    }
}
