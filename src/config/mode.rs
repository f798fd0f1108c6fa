//! How the callers of a line are told or asked.

use super::read::{Problem, Section};
use super::{Line, NOT_PLAIN, is_plain};
use crate::call::Consent;
use std::path::{Path, PathBuf};

/// What becomes of the calls of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A notice tells callers, and they may object.
    Notice,
    /// A notice tells callers, and a question asks them; only whoever says yes is heard.
    Consent {
        question: PathBuf,
        /// A caller who pressed no key may tell the agent, who confirms it by a key of his.
        agent_confirms: bool,
    },
    /// No notice, and nothing is heard.
    Off,
}

impl Line {
    /// Its callers are told or asked, and heard.
    pub fn is_on(&self) -> bool {
        self.mode != Mode::Off && self.unset.is_empty()
    }

    /// The settings that it waits for, where nobody has switched it off.
    pub fn waits_for(&self) -> Option<String> {
        let waits = self.mode != Mode::Off && !self.unset.is_empty();
        waits.then(|| self.unset.join(", "))
    }

    /// The sound that asks for consent, on a line that does.
    pub fn question(&self) -> Option<&Path> {
        match &self.mode {
            Mode::Consent { question, .. } => Some(question),
            Mode::Notice | Mode::Off => None,
        }
    }

    /// All that is played to its callers.
    pub fn sounds(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&*self.notice).chain(self.question())
    }

    pub fn consent(&self) -> Consent {
        match self.mode {
            Mode::Consent { agent_confirms: true, .. } => Consent::ByKeyOrAgent,
            Mode::Consent { agent_confirms: false, .. } => Consent::ByKey,
            Mode::Notice | Mode::Off => Consent::NotAsked,
        }
    }
}

pub(super) fn mode(section: &mut Section<'_>, problems: &mut Vec<Problem>) -> Mode {
    if section.optional_flag("enabled", problems).is_some() {
        let says =
            "is now mode: write mode = \"notice\" where it was true, and mode = \"off\" where it was false";
        section.wrong("enabled", says, problems);
    }
    let question = section.optional_path("question", problems);
    if question.as_ref().is_some_and(|question| !is_plain(question)) {
        section.wrong("question", NOT_PLAIN, problems);
    }
    let agent_confirms = section.flag("agent_confirms", false, problems);
    match (section.text("mode", Some("notice"), problems).as_str(), question) {
        ("notice", _) => Mode::Notice,
        ("off", _) => Mode::Off,
        ("consent", Some(question)) => Mode::Consent { question, agent_confirms },
        ("consent", None) => {
            let says = "\"consent\" needs question: the sound that asks for it (sounds/README.md tells what it says)";
            section.wrong("mode", says, problems);
            Mode::Off
        }
        _ => {
            section.wrong("mode", "must be \"notice\", \"consent\" or \"off\"", problems);
            Mode::Off
        }
    }
}

pub(super) fn special_categories(
    section: &mut Section<'_>,
    mode: &Mode,
    problems: &mut Vec<Problem>,
) -> bool {
    let special = section.flag("special_categories", false, problems);
    if special && *mode == Mode::Notice {
        let says = "allows mode = \"consent\" or \"off\" only: what callers of such a line say is heard with their explicit \
                    consent (Art. 9(2)(a) GDPR), and a notice alone is none";
        section.wrong("special_categories", says, problems);
    }
    special
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, DEFAULT};

    #[test]
    fn a_line_is_off_until_everything_is_set_that_only_its_controller_can_decide() {
        let whole = crate::config::decided();
        let line = |text: &str| Config::parse(text).unwrap().lines.remove(0);
        assert!(line(&whole).is_on() && line(&whole).waits_for().is_none());
        for (setting, key) in [
            ("mode = \"notice\"\n", "mode"),
            ("basis = \"legitimate_interest\"\n", "basis (of the note)"),
            ("keep_notes_days = 90\n", "keep_notes_days"),
            ("contact = \"privacy@example.com\"\n", "contact"),
            ("employees_told = \"2026-01-31\"\n", crate::config::agent_leg::UNTOLD),
        ] {
            let line = line(&whole.replacen(setting, "", 1));
            assert!(!line.is_on(), "{key}");
            assert_eq!(line.waits_for().as_deref(), Some(key));
        }
        let waits = line(DEFAULT).waits_for().unwrap();
        assert!(waits.starts_with("basis (of the note), contact, employees_told ("), "{waits}");
        let off = line(&DEFAULT.replace("mode = \"notice\"", "mode = \"off\""));
        assert!(!off.is_on() && off.waits_for().is_none());
    }

    const ASKS: &str = "mode = \"consent\"\nquestion = \"/s/question.wav\"";

    /// The line of the default file with that in place of its mode, or what is wrong with it.
    fn line(settings: &str) -> Result<Line, String> {
        let text = DEFAULT.replace("special_categories = false\n", "");
        let text = text.replace("mode = \"notice\"\n", &format!("{settings}\n"));
        Config::parse(&text).map(|mut config| config.lines.remove(0)).map_err(|problems| problems.to_string())
    }

    #[test]
    fn a_line_tells_its_callers_asks_them_or_leaves_them_alone() {
        assert_eq!(line("mode = \"off\"").unwrap().mode, Mode::Off);
        assert!(!line("mode = \"off\"").unwrap().is_on());
        let asks = line(ASKS).unwrap();
        assert_eq!((asks.question(), asks.consent()), (Some(Path::new("/s/question.wav")), Consent::ByKey));
        let agent = line(&format!("{ASKS}\nagent_confirms = true")).unwrap();
        assert_eq!(agent.consent(), Consent::ByKeyOrAgent);
        // A question that is not asked yet is no mistake.
        assert_eq!(line("mode = \"notice\"\nquestion = \"/s/question.wav\"").unwrap().question(), None);
    }

    #[test]
    fn a_question_that_is_missing_or_that_the_switch_would_split_is_refused() {
        let told = line("mode = \"consent\"").unwrap_err();
        assert!(told.contains("needs question"), "{told}");
        let told = line("mode = \"consent\"\nquestion = \"/s/my question.wav\"").unwrap_err();
        assert!(told.contains("letters, digits"), "{told}");
        let told = line("mode = \"consent\"\nquestion = \"question.wav\"").unwrap_err();
        assert!(told.contains("absolute path"), "{told}");
        assert!(line("mode = \"ask\"").unwrap_err().contains("\"notice\", \"consent\" or \"off\""));
    }

    #[test]
    fn what_stood_there_before_is_refused_with_what_to_write() {
        for old in ["enabled = true", "enabled = false"] {
            let told = line(old).unwrap_err();
            assert!(told.contains("mode = \"notice\"") && told.contains("mode = \"off\""), "{told}");
        }
    }

    #[test]
    fn on_a_line_of_special_categories_only_callers_who_agreed_are_heard() {
        let told = line("mode = \"notice\"\nspecial_categories = true").unwrap_err();
        assert!(told.contains("explicit consent (Art. 9(2)(a) GDPR)"), "{told}");
        assert!(line(&format!("{ASKS}\nspecial_categories = true")).unwrap().special_categories);
        assert!(line("mode = \"off\"\nspecial_categories = true").is_ok());
    }
}
