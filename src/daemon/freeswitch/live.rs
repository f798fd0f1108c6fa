//! The calls that are on a switch now, as a command sees them that is not the daemon: what the switch says of its legs goes
//! in, callers and with whom they talk come out; and one of them can be objected to.
//!
//! The switch itself keeps the objection, as it keeps that of the key: a variable on the caller's leg, which every later
//! event has and which a daemon that was dead finds. `uuid_setvar` costs the talk no packet, while an application that is
//! run on a leg costs its voice 40 ms (F110). It makes no event either, so the same is said once more in the background:
//! what became of such a command is told to everybody who listens (F28), and a living daemon hears it so. The copies are
//! ended here as well: a daemon that hangs would not.

use super::board::number;
use super::dump::{Dump, Talk, rows};
use super::link::Link;
use super::{Clock, uuid};
use crate::call::{CallId, Leg, Number};
use crate::config::Line;
use crate::store::Name;
use crate::wire::esl::Command;
use futures_util::future::join_all;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A caller on a line, and whoever is called for him or talks with him.
#[derive(Debug, PartialEq, Eq)]
pub struct Live {
    pub leg: Leg,
    /// The call's number in the store, where a daemon has begun to follow it.
    pub call: Option<CallId>,
    pub line: Name,
    pub caller: Option<Number>,
    /// Extensions; those that only ring, too.
    pub agents: Vec<Name>,
    /// Somebody objected already.
    pub objected: bool,
    parties: BTreeSet<Leg>,
    copies: BTreeSet<Leg>,
}

/// Why the switch did not do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undone {
    /// The link is gone, or it does not answer.
    Lost,
    /// The call is over, or the switch's user may not.
    Refused,
    /// It is kept, but copies are still there.
    Copied,
}

/// Every call on one of these lines.
pub async fn live<'a>(link: &Link, lines: impl Iterator<Item = &'a Line>) -> Result<Vec<Live>, Undone> {
    let legs = Legs::ask(link).await?;
    let lines: BTreeMap<&str, &Line> = lines.map(|line| (line.name.as_str(), line)).collect();
    let found = legs.0.iter().filter_map(|(leg, (dump, _))| {
        let line = lines.get(dump.line()?)?;
        let parties = legs.parties(leg);
        Some(Live {
            leg: leg.clone(),
            call: dump.get("variable_callgist_call").and_then(CallId::parse),
            line: Name::new(&line.name).ok()?,
            caller: number(|name| dump.get(name), line),
            agents: parties.iter().filter_map(|leg| legs.agent(leg)).collect(),
            objected: dump.objected(),
            copies: legs.copies(leg, &parties),
            parties,
        })
    });
    Ok(found.collect())
}

impl Live {
    /// Objects as the agent, and ends the copies; gives how many there were, whoever ended them.
    pub async fn object(&self, link: &Link, clock: Clock) -> Result<usize, Undone> {
        let objects = format!("uuid_setvar {} {OBJECTION} agent", self.leg);
        let kept = link.api(&objects).await.ok_or(Undone::Lost)?;
        kept.result().map_err(|_| Undone::Refused)?;
        if let Ok(again) = Command::bgapi(objects, &uuid()) {
            link.send(again);
        }
        let mut ended = self.copies.clone();
        let mut looks_without = 0;
        for _ in 0..LOOKS {
            let legs = Legs::ask(link).await.map_err(|_| Undone::Copied)?;
            let parties = legs.parties(&self.leg).union(&self.parties).cloned().collect();
            let copies = legs.copies(&self.leg, &parties);
            looks_without = if copies.is_empty() { looks_without + 1 } else { 0 };
            if looks_without == 2 {
                return Ok(ended.len());
            }
            // One that has ended meanwhile is what was wanted.
            join_all(copies.iter().map(async |copy| link.api(&format!("uuid_kill {copy}")).await)).await;
            ended.extend(copies);
            clock.sleep(LOOK_AGAIN).await;
        }
        Err(Undone::Copied)
    }
}

/// All legs of a switch, each with what it says of it and of which call it is.
struct Legs(BTreeMap<Leg, (Dump, Option<Leg>)>);

impl Legs {
    async fn ask(link: &Link) -> Result<Legs, Undone> {
        let reply = link.api("show channels as json").await.ok_or(Undone::Lost)?;
        let rows = rows(reply.result().map_err(|_| Undone::Refused)?);
        let leg = |row: &Value, name| Leg::new(row.get(name)?.as_str()?).ok();
        let rows: Vec<(Leg, Option<Leg>)> =
            rows.iter().filter_map(|row| Some((leg(row, "uuid")?, leg(row, "call_uuid")))).collect();
        let dumps = join_all(rows.iter().map(|(leg, _)| dump(link, leg)))
            .await
            .into_iter()
            .collect::<Option<Vec<_>>>();
        let told = rows.into_iter().zip(dumps.ok_or(Undone::Lost)?);
        Ok(Legs(told.filter_map(|((leg, of), dump)| Some((leg, (dump?, of)))).collect()))
    }

    /// The other legs of a caller's call: who talks with him, and who is being called for him.
    fn parties(&self, caller: &Leg) -> BTreeSet<Leg> {
        let talks = self.0.get(caller).and_then(|(dump, _)| match dump.talk() {
            Talk::With(other) => Some(other),
            Talk::Over(_) | Talk::Untold => None,
        });
        let called = self
            .0
            .iter()
            .filter(|(leg, (dump, of))| of.as_ref() == Some(caller) && *leg != caller && !is_copy(dump));
        called.map(|(leg, _)| leg.clone()).chain(talks).collect()
    }

    fn agent(&self, leg: &Leg) -> Option<Name> {
        let (dump, _) = self.0.get(leg)?;
        if dump.is_passing() || dump.leads_outside() { None } else { dump.extension() }
    }

    /// The copies of a call's legs.
    fn copies(&self, caller: &Leg, parties: &BTreeSet<Leg>) -> BTreeSet<Leg> {
        let is_of = |leg: &str| caller.as_str() == leg || parties.iter().any(|party| party.as_str() == leg);
        let copies = self.0.iter().filter(|(_, (dump, _))| {
            is_copy(dump) && dump.get("variable_callgist_target").is_some_and(is_of)
        });
        copies.map(|(leg, _)| leg.clone()).collect()
    }
}

/// What a leg's dump says; nothing within where the leg is gone, nothing at all where the link is.
async fn dump(link: &Link, leg: &Leg) -> Option<Option<Dump>> {
    let reply = link.api(&format!("uuid_dump {leg} json")).await?;
    Some(reply.result().ok().and_then(Dump::parse))
}

fn is_copy(dump: &Dump) -> bool {
    dump.get("variable_callgist_tap").is_some()
}

/// The variable of the key, on the caller's leg.
pub(super) const OBJECTION: &str = "callgist_objection";

/// A copy that was asked for a moment ago may come after the first look.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Two seconds. More, and whoever waits for the answer thinks that it hangs.
const LOOKS: usize = 40;
