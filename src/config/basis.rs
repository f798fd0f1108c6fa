//! Why what is kept may be kept (Art. 6(1) GDPR), by purpose: a line's `basis` goes in, one text for the note or a table for
//! each purpose.

use super::Mode;
use super::read::{Problem, Section};

/// Of each purpose; nothing where it is not set, and then a placeholder stands in the texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bases {
    pub note: Option<Basis>,
    /// The list of who must not be contacted.
    pub do_not_contact: Option<Basis>,
    /// The content-free log.
    pub log: Option<Basis>,
    /// What whoever takes the next call is told of earlier notes.
    pub display: Option<Basis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Art. 6(1)(f).
    LegitimateInterest,
    /// Art. 6(1)(a), with special categories Art. 9(2)(a), too; of the note alone, which callers are asked for.
    Consent,
    /// Art. 6(1)(b); never of the note, since callers need not be parties to one.
    Contract,
}

impl Basis {
    /// As the settings say it.
    pub fn word(self) -> &'static str {
        match self {
            Basis::LegitimateInterest => "legitimate_interest",
            Basis::Consent => "consent",
            Basis::Contract => "contract",
        }
    }
}

impl Bases {
    pub(super) fn of(section: &mut Section<'_>, mode: &Mode, problems: &mut Vec<Problem>) -> Bases {
        let Some(mut each) = section.inner("basis", "[line.basis] ") else {
            return Bases { note: of_note(section, "basis", mode, problems), ..Bases::default() };
        };
        let bases = Bases {
            note: of_note(&mut each, "note", mode, problems),
            do_not_contact: of_another(&mut each, "do_not_contact", problems),
            log: of_another(&mut each, "log", problems),
            display: of_another(&mut each, "display", problems),
        };
        each.finish(problems);
        bases
    }

    /// The purposes that have none. Only a line that tells of earlier notes has the last one.
    pub fn missing(&self, tells_earlier: bool) -> Vec<&'static str> {
        let all = [
            (self.note, true, "note"),
            (self.do_not_contact, true, "do_not_contact"),
            (self.log, true, "log"),
            (self.display, tells_earlier, "display"),
        ];
        all.into_iter()
            .filter_map(|(basis, needed, name)| (basis.is_none() && needed).then_some(name))
            .collect()
    }
}

fn of_note(
    section: &mut Section<'_>,
    key: &'static str,
    mode: &Mode,
    problems: &mut Vec<Problem>,
) -> Option<Basis> {
    let word = section.filled_text(key, problems)?;
    let wrong = match (word.as_str(), mode) {
        ("legitimate_interest", Mode::Notice | Mode::Off) => return Some(Basis::LegitimateInterest),
        ("consent", Mode::Consent { .. } | Mode::Off) => return Some(Basis::Consent),
        ("legitimate_interest", Mode::Consent { .. }) => ASKED_IN_VAIN,
        ("consent", Mode::Notice) => NOBODY_ASKED,
        ("contract", _) => NO_CONTRACT,
        _ => "must be \"legitimate_interest\" or \"consent\"",
    };
    section.wrong(key, wrong, problems);
    None
}

fn of_another(section: &mut Section<'_>, key: &'static str, problems: &mut Vec<Problem>) -> Option<Basis> {
    let word = section.filled_text(key, problems)?;
    let wrong = match word.as_str() {
        "legitimate_interest" => return Some(Basis::LegitimateInterest),
        "contract" => return Some(Basis::Contract),
        "consent" => ASKED_FOR_THE_NOTE,
        _ => "must be \"legitimate_interest\" or \"contract\"",
    };
    section.wrong(key, wrong, problems);
    None
}

const NO_CONTRACT: &str = "cannot be \"contract\": callers need not be parties to one (Art. 6(1)(b) GDPR); take \
                           \"legitimate_interest\" with its balancing (callgist notices render --text balancing), or \
                           \"consent\" with mode = \"consent\"";

const NOBODY_ASKED: &str = "cannot be \"consent\" where mode = \"notice\", which asks nobody; take mode = \"consent\", or \
                            \"legitimate_interest\" with its balancing (callgist notices render --text balancing)";

const ASKED_IN_VAIN: &str = "cannot be \"legitimate_interest\" where mode = \"consent\": whoever is asked must be able to say no, \
                             and would be heard on another basis all the same; take \"consent\" (Art. 6(1)(a) GDPR), or \
                             mode = \"notice\"";

const ASKED_FOR_THE_NOTE: &str = "cannot be \"consent\": callers are asked for the note alone; take \"legitimate_interest\" or \
                                  \"contract\"";

#[cfg(test)]
mod tests {
    use super::super::{Config, DEFAULT};
    use super::*;

    fn set(more: &str) -> Result<Bases, String> {
        let config = Config::parse(&format!("{DEFAULT}{more}\n")).map_err(|problems| problems.to_string());
        config.map(|config| config.lines[0].told.bases)
    }

    #[test]
    fn one_word_is_the_basis_of_the_note_and_a_table_names_one_for_each_purpose() {
        let f = Some(Basis::LegitimateInterest);
        let note = set("basis = \"legitimate_interest\"").unwrap();
        assert_eq!(note, Bases { note: f, ..Bases::default() });
        assert_eq!(note.missing(false), ["do_not_contact", "log"]);
        assert_eq!(note.missing(true), ["do_not_contact", "log", "display"]);
        let each = "[line.basis]\nnote = \"legitimate_interest\"\ndo_not_contact = \"legitimate_interest\"\n\
                    log = \"legitimate_interest\"\ndisplay = \"contract\"";
        let each = set(each).unwrap();
        assert_eq!(each, Bases { note: f, do_not_contact: f, log: f, display: Some(Basis::Contract) });
        assert!(each.missing(true).is_empty());
    }

    #[test]
    fn what_is_no_basis_is_refused_with_the_reason() {
        for (key, word, says) in [
            ("basis", "contract", "need not be parties"),
            ("basis", "consent", "asks nobody"),
            ("basis", "because", "must be \"legitimate_interest\""),
            ("[line.basis]\nnote", "contract", "need not be parties"),
            ("[line.basis]\nlog", "consent", "for the note alone"),
            ("[line.basis]\ndisplay", "because", "\"legitimate_interest\" or \"contract\""),
            ("[line.basis]\nlogs", "contract", "did you mean \"log\"?"),
        ] {
            let problems = set(&format!("{key} = \"{word}\"")).unwrap_err();
            assert!(problems.contains(says), "{key} = {word}: {problems}");
        }
        let problems = set("[line.basis]\nlog = \"because\"").unwrap_err();
        assert!(problems.contains("[line.basis] log must be"), "{problems}");
    }

    #[test]
    fn of_a_line_that_asks_consent_is_the_basis_and_nothing_else() {
        let line = |mode: &str, basis: &str| {
            let mode = format!("mode = \"{mode}\"\nquestion = \"/s/question.wav\"\n");
            let text = DEFAULT.replace("mode = \"notice\"\n", &mode);
            let config = Config::parse(&format!("{text}{basis}\n")).map_err(|problems| problems.to_string());
            config.map(|config| config.lines[0].told.bases.note)
        };
        for consent in ["basis = \"consent\"", "[line.basis]\nnote = \"consent\""] {
            assert_eq!(line("consent", consent), Ok(Some(Basis::Consent)));
            assert_eq!(line("off", consent), Ok(Some(Basis::Consent)));
        }
        let told = line("consent", "basis = \"legitimate_interest\"").unwrap_err();
        assert!(
            told.contains("whoever is asked must be able to say no") && told.contains("Art. 6(1)(a)"),
            "{told}"
        );
    }
}
