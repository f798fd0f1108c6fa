//! `callgist log verify|export|prune`: the content-free log is checked, handed over, and shortened.

use super::counter::{Common, counted, now, timestamp, with_clerk};
use super::{Exit, fail};
use crate::store::{Clerk, Deed, Entry, Fault, StoreError, Verdict};
use clap::Subcommand;
use serde_json::json;
use std::path::Path;

#[derive(Subcommand)]
pub enum LogCommand {
    /// Check that no entry was changed, removed or moved; name those that were.
    Verify {
        /// The head that an earlier verify printed, kept elsewhere: it must still be in the log.
        #[arg(long, value_name = "HASH", value_parser = head)]
        head: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// Write the entries as JSON lines to standard output.
    Export {
        #[command(flatten)]
        common: Common,
    },
    /// Remove entries older than so many days, and leave a checkpoint.
    Prune {
        /// At least so many days stay.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
        keep_days: u32,
        #[command(flatten)]
        common: Common,
    },
}

pub fn run(path: &Path, command: &LogCommand) -> Exit {
    match command {
        LogCommand::Verify { head, common } => {
            with_clerk(common, path, |_, clerk| verify(clerk, head.as_deref(), common.json))
        }
        LogCommand::Export { common } => with_clerk(common, path, |_, clerk| export(clerk)),
        LogCommand::Prune { keep_days, common } => {
            with_clerk(common, path, |_, clerk| prune(clerk, *keep_days, common.json))
        }
    }
}

fn verify(clerk: &Clerk, known: Option<&str>, as_json: bool) -> Result<Exit, StoreError> {
    let Verdict { entries, first, last, head, faults, known: _ } = clerk.verify_log(known)?;
    if as_json {
        let faults: Vec<_> = faults.iter().map(fault_json).collect();
        println!(
            "{}",
            json!({ "entries": entries, "first": first, "last": last, "head": head, "faults": faults })
        );
    } else if entries == 0 {
        println!("no entries; head {head}");
    } else {
        println!("{}, {first} to {last}; head {head}", counted(entries, "entry", "entries"));
    }
    for fault in &faults {
        eprintln!("callgist: {fault}");
    }
    if faults == [Fault::HeadUnknown] {
        return Ok(fail(
            Exit::Failed,
            "the entries that are there follow from each other; the head is none of theirs",
        ));
    }
    if !faults.is_empty() {
        return Ok(fail(Exit::Failed, "the log is not as it was written"));
    }
    if !as_json {
        println!(
            "Nothing was changed, removed or moved. Keep the head elsewhere and ask with --head next time."
        );
    }
    Ok(Exit::Done)
}

fn fault_json(fault: &Fault) -> serde_json::Value {
    let (kind, from, to) = match fault {
        Fault::Missing { from, to } => ("missing", Some(*from), Some(*to)),
        Fault::Changed { seq } => ("changed", Some(*seq), Some(*seq)),
        Fault::NoCheckpoint { seq } => ("no_checkpoint", Some(*seq), None),
        Fault::HeadUnknown => ("head_unknown", None, None),
    };
    json!({ "kind": kind, "from": from, "to": to, "says": fault.to_string() })
}

fn export(clerk: &mut Clerk) -> Result<Exit, StoreError> {
    clerk.log(&Entry::new(Deed::LogRead), now())?;
    for entry in clerk.whole_log()? {
        println!(
            "{}",
            json!({
                "seq": entry.seq,
                "at": timestamp(entry.at),
                "at_ms": entry.at.0,
                "deed": entry.deed,
                "call": entry.call,
                "person": entry.person,
                "line": entry.line,
                "detail": entry.detail,
                "hash": entry.hash,
            })
        );
    }
    Ok(Exit::Done)
}

fn prune(clerk: &mut Clerk, keep_days: u32, as_json: bool) -> Result<Exit, StoreError> {
    let now = now();
    let before = now.days_before(keep_days);
    let Some(removed) = clerk.prune_log(before, now)? else {
        return Ok(fail(
            Exit::Failed,
            "the log does not verify, so nothing was removed: run callgist log verify",
        ));
    };
    match as_json {
        true => println!("{}", json!({ "removed": removed })),
        false => println!("{} removed", counted(removed, "entry", "entries")),
    }
    Ok(Exit::Done)
}

pub(super) fn head(text: &str) -> Result<String, String> {
    let fits = (12..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    fits.then(|| text.to_ascii_lowercase()).ok_or_else(|| "12 to 64 digits of a hash".to_owned())
}
