//! `callgist person ...`: a caller's rights, by number: find, export, rectify, object, restrict, erase, receivers.
//!
//! A caller ID proves nobody, and one number may be a family's or a firm's: the operator finds out who asks, and picks
//! the calls. What changes something is a dry run first, which prints a word to confirm with; the word fits only what
//! was shown.

mod access;

use super::calls::{acceptable, call_json, print_table};
use super::contacts::entry_json;
use super::counter::{Common, Place, counted, now, time, timestamp, with_clerk};
use super::notices::Lang;
use super::{Exit, fail};
use crate::call::{CallId, Number};
use crate::store::{Clerk, Deed, Entry, Erasure, Filter, Kept, Mark, StoreError, UtcMillis};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::path::Path;

#[derive(Subcommand)]
pub enum PersonCommand {
    /// List what is kept of a number: calls, entries not to be contacted, a standing objection.
    Find {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        common: Common,
    },
    /// Write what is kept of a person, what for and for how long, for an answer under Art. 15 or 20 GDPR.
    Export {
        #[command(flatten)]
        who: Who,
        #[arg(long, value_enum, default_value_t = Form::Text)]
        format: Form,
        /// The language of the text; that of the newest call without it.
        #[arg(long, value_enum)]
        lang: Option<Lang>,
        /// A name of somebody else's, as a summary spells it: it is left out. May be given several times.
        #[arg(long, value_name = "NAME")]
        mask: Vec<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Put a note's text right (Art. 16); nothing of the old text is kept.
    Rectify {
        /// The call's id as `calls list` prints it.
        call: String,
        /// The whole new text.
        #[arg(long)]
        text: String,
        #[command(flatten)]
        common: Common,
    },
    /// Keep a standing objection (Art. 21): calls of the number are never heard again, its notes are restricted.
    Object {
        number: String,
        /// Take the objection back; restricted notes stay so.
        #[arg(long)]
        withdraw: bool,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        common: Common,
    },
    /// List the standing objections with their dates; those made in a call are `calls list --reason objection`.
    Objections {
        #[command(flatten)]
        common: Common,
    },
    /// Restrict calls (Art. 18): not shown, and not erased when their time is up.
    Restrict(Marking),
    /// Keep calls from being erased by retention or on request (legal hold).
    Hold(Marking),
    /// Erase calls with their notes (Art. 17) and print a receipt. Entries not to be contacted and a standing
    /// objection stay: they protect the person.
    Erase {
        #[command(flatten)]
        who: Who,
        /// The person takes back the entries not to be contacted and the standing objection, too.
        #[arg(long)]
        also_requests: bool,
        #[command(flatten)]
        sure: Sure,
        #[command(flatten)]
        common: Common,
    },
    /// Find the erasure that a receipt is of, and whether it was for this number: neither receipt nor database keeps it.
    Receipt {
        /// The 32 digits behind the word Receipt.
        #[arg(value_parser = receipt_code)]
        receipt: String,
        /// The number that was named to `erase`; none where none was.
        number: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Say who has received data about callers from Callgist.
    Receivers {
        #[command(flatten)]
        common: Common,
    },
}

/// Calls that get a mark, or lose it.
#[derive(Args)]
pub struct Marking {
    #[command(flatten)]
    who: Who,
    /// Take the mark back.
    #[arg(long)]
    lift: bool,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    common: Common,
}

/// Whose calls.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub struct Who {
    /// The person's number.
    number: Option<String>,
    /// Only these calls of it; or, of a caller who withheld the number, those that the operator found with
    /// `calls list --withheld --line L --since T`.
    #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = call_id)]
    call: Vec<CallId>,
}

#[derive(Args)]
pub struct Sure {
    /// The word that the dry run printed.
    #[arg(long, value_name = "WORD")]
    confirm: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Form {
    Text,
    Json,
}

pub fn run(path: &Path, command: &PersonCommand) -> Exit {
    use PersonCommand::{
        Erase, Export, Find, Hold, Object, Objections, Receipt, Receivers, Rectify, Restrict,
    };
    match command {
        Find { who, common } => with_clerk(common, path, |place, clerk| find(place, clerk, who, common.json)),
        Export { who, format, lang, mask, common } => with_clerk(common, path, |place, clerk| {
            let as_json = common.json || *format == Form::Json;
            access::export(place, clerk, who, *lang, mask, as_json)
        }),
        Rectify { call, text, common } => {
            with_clerk(common, path, |_, clerk| rectify(clerk, call, text, common.json))
        }
        Object { number, withdraw, sure, common } => with_clerk(common, path, |place, clerk| {
            object(place, clerk, number, *withdraw, sure, common.json)
        }),
        Objections { common } => with_clerk(common, path, |_, clerk| objections(clerk, common.json)),
        Restrict(marking) => marking.run(path, Mark::Restrict, Mark::Unrestrict),
        Hold(marking) => marking.run(path, Mark::Hold, Mark::Release),
        Erase { who, also_requests, sure, common } => with_clerk(common, path, |place, clerk| {
            erase(place, clerk, who, *also_requests, sure, common.json)
        }),
        Receipt { receipt, number, common } => with_clerk(common, path, |place, clerk| {
            find_receipt(place, clerk, receipt, number.as_deref(), common.json)
        }),
        Receivers { common } => receivers(common.json),
    }
}

/// The number and the calls that are meant.
struct Meant {
    number: Option<Number>,
    calls: Vec<Kept>,
}

impl Marking {
    fn run(&self, path: &Path, set: Mark, lifted: Mark) -> Exit {
        let mark = if self.lift { lifted } else { set };
        with_clerk(&self.common, path, |place, clerk| {
            mark_calls(place, clerk, &self.who, mark, &self.sure, self.common.json)
        })
    }
}

impl Who {
    /// Refuses a call that is not of the number.
    fn meant(&self, place: &Place, clerk: &Clerk) -> Result<Result<Meant, Exit>, StoreError> {
        let number = match self.number.as_deref().map(|text| place.number(text)).transpose() {
            Ok(number) => number,
            Err(exit) => return Ok(Err(exit)),
        };
        let calls = match (&number, self.call.is_empty()) {
            (Some(number), true) => {
                clerk.calls(&Filter { limit: u32::MAX, number: Some(number.clone()), ..Filter::default() })?
            }
            _ => {
                let mut calls = Vec::new();
                for id in &self.call {
                    calls.extend(clerk.call(*id)?);
                }
                calls
            }
        };
        let own = number.as_ref().map(Number::spellings).unwrap_or_default();
        let is_of = |kept: &Kept| {
            let mut numbers = [&kept.call.caller, &kept.call.called].into_iter().flatten();
            number.is_none() || numbers.any(|number| own.contains(number))
        };
        if !self.call.is_empty() && (calls.len() < self.call.len() || !calls.iter().all(is_of)) {
            return Ok(Err(fail(Exit::Failed, "one of these calls is not there, or not of this number")));
        }
        Ok(Ok(Meant { number, calls }))
    }
}

impl Meant {
    fn ids(&self) -> Vec<CallId> {
        self.calls.iter().map(|kept| kept.call.id).collect()
    }
}

fn find(place: &Place, clerk: &mut Clerk, who: &Who, as_json: bool) -> Result<Exit, StoreError> {
    let meant = match who.meant(place, clerk)? {
        Ok(meant) => meant,
        Err(exit) => return Ok(exit),
    };
    let count = meant.calls.len().to_string();
    clerk.log(&Entry::new(Deed::Found).looked_for(meant.number.as_ref()).detail(&count), now())?;
    let (contacts, objects) = protections(clerk, &meant)?;
    let calls = meant.calls;
    if as_json {
        let calls: Vec<Value> = calls.iter().map(call_json).collect();
        println!("{}", json!({ "calls": calls, "do_not_contact": contacts, "standing_objection": objects }));
        return Ok(Exit::Done);
    }
    if !calls.is_empty() {
        print_table(&calls);
    }
    println!(
        "{}, {} not to be contacted, {}. One number may be several people's: pick with --call.",
        counted(calls.len(), "call", "calls"),
        counted(contacts.len(), "entry", "entries"),
        if objects { "a standing objection" } else { "no standing objection" }
    );
    Ok(if calls.is_empty() && contacts.is_empty() && !objects { Exit::Failed } else { Exit::Done })
}

fn objections(clerk: &mut Clerk, as_json: bool) -> Result<Exit, StoreError> {
    let standing = clerk.objections()?;
    clerk.log(&Entry::new(Deed::Found).detail(&standing.len().to_string()), now())?;
    if as_json {
        let standing: Vec<Value> = standing
            .iter()
            .map(|(number, at)| json!({ "number": number.as_str(), "since": timestamp(*at) }))
            .collect();
        println!("{}", json!({ "standing_objections": standing }));
        return Ok(Exit::Done);
    }
    standing.iter().for_each(|(number, at)| println!("{}  since {} UTC", number.as_str(), time(*at)));
    println!("{}", counted(standing.len(), "standing objection", "standing objections"));
    Ok(Exit::Done)
}

fn protections(clerk: &Clerk, meant: &Meant) -> Result<(Vec<Value>, bool), StoreError> {
    let Some(number) = &meant.number else { return Ok((Vec::new(), false)) };
    let contacts = clerk.contacts(Some(number))?.iter().map(entry_json).collect();
    Ok((contacts, clerk.objects(number)?))
}

fn rectify(clerk: &mut Clerk, call: &str, text: &str, as_json: bool) -> Result<Exit, StoreError> {
    let Some(call) = CallId::parse(call) else {
        return Ok(fail(Exit::Usage, "a call's id is sixteen digits, as `callgist calls list` prints it"));
    };
    if let Err(exit) = acceptable(text) {
        return Ok(exit);
    }
    if !clerk.correct(call, text, now())? {
        return Ok(fail(Exit::Failed, "there is no note of such a call"));
    }
    match as_json {
        true => println!("{}", json!({ "call": call.to_string(), "corrected": true })),
        false => println!("The note of call {call} is corrected; nothing of the old text is kept."),
    }
    Ok(Exit::Done)
}

fn object(
    place: &Place,
    clerk: &mut Clerk,
    number: &str,
    withdraw: bool,
    sure: &Sure,
    as_json: bool,
) -> Result<Exit, StoreError> {
    let number = match place.number(number) {
        Ok(number) => number,
        Err(exit) => return Ok(exit),
    };
    let what = if withdraw { "withdraw" } else { "object" };
    let says = match withdraw {
        true => "Calls of this number would be announced and heard again.",
        false => "Calls of this number would never be announced and heard again, and its notes restricted.",
    };
    if let Some(exit) = sure.ask(&[what.to_owned(), number.as_str().to_owned()], says, as_json) {
        return Ok(exit);
    }
    if withdraw {
        let was = clerk.withdraw_objection(&number, now())?;
        return Ok(if was { Exit::Done } else { fail(Exit::Failed, "there is no standing objection") });
    }
    let now = now();
    let restricted = clerk.object(&number, now)?;
    match as_json {
        true => println!("{}", json!({ "objected": timestamp(now), "restricted": restricted })),
        false => println!(
            "Receipt, {} UTC: a standing objection is kept; {} restricted.",
            time(now),
            counted(restricted, "note is", "notes are")
        ),
    }
    Ok(Exit::Done)
}

fn mark_calls(
    place: &Place,
    clerk: &mut Clerk,
    who: &Who,
    mark: Mark,
    sure: &Sure,
    as_json: bool,
) -> Result<Exit, StoreError> {
    let meant = match who.meant(place, clerk)? {
        Ok(meant) => meant,
        Err(exit) => return Ok(exit),
    };
    let ids = meant.ids();
    let word = format!("{mark:?}").to_lowercase();
    let says = format!("{} would get the mark: {word}.", counted(ids.len(), "call", "calls"));
    if let Some(exit) = sure.ask(&shown(&word, &meant), &says, as_json) {
        return Ok(exit);
    }
    let now = now();
    let marked = clerk.mark_calls(&ids, mark, now)?;
    match as_json {
        true => println!("{}", json!({ "mark": word, "calls": marked, "at": timestamp(now) })),
        false => println!(
            "Receipt, {} UTC: {} the mark: {word}.",
            time(now),
            counted(marked, "call has", "calls have")
        ),
    }
    Ok(Exit::Done)
}

fn erase(
    place: &Place,
    clerk: &mut Clerk,
    who: &Who,
    also_requests: bool,
    sure: &Sure,
    as_json: bool,
) -> Result<Exit, StoreError> {
    let meant = match who.meant(place, clerk)? {
        Ok(meant) => meant,
        Err(exit) => return Ok(exit),
    };
    if sure.confirm.is_none() && !meant.calls.is_empty() && !as_json {
        print_table(&meant.calls);
    }
    let requests = if also_requests { "also" } else { "" };
    let held = meant.calls.iter().filter(|kept| kept.marks.held).count();
    let says = format!(
        "{} would be erased for good{}; entries not to be contacted and a standing objection would {}.",
        counted(meant.calls.len() - held, "call and its note", "calls and their notes"),
        if held > 0 { format!(", {held} would stay because of a legal hold") } else { String::new() },
        if also_requests { "go, too" } else { "stay" }
    );
    let mut asked = shown("erase", &meant);
    asked.push(requests.to_owned());
    if let Some(exit) = sure.ask(&asked, &says, as_json) {
        return Ok(exit);
    }
    let now = now();
    let erased = clerk.erase_calls(&meant.ids(), meant.number.as_ref(), also_requests, now)?;
    let named = meant.number.is_some();
    receipt(&erased, named, meant.calls.len(), now, as_json);
    Ok(Exit::Done)
}

/// What was shown, to the last call.
fn shown(what: &str, meant: &Meant) -> Vec<String> {
    let number = meant.number.iter().map(|number| number.as_str().to_owned());
    let mut calls: Vec<String> = meant.ids().iter().map(ToString::to_string).collect();
    calls.sort();
    std::iter::once(what.to_owned()).chain(number).chain(calls).collect()
}

fn receipt(erased: &Erasure, named: bool, meant: usize, now: UtcMillis, as_json: bool) {
    let held = meant - erased.calls.len();
    let ids: Vec<String> = erased.calls.iter().map(ToString::to_string).collect();
    if as_json {
        println!(
            "{}",
            json!({
                "receipt": erased.receipt, "for_a_number": named,
                "erased": timestamp(now), "calls": ids, "held": held,
                "do_not_contact_kept": erased.requests_kept,
                "do_not_contact_erased": erased.requests_erased,
                "standing_objection_kept": erased.objection_kept,
                "version": env!("CARGO_PKG_VERSION"),
            })
        );
        return;
    }
    println!("Receipt {}, {} UTC, Callgist {}", erased.receipt, time(now), env!("CARGO_PKG_VERSION"));
    match named {
        true => println!(
            "  for the number that was named, which is not kept: `callgist person receipt {} NUMBER` tells whether it was this one",
            erased.receipt
        ),
        false => println!("  for calls that were picked; no number was named"),
    }
    println!("  erased for good: {}", counted(ids.len(), "call and its note", "calls and their notes"));
    ids.iter().for_each(|id| println!("    {id}"));
    if held > 0 {
        println!("  not erased, because of a legal hold: {}", counted(held, "call", "calls"));
    }
    if erased.requests_kept > 0 || erased.objection_kept {
        println!(
            "  kept, since it protects you: {} not to be contacted{}",
            counted(erased.requests_kept, "entry", "entries"),
            if erased.objection_kept { ", a standing objection" } else { "" }
        );
    }
    if erased.requests_erased > 0 {
        let taken_back = counted(erased.requests_erased, "entry", "entries");
        println!("  taken back: {taken_back} not to be contacted");
    }
    println!(
        "  No recording and no transcript ever existed. Backups made before still hold it; a restore applies this erasure again."
    );
}

fn find_receipt(
    place: &Place,
    clerk: &mut Clerk,
    receipt: &str,
    number: Option<&str>,
    as_json: bool,
) -> Result<Exit, StoreError> {
    let number = match number.map(|text| place.number(text)).transpose() {
        Ok(number) => number,
        Err(exit) => return Ok(exit),
    };
    let found = clerk.receipt(receipt, number.as_ref())?;
    clerk.log(&Entry::new(Deed::LogRead), now())?;
    let Some(entry) = found else { return Ok(fail(Exit::Failed, NO_SUCH_RECEIPT)) };
    let calls = entry.detail.as_deref().and_then(|detail| detail.split_once('.')?.0.parse::<u32>().ok());
    let calls = calls.unwrap_or_default();
    match as_json {
        true => println!(
            "{}",
            json!({ "receipt": receipt, "fits": true, "erased": timestamp(entry.at), "calls": calls,
                    "log_entry": entry.seq, "hash": entry.hash })
        ),
        false => println!(
            "The receipt fits: {} on {} UTC (entry {} of the log).",
            counted(calls, "call was erased", "calls were erased"),
            time(entry.at),
            entry.seq
        ),
    }
    Ok(Exit::Done)
}

fn receipt_code(text: &str) -> Result<String, String> {
    let fits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| text.to_ascii_lowercase()).ok_or_else(|| "the 32 digits of a receipt".to_owned())
}

impl Sure {
    /// Without the right word: says what would be done and the word, and ends the command.
    fn ask(&self, what: &[String], says: &str, as_json: bool) -> Option<Exit> {
        let word = word(what);
        match self.confirm.as_deref() {
            Some(given) if given == word => None,
            Some(_) => Some(fail(
                Exit::Failed,
                "the word does not fit what would be done now: run it without --confirm and look again",
            )),
            None => {
                match as_json {
                    true => println!("{}", json!({ "dry_run": true, "says": says, "confirm": word })),
                    false => println!("Dry run: {says} To do it, add: --confirm {word}"),
                }
                Some(Exit::Done)
            }
        }
    }
}

fn word(what: &[String]) -> String {
    let digest = Sha256::digest(what.join("\n").as_bytes());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn receivers(as_json: bool) -> Exit {
    match as_json {
        true => println!("{}", json!({ "receivers": [] })),
        false => println!("{NO_RECEIVERS}"),
    }
    Exit::Done
}

fn call_id(text: &str) -> Result<CallId, String> {
    CallId::parse(text).ok_or_else(|| "sixteen digits, as `callgist calls list` prints it".to_owned())
}

const NO_SUCH_RECEIPT: &str = "no erasure in the log fits this receipt and this number: was another number named, or has the log's time passed?";

/// True as long as nothing in Callgist sends anything anywhere.
const NO_RECEIVERS: &str =
    "Receivers: none. Callgist hands data about callers to nobody; this version has no way to.";
