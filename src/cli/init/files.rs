//! The switch's three files, filled in with number, name, ports and password, and the place of each.

use super::answers::Answers;
use super::ports::Ports;
use serde::Serialize;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The name of our profile at the switch.
pub const PROFILE: &str = "callgist";

/// The key that the snippet comes with.
pub const KEY: &str = "*9";

/// A file that is ready, and where it belongs.
#[derive(Serialize)]
pub struct Copy {
    pub from: PathBuf,
    pub to: PathBuf,
    /// Holds the password: for the switch's user alone.
    pub secret: bool,
}

/// Writes the three files into `folder`, which is its owner's alone.
pub fn write(folder: &Path, answers: &Answers, ports: &Ports, password: &str) -> io::Result<[Copy; 3]> {
    std::fs::create_dir_all(folder)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    let snippet = ("00_callgist.xml", format!("dialplan/{}", answers.context), snippet(answers));
    let profile = ("callgist_profile.xml", "sip_profiles".to_owned(), profile(ports));
    let user = ("callgist_user.xml", "directory".to_owned(), user(password));
    let copy = |(name, place, text): (&str, String, String)| {
        let secret = name == "callgist_user.xml";
        let copy = Copy { from: folder.join(name), to: answers.conf_dir.join(place).join(name), secret };
        put(&copy.from, &text, if secret { 0o600 } else { 0o644 }).map(|()| copy)
    };
    Ok([copy(snippet)?, copy(profile)?, copy(user)?])
}

/// Writes a file in one step: whoever looks sees the old one or the whole new one, and never with other rights.
pub fn put(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new("/")))?;
    file.write_all(text.as_bytes())?;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn snippet(answers: &Answers) -> String {
    let number = answers.number.as_str().trim_start_matches('+');
    let seen = match &answers.seen_as {
        Some(other) => format!("^(\\+?{number}|{other})$"),
        None => format!("^\\+?{number}$"),
    };
    let bind = |key: &str| format!("data=\"callgist,{key},exec");
    let named = if answers.key == KEY { "Star nine" } else { &answers.key };
    SNIPPET
        .replace(r"^\+?352260000$", &seen)
        .replace("callgist=main", &format!("callgist={}", answers.line))
        .replace(&bind(KEY), &bind(&answers.key))
        .replace("Star nine", named)
}

fn profile(ports: &Ports) -> String {
    PROFILE_FILE.replace(
        "name=\"sip-port\" value=\"5088\"",
        &format!("name=\"sip-port\" value=\"{}\"", ports.profile),
    )
}

fn user(password: &str) -> String {
    USER.replace("\"esl-password\" value=\"\"", &format!("\"esl-password\" value=\"{password}\""))
}

const SNIPPET: &str = include_str!("../../../dialplan/00_callgist.xml");
const PROFILE_FILE: &str = include_str!("../../../dialplan/callgist_profile.xml");
const USER: &str = include_str!("../../../dialplan/callgist_user.xml");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::{Language, Number};

    fn answers(seen_as: Option<&str>) -> Answers {
        Answers {
            number: Number::new("+493012345").unwrap(),
            seen_as: seen_as.map(str::to_owned),
            language: Language::De,
            line: "front".into(),
            key: "#17".into(),
            context: "trunk".into(),
            conf_dir: "/etc/freeswitch".into(),
        }
    }

    #[test]
    fn every_place_that_has_to_be_filled_in_is() {
        let ports = Ports { profile: 5_099, sip: 5_090, rtp: 30_000..=30_499 };
        let text = snippet(&answers(None));
        assert!(text.contains("expression=\"^\\+?493012345$\"") && text.contains("callgist=front"), "{text}");
        assert!(text.contains("data=\"callgist,#17,exec[i]:") && !text.contains("*9"), "{text}");
        assert!(snippet(&answers(Some("12345"))).contains("expression=\"^(\\+?493012345|12345)$\""));
        assert!(profile(&ports).contains("name=\"sip-port\" value=\"5099\""));
        assert!(user("s3cret").contains("name=\"esl-password\" value=\"s3cret\""));
    }

    #[test]
    fn the_password_is_readable_for_its_owner_alone_from_the_first_moment() {
        let folder = tempfile::tempdir().unwrap();
        let staged = folder.path().join("freeswitch");
        let ports = Ports { profile: 5_099, sip: 5_090, rtp: 30_000..=30_499 };
        let [snippet, _, user] = write(&staged, &answers(None), &ports, "s3cret").unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&staged), mode(&user.from)), (0o700, 0o600));
        assert_eq!(snippet.to, Path::new("/etc/freeswitch/dialplan/trunk/00_callgist.xml"));
        assert_eq!(user.to, Path::new("/etc/freeswitch/directory/callgist_user.xml"));
        assert!(user.secret && !snippet.secret);
    }
}
