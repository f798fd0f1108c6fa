//! What the law of a country makes of a line's settings: the line goes in, remarks and proposals come out. It sets nothing,
//! least of all a basis; the facts and how uncertain they are stand in the comments of `profiles/*.toml`.

use super::read::{Problem, Section};
use super::{Line, Mode};
use serde::Deserialize;

/// A country whose law was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    De,
    Lu,
    Fr,
    Be,
}

/// A sentence for whoever answers for the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Something else would be nearer to that country's law than what is set.
    Proposal(String),
    /// Something to know.
    Note(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    /// What governs the permission to process speech.
    law: String,
    asks_for_consent: bool,
    keep_notes_days_at_most: Option<u32>,
    remarks: Vec<String>,
}

impl Profile {
    pub const ALL: [Profile; 4] = [Profile::De, Profile::Lu, Profile::Fr, Profile::Be];

    pub fn word(self) -> &'static str {
        match self {
            Profile::De => "de",
            Profile::Lu => "lu",
            Profile::Fr => "fr",
            Profile::Be => "be",
        }
    }

    pub fn of(word: &str) -> Option<Profile> {
        Profile::ALL.into_iter().find(|profile| profile.word() == word)
    }

    /// The law that says whether speech may be processed at all.
    pub fn law(self) -> String {
        self.data().law
    }

    fn remarks(self, line: &Line) -> Vec<Remark> {
        let Data { asks_for_consent, keep_notes_days_at_most, remarks, .. } = self.data();
        let mut all = Vec::new();
        if asks_for_consent && line.mode == Mode::Notice {
            all.push(Remark::Proposal(ASK.to_owned()));
        }
        if let Some(most) = keep_notes_days_at_most.filter(|most| line.keep_notes_days > *most) {
            let set = line.keep_notes_days;
            all.push(Remark::Proposal(format!(
                "keep notes for {most} days at most: keep_notes_days is {set}"
            )));
        }
        all.extend(remarks.into_iter().map(Remark::Note));
        all
    }

    fn data(self) -> Data {
        let text = match self {
            Profile::De => include_str!("profiles/de.toml"),
            Profile::Lu => include_str!("profiles/lu.toml"),
            Profile::Fr => include_str!("profiles/fr.toml"),
            Profile::Be => include_str!("profiles/be.toml"),
        };
        toml::from_str(text)
            .unwrap_or_else(|_| unreachable!("they are part of the program, and a test reads each"))
    }
}

impl Line {
    /// What the line's profile says of its settings; nothing without one.
    pub fn remarks(&self) -> Vec<Remark> {
        self.profile.map(|profile| profile.remarks(self)).unwrap_or_default()
    }
}

impl Remark {
    pub fn says(&self) -> &str {
        match self {
            Remark::Proposal(says) | Remark::Note(says) => says,
        }
    }
}

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Remark::Proposal(says) => write!(f, "proposal: {says}"),
            Remark::Note(says) => f.write_str(says),
        }
    }
}

pub(super) fn profile(section: &mut Section<'_>, problems: &mut Vec<Problem>) -> Option<Profile> {
    let word = section.optional_text("profile", problems).filter(|word| !word.is_empty())?;
    let profile = Profile::of(&word);
    if profile.is_none() {
        section.wrong(
            "profile",
            "must be \"de\", \"lu\", \"fr\" or \"be\"; for another country leave it out",
            problems,
        );
    }
    profile
}

const ASK: &str = "ask callers for their consent instead of telling them (mode = \"consent\"), or have it decided first whether a \
                   notice is enough";

#[cfg(test)]
mod tests {
    use super::super::{Config, DEFAULT};
    use super::*;

    fn line(more: &str) -> Line {
        Config::parse(&format!("{DEFAULT}{more}\n")).unwrap().lines.remove(0)
    }

    fn proposals(line: &Line) -> Vec<String> {
        line.remarks()
            .into_iter()
            .filter_map(|remark| match remark {
                Remark::Proposal(says) => Some(says),
                Remark::Note(_) => None,
            })
            .collect()
    }

    #[test]
    fn every_profile_is_read_and_says_what_speech_is_processed_under() {
        for profile in Profile::ALL {
            let line = line(&format!("profile = \"{}\"", profile.word()));
            assert_eq!(line.profile, Some(profile));
            assert!(!profile.law().is_empty() && !line.remarks().is_empty(), "{profile:?}");
        }
        assert_eq!(line("").remarks(), []);
    }

    #[test]
    fn france_and_belgium_propose_consent_and_france_twelve_months() {
        let of = |profile: &str, days: u32| {
            let text = DEFAULT.replace("keep_notes_days = 90", &format!("keep_notes_days = {days}"));
            let text = format!("{text}profile = \"{profile}\"\n");
            proposals(&Config::parse(&text).unwrap().lines[0])
        };
        assert_eq!((of("de", 999).len(), of("lu", 999).len()), (0, 0));
        assert_eq!((of("fr", 365).len(), of("fr", 366).len(), of("be", 999).len()), (1, 2, 1));
        assert!(of("fr", 366)[1].contains("365 days at most"));
        assert!(of("be", 90)[0].contains("consent"));
        let asks = "mode = \"consent\"\nquestion = \"/s/question.wav\"\nprofile = \"be\"\n";
        let text = DEFAULT.replace("mode = \"notice\"\n", asks);
        assert!(proposals(&Config::parse(&text).unwrap().lines[0]).is_empty(), "it is done already");
    }

    #[test]
    fn a_profile_sets_nothing() {
        let plain = line("");
        for profile in Profile::ALL {
            let with = line(&format!("profile = \"{}\"", profile.word()));
            assert_eq!(Line { profile: None, ..with }, plain, "{profile:?}");
        }
        let wrong = Config::parse(&format!("{DEFAULT}profile = \"it\"\n")).unwrap_err().to_string();
        assert!(wrong.contains("leave it out"), "{wrong}");
    }
}
