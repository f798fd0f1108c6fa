//! `callgist person ...`: a caller's rights, by number: find, export, rectify, object, restrict, erase, receivers.
//!
//! A caller ID proves nobody, and one number may be a family's or a firm's: the operator finds out who asks, and picks
//! the calls. What changes something is a dry run first, which prints a word to confirm with; the word fits only what
//! was shown.

mod access;

use super::calls::{NO_SUCH_CALL, acceptable, call_json, new_text, print_table};
use super::contacts::entry_json;
use super::counter::{Common, Place, counted, now, time, timestamp, with_clerk};
use super::notices::Lang;
use super::typed::Accepting;
use super::{Exit, fail};
use crate::call::{CallId, Number};
use crate::config::{Config, Line};
use crate::store::{
    Clerk, Contact, Deed, Entry, Erasure, Filter, Kept, Mark, Marks, Outcome, Reader, StoreError, UtcMillis,
};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

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
        /// The call's id as `calls list` prints it, or its beginning.
        call: String,
        /// The whole new text; without it, it stands in the file or comes on standard input.
        #[arg(long, conflicts_with = "file")]
        text: Option<String>,
        /// The file with the whole new text.
        #[arg(long)]
        file: Option<PathBuf>,
        #[command(flatten)]
        accepting: Accepting,
        #[command(flatten)]
        common: Common,
    },
    /// Keep a standing objection (Art. 21): calls of the number are never heard again, its notes are restricted, and kept
    /// until you decide: lift or erase.
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
    /// Restrict calls (Art. 18): not shown, and not erased when their time is up; `calls list --restricted` lists them.
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
        Rectify { call, text, file, accepting, common } => with_clerk(common, path, |place, clerk| {
            rectify(place, clerk, call, (text.as_deref(), file.as_deref()), accepting, common.json)
        }),
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
        Receivers { common } => receivers(path, common),
    }
}

/// The number and the calls that are meant.
struct Meant {
    number: Option<Number>,
    calls: Vec<Kept>,
    /// What protects the number: entries not to be contacted, and since when it objects.
    contacts: Vec<Contact>,
    objected: Option<UtcMillis>,
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
        let (contacts, objected) = match &number {
            Some(number) => (clerk.contacts(Some(number))?, clerk.objects_since(number)?),
            None => (Vec::new(), None),
        };
        Ok(Ok(Meant { number, calls, contacts, objected }))
    }
}

impl Meant {
    fn ids(&self) -> Vec<CallId> {
        self.calls.iter().map(|kept| kept.call.id).collect()
    }

    /// Of whom, as it is looked for.
    fn whom(&self) -> &str {
        self.number.as_ref().map_or("the calls that were picked", Number::as_str)
    }

    fn is_nothing(&self) -> bool {
        self.calls.is_empty() && self.contacts.is_empty() && self.objected.is_none()
    }

    /// What a word to confirm with is bound to: whom it is about, and all that is kept of it, as it is now.
    fn state(&self) -> Vec<String> {
        let call = |kept: &Kept| {
            let Marks { restricted, held, .. } = kept.marks;
            let noted = matches!(kept.call.outcome, Outcome::Noted(_));
            format!("call {} noted {noted} restricted {restricted} held {held}", kept.call.id)
        };
        let entry = |entry: &Contact| format!("entry {} {}", entry.id, entry.state.word());
        let calls = self.calls.iter().map(call);
        let mut all: Vec<String> = calls.chain(self.contacts.iter().map(entry)).collect();
        all.sort();
        all.push(format!("objects {:?}", self.objected));
        all.extend(self.number.iter().map(|number| number.as_str().to_owned()));
        all
    }
}

/// Ends a command about somebody of whom nothing is kept, as `find` does.
fn nothing_kept(meant: &Meant) -> Exit {
    let whom = meant.whom();
    fail(
        Exit::Failed,
        &format!(
            "nothing is kept of {whom}: no call, no entry not to be contacted, no standing objection. Is that the number that \
             was meant?"
        ),
    )
}

fn find(place: &Place, clerk: &mut Clerk, who: &Who, as_json: bool) -> Result<Exit, StoreError> {
    let meant = match who.meant(place, clerk)? {
        Ok(meant) => meant,
        Err(exit) => return Ok(exit),
    };
    let count = meant.calls.len().to_string();
    clerk.log(&Entry::new(Deed::Found).looked_for(meant.number.as_ref()).detail(&count), now())?;
    let found = if meant.is_nothing() { Exit::Failed } else { Exit::Done };
    let objects = meant.objected.is_some();
    if as_json {
        let calls: Vec<Value> = meant.calls.iter().map(call_json).collect();
        let contacts: Vec<Value> = meant.contacts.iter().map(|entry| entry_json(entry, place)).collect();
        let number = meant.number.as_ref().map(Number::as_str);
        println!(
            "{}",
            json!({ "number": number, "calls": calls, "do_not_contact": contacts, "standing_objection": objects })
        );
        return Ok(found);
    }
    if !meant.calls.is_empty() {
        print_table(&meant.calls);
    }
    println!(
        "Of {}: {}, {} not to be contacted, {}. One number may be several people's: pick with --call.",
        meant.whom(),
        counted(meant.calls.len(), "call", "calls"),
        counted(meant.contacts.len(), "entry", "entries"),
        if objects { "a standing objection" } else { "no standing objection" }
    );
    Ok(found)
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

fn rectify(
    place: &Place,
    clerk: &mut Clerk,
    id: &str,
    (text, file): (Option<&str>, Option<&Path>),
    accepting: &Accepting,
    as_json: bool,
) -> Result<Exit, StoreError> {
    let Some(kept) = super::calls::find(&Reader::open(place.database.clone())?, id)? else {
        return Ok(fail(Exit::Failed, NO_SUCH_CALL));
    };
    let call = kept.call.id;
    let text = match text {
        Some(text) => acceptable(text).map(|()| text.to_owned()),
        None => new_text(file),
    };
    let checked = text.and_then(|text| Ok((accepting.check(&text, kept.call.language)?, text)));
    let (accepted, text) = match checked {
        Ok(checked) => checked,
        Err(exit) => return Ok(exit),
    };
    if !clerk.correct(call, &text, &accepted, now())? {
        return Ok(fail(Exit::Failed, "there is no note of such a call"));
    }
    let despite: Vec<&str> = accepted.split('+').filter(|word| !word.is_empty()).collect();
    if as_json {
        println!("{}", json!({ "call": call.to_string(), "corrected": true, "accepted": despite }));
        return Ok(Exit::Done);
    }
    println!("The note of call {call} is corrected; nothing of the old text is kept.");
    if !despite.is_empty() {
        println!("The guard found in it, and you accepted: {}. The log says so.", despite.join(", "));
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
    let who = Who { number: Some(number.to_owned()), call: Vec::new() };
    let meant = match who.meant(place, clerk)? {
        Ok(meant) => meant,
        Err(exit) => return Ok(exit),
    };
    let Some(number) = meant.number.clone() else { return Ok(Exit::Usage) };
    if withdraw && meant.objected.is_none() {
        return Ok(fail(Exit::Failed, &format!("there is no standing objection of {}", number.as_str())));
    }
    let stands =
        meant.objected.map(|at| format!(" One is kept already, of {} UTC.", time(at))).unwrap_or_default();
    let (what, says) = match withdraw {
        true => (
            "withdraw",
            "Calls of this number would be announced and heard again; restricted notes stay so.".to_owned(),
        ),
        false => (
            "object",
            format!(
                "Calls of this number would never be announced and heard again, and its notes restricted: their notes are \
                 kept until you decide: lift or erase.{stands}"
            ),
        ),
    };
    if let Some(exit) = sure.ask(what, &meant, &says, as_json) {
        return Ok(exit);
    }
    let at = now();
    if withdraw {
        clerk.withdraw_objection(&number, at)?;
        withdrawn(&meant, at, as_json);
        return Ok(Exit::Done);
    }
    let restricted = clerk.object(&number, at)?;
    let number = number.as_str();
    match as_json {
        true => println!(
            "{}",
            json!({ "objected": timestamp(at), "restricted": restricted, "kept_until_decided": restricted > 0 })
        ),
        false => {
            println!(
                "Receipt, {} UTC: a standing objection is kept; {} restricted.",
                time(at),
                counted(restricted, "note is", "notes are")
            );
            if restricted > 0 {
                println!(
                    "  Restricted notes are kept until you decide, also past their time: lift (callgist person restrict \
                     {number} --lift) or erase (callgist person erase {number}). `callgist calls list --restricted` lists them."
                );
            }
        }
    }
    Ok(Exit::Done)
}

/// The receipt of an objection that was taken back. Which notes it restricted the store does not know from those that were
/// restricted on request, so none is lifted.
fn withdrawn(meant: &Meant, at: UtcMillis, as_json: bool) {
    let restricted = meant.calls.iter().filter(|kept| kept.marks.restricted).count();
    if as_json {
        println!("{}", json!({ "withdrawn": timestamp(at), "stay_restricted": restricted }));
        return;
    }
    println!(
        "Receipt, {} UTC: the standing objection is taken back; calls of this number are announced and heard again.",
        time(at)
    );
    if restricted > 0 {
        let number = meant.whom();
        println!(
            "  {} restricted, and kept until you decide: lift (callgist person restrict {number} --lift) or erase (callgist \
             person erase {number}).",
            counted(restricted, "call stays", "calls stay")
        );
    }
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
    if let Some(exit) = sure.ask(&word, &meant, &says, as_json) {
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
    let taken_back = also_requests && !(meant.contacts.is_empty() && meant.objected.is_none());
    if meant.is_nothing() {
        return Ok(nothing_kept(&meant));
    }
    if meant.calls.is_empty() && !taken_back {
        return Ok(fail(Exit::Failed, &format!("no call is kept of {}: {ONLY_PROTECTED}", meant.whom())));
    }
    if sure.confirm.is_none() && !meant.calls.is_empty() && !as_json {
        print_table(&meant.calls);
    }
    let what = if also_requests { "erase also" } else { "erase" };
    let held = meant.calls.iter().filter(|kept| kept.marks.held).count();
    let says = format!(
        "{} would be erased for good{}; entries not to be contacted and a standing objection would {}.",
        counted(meant.calls.len() - held, "call and its note", "calls and their notes"),
        if held > 0 { format!(", {held} would stay because of a legal hold") } else { String::new() },
        if also_requests { "go, too" } else { "stay" }
    );
    if let Some(exit) = sure.ask(what, &meant, &says, as_json) {
        return Ok(exit);
    }
    let now = now();
    let erased = clerk.erase_calls(&meant.ids(), meant.number.as_ref(), also_requests, now)?;
    let named = meant.number.is_some();
    if named {
        // Not on the receipt, which does not hold the number.
        eprintln!("callgist: erased for {}", meant.whom());
    }
    receipt(&erased, named, meant.calls.len(), now, as_json);
    Ok(Exit::Done)
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
                "standing_objection_erased": erased.objection_erased,
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
    if erased.objection_erased {
        println!("  taken back: the standing objection; calls of the number are announced and heard again");
    }
    println!(
        "  Callgist made no recording and no transcript. Backups made before still hold it; a restore applies this erasure again."
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
    fn ask(&self, what: &str, meant: &Meant, says: &str, as_json: bool) -> Option<Exit> {
        let word = word(what, meant);
        match self.confirm.as_deref() {
            Some(given) if given == word => None,
            Some(_) => Some(fail(
                Exit::Failed,
                "the word does not fit what would be done now: run it without --confirm and look again",
            )),
            None => {
                match as_json {
                    true => println!(
                        "{}",
                        json!({ "dry_run": true, "number": meant.number.as_ref().map(Number::as_str), "says": says,
                                "confirm": word })
                    ),
                    false => {
                        println!("Dry run, of {}: {says} To do it, add: --confirm {word}", meant.whom())
                    }
                }
                Some(Exit::Done)
            }
        }
    }
}

fn word(what: &str, meant: &Meant) -> String {
    let digest = Sha256::digest(format!("{what}\n{}", meant.state().join("\n")).as_bytes());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn receivers(path: &Path, common: &Common) -> Exit {
    // Settings that are there and wrong must not pass for settings that name nobody.
    let config = match path.exists().then(|| Config::load(path)).transpose() {
        Ok(config) => config,
        Err(problems) => return fail(Exit::Config, &format!("{}:\n{problems}", path.display())),
    };
    let lines: Vec<&Line> = config.iter().flat_map(|config| &config.lines).collect();
    let all: BTreeSet<&String> = lines.iter().flat_map(|line| &line.told.processors).collect();
    if common.json {
        println!("{}", json!({ "receivers": all }));
        return Exit::Done;
    }
    for line in lines.iter().filter(|line| !line.told.processors.is_empty()) {
        println!(
            "Processors of line {} (its settings say so): {}",
            line.name,
            line.told.processors.join("; ")
        );
    }
    println!("{}", if all.is_empty() { NO_RECEIVERS } else { NOTHING_SENT });
    if config.is_none() {
        eprintln!("callgist: there are no settings at {}, so no processors are known", path.display());
    }
    Exit::Done
}

fn call_id(text: &str) -> Result<CallId, String> {
    CallId::parse(text).ok_or_else(|| "sixteen digits, as `callgist calls list` prints it".to_owned())
}

const ONLY_PROTECTED: &str = "what is kept (an entry not to be contacted, a standing objection) protects the person, and goes \
                              only with --also-requests, when the person takes it back";

const NO_SUCH_RECEIPT: &str = "no erasure in the log fits this receipt and this number: was another number named, or has the log's time passed?";

/// True as long as nothing in Callgist sends anything anywhere.
const NO_RECEIVERS: &str =
    "Receivers: none. Callgist hands data about callers to nobody; this version has no way to.";

const NOTHING_SENT: &str = "Callgist itself hands data about callers to nobody; what these can read they read on the machine that it runs on.";
