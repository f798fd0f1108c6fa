//! The phrase is spoken on a call of a switch that is not there; it stands in this process, and the daemon beside it.

use super::ProveArgs;
use super::course::{Course, Done, Kind, Rooms};
use super::phrase::Phrase;
use crate::call::Language;
use crate::cli::demo::daemon::write_settings;
use crate::cli::demo::{CALLER, NUMBER, settings};
use crate::sim::{Script, Switch};
use std::time::Duration;

/// One call in which both parties speak the phrase.
pub async fn call(args: &ProveArgs, phrase: &Phrase) -> anyhow::Result<Done> {
    let rooms = Rooms::make()?;
    let switch = Switch::start(settings(args.factor)).await?;
    let written = write_settings(rooms.path(), Language::En, args.recogniser, &switch)?;
    let mut course = Course::begin(rooms, written, args.factor).await?;
    let call = switch.call(script(phrase)).await;
    let kept = course.kept(|much| switch.clock().hold_back(much)).await?;
    call.ended().await;
    let done = course.end(Kind::Simulated, kept, phrase).await?;
    switch.shut_down().await;
    Ok(done)
}

fn script(phrase: &Phrase) -> Script {
    Script {
        line: NUMBER.into(),
        caller: Some(CALLER.into()),
        caller_speech: phrase.sound.caller.clone(),
        agent_speech: phrase.sound.agent.clone(),
        answer_after: Some(Duration::from_secs(1)),
        ..Script::default()
    }
}
