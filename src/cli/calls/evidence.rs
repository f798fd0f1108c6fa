//! `callgist calls evidence`: one call goes in; what is on record of its notice, its consent and its listening comes out,
//! dated, with what was looked at to verify it, and with what is not on record.
//!
//! Proved is an announcement only where row and log both tell of it and nothing that was compared contradicts them.
//! No word of the note stands in it, and the caller's number is masked: it is handed to others.

use super::{NO_SUCH_CALL, find};
use crate::call::{AgentLeg, CallId, NoSummary};
use crate::cli::counter::{Place, counted, now, time, timestamp};
use crate::cli::{Exit, fail};
use crate::config::Config;
use crate::daemon::notice;
use crate::store::{
    Clerk, Decision, Deed, Entry, Fault, Kept, Logged, Measured, Outcome, Reader, Sha256, StoreError,
    UtcMillis, Verdict,
};
use serde_json::{Value, json};
use std::fmt::Write;

/// Everything that is on record of one call.
struct Evidence {
    made: UtcMillis,
    id: CallId,
    /// Nothing once it was erased.
    row: Option<Kept>,
    log: Vec<Logged>,
    /// The log as a whole, against the head that was noted elsewhere where one was named.
    verdict: Verdict,
    head_named: Option<String>,
    /// The newest word of the log about the settings before the call, of a call that has a row.
    settings: Option<Logged>,
    now: Option<Running>,
}

/// The settings as they are now, and the hash of the notice's file.
struct Running {
    settings: String,
    sound: Option<String>,
}

impl Running {
    fn of(config: &Config, row: Option<&Kept>) -> Running {
        let line = row.and_then(|kept| config.line(kept.call.line.as_str()));
        let sound = line.and_then(|line| notice::hash("notice", &line.notice).ok());
        Running { settings: config.version(), sound: sound.map(|sound| sound.to_string()) }
    }
}

/// One thing that is compared.
struct Check {
    what: String,
    /// Nothing where one of the sides is not on record.
    holds: Option<bool>,
}

impl Check {
    fn new(what: impl Into<String>, holds: impl Into<Option<bool>>) -> Check {
        Check { what: what.into(), holds: holds.into() }
    }

    fn fails(&self) -> bool {
        self.holds == Some(false)
    }
}

pub(super) fn tell(
    place: &Place,
    reader: &Reader,
    clerk: &mut Clerk,
    id: &str,
    head: Option<&str>,
    as_json: bool,
) -> Result<Exit, StoreError> {
    let row = find(reader, id)?;
    let Some(id) = row.as_ref().map(|kept| kept.call.id).or_else(|| CallId::parse(id)) else {
        return Ok(fail(Exit::Failed, NO_SUCH_CALL));
    };
    let log = clerk.log_about(&[id], None)?;
    if row.is_none() && log.is_empty() {
        return Ok(fail(Exit::Failed, "neither a row nor the log knows this call"));
    }
    clerk.log(&Entry::new(Deed::Exported).call(id).detail(ASKED), now())?;
    let offered = row.as_ref().map(|kept| kept.call.offered);
    let evidence = Evidence {
        made: now(),
        id,
        log,
        verdict: clerk.verify_log(head)?,
        head_named: head.map(str::to_owned),
        settings: offered.map(|at| clerk.settings_at(at)).transpose()?.flatten(),
        now: place.config.as_ref().map(|config| Running::of(config, row.as_ref())),
        row,
    };
    if as_json {
        let told = evidence.json();
        println!(
            "{}",
            json!({ "evidence": told, "sha256": Sha256::of(told.to_string().as_bytes()).to_string() })
        );
    } else {
        let told = evidence.text();
        println!("{told}SHA-256 of all that stands above: {}", Sha256::of(told.as_bytes()));
    }
    Ok(match evidence.unproved() {
        _ if evidence.checks().iter().any(Check::fails) => Exit::Failed,
        Some(_) => Exit::Unproved,
        None => Exit::Done,
    })
}

impl Evidence {
    fn deed(&self, deed: Deed) -> Option<&Logged> {
        self.log.iter().find(|entry| entry.deed == deed.word())
    }

    /// Whether the log tells that an agent objected by a command.
    fn by_command(&self) -> bool {
        let by_agent = |entry: &&Logged| entry.detail.as_deref() == Some("agent");
        self.log.iter().filter(by_agent).any(|entry| entry.deed == Deed::Objection.word())
    }

    /// When a restore brought the row back that the log tells nothing else of.
    fn restored(&self) -> Option<UtcMillis> {
        self.deed(Deed::Restored).filter(|_| self.untold()).map(|entry| entry.at)
    }

    /// The log tells nothing of how the call went.
    fn untold(&self) -> bool {
        self.log.iter().all(|entry| asked_for(entry) || entry.deed == Deed::Restored.word())
    }

    fn measured(&self) -> Option<&Measured> {
        self.row.as_ref()?.call.notice.as_ref()?.measured.as_ref()
    }

    /// Whether this came before the first second that was listened to, by the log's order; nothing where it cannot be told.
    fn came_before_listening(&self, deed: Deed) -> Option<bool> {
        let came = self.deed(deed).map(|entry| entry.seq);
        match (came, self.deed(Deed::ListeningStarted).map(|entry| entry.seq)) {
            _ if self.listening_untold() => None,
            (Some(came), Some(listened)) => Some(came < listened),
            (Some(_), None) => Some(true),
            (None, Some(_)) => self.row_denies(deed).then_some(false),
            (None, None) => {
                (deed == Deed::ConsentGiven && self.deed(Deed::ConsentRefused).is_some()).then_some(true)
            }
        }
    }

    /// The row tells that this never happened.
    fn row_denies(&self, deed: Deed) -> bool {
        let call = self.row.as_ref().map(|kept| &kept.call);
        match deed {
            Deed::NoticePlayed => call.is_some_and(|call| call.announced.is_none()),
            _ => call.is_some_and(|call| call.consent.is_none_or(|decision| !decision.given)),
        }
    }

    /// Why it is not proved that the call was announced; nothing where it is.
    fn unproved(&self) -> Option<&'static str> {
        let Some(kept) = &self.row else {
            return Some("there is no row of the call, only the log could tell of it");
        };
        if kept.call.announced.is_none() {
            return Some("the row tells of no notice that was played to its end");
        }
        if self.restored().is_some() {
            return Some("a restore brought the row back, and the log here has no entry of its notice");
        }
        if self.deed(Deed::NoticePlayed).is_none() {
            return Some("the row tells of it, and the log has no entry of it");
        }
        self.checks().iter().any(Check::fails).then_some("a comparison below fails")
    }

    /// The row tells that something was listened to, and the log does not tell when.
    fn listening_untold(&self) -> bool {
        let heard = self.row.as_ref().and_then(|kept| kept.call.heard);
        heard.is_some_and(|heard| heard.listened_ms > 0) && self.deed(Deed::ListeningStarted).is_none()
    }

    fn asked(&self) -> bool {
        let decided = self.row.as_ref().is_some_and(|kept| kept.call.consent.is_some());
        let told = [Deed::ConsentGiven, Deed::ConsentRefused].iter().any(|deed| self.deed(*deed).is_some());
        decided || told || self.measured().is_some_and(|measured| measured.question.is_some())
    }

    /// How callers of the line were told or asked at that time.
    fn mode(&self) -> Option<&'static str> {
        match (self.asked(), self.measured()) {
            (true, _) => Some("consent"),
            (false, Some(_)) => Some("notice"),
            (false, None) => None,
        }
    }

    fn checks(&self) -> Vec<Check> {
        let unchanged = self.verdict.faults.iter().all(|fault| *fault == Fault::HeadUnknown);
        let mut checks = vec![Check::new("the log is as it was written", unchanged)];
        if self.head_named.is_some() {
            checks.push(Check::new("the head that was named is in the log", self.verdict.known.is_some()));
        }
        checks.push(Check::new(NOT_BEFORE_THE_NOTICE, self.came_before_listening(Deed::NoticePlayed)));
        if self.asked() {
            checks.push(Check::new(NOT_BEFORE_CONSENT, self.came_before_listening(Deed::ConsentGiven)));
        }
        let Some(Kept { call, .. }) = &self.row else { return checks };
        let played = self.deed(Deed::NoticePlayed);
        if let Some(announced) = call.announced {
            let near = played.map(|entry| (entry.at.0 - announced.0).abs() <= TOLERANCE_MS);
            let what = format!("row and log date the notice alike, to {} s", TOLERANCE_MS / 1_000);
            checks.push(Check::new(what, near));
            let what = format!("{IN_ORDER} ({} s are allowed between two clocks)", TOLERANCE_MS / 1_000);
            checks.push(Check::new(what, self.in_order()));
        }
        if let Some(version) = &call.notice_version {
            let same = played.map(|entry| entry.detail.as_deref() == Some(version.as_str()));
            checks.push(Check::new("row and log name the same version of the notice", same));
        }
        if let Some(measured) = self.measured() {
            let told = self.settings.as_ref().and_then(|entry| entry.detail.as_deref());
            let same = told.map(|told| told == measured.settings.as_str());
            checks.push(Check::new("row and log name the same version of the settings", same));
        }
        checks
            .push(Check::new("row and log say the same of what was kept", self.endings_agree(&call.outcome)));
        checks
    }

    /// Whether what the row dates came in the order in which it must; nothing where it dates too little.
    fn in_order(&self) -> Option<bool> {
        let call = &self.row.as_ref()?.call;
        let notice = call.notice.as_ref();
        let listening = self.deed(Deed::ListeningStarted).map(|entry| entry.at);
        let moments = [
            Some(call.offered),
            notice.map(|notice| notice.from),
            notice.map(|notice| notice.to),
            call.announced,
            listening,
            Some(call.ended),
        ];
        let moments: Vec<i64> = moments.into_iter().flatten().map(|at| at.0).collect();
        // Each with all that came before it: the allowance does not add up.
        let latest = moments.iter().scan(i64::MIN, |latest, at| {
            *latest = (*latest).max(*at);
            Some(*latest)
        });
        Some(moments.iter().zip(latest).all(|(at, latest)| latest - at <= TOLERANCE_MS))
    }

    /// Whether the log tells of the row's ending; nothing where it tells of none.
    fn endings_agree(&self, outcome: &Outcome) -> Option<bool> {
        const ENDINGS: [Deed; 4] = [Deed::NoteKept, Deed::Objection, Deed::Discarded, Deed::NoteRefused];
        let deed = match outcome {
            Outcome::Noted(_) => Deed::NoteKept,
            Outcome::NotNoted(NoSummary::Objection | NoSummary::ObjectionSuspected) => Deed::Objection,
            Outcome::NotNoted(NoSummary::Discarded) => Deed::Discarded,
            Outcome::NotNoted(_) => Deed::NoteRefused,
        };
        let told = ENDINGS.iter().any(|ending| self.deed(*ending).is_some());
        told.then(|| self.deed(deed).is_some())
    }

    /// What nobody can tell from what is kept.
    fn missing(&self) -> Vec<&'static str> {
        let mut missing = Vec::new();
        let announced = self.deed(Deed::NoticePlayed).is_some();
        match &self.row {
            None => {
                missing.push("the call's row: it was erased, or its time was up; only the log tells of it")
            }
            Some(Kept { call, .. }) => {
                if call.announced.is_some() && self.measured().is_none() {
                    missing.push(
                        "what the notice sounded like, how long it lasts and the settings: another run of Callgist, or \
                         an earlier version, had it played",
                    );
                }
                if call.heard.is_some() && call.agent_leg.is_none() {
                    missing.push("whose voices were copied: an earlier version of Callgist wrote the row");
                }
                if call.outcome.is_objection() {
                    missing.push("whose voices were copied before the objection: nothing of that is kept");
                }
                if call.outcome.is_objection() && !self.by_command() {
                    missing.push("whether the objection came by the caller's key, the agent's, or by voice");
                }
            }
        }
        if self.restored().is_some() {
            missing.push(
                "the log's entries of this call from before a restore brought its row back: they stand in the log of the \
                 database that the copy was made of",
            );
        } else if self.untold() {
            missing.push("the log's entries of this call: their time was up");
        } else if !announced && self.row.as_ref().is_some_and(|kept| kept.call.announced.is_some()) {
            missing.push(
                "the log's entry of the notice: another run of Callgist had it played, or its time was up",
            );
        }
        if self.listening_untold() {
            missing.push("when listening began: the log has no entry of it");
        }
        if self.mode().is_none() {
            missing.push("whether the line told or asked its callers then");
        }
        if self.head_named.is_none() {
            missing.push(
                "that the log was not made anew from its beginning: name a head that was noted elsewhere (--head)",
            );
        }
        missing.push(match self.measured() {
            Some(_) => "the words of the notice: compare the hash with the file, and listen to it",
            None => {
                "the words of the notice: without its hash no file can be shown to be the one that was played"
            }
        });
        missing
    }

    fn json(&self) -> Value {
        let call = self.row.as_ref().map(|kept| &kept.call);
        let notice = call.and_then(|call| call.notice.as_ref());
        let measured = self.measured();
        let entry = |entry: &Logged| {
            json!({ "entry": entry.seq, "at": timestamp(entry.at), "deed": entry.deed, "detail": entry.detail,
                    "hash": entry.hash, "of_asking": asked_for(entry) })
        };
        let checks = self.checks();
        json!({
            "made": timestamp(self.made),
            "version": env!("CARGO_PKG_VERSION"),
            "call": self.id.to_string(),
            "row": call.is_some(),
            "restored": self.restored().map(timestamp),
            "line": call.map(|call| call.line.as_str()),
            "caller_masked": call.and_then(|call| call.caller.as_ref()).map(|caller| format!("{caller:?}")),
            "offered": call.map(|call| timestamp(call.offered)),
            "mode": self.mode(),
            "announcement": if self.unproved().is_none() { "proved" } else { "not_proved" },
            "announcement_not_proved_because": self.unproved(),
            "announced": call.and_then(|call| call.announced).map(timestamp),
            "notice_version": call.and_then(|call| call.notice_version.as_ref()).map(|version| version.as_str()),
            "notice_from": notice.map(|notice| timestamp(notice.from)),
            "notice_to": notice.map(|notice| timestamp(notice.to)),
            "notice_lasts_ms": measured.map(|measured| measured.lasts),
            "notice_sha256": measured.map(|measured| measured.sound.to_string()),
            "question_sha256": measured.and_then(|measured| measured.question).map(|hash| hash.to_string()),
            "notice_in_use_sha256": self.now.as_ref().and_then(|now| now.sound.clone()),
            "consent": call.and_then(|call| call.consent).map(|Decision { given, at }| {
                json!({ "given": given, "at": timestamp(at) })
            }),
            "listening_started": self.deed(Deed::ListeningStarted).map(|entry| timestamp(entry.at)),
            "listening_ended": self.log.iter().rfind(|entry| entry.deed == Deed::ListeningEnded.word())
                .map(|entry| timestamp(entry.at)),
            "voices": call.and_then(|call| call.agent_leg).map(|legs| {
                legs.voices().iter().map(|party| party.word()).collect::<Vec<_>>()
            }),
            "bridged": call.and_then(|call| call.bridged).map(timestamp),
            "ended": call.map(|call| timestamp(call.ended)),
            "kept": self.row.as_ref().map(|kept| kept_word(kept).0),
            "no_summary_reason": self.row.as_ref().and_then(|kept| kept_word(kept).1),
            "settings_version": measured.map(|measured| measured.settings.as_str()),
            "settings_in_use": self.now.as_ref().map(|now| now.settings.as_str()),
            "log": self.log.iter().map(entry).collect::<Vec<_>>(),
            "log_head": self.verdict.head,
            "log_head_named": self.head_named,
            "log_head_named_entry": self.verdict.known,
            "log_faults": self.verdict.faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "checks": checks.iter().map(|Check { what, holds }| json!({ "what": what, "holds": holds }))
                .collect::<Vec<_>>(),
            "not_on_record": self.missing(),
        })
    }

    fn text(&self) -> String {
        let mut text = String::new();
        let mut say = |line: String| {
            // A String takes everything.
            let _ = writeln!(text, "{line}");
        };
        say(format!(
            "Evidence of call {}, made {} UTC by Callgist {}; all times are UTC",
            self.id,
            time(self.made),
            env!("CARGO_PKG_VERSION")
        ));
        match &self.row {
            Some(kept) => self.of_row(kept, &mut say),
            None => say("  There is no row of this call any more.".to_owned()),
        }
        say(match self.unproved() {
            None => "Announced: proved, by row and log".to_owned(),
            Some(why) => format!("Announced: not proved: {why}"),
        });
        say(format!("The log's {} of this call:", counted(self.log.len(), "entry", "entries")));
        for entry in &self.log {
            let detail = entry.detail.as_ref().map_or(String::new(), |detail| format!(" {detail}"));
            let asked = if asked_for(entry) {
                "  (somebody asked for this evidence, no part of the call)"
            } else {
                ""
            };
            say(format!(
                "  {:>6}  {}  {}{detail}  {}{asked}",
                entry.seq,
                moment(entry.at),
                entry.deed,
                &entry.hash[..16]
            ));
        }
        say("Compared:".to_owned());
        for Check { what, holds } in self.checks() {
            say(match holds {
                Some(true) => format!("  yes  {what}"),
                Some(false) => format!("  NO   {what}"),
                None => format!("  --   not on record, so not compared: {what}"),
            });
        }
        self.verdict.faults.iter().for_each(|fault| say(format!("       {fault}")));
        say(format!("  head of the log now: {}", self.verdict.head));
        say(match (&self.head_named, self.verdict.known) {
            (None, _) => "  no earlier head was named".to_owned(),
            (Some(named), Some(0)) => format!("  head that was named: {named}, the log's beginning"),
            (Some(named), Some(entry)) => format!("  head that was named: {named}, entry {entry} of the log"),
            (Some(named), None) => format!("  head that was named: {named}, no entry of the log"),
        });
        say("Not on record:".to_owned());
        self.missing().iter().for_each(|what| say(format!("  {what}")));
        text
    }

    fn of_row(&self, kept: &Kept, say: &mut impl FnMut(String)) {
        let call = &kept.call;
        let caller = call.caller.as_ref().map_or("withheld".to_owned(), |number| format!("{number:?}"));
        say(format!("  line       {}; the caller's number ends in {caller}", call.line.as_str()));
        if let Some(at) = self.restored() {
            say(format!(
                "  restored   from a copy, {}; the log here tells nothing of what was before",
                moment(at)
            ));
        }
        say(format!("  offered    {}", moment(call.offered)));
        let mode = match self.mode() {
            Some("consent") => "consent: a notice, and a question behind it",
            Some(_) => "notice: callers are told, and may object",
            None => "not on record",
        };
        say(format!("  mode       {mode}"));
        match (call.announced, &call.notice_version) {
            (Some(at), Some(version)) => {
                say(format!(
                    "  notice     played to its end, version {}; by the row {}",
                    version.as_str(),
                    moment(at)
                ));
            }
            _ => say("  notice     none that was played to its end is on record".to_owned()),
        }
        if let Some(played) = &call.notice {
            let lasted = played.to.0 - played.from.0;
            say(format!(
                "             by the switch's clock from {} to {}: {lasted} ms",
                moment(played.from),
                moment(played.to)
            ));
        }
        if let Some(Measured { sound, question, lasts, settings }) = self.measured() {
            say(format!("             its file lasts {lasts} ms; SHA-256 {sound}"));
            if let Some(question) = question {
                say(format!("             the question's file: SHA-256 {question}"));
            }
            say(format!("             {}", self.in_use(&sound.to_string())));
            let same = self.now.as_ref().map(|now| now.settings == settings.as_str());
            let same = match same {
                Some(true) => "; those in use now",
                Some(false) => "; they were changed since",
                None => "",
            };
            say(format!("  settings   version {}{same}", settings.as_str()));
        }
        say(self.consent(call.consent, call.bridged));
        say(match self.deed(Deed::ListeningStarted) {
            Some(started) => format!("  listening  began {}", moment(started.at)),
            None if self.listening_untold() => "  listening  when it began is not on record".to_owned(),
            None if call.heard.is_none() && self.untold() => "  listening  not on record".to_owned(),
            None => "  listening  never began".to_owned(),
        });
        if let Some(legs) = call.agent_leg {
            say(format!("  voices     {}", voices(legs)));
        }
        say(format!("  talk       {}", call.bridged.map_or("none began".to_owned(), moment)));
        say(format!("  ended      {}", moment(call.ended)));
        say(match kept_word(kept) {
            (word, None) => format!("  kept       {word}; its words do not stand here"),
            (word, Some(reason)) => format!("  kept       {word}; the reason: {reason}"),
        });
    }

    fn in_use(&self, sound: &str) -> String {
        match self.now.as_ref().map(|now| now.sound.as_deref()) {
            Some(Some(now)) if now == sound => "the file in use now is the same",
            Some(Some(_)) => "the file in use now is another: the one with this hash is what was played",
            Some(None) => "no file is in use now that could be compared",
            None => "without the settings it cannot be told whether the file in use now is the same",
        }
        .to_owned()
    }

    /// What was decided, and by whose key where that follows.
    fn consent(&self, decision: Option<Decision>, bridged: Option<UtcMillis>) -> String {
        match decision {
            Some(Decision { given: true, at }) => {
                let whose = match bridged.is_some_and(|bridged| bridged < at) {
                    true => "the agent's, in the talk: the question behind the notice was over",
                    false => "the caller's, at the question: nobody had taken the call yet",
                };
                format!("  consent    given by key {}; {whose}", moment(at))
            }
            Some(Decision { given: false, at }) => {
                format!("  consent    not given, decided {}: key two, or no key", moment(at))
            }
            None if self.asked() => "  consent    no decision: the call ended before it".to_owned(),
            None if self.mode().is_none() => "  consent    not on record".to_owned(),
            None => "  consent    was not asked for".to_owned(),
        }
    }
}

fn voices(legs: AgentLeg) -> &'static str {
    match legs {
        AgentLeg::Heard => "the caller's and the agent's were copied",
        AgentLeg::NotHeard => {
            "the caller's alone was copied, on the caller's own leg; nothing that agents said"
        }
    }
}

/// An entry that only tells of an earlier evidence of the call; the one of this evidence is not among them.
fn asked_for(entry: &Logged) -> bool {
    entry.deed == Deed::Exported.word() && entry.detail.as_deref() == Some(ASKED)
}

/// What was kept of the call, and the reason where it was no note.
fn kept_word(kept: &Kept) -> (&'static str, Option<&'static str>) {
    match &kept.call.outcome {
        Outcome::Noted(_) if kept.marks.corrected => ("a note, corrected by a person", None),
        Outcome::Noted(_) => ("a note", None),
        Outcome::NotNoted(reason) => ("no note", Some(reason.word())),
    }
}

/// To the millisecond.
fn moment(at: UtcMillis) -> String {
    format!("{}.{:03}", time(at), at.0.rem_euclid(1_000))
}

/// The detail of the log's entry.
const ASKED: &str = "evidence";

const NOT_BEFORE_THE_NOTICE: &str =
    "by the log's order nothing was listened to before the notice had been played to its end";
const IN_ORDER: &str =
    "offered, notice, its end, the row's time of it, listening and the call's end came in this order";
const NOT_BEFORE_CONSENT: &str = "by the log's order nothing was listened to before consent had been given";

/// Between the switch's clock and ours, and between a moment and its entry in the log. More, and a row that was written
/// over by hand passes sooner; less, and a machine that was busy or set its clock contradicts itself.
const TOLERANCE_MS: i64 = 5_000;
