//! `callgist calls object`: a call that is going on is named by its agent, its caller or its number; it is objected to, at
//! once and whether the daemon lives or not.

use super::Common;
use crate::call::Number;
use crate::cli::counter::{counted, now, number};
use crate::cli::switch::{meant, reach};
use crate::cli::{Exit, fail};
use crate::config::{Config, Switch};
use crate::daemon::clock::Clock;
use crate::daemon::freeswitch::{Link, Live, Undone, instance, live};
use crate::store::{Clerk, Database, Deed, Entry, StoreError};
use serde_json::json;
use std::path::Path;

/// Which call.
#[derive(clap::Args)]
pub struct Which {
    #[command(flatten)]
    named: Named,
    /// Only calls on the switch of this name, where there are several.
    #[arg(long, value_name = "NAME")]
    switch: Option<String>,
}

#[derive(clap::Args)]
#[group(required = true, multiple = true)]
struct Named {
    /// The call's id as the log tells it, the id of its caller's leg, or the beginning of one of them, four letters at least.
    id: Option<String>,
    /// The extension of the agent who talks, or whose telephone rings.
    #[arg(long, value_name = "EXTENSION")]
    agent: Option<String>,
    /// The caller's number.
    #[arg(long, value_name = "NUMBER")]
    caller: Option<String>,
}

/// A call, and the way to its switch.
struct Found<'a> {
    live: Live,
    switch: &'a Switch,
    link: Link,
}

pub(super) fn run(path: &Path, which: &Which, common: &Common) -> Exit {
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(problems) => return fail(Exit::Config, &format!("{}:\n{problems}", path.display())),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(Exit::Failed, &error.to_string()),
    };
    runtime.block_on(object(path, &config, which, common))
}

async fn object(path: &Path, config: &Config, which: &Which, common: &Common) -> Exit {
    let (mut found, unreached) = match which.find(config).await {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    match (found.len(), unreached) {
        (0, 0) => return fail(Exit::Failed, NO_CALL),
        (0, _) => return fail(Exit::Switch, "no such call was found on the switches that answer"),
        (1, _) => {}
        (_, _) => {
            let list: String = found.iter().map(|found| format!("  {}\n", found.described())).collect();
            let says = format!("several calls fit, and nothing was done; name one by its id:\n{list}");
            return fail(Exit::Failed, says.trim_end());
        }
    }
    let Found { live, link, switch } = found.remove(0);
    let result = live.object(&link, Clock::new(1)).await;
    let kept = matches!(result, Ok(_) | Err(Undone::Copied));
    if kept && !live.objected {
        log(path, common, &live);
    }
    let ended = match result {
        Ok(ended) => ended,
        Err(Undone::Lost) => return fail(Exit::Switch, "the switch was lost before it answered: try again"),
        Err(Undone::Refused) => {
            return fail(
                Exit::Failed,
                "the switch did not take it: the call is over, or its user may not uuid_setvar",
            );
        }
        Err(Undone::Copied) => {
            return fail(
                Exit::Failed,
                "the objection is kept, but the switch does not end the call's copies: try again",
            );
        }
    };
    let name = name(&live);
    let agents: Vec<&str> = live.agents.iter().map(|agent| agent.as_str()).collect();
    match common.json {
        true => println!(
            "{}",
            json!({
                "call": live.call.map(|call| call.to_string()), "leg": live.leg.as_str(), "line": live.line.as_str(),
                "switch": switch.name, "agents": agents, "objected": true, "before": live.objected, "copies_ended": ended
            })
        ),
        false => println!(
            "The call {name} on line {} is objected to, which the switch keeps; {} ended. No note is made of it.",
            live.line.as_str(),
            counted(ended, "copy", "copies")
        ),
    }
    Exit::Done
}

impl Which {
    /// The calls that fit, on every switch that is meant and answers, and how many do not answer.
    async fn find<'a>(&self, config: &'a Config) -> Result<(Vec<Found<'a>>, usize), Exit> {
        let switches: Vec<&Switch> = match &self.switch {
            Some(name) => vec![meant(config, Some(name)).map_err(|why| fail(Exit::Usage, &why))?],
            None => config.switches.iter().collect(),
        };
        let caller = self.named.caller(config)?;
        let (mut found, mut unreached) = (Vec::new(), 0);
        for switch in switches {
            let calls = match reach(switch.clone(), instance(&config.sip, switch)).await {
                // What the switch tells is not read: only its answers count here.
                Ok((link, _news)) => live(&link, config.lines_at(switch.name.as_deref()))
                    .await
                    .map(|calls| (link, calls))
                    .map_err(|_| "the switch does not say which calls are there".to_owned()),
                Err(why) => Err(why),
            };
            match calls {
                Ok((link, calls)) => {
                    let fitting = calls.into_iter().filter(|live| self.named.fits(live, caller.as_ref()));
                    found.extend(fitting.map(|live| Found { live, switch, link: link.clone() }));
                }
                Err(why) => {
                    unreached += 1;
                    let name = switch.name.as_deref().map(|name| format!("{name}: ")).unwrap_or_default();
                    fail(Exit::Switch, &format!("{name}{why}"));
                }
            }
        }
        Ok((found, unreached))
    }
}

impl Named {
    fn caller(&self, config: &Config) -> Result<Option<Number>, Exit> {
        let country = config.lines.first().map_or("", |line| &line.country_code);
        self.caller.as_deref().map(|text| number(text, country)).transpose()
    }

    fn fits(&self, live: &Live, caller: Option<&Number>) -> bool {
        let begins = |id: &str| {
            let call = live.call.map(|call| call.to_string());
            id.len() >= 4
                && (live.leg.as_str().starts_with(id) || call.is_some_and(|call| call.starts_with(id)))
        };
        let own = |number: &Number| live.caller.as_ref().is_some_and(|own| number.spellings().contains(own));
        self.id.as_deref().is_none_or(begins)
            && self.agent.as_deref().is_none_or(|agent| live.agents.iter().any(|own| own.as_str() == agent))
            && caller.is_none_or(own)
    }
}

impl Found<'_> {
    /// The caller's number is masked, as in the log.
    fn described(&self) -> String {
        let Found { live, switch, .. } = self;
        let caller = live.caller.as_ref().map_or("withheld".to_owned(), |number| format!("{number:?}"));
        let agents: Vec<&str> = live.agents.iter().map(|agent| agent.as_str()).collect();
        let agents = if agents.is_empty() { "nobody yet".to_owned() } else { agents.join(", ") };
        let at = switch.name.as_deref().map(|name| format!(" on switch {name}")).unwrap_or_default();
        format!("{}  line {}{at}, caller {caller}, agent {agents}", name(live), live.line.as_str())
    }
}

/// By the call's number, or by its leg where no daemon gave it one.
fn name(live: &Live) -> String {
    live.call.map_or_else(|| live.leg.as_str().to_owned(), |call| call.to_string())
}

/// That it was an agent's command, where the row will only say that there was an objection. The objection stands whether
/// the log can be written or not.
fn log(path: &Path, common: &Common, live: &Live) {
    let entry = Entry::new(Deed::Objection);
    let entry = match live.call {
        Some(call) => entry.call(call),
        None => entry,
    };
    let written =
        common.place(path).map(|place| written(place.database, &entry.line(&live.line).detail("agent")));
    if let Ok(Err(error)) = written {
        let says = format!("the objection is kept, but not in the log that it was an agent's: {error}");
        fail(Exit::Store, &says);
    }
}

fn written(database: Database, entry: &Entry) -> Result<(), StoreError> {
    Clerk::open(database)?.log(entry, now())
}

const NO_CALL: &str = "no call that is going on fits: `callgist calls object` objects only while the caller is on a line of \
                       ours. Afterwards a draft is discarded by `callgist calls discard`, and a note erased by \
                       `callgist person erase`";
