//! `callgist models list|fetch`: which models there are and which are here; brings one from its maker's site.

mod catalogue;
mod fetch;
mod lock;

use super::{Exit, fail};
use crate::border::Recogniser;
use crate::config::Config;
use catalogue::{MODELS, Model};
use clap::{Args, Subcommand};
use lock::Lock;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum ModelsCommand {
    /// List the models that can be fetched, and which of them are here.
    List(ListArgs),
    /// Fetch a model from its maker's site; a fetch that broke off goes on where it stopped.
    Fetch(FetchArgs),
}

#[derive(Args)]
pub struct ListArgs {
    /// The models' folder, instead of the one in the settings.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
pub struct FetchArgs {
    /// The models' names, as `models list` shows them.
    #[arg(required = true, value_name = "MODEL")]
    models: Vec<String>,
    /// The models' folder, instead of the one in the settings.
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// A mirror of your own that holds MODEL/FILE, instead of the makers' sites.
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// Fetch a model that is here already once more.
    #[arg(long)]
    again: bool,
}

pub fn run(config: &Path, command: &ModelsCommand) -> Exit {
    match command {
        ModelsCommand::List(args) => match list(&folder(config, args.folder.as_ref()), args.json) {
            Ok(()) => Exit::Done,
            Err(error) => fail(Exit::Model, &format!("{error:#}")),
        },
        ModelsCommand::Fetch(args) => bring(&folder(config, args.folder.as_ref()), args),
    }
}

/// The folder that was named, else that of the settings, else that of the settings' defaults.
fn folder(config: &Path, named: Option<&PathBuf>) -> PathBuf {
    named.cloned().unwrap_or_else(|| {
        Config::load(config).map_or_else(|_| PathBuf::from(USUAL_FOLDER), |config| config.ears.models)
    })
}

fn list(folder: &Path, json: bool) -> anyhow::Result<()> {
    let lock = Lock::read(folder)?;
    if json {
        let rows: Vec<serde_json::Value> = MODELS.iter().map(|model| row(model, folder, &lock)).collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(["model", "recogniser", "languages", "size", "here", "hash"]);
    for model in MODELS {
        table.add_row([
            model.name.to_owned(),
            model.recogniser.word().to_owned(),
            languages(model).join(" "),
            format!("{} MB", model.bytes / 1_000_000),
            state(model, folder, &lock).to_owned(),
            assurance(model, &lock).to_owned(),
        ]);
    }
    println!("{table}");
    eprintln!("callgist: the models' folder is {}", folder.display());
    Ok(())
}

fn row(model: &Model, folder: &Path, lock: &Lock) -> serde_json::Value {
    serde_json::json!({
        "model": model.name,
        "recogniser": model.recogniser.word(),
        "languages": languages(model),
        "bytes": model.bytes,
        "here": state(model, folder, lock),
        "hash": assurance(model, lock),
        "folder": folder.join(model.folder),
    })
}

fn languages(model: &Model) -> Vec<&'static str> {
    model.languages.iter().map(|language| language.code()).collect()
}

/// Whether it is here, as far as its files tell.
fn state(model: &Model, folder: &Path, lock: &Lock) -> &'static str {
    let there = folder.join(model.folder);
    let whole = crate::daemon::models::needed(model.recogniser).iter().all(|file| there.join(file).is_file());
    let shared = MODELS.iter().filter(|other| other.folder == model.folder).count() > 1;
    let ours = model.files.iter().all(|file| lock.get(file.name).is_some());
    match (whole, shared, ours) {
        (true, false, _) | (true, true, true) => "yes",
        // Which of the two was unpacked there by hand cannot be told.
        (true, true, false) if !any_locked(model, lock) => "perhaps",
        _ if folder.join(".fetch").join(model.name).exists() => "in part",
        _ => "no",
    }
}

fn any_locked(model: &Model, lock: &Lock) -> bool {
    let mut files = MODELS.iter().filter(|other| other.folder == model.folder).flat_map(|other| other.files);
    files.any(|file| lock.get(file.name).is_some())
}

/// What stands behind its hash.
fn assurance(model: &Model, lock: &Lock) -> &'static str {
    match model.files {
        files if files.iter().all(|file| file.sha256.is_some()) => "published",
        files if files.iter().all(|file| lock.get(file.name).is_some()) => "as first fetched",
        _ => "none known",
    }
}

fn bring(folder: &Path, args: &FetchArgs) -> Exit {
    let mut wanted = Vec::new();
    for name in &args.models {
        match catalogue::named(name) {
            Some(model) => wanted.push(model),
            None => {
                let names: Vec<&str> = MODELS.iter().map(|model| model.name).collect();
                return fail(
                    Exit::Usage,
                    &format!("there is no model {name}; there are {}", names.join(", ")),
                );
            }
        }
    }
    for model in wanted {
        let here = Lock::read(folder).is_ok_and(|lock| state(model, folder, &lock) == "yes");
        if here && !args.again {
            eprintln!("callgist: {} is here already; --again fetches it once more", model.name);
            continue;
        }
        eprintln!("callgist: fetching {} (about {} MB)", model.name, model.bytes / 1_000_000);
        match fetch::fetch(model, folder, args.from.as_deref()) {
            Ok(fetched) => told(model, &fetched),
            Err(error) => return fail(Exit::Model, &format!("{error:#}")),
        }
    }
    Exit::Done
}

fn told(model: &Model, fetched: &fetch::Fetched) {
    println!("{}", fetched.folder.display());
    for (file, sha256) in &fetched.unconfirmed {
        eprintln!(
            "callgist: nobody has published a hash of {file}; received was {sha256}. It is kept in models.lock, and \
             another one will be refused."
        );
    }
    let what = match model.recogniser {
        Recogniser::Vosk => "a line whose recogniser is \"auto\" or \"vosk\" takes it at the next start",
        Recogniser::Whisper => "it serves every line that Vosk does not",
    };
    eprintln!("callgist: {} is in place; {what}", model.name);
}

/// As in `config/callgist.toml`.
const USUAL_FOLDER: &str = "/usr/share/callgist/models";
