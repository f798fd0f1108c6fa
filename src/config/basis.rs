//! Why what is kept may be kept (Art. 6(1) GDPR), by purpose: a line's `basis` goes in, one text for the note or a table for
//! each purpose.

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
    /// Art. 6(1)(b); never of the note, since callers need not be parties to one.
    Contract,
}

impl Bases {
    pub(super) fn of(section: &mut Section<'_>, problems: &mut Vec<Problem>) -> Bases {
        let Some(mut each) = section.inner("basis", "[line.basis] ") else {
            return Bases { note: basis(section, "basis", true, problems), ..Bases::default() };
        };
        let bases = Bases {
            note: basis(&mut each, "note", true, problems),
            do_not_contact: basis(&mut each, "do_not_contact", false, problems),
            log: basis(&mut each, "log", false, problems),
            display: basis(&mut each, "display", false, problems),
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

fn basis(
    section: &mut Section<'_>,
    key: &'static str,
    of_note: bool,
    problems: &mut Vec<Problem>,
) -> Option<Basis> {
    let word = section.optional_text(key, problems).filter(|word| !word.trim().is_empty())?;
    let wrong = match (word.as_str(), of_note) {
        ("legitimate_interest", _) => return Some(Basis::LegitimateInterest),
        ("contract", false) => return Some(Basis::Contract),
        ("contract", true) => NO_CONTRACT,
        ("consent", _) => NOBODY_ASKED,
        (_, true) => "must be \"legitimate_interest\"",
        (_, false) => "must be \"legitimate_interest\" or \"contract\"",
    };
    section.wrong(key, wrong, problems);
    None
}

const NO_CONTRACT: &str = "cannot be \"contract\": callers need not be parties to one (Art. 6(1)(b) GDPR); take \
                           \"legitimate_interest\" with its balancing (callgist notices render --text balancing)";

const NOBODY_ASKED: &str = "cannot be \"consent\": this version asks no caller for it; take \"legitimate_interest\" with its \
                            balancing (callgist notices render --text balancing), or leave the line out";

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
            ("basis", "consent", "asks no caller for it"),
            ("basis", "because", "must be \"legitimate_interest\""),
            ("[line.basis]\nnote", "contract", "need not be parties"),
            ("[line.basis]\nlog", "consent", "asks no caller for it"),
            ("[line.basis]\ndisplay", "because", "\"legitimate_interest\" or \"contract\""),
            ("[line.basis]\nlogs", "contract", "did you mean \"log\"?"),
        ] {
            let problems = set(&format!("{key} = \"{word}\"")).unwrap_err();
            assert!(problems.contains(says), "{key} = {word}: {problems}");
        }
        let problems = set("[line.basis]\nlog = \"because\"").unwrap_err();
        assert!(problems.contains("[line.basis] log must be"), "{problems}");
    }
}
