//! One connection of the event socket as the switch sees it: who it is, what it wants to hear, and in which form.

use crate::wire::esl::{Event, Form, Value};
use regex::Regex;
use std::collections::BTreeSet;

/// A connection.
#[derive(Default)]
pub(super) struct Link {
    pub(super) rights: Rights,
    pub(super) form: Option<Form>,
    names: BTreeSet<String>,
    all: bool,
    pub(super) only_leg: Option<String>,
    pub(super) logging: bool,
    filters: Vec<(String, String)>,
    /// Events that wait for the end of the step, where their order may still change.
    pub(super) waiting: Vec<Event>,
}

/// What a connection may do.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Rights {
    /// Not authenticated.
    #[default]
    None,
    /// By the switch's password: everything.
    All,
    /// By `userauth`: these events and api commands.
    Some { events: Vec<String>, apis: Vec<String> },
}

impl Rights {
    pub(super) fn may_hear(&self, name: &str) -> bool {
        match self {
            Rights::None => false,
            Rights::All => true,
            Rights::Some { events, .. } => events.iter().any(|allowed| allowed == name),
        }
    }

    pub(super) fn may_call(&self, command: &str) -> bool {
        match self {
            Rights::None => false,
            Rights::All => true,
            Rights::Some { apis, .. } => apis.iter().any(|allowed| allowed == command),
        }
    }
}

impl Link {
    /// The reply to `event`. One name that is not allowed refuses the whole command; an unknown one is ignored.
    pub(super) fn subscribe(&mut self, form: Form, names: &[&str]) -> &'static str {
        let known: Vec<&&str> = names.iter().filter(|name| NAMES.contains(name)).collect();
        if known.is_empty() {
            return "-ERR no keywords supplied";
        }
        if known.iter().any(|name| !self.rights.may_hear(name)) {
            return "-ERR permission denied";
        }
        for name in known {
            match *name {
                "ALL" => self.all = true,
                name => {
                    self.names.insert(name.to_owned());
                }
            }
        }
        self.form = Some(form);
        match form {
            Form::Json => "+OK event listener enabled json",
            Form::Plain => "+OK event listener enabled plain",
        }
    }

    pub(super) fn unsubscribe(&mut self) -> &'static str {
        if self.form.take().is_none() {
            return "-ERR not listening for events";
        }
        self.names.clear();
        self.all = false;
        "+OK no longer listening for events"
    }

    pub(super) fn unsubscribe_from(&mut self, names: &[&str]) -> &'static str {
        if !names.iter().any(|name| NAMES.contains(name)) {
            return "-ERR no keywords supplied";
        }
        self.names.retain(|have| !names.contains(&&**have));
        "+OK events nixed"
    }

    pub(super) fn filter(&mut self, header: &str, value: &str) -> String {
        self.filters.push((header.into(), value.into()));
        format!("+OK filter added. [{header}]=[{value}]")
    }

    pub(super) fn unfilter(&mut self, header: &str, value: Option<&str>) -> String {
        self.filters.retain(|(name, have)| {
            let named = header == "all" || name.eq_ignore_ascii_case(header);
            !(named && value.is_none_or(|value| have == value))
        });
        format!("+OK filter deleted. [{header}][{}]", value.unwrap_or(""))
    }

    /// Whether an event is delivered: its name is subscribed to and, with any filter set, one of them fits.
    pub(super) fn wants(&self, event: &Event) -> bool {
        // Where there are two names, the second is what the event is: of `COMMAND` it is `PRIVATE_COMMAND`, and whoever
        // asked for COMMAND alone hears nothing (observed on a 1.11.2).
        let names = event.headers().iter().filter(|(name, _)| *name == "Event-Name");
        let Some((_, Value::Text(name))) = names.last() else { return false };
        let name = &**name;
        if let Some(leg) = &self.only_leg
            && event.get("Unique-ID") == Some(leg)
            && !NOT_IN_MYEVENTS.contains(&name)
        {
            return true;
        }
        let named = self.form.is_some() && (self.all || self.names.contains(name));
        let passes =
            |(header, value): &(String, String)| event.get(header).is_some_and(|have| fits(have, value));
        named && (self.filters.is_empty() || self.filters.iter().any(passes))
    }
}

fn fits(have: &str, filter: &str) -> bool {
    let expression = filter.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    match expression.map(Regex::new) {
        Some(Ok(expression)) => expression.is_match(have),
        Some(Err(_)) => false,
        None => have.eq_ignore_ascii_case(filter),
    }
}

/// Each event's file, function and line, as its headers say them.
pub(super) fn origin(name: &str) -> (&'static str, &'static str, &'static str) {
    match name {
        "CHANNEL_EXECUTE" => ("switch_core_session.c", "switch_core_session_exec", "2949"),
        "CHANNEL_EXECUTE_COMPLETE" => ("switch_core_session.c", "switch_core_session_exec", "2972"),
        "CHANNEL_ANSWER" => ("switch_channel.c", "switch_channel_perform_mark_answered", "3848"),
        "CHANNEL_CREATE" => ("switch_core_state_machine.c", "switch_core_session_run", "626"),
        "CHANNEL_BRIDGE" => ("switch_ivr_bridge.c", "switch_ivr_multi_threaded_bridge", "1689"),
        "CHANNEL_UNBRIDGE" => ("switch_ivr_bridge.c", "switch_ivr_multi_threaded_bridge", "1879"),
        "CHANNEL_HOLD" | "CHANNEL_UNHOLD" => ("switch_channel.c", "switch_channel_mark_hold", "876"),
        "CHANNEL_HANGUP" => ("switch_channel.c", "switch_channel_perform_hangup", "3447"),
        "CHANNEL_HANGUP_COMPLETE" => {
            ("switch_core_state_machine.c", "switch_core_session_reporting_state", "943")
        }
        "PLAYBACK_START" => ("switch_ivr_play_say.c", "switch_ivr_play_file", "1649"),
        "PLAYBACK_STOP" => ("switch_ivr_play_say.c", "switch_ivr_play_file", "2023"),
        "MEDIA_BUG_START" => ("switch_core_media_bug.c", "switch_core_media_bug_add", "1014"),
        "MEDIA_BUG_STOP" => ("switch_core_media_bug.c", "switch_core_media_bug_destroy", "84"),
        "BACKGROUND_JOB" => ("mod_event_socket.c", "api_exec", "1580"),
        "HEARTBEAT" => ("switch_core.c", "send_heartbeat", "95"),
        "DTMF" => ("switch_channel.c", "switch_channel_dequeue_dtmf", "678"),
        "CHANNEL_DATA" => ("mod_commands.c", "uuid_dump_function", "6495"),
        "CHANNEL_PARK" => ("switch_ivr.c", "switch_ivr_park", "1002"),
        "API" => ("switch_loadable_module.c", "switch_api_execute", "3140"),
        "COMMAND" => ("switch_ivr_async.c", "switch_ivr_broadcast", "5732"),
        "PRIVATE_COMMAND" => ("switch_ivr.c", "switch_ivr_parse_next_event", "804"),
        _ => ("switch_core.c", "switch_core", "1"),
    }
}

const NAMES: [&str; 66] = [
    "ALL",
    "API",
    "BACKGROUND_JOB",
    "CALL_DETAIL",
    "CALL_SECURE",
    "CALL_SETUP_REQ",
    "CALL_SETUP_RESULT",
    "CALL_UPDATE",
    "CHANNEL_ANSWER",
    "CHANNEL_APPLICATION",
    "CHANNEL_BRIDGE",
    "CHANNEL_CALLSTATE",
    "CHANNEL_CREATE",
    "CHANNEL_DATA",
    "CHANNEL_DESTROY",
    "CHANNEL_EXECUTE",
    "CHANNEL_EXECUTE_COMPLETE",
    "CHANNEL_HANGUP",
    "CHANNEL_HANGUP_COMPLETE",
    "CHANNEL_HOLD",
    "CHANNEL_ORIGINATE",
    "CHANNEL_OUTGOING",
    "CHANNEL_PARK",
    "CHANNEL_PROGRESS",
    "CHANNEL_PROGRESS_MEDIA",
    "CHANNEL_STATE",
    "CHANNEL_UNBRIDGE",
    "CHANNEL_UNHOLD",
    "CHANNEL_UNPARK",
    "CHANNEL_UUID",
    "CODEC",
    "COMMAND",
    "CUSTOM",
    "DETECTED_SPEECH",
    "DETECTED_TONE",
    "DTMF",
    "FAILURE",
    "GENERAL",
    "HEARTBEAT",
    "LOG",
    "MEDIA_BUG_START",
    "MEDIA_BUG_STOP",
    "MESSAGE",
    "MODULE_LOAD",
    "MODULE_UNLOAD",
    "NOTALK",
    "NOTIFY",
    "PLAYBACK_START",
    "PLAYBACK_STOP",
    "PRESENCE_IN",
    "PRESENCE_OUT",
    "PRIVATE_COMMAND",
    "RECORD_START",
    "RECORD_STOP",
    "RECV_INFO",
    "RECV_MESSAGE",
    "RELOADXML",
    "RE_SCHEDULE",
    "SEND_INFO",
    "SEND_MESSAGE",
    "SESSION_HEARTBEAT",
    "SHUTDOWN",
    "STARTUP",
    "TALK",
    "TEXT",
    "TRAP",
];

const NOT_IN_MYEVENTS: [&str; 7] = [
    "PLAYBACK_START",
    "PLAYBACK_STOP",
    "CHANNEL_HOLD",
    "CHANNEL_UNHOLD",
    "MEDIA_BUG_START",
    "MEDIA_BUG_STOP",
    "BACKGROUND_JOB",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn listening(filters: &[(&str, &str)]) -> Link {
        let mut link = Link { rights: Rights::All, ..Link::default() };
        link.subscribe(Form::Json, &["CHANNEL_BRIDGE", "HEARTBEAT", "BACKGROUND_JOB", "DTMF", "NOSUCH"]);
        for (header, value) in filters {
            link.filter(header, value);
        }
        link
    }

    fn bridge() -> Event {
        Event::new("CHANNEL_BRIDGE").with("Unique-ID", "a-1").with("variable_callgist", "main")
    }

    #[test]
    fn with_a_filter_set_what_lacks_its_header_is_dropped_too() {
        assert!(listening(&[]).wants(&Event::new("HEARTBEAT")));
        let link = listening(&[("variable_callgist", "/.+/")]);
        assert!(link.wants(&bridge()));
        assert!(!link.wants(&Event::new("HEARTBEAT")));
        assert!(!link.wants(&Event::new("DTMF").with("Unique-ID", "a-1")));
        assert!(!link.wants(&Event::new("CHANNEL_BRIDGE").with("Unique-ID", "b-1")));
        assert!(!link.wants(&Event::new("CHANNEL_ANSWER").with("variable_callgist", "main")));
    }

    #[test]
    fn filters_are_or_ed_and_taken_back_one_by_one() {
        let mut link = listening(&[("Unique-ID", "B-1"), ("event-name", "heartbeat"), ("Unique-ID", "c-1")]);
        assert!(link.wants(&Event::new("HEARTBEAT")));
        assert!(!link.wants(&bridge()));
        assert_eq!(link.filter("variable_callgist", ".+"), "+OK filter added. [variable_callgist]=[.+]");
        assert!(!link.wants(&bridge()));
        assert_eq!(link.unfilter("Unique-ID", Some("c-1")), "+OK filter deleted. [Unique-ID][c-1]");
        assert!(link.wants(&Event::new("CHANNEL_BRIDGE").with("Unique-ID", "b-1")));
        assert_eq!(link.unfilter("all", None), "+OK filter deleted. [all][]");
        assert!(link.wants(&bridge()));
    }

    #[test]
    fn one_event_that_is_not_allowed_refuses_the_whole_command() {
        let rights = Rights::Some { events: vec!["CHANNEL_BRIDGE".into()], apis: vec!["show".into()] };
        let mut link = Link { rights, ..Link::default() };
        assert_eq!(link.subscribe(Form::Json, &["CHANNEL_BRIDGE", "DTMF"]), "-ERR permission denied");
        assert!(!link.wants(&bridge()));
        assert_eq!(link.subscribe(Form::Json, &["CHANNEL_BRIDGE"]), "+OK event listener enabled json");
        assert!(link.wants(&bridge()));
        assert_eq!(link.subscribe(Form::Json, &["NOSUCH"]), "-ERR no keywords supplied");
        assert!(link.rights.may_call("show") && !link.rights.may_call("status"));
        assert_eq!(link.unsubscribe(), "+OK no longer listening for events");
        assert_eq!(link.unsubscribe(), "-ERR not listening for events");
    }
}
