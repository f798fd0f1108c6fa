//! Which recordings run on a leg: the switch's events and its lists of media bugs go in (F122); pure.
//!
//! No channel variable tells of a recording. Its media bug does: MEDIA_BUG_START and MEDIA_BUG_STOP while we listen,
//! `uuid_buglist` for what began before. The name of its file may hold a number and goes no further than this file.

use crate::call::Leg;
use crate::wire::esl::{Event as SwitchEvent, EventName, Fault};
use std::collections::{BTreeMap, BTreeSet};

/// The recordings that run, by their legs.
#[derive(Default)]
pub(super) struct Recordings(BTreeMap<Leg, BTreeSet<Box<str>>>);

/// What an event says of one recording.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change<'a> {
    Began(&'a str),
    Ended(&'a str),
}

impl Recordings {
    /// A recording runs; true when it is the first of its leg.
    pub fn began(&mut self, leg: &Leg, file: &str) -> bool {
        let files = self.0.entry(leg.clone()).or_default();
        files.insert(file.into()) && files.len() == 1
    }

    /// A recording has ended; true when it was the last of its leg.
    pub fn ended(&mut self, leg: &Leg, file: &str) -> bool {
        let Some(files) = self.0.get_mut(leg) else { return false };
        files.remove(file) && files.is_empty()
    }
}

/// What an event says of a recording on its leg, if it does.
pub(super) fn change(event: &SwitchEvent) -> Option<Change<'_>> {
    let file = event.media_bug_target().unwrap_or_default();
    let records = RECORDERS.contains(&event.media_bug_function()?);
    match event.name() {
        EventName::MediaBugStart if records => Some(Change::Began(file)),
        EventName::MediaBugStop if records => Some(Change::Ended(file)),
        _ => None,
    }
}

/// The recordings in the switch's answer to `uuid_buglist`. One that cannot be had, because the leg is there and the
/// command is not allowed, counts as a recording: doubt protects.
pub fn listed(answer: Result<&str, Fault>) -> Vec<Box<str>> {
    match answer {
        Ok(list) => list.split("<media-bug>").filter_map(recording).collect(),
        // Of a leg that is gone nothing is said.
        Err(Fault::NoReply | Fault::NoSuchChannel) => Vec::new(),
        Err(_) => vec![UNKNOWN.into()],
    }
}

/// The file of one media bug, when it records.
fn recording(bug: &str) -> Option<Box<str>> {
    RECORDERS.contains(&inside(bug, "function")?).then(|| inside(bug, "target").unwrap_or_default().into())
}

fn inside<'a>(xml: &'a str, tag: &str) -> Option<&'a str> {
    let (_, rest) = xml.split_once(&["<", tag, ">"].concat())?;
    rest.split_once("</").map(|(text, _)| text)
}

/// Functions of media bugs that record: `uuid_record` and `record_session` (F122), and both of mod_oreka (read in its
/// source). One that listens (`eavesdrop`, ours too) is none.
const RECORDERS: [&str; 3] = ["session_record", "oreka_read", "oreka_write"];

/// Stands for a recording that may run, and never ends.
const UNKNOWN: &str = "";

#[cfg(test)]
mod tests {
    use super::*;

    /// As a FreeSWITCH answered while a recording and a tap ran (T28).
    const LIST: &str = "<media-bugs>\n <media-bug>\n  <function>session_record</function>\n  \
                        <target>/var/lib/freeswitch/rec.wav</target>\n  <thread-locked>0</thread-locked>\n \
                        </media-bug>\n <media-bug>\n  <function>eavesdrop</function>\n  \
                        <target>5d1d11c4-a014-42d2-9910-cb95a2d51546</target>\n  \
                        <thread-locked>0</thread-locked>\n </media-bug>\n</media-bugs>\n";

    fn bug(name: &str, function: &str) -> SwitchEvent {
        SwitchEvent::new(name).with("Media-Bug-Function", function).with("Media-Bug-Target", "/rec.wav")
    }

    #[test]
    fn a_list_tells_recordings_and_not_those_who_listen() {
        assert_eq!(listed(Ok(LIST)), ["/var/lib/freeswitch/rec.wav".into()]);
        assert_eq!(listed(Ok("<media-bugs>\n</media-bugs>\n")), []);
    }

    #[test]
    fn a_leg_that_is_gone_is_not_recorded_and_a_list_that_is_refused_counts_as_a_recording() {
        assert_eq!(listed(Fault::check("-ERR no reply\n")), []);
        assert_eq!(listed(Fault::check("-ERR No such channel!\n")), []);
        assert_eq!(listed(Fault::check("-ERR permission denied\n")), [UNKNOWN.into()]);
    }

    #[test]
    fn an_event_tells_of_a_recording_and_not_of_a_tap() {
        assert_eq!(change(&bug("MEDIA_BUG_START", "session_record")), Some(Change::Began("/rec.wav")));
        assert_eq!(change(&bug("MEDIA_BUG_STOP", "session_record")), Some(Change::Ended("/rec.wav")));
        assert_eq!(change(&bug("MEDIA_BUG_START", "eavesdrop")), None);
        assert_eq!(change(&SwitchEvent::new("CHANNEL_BRIDGE")), None);
    }

    #[test]
    fn of_two_recordings_of_a_leg_the_last_one_ends_it() {
        let (mut recordings, leg) = (Recordings::default(), Leg::new("a").unwrap());
        assert!(recordings.began(&leg, "1") && !recordings.began(&leg, "2") && !recordings.began(&leg, "1"));
        assert!(!recordings.ended(&leg, "1") && !recordings.ended(&leg, "1") && recordings.ended(&leg, "2"));
    }
}
