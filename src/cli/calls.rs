//! `callgist calls ...`: what was kept of calls, whether what was promised was kept, and drafts.

mod draft;
mod evidence;
mod history;
mod object;
mod promise;

pub(super) use draft::{acceptable, new_text};

use super::counter::{Common, Moment, Place, Zone, counted, moment, now, time, timestamp};
use super::log::head;
use super::{Exit, fail};
use crate::border::TOPICS;
use crate::call::{AgentLeg, CallId, NoSummary, Number};
use crate::store::{
    CallRecord, Clerk, Decision, Deed, Entry, Filter, Kept, Outcome, Reader, Reference, Request, Segment,
    StoreError, UtcMillis,
};
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};
use std::path::Path;

#[derive(Subcommand)]
pub enum CallsCommand {
    /// List calls, the newest first.
    List {
        #[command(flatten)]
        wish: Wish,
        #[command(flatten)]
        common: Common,
    },
    /// Tell the calls of a number in their order, the oldest first: what was asked, promised, and kept or still open.
    History {
        #[command(flatten)]
        whose: history::Whose,
        #[command(flatten)]
        common: Common,
    },
    /// Mark a promise of a note as kept.
    Kept {
        /// The call's id as `calls list` prints it, or its beginning.
        id: String,
        /// Which of the note's promises, as `calls history` counts them; need not be said where there is one.
        number: Option<u32>,
        /// It is open again.
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Object in an agent's place to a call that is going on: the same as the agent's key, at once, also when the daemon is
    /// dead or hangs.
    Object {
        #[command(flatten)]
        which: object::Which,
        #[command(flatten)]
        common: Common,
    },
    #[command(flatten)]
    Draft(draft::DraftCommand),
    /// Show that a call was announced, and that nothing was listened to before: all that is on record, without the note.
    Evidence {
        /// The id as `calls list` prints it, or its beginning.
        id: String,
        /// A head of the log that was noted elsewhere, as `log verify` printed it: it must still be in the log.
        #[arg(long, value_name = "HASH", value_parser = head)]
        head: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Show one call.
    Show {
        /// The id as `calls list` prints it, or its beginning.
        id: String,
        #[command(flatten)]
        common: Common,
    },
}

/// Which calls.
#[derive(clap::Args)]
pub struct Wish {
    /// Only calls from or to this number.
    #[arg(long)]
    number: Option<String>,
    /// Only calls on this line.
    #[arg(long)]
    line: Option<String>,
    /// Only calls from this time on, such as 2026-11, 2026-11-24 or "2026-11-24 14:30": by the host's time zone, which is
    /// told beside it. What is printed is UTC.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Moment>,
    /// Only calls before this time.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<Moment>,
    /// --since and --until are UTC.
    #[arg(long)]
    utc: bool,
    /// Only calls whose number was withheld.
    #[arg(long)]
    withheld: bool,
    /// Only calls without a summary for one of these reasons, such as objection,objection_suspected.
    #[arg(long, value_name = "REASON", value_delimiter = ',', value_parser = reason)]
    reason: Vec<NoSummary>,
    /// Only calls whose note names this reference, however it is spaced.
    #[arg(long, value_name = "REFERENCE", value_parser = reference)]
    reference: Option<Reference>,
    /// Only calls whose note has this topic.
    #[arg(long, value_parser = PossibleValuesParser::new(TOPICS))]
    topic: Option<String>,
    /// Only calls whose note is still a draft.
    #[arg(long)]
    drafts: bool,
    /// Only calls that are restricted: they are kept until somebody decides, `person restrict --lift` or `person erase`.
    #[arg(long)]
    restricted: bool,
    /// Only calls in which something was promised that nobody has marked as kept.
    #[arg(long)]
    open_promises: bool,
    /// At most so many.
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

pub fn run(path: &Path, command: &CallsCommand) -> Exit {
    let common = match command {
        // It must not fail for a database that cannot be had.
        CallsCommand::Object { which, common } => return object::run(path, which, common),
        CallsCommand::Draft(command) => command.common(),
        CallsCommand::List { common, .. }
        | CallsCommand::History { common, .. }
        | CallsCommand::Kept { common, .. }
        | CallsCommand::Evidence { common, .. }
        | CallsCommand::Show { common, .. } => common,
    };
    let place = match common.place(path) {
        Ok(place) => place,
        Err(exit) => return exit,
    };
    let opened = Clerk::open(place.database.clone())
        .and_then(|clerk| Ok((clerk, Reader::open(place.database.clone())?)));
    let done = opened.and_then(|(mut clerk, reader)| match command {
        CallsCommand::List { wish, common } => match wish.filter(&place) {
            Ok(filter) => list(&reader, &mut clerk, &filter, common.json),
            Err(exit) => Ok(exit),
        },
        CallsCommand::History { whose, common } => match whose.number(&place, &reader)? {
            Ok(number) => history::tell(&reader, &mut clerk, number, common.json),
            Err(exit) => Ok(exit),
        },
        CallsCommand::Object { which, common } => Ok(object::run(path, which, common)),
        CallsCommand::Draft(command) => command.run(&reader, &mut clerk),
        CallsCommand::Kept { id, number, open, common } => {
            promise::mark(&reader, &mut clerk, id, *number, !open, common.json)
        }
        CallsCommand::Evidence { id, head, common } => {
            evidence::tell(&place, &reader, &mut clerk, id, head.as_deref(), common.json)
        }
        CallsCommand::Show { id, common } => show(&reader, &mut clerk, id, common.json),
    });
    done.unwrap_or_else(|error| fail(Exit::Store, &error.to_string()))
}

impl Wish {
    /// What is asked for, as the store takes it.
    pub fn filter(&self, place: &Place) -> Result<Filter, Exit> {
        let number = self.number.as_deref().map(|text| place.number(text)).transpose()?;
        let zone = Zone::of(self.utc);
        for (what, moment) in [("from", self.since), ("before", self.until)] {
            moment.iter().for_each(|moment| eprintln!("callgist: calls {what} {}", zone.words(*moment)));
        }
        Ok(Filter {
            limit: self.limit,
            number,
            line: self.line.clone(),
            since: self.since.map(|moment| zone.at(moment)),
            until: self.until.map(|moment| zone.at(moment)),
            withheld: self.withheld,
            reasons: self.reason.clone(),
            drafts_at: self.drafts.then(now),
            restricted: self.restricted,
            topic: self.topic.clone(),
            reference: self.reference.clone(),
            open_promises: self.open_promises,
        })
    }
}

/// Reading is logged before anything is shown.
fn list(reader: &Reader, clerk: &mut Clerk, filter: &Filter, as_json: bool) -> Result<Exit, StoreError> {
    let calls = reader.list(filter)?;
    let entry = Entry::new(Deed::Listed).looked_for(filter.number.as_ref()).detail(&calls.len().to_string());
    clerk.log(&entry, now())?;
    if as_json {
        println!("{}", json!({ "calls": calls.iter().map(call_json).collect::<Vec<_>>() }));
        return Ok(Exit::Done);
    }
    if calls.is_empty() {
        eprintln!("callgist: no calls");
        return Ok(Exit::Done);
    }
    print_table(&calls);
    Ok(Exit::Done)
}

/// The calls as `calls list` prints them.
pub(super) fn print_table(calls: &[Kept]) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["call", "when (UTC)", "line", "caller", "note"]);
    for kept in calls {
        let call = &kept.call;
        table.add_row([
            call.id.to_string(),
            time(call.offered),
            call.line.as_str().to_owned(),
            caller(call),
            match &call.outcome {
                Outcome::Noted(_) if kept.marks.restricted => "restricted".to_owned(),
                Outcome::Noted(summary) if draft_until(kept).is_some() => format!("[draft] {}", summary.text),
                Outcome::Noted(summary) => summary.text.clone(),
                Outcome::NotNoted(reason) => format!("no summary: {}", reason.word()),
            },
        ]);
    }
    println!("{table}");
}

fn show(reader: &Reader, clerk: &mut Clerk, id: &str, as_json: bool) -> Result<Exit, StoreError> {
    let Some(kept) = find(reader, id)? else {
        return Ok(fail(Exit::Failed, NO_SUCH_CALL));
    };
    let entry = Entry::new(Deed::Shown).call(kept.call.id);
    clerk.log(&entry.line(&kept.call.line), now())?;
    if as_json {
        println!("{}", call_json(&kept));
    } else {
        print_call(&kept);
    }
    Ok(Exit::Done)
}

pub(super) const NO_SUCH_CALL: &str = "no such call; `callgist calls list` shows their ids";

/// By the whole id, or by a beginning that only one call has.
pub(super) fn find(reader: &Reader, id: &str) -> Result<Option<Kept>, StoreError> {
    if let Some(call) = CallId::parse(id) {
        return reader.show(call);
    }
    let calls = reader.list(&Filter { limit: u32::MAX, ..Filter::default() })?;
    let mut fitting =
        calls.into_iter().filter(|kept| id.len() >= 4 && kept.call.id.to_string().starts_with(id));
    let first = fitting.next();
    Ok(first.filter(|_| fitting.next().is_none()))
}

/// The call as `calls show` prints it.
pub(super) fn print_call(kept: &Kept) {
    let call = &kept.call;
    println!("Call {} on line {}", call.id, call.line.as_str());
    println!("  from      {}", caller(call));
    println!("  to        {}", call.called.as_ref().map_or("not told", Number::as_str));
    println!("  offered   {} UTC", time(call.offered));
    println!("  announced {}", call.announced.map_or("no".to_owned(), time));
    if let Some(Decision { given, at }) = call.consent {
        println!("  consented {}, decided {}", if given { "yes" } else { "no" }, time(at));
    }
    println!("  bridged   {}", call.bridged.map_or("no".to_owned(), time));
    for segment in &call.segments {
        let agent = segment.agent.as_ref().map_or("an extension", |agent| agent.as_str());
        println!("  with      {agent}, {} to {}", time(segment.from), time(segment.to));
    }
    let cause = call.end_cause.as_ref().map_or(String::new(), |cause| format!(" ({})", cause.as_str()));
    println!("  ended     {}{cause}", time(call.ended));
    if let (Some((recogniser, _)), Some(heard)) = (call.origin.ear, call.heard) {
        let seconds = heard.speech_ms / 1_000;
        let whose = if call.agent_leg == Some(AgentLeg::NotHeard) { " of the caller alone" } else { "" };
        println!(
            "  heard     {seconds} s of speech{whose} by {}, {}, none kept",
            recogniser.word(),
            counted(heard.words, "word", "words")
        );
    }
    match &call.outcome {
        Outcome::Noted(_) if kept.marks.restricted => println!("  restricted: the note is not shown"),
        Outcome::Noted(summary) => {
            println!("  topics    {}", summary.topics.words().join(", "));
            println!("  trust     {}", trust_word(summary.trust));
            println!("\n{}\n", summary.text);
            kept.promises().iter().for_each(|promise| println!("  {}", promise::words(promise)));
            let by = looked_at(kept);
            println!("Summary made by a machine from recognised speech ({}){by}.", call.language.code());
            if let Some(until) = draft_until(kept) {
                println!("A draft until {} UTC: callgist calls correct, approve or discard.", time(until));
            }
        }
        Outcome::NotNoted(reason) => println!("  no summary: {}", reason.word()),
    }
    for request in &kept.requests {
        println!("  do not contact: {}", request_words(request));
    }
}

/// Until when the note is a draft, where it is one now.
fn draft_until(kept: &Kept) -> Option<UtcMillis> {
    let draft = kept.call.draft.filter(|_| !kept.marks.restricted);
    draft.map(|draft| draft.until).filter(|until| *until > now())
}

/// What a person has done with the note.
fn looked_at(kept: &Kept) -> &'static str {
    match (kept.marks.corrected, kept.marks.approved) {
        (true, _) => ", corrected by a person",
        (false, true) => ", approved by a person",
        (false, false) => "",
    }
}

fn trust_word(trust: crate::border::Trust) -> String {
    use crate::border::TrustLabel;
    let label = match trust.label {
        TrustLabel::Good => "good",
        TrustLabel::Fair => "fair",
        TrustLabel::Low => "low",
    };
    format!(
        "{label} (confidence {} %, words kept {} %, packets arrived {} %)",
        trust.confidence_pct, trust.kept_pct, trust.arrived_pct
    )
}

fn request_words(request: &Request) -> String {
    let purpose = match request.purpose {
        crate::border::Purpose::Advertising => "advertising",
        crate::border::Purpose::Everything => "everything",
    };
    let number = request.number.as_ref().map_or("number withheld", Number::as_str);
    format!("{} for {purpose}, {number}", request.channels.words().join(", "))
}

fn caller(call: &CallRecord) -> String {
    call.caller.as_ref().map_or("withheld".to_owned(), |number| number.as_str().to_owned())
}

fn reference(text: &str) -> Result<Reference, String> {
    Reference::new(text).ok_or_else(|| "at least three letters or digits".to_owned())
}

fn reason(word: &str) -> Result<NoSummary, String> {
    NoSummary::from_word(word).ok_or_else(|| {
        format!(
            "one of: {}",
            NoSummary::ALL.iter().map(|reason| reason.word()).collect::<Vec<_>>().join(", ")
        )
    })
}

/// A call as `--json` prints it; fields are added, never changed.
pub(super) fn call_json(kept: &Kept) -> Value {
    let call = &kept.call;
    let (summary, reason) = match &call.outcome {
        Outcome::Noted(summary) => (Some(summary), None),
        Outcome::NotNoted(reason) => (None, Some(reason.word())),
    };
    let text = summary.filter(|_| !kept.marks.restricted).map(|summary| &summary.text);
    let promises = if kept.marks.restricted { Vec::new() } else { kept.promises() };
    json!({
        "id": call.id.to_string(),
        "line": call.line.as_str(),
        "language": call.language.code(),
        "notice_version": call.notice_version.as_ref().map(|version| version.as_str()),
        "caller": call.caller.as_ref().map(Number::as_str),
        "called": call.called.as_ref().map(Number::as_str),
        "offered": timestamp(call.offered),
        "announced": call.announced.map(timestamp),
        "consent": call.consent.map(|decision| json!({ "given": decision.given, "at": timestamp(decision.at) })),
        "notice_from": call.notice.as_ref().map(|notice| timestamp(notice.from)),
        "notice_to": call.notice.as_ref().map(|notice| timestamp(notice.to)),
        "bridged": call.bridged.map(timestamp),
        "ended": timestamp(call.ended),
        "end_cause": call.end_cause.as_ref().map(|cause| cause.as_str()),
        "summary": text,
        "promises": promises.iter().map(promise::as_json).collect::<Vec<_>>(),
        "topics": summary.map(|summary| summary.topics.words()),
        "trust": summary.map(|summary| summary.trust),
        "no_summary_reason": reason,
        "restricted": kept.marks.restricted,
        "held": kept.marks.held,
        "corrected": kept.marks.corrected,
        "approved": kept.marks.approved,
        "draft_until": draft_until(kept).map(timestamp),
        "engine": "notes",
        "recogniser": call.origin.ear.map(|(recogniser, _)| recogniser.word()),
        "model": call.origin.ear.map(|(_, model)| model.to_string()),
        "version": call.origin.version.as_str(),
        "heard": call.heard,
        "agent_heard": call.agent_leg.map(AgentLeg::is_heard),
        "segments": call.segments.iter().map(segment_json).collect::<Vec<_>>(),
        "do_not_contact": kept.requests.iter().map(request_json).collect::<Vec<_>>(),
    })
}

fn segment_json(segment: &Segment) -> Value {
    json!({
        "agent": segment.agent.as_ref().map(|agent| agent.as_str()),
        "from": timestamp(segment.from),
        "to": timestamp(segment.to),
    })
}

fn request_json(request: &Request) -> Value {
    json!({
        "scope": request.channels.words(),
        "purpose": request.purpose,
        "number": request.number.as_ref().map(Number::as_str),
        "created": timestamp(request.created),
    })
}
