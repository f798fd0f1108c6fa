//! The question of a line that asks for consent: what is sent to the switch, and what its events answer; pure.
//!
//! `play_and_get_digits` runs behind the notice, inside the guarded sleep, and ends by itself, whatever becomes of us
//! (F119). It is sent twice, since no answer is asked for once more. Each looks for itself whether it is still to be asked:
//! the caller waits, has not answered, and has not objected (F102, F120).

use super::words;
use crate::call::{Answer, Event, Leg, SwitchTime};
use crate::config::Line;
use crate::wire::esl::{Command, Event as SwitchEvent, LineError};

/// The Event-UUIDs of the questions of one call of this line: none where nobody is asked.
pub(super) fn asked(line: &Line) -> Vec<String> {
    line.question().map(|_| (0..TIMES).map(|_| super::uuid()).collect()).unwrap_or_default()
}

/// The questions, in the order in which they are asked.
pub(super) fn ask(caller: &Leg, line: &Line, uuids: &[String]) -> Result<Vec<Command>, LineError> {
    let Some(path) = line.question() else { return Ok(Vec::new()) };
    let question =
        format!("1 1 1 {WAIT_MS} {ENDS} {} {PAUSE} {CONSENT} [{YES}{NO}] {WAIT_MS}", path.display());
    // Three variables in a row: no other value than this one says that he waits and that the others are empty. What holds
    // a colon has to be the second branch (F120).
    let state = format!("${{callgist_waiting}}${{{CONSENT}}}${{callgist_objection}}");
    let argument = format!("${{cond({state} != true ? {NOT_ASKED} : {question})}}");
    uuids.iter().map(|uuid| words::execute(caller, "play_and_get_digits", argument.clone(), uuid)).collect()
}

/// Takes away what an earlier call of the same leg, or anybody else, may have left: no question would be asked.
pub(super) fn nothing_answered(caller: &Leg) -> String {
    format!("uuid_setvar {caller} {CONSENT}")
}

/// The question that waits for a key gets one, which ends it and answers nothing. Nothing else ends it: `uuid_break` ends the
/// sound alone (F119). Tried on FreeSWITCH 1.11.2; nothing of the key reaches the agent.
pub(super) fn ended(caller: &Leg) -> String {
    format!("uuid_recv_dtmf {caller} {ENDS}")
}

/// Whatever question is still to come is not asked.
pub(super) fn not_to_be_asked(caller: &Leg) -> String {
    format!("uuid_setvar {caller} {CONSENT} {NOT_ASKED}")
}

/// What the end of an application on the caller's leg answers, where it was a question of ours, `uuids`, with that sound.
/// Nothing where it was not asked, or will be asked again.
pub(super) fn answered(event: &SwitchEvent, uuids: &[String], question: &str) -> Option<Event> {
    let uuid = event.application_uuid()?;
    let which = uuids.iter().position(|asked| asked == uuid)?;
    if !event.application_data()?.split(' ').any(|word| word == question) {
        return None;
    }
    let answer = match event.variable(CONSENT) {
        Some(YES) => Answer::Yes { at: SwitchTime(event.date_micros()?) },
        Some(_) => Answer::No,
        None if which + 1 < uuids.len() => return None,
        None => Answer::Silence,
    };
    Some(Event::Answered(answer))
}

/// The agent's key, bound in the dialplan.
pub(super) fn confirmed(event: &SwitchEvent) -> Option<Event> {
    let set = event.application() == Some("set") && event.application_data() == Some(CONFIRMED);
    Some(Event::Confirmed { at: SwitchTime(event.date_micros().filter(|_| set)?) })
}

const CONSENT: &str = "callgist_consent";
const CONFIRMED: &str = "callgist_consent=agent";
const YES: &str = "1";
const NO: &str = "2";

/// The key that ends the wait without an answer.
const ENDS: &str = "#";

/// An argument that is none: the application ends at once, and nothing is heard.
const NOT_ASKED: &str = "no";

/// Once, and once more.
const TIMES: usize = 2;

/// How long a key is waited for behind the question. Every caller who does not want to be heard, and presses nothing,
/// waits twice as long; less, and older people do not find the key.
const WAIT_MS: u32 = 3_000;

/// What is played where no key was pressed in time, or a wrong one: next to nothing.
const PAUSE: &str = "silence_stream://20";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, DEFAULT, Mode};

    fn line(mode: Mode) -> Line {
        Line { mode, ..Config::parse(DEFAULT).unwrap().lines.remove(0) }
    }

    fn asks() -> Line {
        line(Mode::Consent { question: "/s/question.wav".into(), agent_confirms: false })
    }

    fn leg() -> Leg {
        Leg::new("a").unwrap()
    }

    #[test]
    fn a_question_is_asked_twice_and_looks_for_itself_whether_it_still_is_to_be() {
        let asked = super::asked(&asks());
        let questions = ask(&leg(), &asks(), &asked).unwrap();
        let [Command::Execute(first), Command::Execute(again)] = &questions[..] else { panic!("not two") };
        assert_eq!(
            first.argument.as_ref().unwrap().as_str(),
            "${cond(${callgist_waiting}${callgist_consent}${callgist_objection} != true ? no : \
             1 1 1 3000 # /s/question.wav silence_stream://20 callgist_consent [12] 3000)}"
        );
        assert!(first.event_lock && again.event_lock && first.argument == again.argument);
        assert_ne!(first.event_uuid, again.event_uuid);
        assert!(ask(&leg(), &line(Mode::Notice), &super::asked(&line(Mode::Notice))).unwrap().is_empty());
    }

    /// What the end of question `uuid` says, with this variable and this argument.
    fn says(uuid: &str, consent: &str, argument: &str) -> Option<Event> {
        let uuids = ["q1".to_owned(), "q2".to_owned()];
        let event = SwitchEvent::new("CHANNEL_EXECUTE_COMPLETE")
            .with("Application", "play_and_get_digits")
            .with("Application-UUID", uuid)
            .with("Application-Data", argument)
            .with("Event-Date-Timestamp", "17");
        let event = if consent.is_empty() { event } else { event.with("variable_callgist_consent", consent) };
        answered(&event, &uuids, "/s/question.wav")
    }

    const ASKED: &str = "1 1 1 3000 # /s/question.wav silence_stream://20 callgist_consent [12] 3000";

    #[test]
    fn only_one_says_yes_every_other_key_is_asked_again_and_then_means_no() {
        let yes = Some(Event::Answered(Answer::Yes { at: SwitchTime(17) }));
        assert_eq!((says("q1", "1", ASKED), says("q2", "1", ASKED)), (yes.clone(), yes));
        assert_eq!(says("q1", "2", ASKED), Some(Event::Answered(Answer::No)));
        assert_eq!(says("q1", "", ASKED), None, "he is asked once more");
        assert_eq!(says("q2", "", ASKED), Some(Event::Answered(Answer::Silence)));
    }

    #[test]
    fn a_question_that_was_not_asked_or_not_by_us_answers_nothing() {
        for argument in
            [NOT_ASKED, "-ERR", "1 1 1 3000 # /other.wav silence_stream://20 callgist_consent [12] 3000"]
        {
            assert_eq!(says("q2", "1", argument), None, "{argument}");
        }
        assert_eq!(says("stranger", "1", ASKED), None);
    }

    #[test]
    fn the_agents_key_is_known_by_its_set_alone() {
        let set = |data: &str| {
            let event =
                SwitchEvent::new("CHANNEL_EXECUTE").with("Application", "set").with("Application-Data", data);
            confirmed(&event.with("Event-Date-Timestamp", "17"))
        };
        assert_eq!(set("callgist_consent=agent"), Some(Event::Confirmed { at: SwitchTime(17) }));
        assert_eq!((set("callgist_consent=1"), set("callgist_objection=agent")), (None, None));
    }
}
