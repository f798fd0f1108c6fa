//! The password of Callgist's own user at the switch: drawn at random into a file of its owner's alone.

use super::{Refusal, cannot_write, files};
use crate::cli::Exit;
use crate::config::Secret;
use std::path::Path;

/// The password in this file, which is made where there is none. One that is there may be in use at the switch.
pub fn made_or_kept(file: &Path) -> Result<String, Refusal> {
    if !file.exists() {
        let password = format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>());
        files::put(file, &format!("{password}\n"), 0o600).map_err(|error| cannot_write(file, &error))?;
    }
    let kept = Secret::File(file.to_owned()).read();
    let kept = kept.map_err(|error| Refusal::new(Exit::Failed, format!("{error:#}")))?;
    // It goes into a file of XML in which the switch replaces variables, and into a line of the event socket.
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if kept.is_empty() || !kept.bytes().all(plain) {
        let why =
            "is empty or holds more than letters, digits, - . and _: remove it, and a new password is made";
        return Err(Refusal::new(Exit::Failed, format!("{} {why}", file.display())));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_password_is_made_once_strong_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("switch.password");
        let made = made_or_kept(&file).unwrap();
        assert_eq!(made.len(), 64);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(made_or_kept(&file).unwrap(), made);
        let other = made_or_kept(&folder.path().join("other")).unwrap();
        assert_ne!(other, made);
    }

    #[test]
    fn a_password_that_others_can_read_or_the_switch_cannot_hold_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("switch.password");
        std::fs::write(&file, "$${x}").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(made_or_kept(&file).unwrap_err().why.contains("remove it"));
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(made_or_kept(&file).unwrap_err().why.contains("chmod 0600"));
    }
}
