//! `callgist note`: written calls go in, what the note engine makes of them comes out, one JSON object a call.
//!
//! It names `confidential`, which of the command line only `typed.rs` does besides: it tries the engine on calls that were
//! written down, never on heard ones. It reads `heard` and the times of a call, never `written` or `gold`.

use crate::border::{DoNotContact, Kind, LeftOut, WhoseNumber};
use crate::call::{AgentLeg, Language};
use crate::confidential::notes::{self, Explained, ExplainedStatement};
use crate::confidential::{Speaker, Transcript, Turn, Word};
use crate::config::Agents;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fs;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

/// Try the note engine on written calls; nothing is heard and nothing is stored.
#[derive(Args, Debug, Default)]
pub struct NoteArgs {
    /// Calls as JSON: folders or files; JSON lines on standard input when none is named.
    pub calls: Vec<PathBuf>,
    /// Write one file per call into this folder instead of printing them.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Leave out what agents say, as on a line with agent_leg = "not_heard".
    #[arg(long)]
    pub caller_alone: bool,
    /// Show each statement with its rule and evidence, and what was dropped and why.
    #[arg(long)]
    pub explain: bool,
    /// As the line's setting agents: only with "kept" may a note name an agent.
    #[arg(long, value_parser = agents, value_name = "none|pseudonym|kept", default_value = "none")]
    pub agents: Agents,
    /// As the line's setting redact: a kind that is left out of the notes, or several with commas between them.
    #[arg(long, value_parser = kind, value_name = "KIND", value_delimiter = ',')]
    pub redact: Vec<Kind>,
}

impl NoteArgs {
    fn left_out(&self) -> LeftOut {
        self.redact.iter().copied().fold(self.agents.left_out(), LeftOut::with)
    }
}

fn agents(word: &str) -> Result<Agents, String> {
    Agents::of(word).ok_or_else(|| "it is none, pseudonym or kept".to_owned())
}

fn kind(word: &str) -> Result<Kind, String> {
    let words = Kind::SETTABLE.map(|(word, _)| word).join(", ");
    Kind::of(word).ok_or_else(|| format!("it is one of {words}"))
}

/// Runs the command.
pub fn run(args: &NoteArgs) -> Result<()> {
    if let Some(folder) = &args.out {
        fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    for (name, text) in read_all(&args.calls)? {
        let call: Call = serde_json::from_str(&text)
            .with_context(|| format!("{name} is not a call as calls/README.md says"))?;
        let explained = notes::explain(&call.transcript(args.caller_alone), call.language, args.left_out());
        if args.explain {
            explain(&call.id, &explained)?;
        }
        let output = output(&call.id, &explained);
        match &args.out {
            Some(folder) => write_file(folder, &call.id, &output)?,
            None if !args.explain => writeln!(io::stdout(), "{output}").context("cannot print")?,
            None => {}
        }
    }
    Ok(())
}

/// A call, of which only what a recogniser would give is read.
#[derive(Deserialize)]
struct Call {
    id: String,
    language: Language,
    turns: Vec<WrittenTurn>,
}

#[derive(Deserialize)]
struct WrittenTurn {
    speaker: String,
    start_s: f64,
    heard: String,
}

/// Milliseconds a word is taken to last; written calls have no times of words.
const WORD_MS: u32 = 350;

impl Call {
    fn transcript(&self, caller_alone: bool) -> Transcript {
        let heard = |turn: &&WrittenTurn| !caller_alone || speaker(&turn.speaker).is_caller();
        let turns = self.turns.iter().filter(heard).map(|turn| {
            let start = (turn.start_s.max(0.0) * 1_000.0) as u32;
            let words = turn.heard.split_whitespace().zip(0u32..).map(|(word, at)| {
                let from = start.saturating_add(at.saturating_mul(WORD_MS));
                Word::new(word.to_owned(), from, from.saturating_add(WORD_MS), 1.0)
            });
            Turn { speaker: speaker(&turn.speaker), words: words.collect() }
        });
        let agent_leg = AgentLeg::heard(!caller_alone);
        Transcript { turns: turns.collect(), agent_leg }
    }
}

fn speaker(name: &str) -> Speaker {
    match name.strip_prefix("agent") {
        Some(number) => Speaker::Agent(number.parse().unwrap_or(1)),
        None => Speaker::Caller,
    }
}

/// Every call's name and text: of files, of folders' `*.json`, or of standard input's lines.
fn read_all(paths: &[PathBuf]) -> Result<Vec<(String, String)>> {
    if paths.is_empty() {
        let lines = io::stdin().lock().lines().zip(1..);
        let named = lines.map(|(line, number)| {
            Ok((format!("line {number}"), line.context("cannot read standard input")?))
        });
        return named
            .filter(|line| line.as_ref().map_or(true, |(_, text)| !text.trim().is_empty()))
            .collect();
    }
    let mut calls = Vec::new();
    for path in paths {
        if path.is_dir() {
            let mut files: Vec<PathBuf> = fs::read_dir(path)
                .with_context(|| format!("cannot read the folder {}", path.display()))?
                .filter_map(|entry| entry.ok().map(|entry| entry.path()))
                .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
                .collect();
            files.sort();
            for file in files {
                calls.push(read_file(&file)?);
            }
        } else {
            calls.push(read_file(path)?);
        }
    }
    Ok(calls)
}

fn read_file(path: &Path) -> Result<(String, String)> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    Ok((name, text))
}

fn write_file(folder: &Path, id: &str, output: &Value) -> Result<()> {
    let plain = !id.is_empty()
        && id.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c))
        && !id.starts_with('.');
    if !plain {
        bail!("a call's id must be a plain file name of letters, digits, '-', '_' and '.'");
    }
    let path = folder.join(format!("{id}.json"));
    fs::write(&path, format!("{output:#}\n")).with_context(|| format!("cannot write {}", path.display()))
}

/// The object that `score.py` reads.
fn output(id: &str, explained: &Explained) -> Value {
    json!({
        "id": id,
        "summary": explained.summary,
        "statements": explained.statements.iter().map(statement).collect::<Vec<_>>(),
        "do_not_contact": explained.do_not_contact.first().map(|request| contact(*request)),
        "objection": explained.objection,
        "no_summary_reason": explained.reason.map(|reason| reason.word()),
    })
}

fn statement(statement: &ExplainedStatement) -> Value {
    json!({
        "kind": statement.kind,
        "by": statement.by,
        "polarity": statement.polarity,
        "modality": statement.modality,
        "text": statement.text,
        "evidence": statement.evidence,
    })
}

fn contact(request: DoNotContact) -> Value {
    let number = match request.number {
        WhoseNumber::Caller => "caller".to_owned(),
        WhoseNumber::Named(digits) => digits.text().unwrap_or_default(),
    };
    json!({ "scope": request.channels.words(), "purpose": request.purpose, "number": number })
}

fn explain(id: &str, explained: &Explained) -> Result<()> {
    let mut out = io::stdout().lock();
    let mut print = |text: String| writeln!(out, "{text}").context("cannot print");
    print(format!("{id}: {}", explained.reason.map_or("note", |reason| reason.word())))?;
    for said in &explained.statements {
        print(format!("  + {} {:?}: {}", said.rule, said.evidence, said.text))?;
    }
    for (said, why) in &explained.dropped {
        print(format!("  - {} {:?} ({why}): {}", said.rule, said.evidence, said.text))?;
    }
    for request in &explained.do_not_contact {
        print(format!("  ! do not contact: {}", contact(*request)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(heard: &str, gold: &str) -> String {
        let turn = |speaker: &str, start: u32, text: &str| json!({ "speaker": speaker, "start_s": start, "written": gold, "heard": text });
        let turns = [
            turn("agent", 1, "good morning how can i help you today"),
            turn("caller", 4, heard),
            turn("agent", 9, "okay i'll check the invoice for you and send a new invoice by friday"),
        ];
        json!({ "id": "x", "language": "en", "turns": turns, "gold": gold }).to_string()
    }

    fn note_of(text: &str) -> Value {
        let call: Call = serde_json::from_str(text).unwrap();
        output(&call.id, &notes::explain(&call.transcript(false), call.language, LeftOut::default()))
    }

    #[test]
    fn neither_what_was_written_nor_the_labels_are_read() {
        let heard = "yes hello there is a problem with my invoice the invoice is much too high this month";
        let one = note_of(&call(heard, "one thing"));
        assert_eq!(one, note_of(&call(heard, "quite another thing")));
        assert!(one["summary"].as_str().unwrap().contains("invoice"), "{one}");
    }

    #[test]
    fn calls_are_read_from_folders_and_written_one_file_each() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("x.json"), call("hello", "")).unwrap();
        let out = folder.path().join("out");
        let calls = vec![folder.path().to_owned()];
        let args = NoteArgs { calls, out: Some(out.clone()), ..NoteArgs::default() };
        run(&args).unwrap();
        let written: Value = serde_json::from_str(&fs::read_to_string(out.join("x.json")).unwrap()).unwrap();
        assert_eq!(written["no_summary_reason"], "nothing_said");
    }

    #[test]
    fn an_id_cannot_lead_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write_file(folder.path(), "../x", &json!({})).is_err());
    }
}
