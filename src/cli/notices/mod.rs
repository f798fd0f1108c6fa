//! `callgist notices render`: the running settings go in, every text that callers, staff and auditors are owed comes
//! out, with a placeholder for what only the operator knows; nothing is invented.
//!
//! All texts share one version: a hash over the texts themselves, the settings they name and the sound in use. When one
//! of them changes, so does the version, and `doctor` says that what was published (`texts_version`) is no longer it.

mod facts;
mod form;

pub use facts::Facts;
pub use form::Form;

use super::counter::now;
use super::{Exit, fail};
use crate::call::Language;
use crate::config::{Config, Line};
use crate::figures::LineDrift;
use crate::store::Sha256;
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::Path;

#[derive(Subcommand)]
pub enum NoticesCommand {
    /// Print the texts, filled in from the settings. What is missing is listed on standard error.
    Render(RenderArgs),
}

#[derive(Args)]
pub struct RenderArgs {
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    #[arg(long, value_enum, default_value_t = Form::Md)]
    format: Form,
    /// One text; all of them without it.
    #[arg(long, value_enum)]
    text: Option<Text>,
    /// The line whose settings are taken; the first one without it.
    #[arg(long)]
    line: Option<String>,
    /// Print an object of the texts, their version and what is missing.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Lang {
    De,
    En,
    Fr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Text {
    /// The script of the sound.
    Announcement,
    /// For terms and conditions.
    Clause,
    /// An automatic reply to a ticket.
    Ticket,
    /// A line under e-mails.
    Signature,
    /// Art. 13 GDPR in full.
    Website,
    /// Record of processing, Art. 30.
    Record,
    /// Balancing of interests, Art. 6(1)(f); of a line that asks, why none is needed.
    Balancing,
    /// For those who take calls.
    Agent,
    /// For staff, Art. 13.
    Employee,
    /// Draft of an impact assessment, Art. 35; in German only.
    Dpia,
    /// For the works council; in German only.
    WorksCouncil,
}

/// A text with its placeholders filled, and those that were not.
#[derive(Debug, PartialEq, Eq)]
pub struct Rendered {
    pub text: Text,
    pub markdown: String,
    pub missing: BTreeSet<String>,
}

pub fn run(path: &Path, command: &NoticesCommand) -> Exit {
    let NoticesCommand::Render(args) = command;
    // Without settings the defaults are rendered; settings that are there and wrong are another matter.
    let config = match path.exists().then(|| Config::load(path)).transpose() {
        Ok(config) => config,
        Err(problems) => return fail(Exit::Config, &format!("{}:\n{problems}", path.display())),
    };
    let line = match (&config, &args.line) {
        (Some(config), Some(name)) => match config.line(name) {
            Some(line) => Some(line),
            None => return fail(Exit::Failed, &format!("no line is named \"{name}\"")),
        },
        (Some(config), None) => config.lines.first(),
        (None, _) => None,
    };
    let lang = args.lang.unwrap_or_else(|| line.map_or(Lang::En, |line| line.language.into()));
    let facts = Facts::of(config.as_ref(), line, lang, now());
    let Some(texts) = chosen(args.text, lang, &facts) else {
        return fail(Exit::Usage, "this text is there in German only: --lang de");
    };
    print(&texts, &facts, lang, args);
    Exit::Done
}

/// The text that is asked for, or all there are in this language.
fn chosen(text: Option<Text>, lang: Lang, facts: &Facts) -> Option<Vec<Rendered>> {
    let wanted: Vec<Text> = text.map_or_else(|| Text::value_variants().to_vec(), |text| vec![text]);
    let texts: Vec<Rendered> = wanted.iter().filter_map(|text| render(*text, lang, facts)).collect();
    (!texts.is_empty()).then_some(texts)
}

fn print(texts: &[Rendered], facts: &Facts, lang: Lang, args: &RenderArgs) {
    let missing: BTreeSet<&str> =
        texts.iter().flat_map(|text| text.missing.iter().map(String::as_str)).collect();
    if args.json {
        let all: serde_json::Map<_, _> =
            texts.iter().map(|text| (text.text.word(), json!(args.format.write(&text.markdown)))).collect();
        println!(
            "{}",
            json!({ "version": facts.version(), "language": lang.code(), "missing": missing, "texts": all })
        );
    } else {
        if args.format == Form::Html {
            println!("{}", form::html_head(lang.code()));
        }
        for (at, text) in texts.iter().enumerate() {
            let gap = if at > 0 { "\n" } else { "" };
            println!("{gap}{}", args.format.write(&text.markdown).trim_end());
        }
    }
    eprintln!("callgist: version {} of the texts", facts.version());
    for name in missing {
        eprintln!("callgist: missing: {name}");
    }
}

/// `None` where there is no such text in this language.
pub fn render(text: Text, lang: Lang, facts: &Facts) -> Option<Rendered> {
    let template = match text {
        Text::Announcement if facts.asks() => lang.question(),
        Text::Announcement => lang.announcement(),
        _ => section(lang.texts(), &text.word(), facts.asks())?,
    };
    let mut missing = BTreeSet::new();
    let markdown = write(template, |name| facts.holds(name), |name| facts.value(name), &mut missing);
    Some(Rendered { text, markdown, missing })
}

/// The lines of a template whose condition holds, with their placeholders filled; those that have no value are named.
pub(super) fn write(
    template: &str,
    holds: impl Fn(&str) -> bool,
    value: impl Fn(&str) -> Option<String>,
    missing: &mut BTreeSet<String>,
) -> String {
    let mut markdown = String::new();
    for line in template.trim().lines() {
        let line = match line.strip_prefix("{?").and_then(|rest| rest.split_once('}')) {
            Some((condition, rest)) if holds(condition) => rest,
            Some(_) => continue,
            None => line,
        };
        fill(line, &value, &mut markdown, missing);
        markdown.push('\n');
    }
    markdown
}

fn fill(
    line: &str,
    value: &impl Fn(&str) -> Option<String>,
    into: &mut String,
    missing: &mut BTreeSet<String>,
) {
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('{') {
        into.push_str(before);
        let Some((name, after)) = after.split_once('}') else { break };
        match value(name) {
            Some(value) => into.push_str(&value),
            None => {
                into.push_str(&format!("[[{name}]]"));
                missing.insert(name.to_owned());
            }
        }
        rest = after;
    }
    into.push_str(rest);
}

/// The part of a file of texts under `=== name`, or under `=== name_consent` where callers are asked and there is one.
pub(super) fn section<'a>(texts: &'a str, name: &str, asks: bool) -> Option<&'a str> {
    let part = |name: &str| texts.split("=== ").find_map(|part| part.strip_prefix(name)?.strip_prefix('\n'));
    part(&format!("{name}_consent")).filter(|_| asks).or_else(|| part(name))
}

/// Whether what was published for this line is still what holds.
pub fn drift(config: &Config, line: &Line) -> Drift {
    let now = Facts::without_figures(Some(config), Some(line), line.language.into()).version();
    match &line.told.texts_version {
        None => Drift::NothingPublished(now),
        Some(published) if *published == now => Drift::None(now),
        Some(published) => {
            let parts = Changed::between(published, &now);
            Drift::Drifted(now, parts)
        }
    }
}

/// The same of every line, as figures tell it.
pub fn drifts(config: &Config) -> Vec<LineDrift> {
    let of = |line: &Line| {
        let changed = match drift(config, line) {
            Drift::Drifted(_, changed) => changed,
            Drift::None(_) | Drift::NothingPublished(_) => Changed::default(),
        };
        let Changed { texts, settings, sound } = changed;
        LineDrift {
            line: line.name.clone(),
            published: line.told.texts_version.is_some(),
            texts,
            settings,
            sound,
        }
    };
    config.lines.iter().map(of).collect()
}

/// What became of the published texts; the version that holds now.
#[derive(Debug, PartialEq, Eq)]
pub enum Drift {
    None(String),
    NothingPublished(String),
    Drifted(String, Changed),
}

/// What is no longer as it was published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// Of Callgist's own texts.
    pub texts: bool,
    /// That they name.
    pub settings: bool,
    pub sound: bool,
}

impl Changed {
    /// Of a version that has not our form nothing can be told apart.
    fn between(published: &str, now: &str) -> Changed {
        let parts = |version: &str| version.split('-').map(str::to_owned).collect::<Vec<_>>();
        match (parts(published).as_slice(), parts(now).as_slice()) {
            ([texts, settings, sound], [texts_now, settings_now, sound_now]) => Changed {
                texts: texts != texts_now,
                settings: settings != settings_now,
                sound: sound != sound_now,
            },
            _ => Changed { texts: true, settings: true, sound: true },
        }
    }

    /// `settings and sound`
    pub fn words(self) -> String {
        let parts = [(self.texts, "texts"), (self.settings, "settings"), (self.sound, "sound")];
        let changed: Vec<&str> = parts.iter().filter_map(|(is, word)| is.then_some(*word)).collect();
        changed.join(" and ")
    }
}

/// All texts as they stand, before anything is filled in.
fn all_texts() -> String {
    let of = |lang: Lang| [lang.announcement(), lang.question(), lang.texts()].concat();
    let parts = [Lang::De, Lang::En, Lang::Fr].map(of);
    Sha256::of(parts.concat().as_bytes()).to_string()
}

impl Text {
    fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

impl Lang {
    pub fn code(self) -> &'static str {
        match self {
            Lang::De => "de",
            Lang::En => "en",
            Lang::Fr => "fr",
        }
    }

    /// What the sounds that are shipped say.
    fn announcement(self) -> &'static str {
        match self {
            Lang::De => include_str!("../../../sounds/de/notice.txt"),
            Lang::En => include_str!("../../../sounds/en/notice.txt"),
            Lang::Fr => include_str!("../../../sounds/fr/notice.txt"),
        }
    }

    /// What those say of a line that asks for consent: the notice, and behind a blank line the question.
    fn question(self) -> &'static str {
        match self {
            Lang::De => {
                concat!(
                    include_str!("../../../sounds/de/consent.txt"),
                    "\n",
                    include_str!("../../../sounds/de/question.txt")
                )
            }
            Lang::En => {
                concat!(
                    include_str!("../../../sounds/en/consent.txt"),
                    "\n",
                    include_str!("../../../sounds/en/question.txt")
                )
            }
            Lang::Fr => {
                concat!(
                    include_str!("../../../sounds/fr/consent.txt"),
                    "\n",
                    include_str!("../../../sounds/fr/question.txt")
                )
            }
        }
    }

    fn texts(self) -> &'static str {
        match self {
            Lang::De => include_str!("texts/de.md"),
            Lang::En => include_str!("texts/en.md"),
            Lang::Fr => include_str!("texts/fr.md"),
        }
    }
}

impl From<Language> for Lang {
    fn from(language: Language) -> Lang {
        match language {
            Language::De => Lang::De,
            Language::En => Lang::En,
            Language::Fr => Lang::Fr,
        }
    }
}

#[cfg(test)]
mod tests;
