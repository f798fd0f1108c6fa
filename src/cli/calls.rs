//! `callgist calls list|show`: what was kept of calls.

use super::{Exit, fail};
use crate::call::{CallId, Number};
use crate::config::Config;
use crate::store::{CallRecord, Filter, Kept, Outcome, Reader, Request, StoreError, UtcMillis};
use clap::Subcommand;
use comfy_table::{ContentArrangement, Table, presets};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum CallsCommand {
    /// List calls, the newest first.
    List {
        /// Only calls from or to this number.
        #[arg(long)]
        number: Option<String>,
        /// Only calls on this line.
        #[arg(long)]
        line: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
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

#[derive(clap::Args)]
pub struct Common {
    /// Print JSON.
    #[arg(long)]
    json: bool,
    /// The database, instead of the one in the settings.
    #[arg(long, value_name = "FILE")]
    database: Option<PathBuf>,
}

pub fn run(path: &Path, command: &CallsCommand) -> Exit {
    let (CallsCommand::List { common, .. } | CallsCommand::Show { common, .. }) = command;
    let config = match &common.database {
        None => match Config::load(path) {
            Ok(config) => Some(config),
            Err(problems) => return fail(Exit::Config, &format!("{}:\n{problems}", path.display())),
        },
        Some(_) => None,
    };
    let database = match (&common.database, &config) {
        (Some(database), _) => database.clone(),
        (None, Some(config)) => config.store.database.clone(),
        (None, None) => return Exit::Config,
    };
    let done = Reader::open(&database).and_then(|reader| match command {
        CallsCommand::List { number, line, limit, common } => {
            list(&reader, config.as_ref(), number.as_deref(), line.clone(), *limit, common.json)
        }
        CallsCommand::Show { id, common } => show(&reader, id, common.json),
    });
    done.unwrap_or_else(|error| fail(Exit::Store, &error.to_string()))
}

fn list(
    reader: &Reader,
    config: Option<&Config>,
    number: Option<&str>,
    line: Option<String>,
    limit: u32,
    as_json: bool,
) -> Result<Exit, StoreError> {
    let country = config.and_then(|config| config.lines.first()).map_or("", |line| &line.country_code);
    let number = match number.map(|text| Number::in_country(text, country)).transpose() {
        Ok(number) => number,
        Err(_) => return Ok(fail(Exit::Usage, "--number takes digits, best in E.164 form: +352621123456")),
    };
    let calls = reader.list(&Filter { limit, number, line })?;
    if as_json {
        println!("{}", json!({ "calls": calls.iter().map(call_json).collect::<Vec<_>>() }));
        return Ok(Exit::Done);
    }
    if calls.is_empty() {
        eprintln!("callgist: no calls");
        return Ok(Exit::Done);
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["call", "when (UTC)", "line", "caller", "note"]);
    for Kept { call, .. } in &calls {
        table.add_row([
            call.id.to_string(),
            time(call.offered),
            call.line.as_str().to_owned(),
            caller(call),
            match &call.outcome {
                Outcome::Noted(summary) => summary.text.clone(),
                Outcome::NotNoted(reason) => format!("no summary: {}", reason.word()),
            },
        ]);
    }
    println!("{table}");
    Ok(Exit::Done)
}

fn show(reader: &Reader, id: &str, as_json: bool) -> Result<Exit, StoreError> {
    let Some(kept) = find(reader, id)? else {
        return Ok(fail(Exit::Failed, "no such call; `callgist calls list` shows their ids"));
    };
    if as_json {
        println!("{}", call_json(&kept));
    } else {
        print_call(&kept);
    }
    Ok(Exit::Done)
}

/// By the whole id, or by a beginning that only one call has.
fn find(reader: &Reader, id: &str) -> Result<Option<Kept>, StoreError> {
    if let Some(call) = CallId::parse(id) {
        return reader.show(call);
    }
    let calls = reader.list(&Filter { limit: u32::MAX, number: None, line: None })?;
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
    println!("  to        {}", call.called.as_ref().map_or("unknown", Number::as_str));
    println!("  offered   {} UTC", time(call.offered));
    for (what, when) in [("announced", call.announced), ("bridged", call.bridged)] {
        println!("  {what:<9} {}", when.map_or("no".to_owned(), time));
    }
    let cause = call.end_cause.as_ref().map_or(String::new(), |cause| format!(" ({})", cause.as_str()));
    println!("  ended     {}{cause}", time(call.ended));
    if let (Some((recogniser, _)), Some(heard)) = (call.origin.ear, call.heard) {
        let seconds = heard.speech_ms / 1_000;
        println!(
            "  heard     {seconds} s of speech by {}, {} words, none kept",
            recogniser.word(),
            heard.words
        );
    }
    match &call.outcome {
        Outcome::Noted(summary) => {
            println!("  topics    {}", summary.topics.words().join(", "));
            println!("  trust     {}", trust_word(summary.trust));
            println!("\n{}\n", summary.text);
            println!("Summary made by a machine from recognised speech ({}).", call.language.code());
        }
        Outcome::NotNoted(reason) => println!("  no summary: {}", reason.word()),
    }
    for request in &kept.requests {
        println!("  do not contact: {}", request_words(request));
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

/// `2026-11-24 23:05:17`
fn time(at: UtcMillis) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| at.0.to_string(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// RFC 3339, in milliseconds.
fn timestamp(at: UtcMillis) -> Value {
    jiff::Timestamp::from_millisecond(at.0).map_or(Value::Null, |at| json!(format!("{at:.3}")))
}

/// A call as `--json` prints it; fields are added, never changed.
fn call_json(kept: &Kept) -> Value {
    let call = &kept.call;
    let (summary, reason) = match &call.outcome {
        Outcome::Noted(summary) => (Some(summary), None),
        Outcome::NotNoted(reason) => (None, Some(reason.word())),
    };
    json!({
        "id": call.id.to_string(),
        "line": call.line.as_str(),
        "language": call.language.code(),
        "notice_version": call.notice_version.as_ref().map(|version| version.as_str()),
        "caller": call.caller.as_ref().map(Number::as_str),
        "called": call.called.as_ref().map(Number::as_str),
        "offered": timestamp(call.offered),
        "announced": call.announced.map(timestamp),
        "bridged": call.bridged.map(timestamp),
        "ended": timestamp(call.ended),
        "end_cause": call.end_cause.as_ref().map(|cause| cause.as_str()),
        "summary": summary.map(|summary| &summary.text),
        "topics": summary.map(|summary| summary.topics.words()),
        "trust": summary.map(|summary| summary.trust),
        "no_summary_reason": reason,
        "engine": "notes",
        "recogniser": call.origin.ear.map(|(recogniser, _)| recogniser.word()),
        "model": call.origin.ear.map(|(_, model)| model.to_string()),
        "version": call.origin.version.as_str(),
        "heard": call.heard,
        "do_not_contact": kept.requests.iter().map(request_json).collect::<Vec<_>>(),
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
