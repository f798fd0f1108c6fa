//! Whether the agents of a line are heard, and since when they know: two settings go in, what is wrong with them comes out.
//!
//! What an agent says is an employee's, whatever the caller was told. So nothing of it is processed before somebody has
//! written down when staff were told; or else it is never copied.

use super::Line;
use super::read::{Problem, Section};
use crate::call::AgentLeg;
use jiff::civil::Date;

pub(super) fn leg(section: &mut Section<'_>, problems: &mut Vec<Problem>) -> AgentLeg {
    let word = section.text("agent_leg", Some(AgentLeg::Heard.word()), problems);
    AgentLeg::of(&word).unwrap_or_else(|| {
        section.wrong("agent_leg", "must be \"heard\" or \"not_heard\"", problems);
        AgentLeg::NotHeard
    })
}

pub(super) fn told(section: &mut Section<'_>, problems: &mut Vec<Problem>) -> Option<Date> {
    let text = section.filled_text("employees_told", problems)?;
    let day = day(&text);
    if let Err(says) = &day {
        section.wrong("employees_told", says, problems);
    }
    day.ok()
}

/// A day of the calendar, written as ISO 8601 has it and in no other way.
pub fn day(text: &str) -> Result<Date, String> {
    let day = text.parse::<Date>().ok().filter(|day| day.to_string() == text);
    day.ok_or_else(|| "must be a day of the calendar, written as \"2026-01-31\"".to_owned())
}

impl Line {
    /// The day on which its agents will be told, where that is still to come: then they are heard without knowing.
    pub fn told_later(&self, today: Date) -> Option<Date> {
        let heard = self.is_on() && self.agent_leg == AgentLeg::Heard;
        self.told.employees_told.filter(|day| heard && *day > today)
    }
}

/// What a line waits for whose agents are heard, with both ways out.
pub(super) const UNTOLD: &str =
    "employees_told (the day on which the agents were told, or agent_leg = \"not_heard\")";

#[cfg(test)]
mod tests {
    use super::super::{Config, DEFAULT, Mode, decided};
    use super::*;

    fn line(text: &str) -> Line {
        Config::parse(text).unwrap().lines.remove(0)
    }

    fn with(settings: &str) -> String {
        decided()
            .replace("agent_leg = \"heard\"\n", "")
            .replace("employees_told = \"2026-01-31\"\n", &format!("{settings}\n"))
    }

    #[test]
    fn agents_are_heard_only_once_it_is_written_down_when_they_were_told() {
        for heard in ["", "agent_leg = \"heard\"", "employees_told = \"  \""] {
            let off = line(&with(heard));
            assert!(off.agent_leg == AgentLeg::Heard && !off.is_on(), "{heard}");
            let waits = off.waits_for().unwrap();
            for way_out in ["employees_told (the day", "agent_leg = \"not_heard\""] {
                assert!(waits.contains(way_out), "{waits}");
            }
        }
        let on = line(&with("employees_told = \"2026-01-31\""));
        assert!(on.is_on() && on.waits_for().is_none());
        assert_eq!(on.told.employees_told, Some(jiff::civil::date(2026, 1, 31)));
    }

    #[test]
    fn a_line_whose_agents_are_not_heard_waits_for_no_day() {
        let line = line(&with("agent_leg = \"not_heard\""));
        assert!(line.is_on() && line.agent_leg == AgentLeg::NotHeard);
        assert_eq!(line.agent_leg.voices(), [crate::call::Party::Caller]);
        // The day may stay for when they are heard again.
        let with_day = "agent_leg = \"not_heard\"\nemployees_told = \"2026-01-31\"";
        assert!(Config::parse(&with(with_day)).unwrap().lines[0].is_on());
    }

    #[test]
    fn a_day_that_is_none_is_refused_with_its_line() {
        for wrong in ["2026-02-30", "31.01.2026", "2026-1-31", "20260131", "2026-01-31T08:00", "last spring"]
        {
            let text = with(&format!("employees_told = \"{wrong}\""));
            let problems = Config::parse(&text).unwrap_err().to_string();
            let at = 1 + text.lines().position(|line| line.starts_with("employees_told")).unwrap();
            assert!(
                problems.starts_with(&format!("line {at}: [[line]] employees_told must be a day")),
                "{problems}"
            );
            assert!(problems.contains("2026-01-31"), "{problems}");
        }
        let problems = Config::parse(&with("employees_told = 2026-01-31")).unwrap_err().to_string();
        assert!(problems.contains("employees_told must be a text in quotes"), "{problems}");
        let problems = Config::parse(&with("agent_leg = \"no\"")).unwrap_err().to_string();
        assert!(problems.contains("agent_leg must be \"heard\" or \"not_heard\""), "{problems}");
    }

    #[test]
    fn a_day_that_is_still_to_come_is_told_where_agents_are_heard() {
        let (then, before) = (jiff::civil::date(2026, 1, 31), jiff::civil::date(2026, 1, 30));
        let heard = line(&with("employees_told = \"2026-01-31\""));
        assert_eq!((heard.told_later(before), heard.told_later(then)), (Some(then), None));
        let not = "agent_leg = \"not_heard\"\nemployees_told = \"2026-01-31\"";
        assert_eq!(line(&with(not)).told_later(before), None);
        let mut off = heard;
        off.mode = Mode::Off;
        assert_eq!(off.told_later(before), None);
        assert_eq!(line(DEFAULT).told_later(before), None);
    }

    #[test]
    fn the_settings_version_tells_whether_agents_are_heard_and_when_they_were_told() {
        let version = |settings: &str| Config::parse(&with(settings)).unwrap().version();
        let heard = version("employees_told = \"2026-01-31\"");
        assert_ne!(heard, version("employees_told = \"2026-02-01\""));
        assert_ne!(heard, version("agent_leg = \"not_heard\"\nemployees_told = \"2026-01-31\""));
    }
}
