//! `callgist store backup|restore|sweep|figures`: the database is copied, a copy is brought back, what is past its time
//! goes, and what there is is counted.

use super::counter::{Common, Place, counted, now, with_clerk};
use super::notices::drifts;
use super::{Exit, fail};
use crate::daemon::housekeeping::retention;
use crate::figures;
use crate::store::{Clerk, ContactsKey, Restored, Store, StoreError, Swept};
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum StoreCommand {
    /// Write a consistent copy into a new file, also while Callgist runs.
    Backup {
        file: PathBuf,
        #[command(flatten)]
        common: Common,
    },
    /// Bring back what a copy holds and the database has lost; what was erased since stays erased.
    Restore {
        file: PathBuf,
        /// The key of the numbers on the copy's do-not-contact list, where it is not the one of this database.
        #[arg(long, value_name = "FILE")]
        copy_contacts_key_file: Option<PathBuf>,
        #[command(flatten)]
        common: Common,
    },
    /// Erase now what is past its retention, as the daemon does every hour.
    Sweep {
        #[command(flatten)]
        common: Common,
    },
    /// Print the figures that a running Callgist shows at /metrics, under the same names, in the same form or as JSON.
    Figures {
        #[command(flatten)]
        common: Common,
    },
}

pub fn run(path: &Path, command: &StoreCommand) -> Exit {
    match command {
        StoreCommand::Backup { file, common } => with_clerk(common, path, |_, clerk| {
            clerk.backup(file, now())?;
            match common.json {
                true => println!("{}", json!({ "backup": file })),
                false => println!("{}: a consistent copy, readable by its owner alone", file.display()),
            }
            Ok(Exit::Done)
        }),
        StoreCommand::Restore { file, copy_contacts_key_file, common } => {
            restore(path, file, copy_contacts_key_file.as_deref(), common)
        }
        StoreCommand::Sweep { common } => {
            with_clerk(common, path, |place, clerk| sweep(place, clerk, common.json))
        }
        StoreCommand::Figures { common } => {
            with_clerk(common, path, |place, clerk| figures(place, clerk, common.json))
        }
    }
}

fn restore(path: &Path, file: &Path, contacts_key: Option<&Path>, common: &Common) -> Exit {
    let place = match common.place(path) {
        Ok(place) => place,
        Err(exit) => return exit,
    };
    if !file.exists() {
        return fail(Exit::Failed, &format!("there is no {}", file.display()));
    }
    let contacts = match contacts_key.map(ContactsKey::read).transpose() {
        Ok(contacts) => contacts,
        Err(error) => return fail(Exit::Store, &format!("{error:#}")),
    };
    // Where the database was lost, a new one takes what the copy holds.
    if !place.database.path.exists()
        && let Err(error) = Store::open(place.database.clone())
    {
        return fail(Exit::Store, &error.to_string());
    }
    with_clerk(common, path, |_, clerk| {
        let restored = clerk.restore(file, contacts.as_ref(), now())?;
        let Restored { calls, buried, requests, objections, began_anew } = restored;
        if common.json {
            println!(
                "{}",
                json!({
                    "calls": calls, "stay_erased": buried, "do_not_contact": requests,
                    "standing_objections": objections, "database_was_new": began_anew,
                })
            );
        } else {
            println!(
                "{}, {} not to be contacted and {} brought back; {} of the copy erased since, which stays so",
                counted(calls, "call", "calls"),
                counted(requests, "entry", "entries"),
                counted(objections, "standing objection", "standing objections"),
                counted(buried, "call", "calls")
            );
        }
        if began_anew {
            eprintln!(
                "callgist: the database was new, so erasures that were made after this copy are not known here: \
                 repeat them (their receipts tell which)"
            );
        }
        Ok(Exit::Done)
    })
}

fn figures(place: &Place, clerk: &Clerk, as_json: bool) -> Result<Exit, StoreError> {
    let Some(config) = &place.config else { return Ok(fail(Exit::Config, NO_SETTINGS)) };
    let now = now();
    let counts = clerk.counts(&retention(config), now)?;
    let samples = figures::samples(&counts, &drifts(config), now);
    match as_json {
        true => println!("{}", figures::as_json(&samples)),
        false => print!("{}", figures::text(&samples)),
    }
    Ok(Exit::Done)
}

const NO_SETTINGS: &str = "the retention stands in the settings: name them with --config";

fn sweep(place: &Place, clerk: &mut Clerk, as_json: bool) -> Result<Exit, StoreError> {
    let Some(config) = &place.config else { return Ok(fail(Exit::Config, NO_SETTINGS)) };
    // A write-ahead log that is held up is an error here, since whoever asked can ask again.
    let discarded = clerk.settle_drafts(now())?;
    let Swept { calls, requests, objections, erased_ids, log_entries, overdue, log_broken, held_up: _ } =
        clerk.sweep(&retention(config), now())?;
    match as_json {
        true => println!(
            "{}",
            json!({
                "calls": calls, "do_not_contact": requests, "log_entries": log_entries, "overdue": overdue,
                "drafts_discarded": discarded, "standing_objections": objections, "erased_ids": erased_ids,
            })
        ),
        false => println!(
            "{}, {} not to be contacted, {}, {} and {} erased; {} discarded; {} past their retention",
            counted(calls, "call", "calls"),
            counted(requests, "expired entry", "expired entries"),
            counted(objections, "standing objection", "standing objections"),
            counted(erased_ids, "id of what was erased", "ids of what was erased"),
            counted(log_entries, "log entry", "log entries"),
            counted(discarded, "draft", "drafts"),
            counted(overdue, "row", "rows")
        ),
    }
    if log_broken {
        return Ok(fail(Exit::Failed, "the log does not verify and was not pruned: run callgist log verify"));
    }
    Ok(if overdue == 0 { Exit::Done } else { Exit::Failed })
}
