//! FreeSWITCH's words for what the daemon wants, and what its events mean for a call; pure.

use super::live::OBJECTION;
use super::question;
use crate::call::{Direction, Event, Leg, Stop, SwitchTime};
use crate::config::Line;
use crate::store::Earlier;
use crate::wire::esl::{
    AnswerState, Command, Event as SwitchEvent, EventName, Execute, Fault, LineError, PlaybackStatus,
};
use crate::wire::esl::{Line as EslLine, Word};
use std::net::SocketAddr;

/// The events of rule R6. DTMF is left out on purpose: it would bring the keys, PINs too, of all calls of the
/// switch.
pub(super) const EVENTS: [&str; 16] = [
    "CHANNEL_CREATE",
    "CHANNEL_ANSWER",
    "CHANNEL_BRIDGE",
    "CHANNEL_UNBRIDGE",
    "CHANNEL_HOLD",
    "CHANNEL_UNHOLD",
    "CHANNEL_HANGUP",
    "CHANNEL_HANGUP_COMPLETE",
    "PLAYBACK_START",
    "PLAYBACK_STOP",
    "CHANNEL_EXECUTE",
    "CHANNEL_EXECUTE_COMPLETE",
    "MEDIA_BUG_START",
    "MEDIA_BUG_STOP",
    "BACKGROUND_JOB",
    "HEARTBEAT",
];

/// Filters and subscription of rule R6; `instance` marks our own copies. The filters come first, so that not
/// even for a moment the events of foreign calls arrive.
pub(super) fn subscription(instance: &str) -> Result<Vec<Command>, LineError> {
    Ok(vec![
        Command::filter("variable_callgist", "/.+/")?,
        Command::filter("variable_callgist_tap", instance)?,
        Command::filter("Event-Name", "BACKGROUND_JOB")?,
        Command::filter("Event-Name", "HEARTBEAT")?,
        Command::events_json(&EVENTS)?,
    ])
}

/// The notice, in a form that plays nothing once the caller waits no longer (F102).
pub(super) fn play_notice(caller: &Leg, line: &Line, uuid: &str) -> Result<Command, LineError> {
    let path = line.notice.to_string_lossy();
    let argument = format!("${{cond(${{callgist_waiting}} == true ? {path} : silence_stream://0)}}");
    execute(caller, "playback", argument, uuid)
}

/// An application on the caller's leg, behind whatever was sent for it before (F45b).
pub(super) fn execute(
    caller: &Leg,
    application: &str,
    argument: String,
    uuid: &str,
) -> Result<Command, LineError> {
    Ok(Command::Execute(Execute {
        leg: Some(Word::new(caller.as_str())?),
        application: Word::new(application)?,
        argument: Some(EslLine::new(argument)?),
        event_uuid: Some(Word::new(uuid)?),
        event_lock: true,
    }))
}

/// What the dialplan may show to whoever takes the call. Variables reach the switch's call records, out of reach of an
/// erasure: so no text and no number of anybody's, but a count and an id that leads nowhere without our database.
pub(super) fn earlier(caller: &Leg, earlier: &Earlier) -> Vec<String> {
    let notes = format!("uuid_setvar {caller} callgist_earlier_notes {}", earlier.notes);
    let link = earlier.link.map(|link| format!("uuid_setvar {caller} callgist_link {link}"));
    std::iter::once(notes).chain(link).collect()
}

/// What a copy needs to know of its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tappable {
    /// `Channel-Read-Codec-Name`.
    pub codec: String,
    /// `variable_rtp_last_audio_codec_string`, so that the very packets come (F82).
    pub codec_string: String,
}

/// One copy to be made.
pub(super) struct Copy<'a> {
    pub leg: &'a Leg,
    pub direction: Direction,
    pub tap: &'a str,
    pub token: &'a str,
    pub instance: &'a str,
    pub profile: &'a str,
    pub sip: SocketAddr,
    pub tappable: &'a Tappable,
}

/// The originate of rule R4, word for word; the tap checks the target's codec once more in its own thread before it
/// attaches.
pub(super) fn originate(copy: &Copy<'_>) -> String {
    let Copy { leg, direction, tap, token, instance, profile, sip, tappable } = copy;
    let Tappable { codec, codec_string } = tappable;
    let side = match direction {
        Direction::ToPhone => "write",
        Direction::FromPhone => "read",
    };
    format!(
        "originate {{origination_uuid={tap},origination_caller_id_number=tap,\
         origination_caller_id_name=callgist,absolute_codec_string={codec_string},ignore_early_media=true,\
         originate_timeout=3,no_throttle_limits=true,process_cdr=false,rtp_secure_media=false,\
         rtp_secure_media_outbound=false,callgist_tap={instance},callgist_target={leg}}}\
         sofia/{profile}/sip:{token}@{sip};transport=udp \
         'native_eavesdrop:${{cond(${{uuid_getvar({leg} read_codec)}} == {codec} ? {leg} : none)}} {side}' inline"
    )
}

/// What the switchboard knows of the call that an event is about.
pub(super) struct Known<'a> {
    pub caller: &'a Leg,
    pub agent: Option<&'a Leg>,
    pub notice: &'a str,
    /// The Event-UUID of our playback.
    pub playback: Option<&'a str>,
    /// The Event-UUIDs of our questions, and their sound.
    pub asked: &'a [String],
    pub question: &'a str,
}

/// Whether a caller has just begun to wait in the snippet's guarded sleep; gives the line's name.
pub(super) fn waiting(event: &SwitchEvent) -> Option<&str> {
    let sleeps = event.name() == EventName::ChannelExecute && event.application() == Some("sleep");
    let waits = event.variable("callgist_waiting") == Some("true");
    // The second half of a loopback leg carries the exported mark and is no caller (F117).
    let loopback = event.get("Channel-Name").is_some_and(|name| name.starts_with("loopback/"));
    if sleeps && waits && !loopback { event.variable("callgist") } else { None }
}

/// Whether the event says that somebody objected by key: the `set` of the bound key, or the variable on any event.
pub(super) fn objected(event: &SwitchEvent) -> bool {
    let set = event.application() == Some("set")
        && event.application_data().is_some_and(|data| data.starts_with("callgist_objection="));
    set || event.variable(OBJECTION).is_some_and(|value| !value.is_empty())
}

/// The caller's leg on which somebody's command has just set that variable: only commands in the background are told of.
pub(super) fn objected_by_command(event: &SwitchEvent) -> Option<&str> {
    let set = event.get("Job-Command") == Some("uuid_setvar");
    let (leg, pair) = event.get("Job-Command-Arg").filter(|_| set)?.split_once(' ')?;
    let value = pair.strip_prefix(OBJECTION)?.strip_prefix(' ')?;
    let done = Fault::check(event.body().unwrap_or_default()).is_ok();
    (done && !value.trim().is_empty()).then_some(leg)
}

/// What an event on the caller's or the agent's leg means for the call. An objection is not looked for here.
pub(super) fn meaning(event: &SwitchEvent, known: &Known<'_>) -> Option<Event> {
    let leg = Leg::new(event.unique_id()?).ok()?;
    let of_caller = leg == *known.caller;
    match event.name() {
        EventName::PlaybackStart if of_caller && event.playback_path() == Some(known.notice) => {
            Some(Event::NoticeStarted { at: SwitchTime(event.date_micros()?) })
        }
        EventName::PlaybackStop if of_caller && event.playback_path() == Some(known.notice) => {
            Some(Event::NoticeStopped(Stop {
                at: SwitchTime(event.date_micros()?),
                done: event.playback_status() == Some(PlaybackStatus::Done),
                answered: event.answer_state() == Some(AnswerState::Answered),
                hung_up: event.hangup_cause().is_some(),
            }))
        }
        EventName::ChannelExecute => question::confirmed(event),
        EventName::ChannelExecuteComplete if of_caller => {
            completed(event, known).or_else(|| question::answered(event, known.asked, known.question))
        }
        EventName::ChannelBridge => bridged(event, known),
        EventName::ChannelUnbridge => {
            let (a, b) = event.bridge_pair()?;
            let caller = known.caller.as_str();
            (a == caller || b == caller).then_some(Event::Unbridged)
        }
        EventName::ChannelHold => Some(Event::Held { leg }),
        EventName::ChannelUnhold => Some(Event::Unheld { leg }),
        EventName::ChannelHangup | EventName::ChannelHangupComplete if of_caller => Some(Event::HungUp),
        _ => None,
    }
}

fn completed(event: &SwitchEvent, known: &Known<'_>) -> Option<Event> {
    // The snippet's next action says that nobody waits any more, so this can be no other sleep than the guarded one.
    if event.application() == Some("sleep") && event.variable("callgist_waiting") == Some("true") {
        return Some(Event::WaitOver);
    }
    let ours = known.playback.is_some() && event.application_uuid() == known.playback;
    // Only the event of our own playback speaks of it: the response is never reset (F37).
    ours.then(|| Event::NoticeCompleted { file_played: event.application_response() == Some("FILE PLAYED") })
}

/// The caller is whichever side of the pair we know: mod_fifo makes the consumer A (F116).
fn bridged(event: &SwitchEvent, known: &Known<'_>) -> Option<Event> {
    let (a, b) = event.bridge_pair()?;
    let caller = known.caller.as_str();
    let other = match (a == caller, b == caller) {
        (true, _) => b,
        (_, true) => a,
        // The agent's leg lives on with somebody else (R8).
        _ => {
            return known
                .agent
                .is_some_and(|leg| [a, b].contains(&leg.as_str()))
                .then_some(Event::AgentTaken);
        }
    };
    Some(Event::Bridged { agent: Leg::new(other).ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn known<'a>(caller: &'a Leg, agent: Option<&'a Leg>) -> Known<'a> {
        Known { caller, agent, notice: "/s/notice.wav", playback: Some("own-1"), asked: &[], question: "" }
    }

    fn leg(name: &str) -> Leg {
        Leg::new(name).unwrap()
    }

    #[test]
    fn the_originate_is_the_one_that_was_tried() {
        let leg = leg("target-uuid");
        let tappable = Tappable { codec: "PCMA".into(), codec_string: "PCMA@8000h@20i@1c".into() };
        let copy = |direction| Copy {
            leg: &leg,
            direction,
            tap: "tap-uuid",
            token: "abc",
            instance: "p5090",
            profile: "callgist",
            sip: SocketAddr::from(([127, 0, 0, 1], 5090)),
            tappable: &tappable,
        };
        let written = originate(&copy(Direction::ToPhone));
        assert_eq!(
            originate(&copy(Direction::FromPhone)),
            written.replace(" write' inline", " read' inline")
        );
        assert_eq!(
            written,
            "originate {origination_uuid=tap-uuid,origination_caller_id_number=tap,\
             origination_caller_id_name=callgist,absolute_codec_string=PCMA@8000h@20i@1c,\
             ignore_early_media=true,originate_timeout=3,no_throttle_limits=true,process_cdr=false,\
             rtp_secure_media=false,rtp_secure_media_outbound=false,callgist_tap=p5090,\
             callgist_target=target-uuid}sofia/callgist/sip:abc@127.0.0.1:5090;transport=udp \
             'native_eavesdrop:${cond(${uuid_getvar(target-uuid read_codec)} == PCMA ? target-uuid : none)} \
             write' inline"
        );
    }

    #[test]
    fn of_earlier_notes_the_switch_is_told_a_count_and_an_id_and_nothing_else() {
        use crate::call::CallId;
        let told = |notes, link| earlier(&leg("a"), &Earlier { notes, link });
        assert_eq!(told(0, None), ["uuid_setvar a callgist_earlier_notes 0"]);
        let link = "uuid_setvar a callgist_link 00000000000000ff";
        assert_eq!(told(2, Some(CallId(255))), ["uuid_setvar a callgist_earlier_notes 2", link]);
    }

    #[test]
    fn the_notice_checks_for_itself_that_the_caller_waits() {
        let config = Config::parse(crate::config::DEFAULT).unwrap();
        let Command::Execute(play) = play_notice(&leg("a"), &config.lines[0], "own-1").unwrap() else {
            panic!("no execute")
        };
        assert_eq!(
            play.argument.unwrap().as_str(),
            "${cond(${callgist_waiting} == true ? /usr/share/callgist/sounds/en/8000/notice.wav : \
             silence_stream://0)}"
        );
        assert!(play.event_lock);
    }

    #[test]
    fn the_caller_of_a_bridge_is_whichever_side_is_known() {
        let (a, b) = (leg("a"), leg("b"));
        let bridge = |x: &str, y: &str| {
            SwitchEvent::new("CHANNEL_BRIDGE")
                .with("Unique-ID", x)
                .with("Bridge-A-Unique-ID", x)
                .with("Bridge-B-Unique-ID", y)
        };
        let expected = Some(Event::Bridged { agent: b.clone() });
        assert_eq!(meaning(&bridge("a", "b"), &known(&a, None)), expected);
        assert_eq!(meaning(&bridge("b", "a"), &known(&a, None)), expected);
        assert_eq!(meaning(&bridge("z", "b"), &known(&a, Some(&b))), Some(Event::AgentTaken));
        assert_eq!(meaning(&bridge("z", "y"), &known(&a, Some(&b))), None);
    }

    #[test]
    fn only_our_own_playback_completes_the_notice() {
        let a = leg("a");
        let complete = |uuid: &str| {
            SwitchEvent::new("CHANNEL_EXECUTE_COMPLETE")
                .with("Unique-ID", "a")
                .with("Application", "playback")
                .with("Application-UUID", uuid)
                .with("Application-Response", "FILE PLAYED")
        };
        let completed = Some(Event::NoticeCompleted { file_played: true });
        assert_eq!(meaning(&complete("own-1"), &known(&a, None)), completed);
        assert_eq!(meaning(&complete("other"), &known(&a, None)), None);
    }

    #[test]
    fn the_wait_is_over_with_the_guarded_sleep_and_with_no_other() {
        let a = leg("a");
        let slept = |leg: &str, waiting: &str| {
            SwitchEvent::new("CHANNEL_EXECUTE_COMPLETE")
                .with("Unique-ID", leg)
                .with("Application", "sleep")
                .with("variable_callgist_waiting", waiting)
        };
        assert_eq!(meaning(&slept("a", "true"), &known(&a, None)), Some(Event::WaitOver));
        assert_eq!(meaning(&slept("a", "false"), &known(&a, None)), None);
        assert_eq!(meaning(&slept("b", "true"), &known(&a, None)), None);
    }

    #[test]
    fn music_on_hold_is_not_taken_for_the_notice() {
        let a = leg("a");
        let start = |path: &str| {
            SwitchEvent::new("PLAYBACK_START")
                .with("Unique-ID", "a")
                .with("Playback-File-Path", path)
                .with("Event-Date-Timestamp", "17")
        };
        let started = Some(Event::NoticeStarted { at: SwitchTime(17) });
        assert_eq!(meaning(&start("/s/notice.wav"), &known(&a, None)), started);
        assert_eq!(meaning(&start("tone_stream://%(400,100,350)"), &known(&a, None)), None);
    }

    #[test]
    fn an_objection_by_command_is_seen_when_the_switch_has_done_it_and_of_no_other_variable() {
        let job = |command: &str, argument: &str, answer: &str| {
            let told = SwitchEvent::new("BACKGROUND_JOB").with("Job-Command", command);
            let told = told.with("Job-Command-Arg", argument).with_body(answer);
            objected_by_command(&told).map(str::to_owned)
        };
        assert_eq!(job("uuid_setvar", "a callgist_objection agent", "+OK\n").as_deref(), Some("a"));
        assert_eq!(job("uuid_setvar", "a callgist_objection agent", "-ERR No such channel!\n"), None);
        assert_eq!(job("uuid_setvar", "a callgist_objection ", "+OK\n"), None, "it was taken away");
        assert_eq!(job("uuid_setvar", "a callgist_objections agent", "+OK\n"), None);
        assert_eq!(job("uuid_getvar", "a callgist_objection agent", "+OK\n"), None);
    }

    #[test]
    fn an_objection_is_seen_by_its_set_and_by_its_variable() {
        let set = SwitchEvent::new("CHANNEL_EXECUTE")
            .with("Application", "set")
            .with("Application-Data", "callgist_objection=caller");
        assert!(objected(&set));
        assert!(objected(&SwitchEvent::new("CHANNEL_BRIDGE").with("variable_callgist_objection", "agent")));
        assert!(!objected(&SwitchEvent::new("CHANNEL_BRIDGE")));
    }
}
