//! What is told of who talked, and what is left out of notes: a line's settings go in, what its rows and its notes may hold
//! comes out.

use super::Line;
use super::read::{Problem, Section};
use crate::border::{Kind, LeftOut};

/// How a row and its note tell who had the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Agents {
    /// Not at all.
    #[default]
    None,
    /// By a name that is the same for a day and leads nowhere afterwards; the note names nobody.
    Pseudonym,
    /// By the extension; the note may name the agent as he did himself.
    Kept,
}

impl Agents {
    pub const WORDS: [(&str, Agents); 3] =
        [("none", Agents::None), ("pseudonym", Agents::Pseudonym), ("kept", Agents::Kept)];

    pub fn of(word: &str) -> Option<Agents> {
        Agents::WORDS.into_iter().find(|(other, _)| *other == word).map(|(_, agents)| agents)
    }

    pub fn word(self) -> &'static str {
        match self {
            Agents::None => "none",
            Agents::Pseudonym => "pseudonym",
            Agents::Kept => "kept",
        }
    }

    /// What that leaves out of notes.
    pub fn left_out(self) -> LeftOut {
        match self {
            Agents::None | Agents::Pseudonym => LeftOut::default().with(Kind::AgentNames),
            Agents::Kept => LeftOut::default(),
        }
    }
}

impl Line {
    /// All that its notes never hold, beside what no note does.
    pub fn left_out(&self) -> LeftOut {
        self.redact.and(self.agents.left_out())
    }
}

pub(super) fn agents(section: &mut Section<'_>, problems: &mut Vec<Problem>) -> Agents {
    if section.optional_flag("keep_extensions", problems).is_some() {
        let says = "is now agents: write agents = \"kept\" where it was true, and agents = \"none\" where it was false";
        section.wrong("keep_extensions", says, problems);
    }
    let word = section.text("agents", Some("none"), problems);
    Agents::of(&word).unwrap_or_else(|| {
        section.wrong("agents", "must be \"none\", \"pseudonym\" or \"kept\"", problems);
        Agents::None
    })
}

pub(super) fn redact(section: &mut Section<'_>, problems: &mut Vec<Problem>) -> LeftOut {
    let words = section.texts("redact", &kinds(), problems);
    if let Some(word) = words.iter().find(|word| ALWAYS.contains(&word.as_str())) {
        let says = format!("need not name \"{word}\", which stands in no note of any line: take it away");
        section.wrong("redact", &says, problems);
    }
    let chosen: Option<Vec<Kind>> = words.iter().map(|word| Kind::of(word)).collect();
    chosen.map(|kinds| kinds.into_iter().fold(LeftOut::default(), LeftOut::with)).unwrap_or_else(|| {
        section.wrong("redact", &kinds(), problems);
        LeftOut::default()
    })
}

fn kinds() -> String {
    let named: Vec<String> = Kind::SETTABLE.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    format!("must be a list of some of these: {}", named.join(", "))
}

/// What somebody may think of, and no note holds anyway.
const ALWAYS: [&str; 9] =
    ["addresses", "emails", "cards", "accounts", "ibans", "passwords", "codes", "health", "births"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, DEFAULT};

    /// The line of the default file with these settings in place of its own, or what is wrong with it.
    fn line(settings: &str) -> Result<Line, String> {
        let text = DEFAULT.replace("agents = \"none\"\n", "").replace("redact = []\n", settings);
        Config::parse(&text).map(|mut config| config.lines.remove(0)).map_err(|problems| problems.to_string())
    }

    #[test]
    fn agents_are_told_not_at_all_by_a_name_for_the_day_or_by_their_extension() {
        assert_eq!(line("").unwrap().agents, Agents::None);
        for (word, agents) in Agents::WORDS {
            let line = line(&format!("agents = \"{word}\"\n")).unwrap();
            assert_eq!((line.agents, line.agents.word()), (agents, word));
            assert_eq!(line.left_out().holds(Kind::AgentNames), agents != Agents::Kept);
        }
        let problems = line("agents = \"names\"\n").unwrap_err();
        assert!(
            problems.contains("[[line]] agents must be \"none\", \"pseudonym\" or \"kept\""),
            "{problems}"
        );
    }

    #[test]
    fn the_old_setting_is_refused_with_what_to_write_now() {
        for (old, now) in [("true", "agents = \"kept\""), ("false", "agents = \"none\"")] {
            let problems = line(&format!("keep_extensions = {old}\n")).unwrap_err();
            assert!(
                problems.contains("keep_extensions is now agents") && problems.contains(now),
                "{problems}"
            );
            assert_eq!(problems.lines().count(), 1, "{problems}");
        }
    }

    #[test]
    fn each_kind_can_be_left_out_of_notes_and_none_is_by_itself() {
        assert_eq!(line("").unwrap().redact, LeftOut::default());
        for (word, kind) in Kind::SETTABLE {
            let line = line(&format!("redact = [\"{word}\"]\n")).unwrap();
            assert_eq!(line.redact, LeftOut::default().with(kind), "{word}");
            assert!(line.left_out().holds(kind) && line.left_out().holds(Kind::AgentNames), "{word}");
        }
        let both = line("redact = [\"dates\", \"amounts\"]\n").unwrap().redact;
        assert!(both.holds(Kind::Dates) && both.holds(Kind::Amounts) && !both.holds(Kind::Times));
    }

    #[test]
    fn an_unknown_kind_is_refused_with_all_there_are() {
        for value in ["[\"colours\"]", "\"dates\"", "[1]", "[\"dates\", \"feelings\"]", "[\"agent_names\"]"] {
            let problems = line(&format!("redact = {value}\n")).unwrap_err();
            for (word, _) in Kind::SETTABLE {
                assert!(problems.contains(&format!("\"{word}\"")), "{value}: {problems}");
            }
        }
    }

    #[test]
    fn what_no_note_holds_need_not_be_named() {
        let problems = line("redact = [\"dates\", \"emails\"]\n").unwrap_err();
        assert!(problems.contains("redact need not name \"emails\""), "{problems}");
        assert_eq!(problems.lines().count(), 1, "{problems}");
    }
}
