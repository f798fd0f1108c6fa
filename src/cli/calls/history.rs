//! `callgist calls history`: a number goes in; its calls come out in their order, with what was asked, promised, and kept
//! or still open. For whoever has to know who said what when.

use super::{call_json, draft_until, looked_at, promise, request_words};
use crate::call::{CallId, Number};
use crate::cli::counter::{Place, counted, now, time};
use crate::cli::{Exit, fail};
use crate::store::{Clerk, Deed, Entry, Filter, Kept, Outcome, Reader, StoreError};
use serde_json::json;

/// Whose calls.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
pub struct Whose {
    number: Option<String>,
    /// The caller whose call the switch was given this link for (`callgist_link`).
    #[arg(long, value_name = "LINK", value_parser = link)]
    link: Option<CallId>,
}

impl Whose {
    pub(super) fn number(&self, place: &Place, reader: &Reader) -> Result<Result<Number, Exit>, StoreError> {
        if let Some(text) = &self.number {
            return Ok(place.number(text));
        }
        let linked = self.link.map(|link| reader.show(link)).transpose()?.flatten();
        let caller = linked.and_then(|kept| kept.call.caller);
        Ok(caller.ok_or_else(|| fail(Exit::Failed, "this link leads nowhere: what it led to was erased")))
    }
}

/// Reading is logged before anything is shown.
pub(super) fn tell(
    reader: &Reader,
    clerk: &mut Clerk,
    number: Number,
    as_json: bool,
) -> Result<Exit, StoreError> {
    let filter = Filter { limit: u32::MAX, number: Some(number), ..Filter::default() };
    let mut calls = reader.list(&filter)?;
    calls.reverse();
    let count = calls.len().to_string();
    clerk.log(&Entry::new(Deed::Listed).looked_for(filter.number.as_ref()).detail(&count), now())?;
    if as_json {
        println!("{}", json!({ "calls": calls.iter().map(call_json).collect::<Vec<_>>() }));
    } else if calls.is_empty() {
        eprintln!("callgist: no calls");
    } else {
        calls.iter().for_each(print);
        println!("{}", sum(&calls));
    }
    Ok(Exit::Done)
}

fn print(kept: &Kept) {
    let call = &kept.call;
    let says = match &call.outcome {
        Outcome::Noted(_) if kept.marks.restricted => "restricted: the note is not shown".to_owned(),
        Outcome::Noted(summary) => summary.topics.words().join(", "),
        Outcome::NotNoted(reason) => format!("no summary: {}", reason.word()),
    };
    println!("{}  {}  {}  {says}", time(call.offered), call.line.as_str(), call.id);
    if let (Outcome::Noted(summary), false) = (&call.outcome, kept.marks.restricted) {
        println!("  {}", summary.text);
        let draft =
            draft_until(kept).map_or(String::new(), |until| format!(", a draft until {}", time(until)));
        println!("  made by a machine{}{draft}", looked_at(kept));
    }
    kept.promises().iter().for_each(|promise| println!("  {}", promise::words(promise)));
    kept.requests.iter().for_each(|request| println!("  do not contact: {}", request_words(request)));
}

fn sum(calls: &[Kept]) -> String {
    let notes = calls.iter().filter(|kept| matches!(kept.call.outcome, Outcome::Noted(_))).count();
    let promises = || calls.iter().flat_map(Kept::promises);
    let kept = promises().filter(|promise| promise.kept.is_some()).count();
    let open = promises().count() - kept;
    let calls = counted(calls.len(), "call", "calls");
    let (notes, open) = (counted(notes, "note", "notes"), counted(open, "promise", "promises"));
    format!("{calls}, {notes}, {open} open, {kept} kept")
}

fn link(text: &str) -> Result<CallId, String> {
    CallId::parse(text).ok_or_else(|| "sixteen digits, as the switch was given it".to_owned())
}
