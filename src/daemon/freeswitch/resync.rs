//! After every connection: what was missed is asked for, copies that an earlier run left are ended, calls that nobody
//! follows are found (rule R9).
//!
//! The switch replays nothing, so what happened meanwhile is read from the variables of the legs. A call that is found
//! so is never listened to: after the gap it would be `partial` whatever was heard. An objection counts in it, it gets
//! one row, and no second notice when it comes back to the line.

use super::super::switch::{Begun, Found, Mail, Noticed, Offered};
use super::board::{Lines, number};
use super::dump::{Dump, rows};
use super::registry::{Answered, Entry};
use super::{FreeSwitch, events, terminators};
use crate::call::{CallId, Event, Leg};
use crate::config::Line;
use crate::wire::esl::Fault;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// The work after one connection. Every step answers `None` when the link is gone again: the next connection begins
/// anew.
pub(super) struct Resync {
    pub switch: FreeSwitch,
    pub lines: Arc<Lines>,
    pub begun: mpsc::UnboundedSender<Begun>,
    pub connection: u64,
}

/// What the switch answers about a leg.
enum Sight {
    There(Dump),
    Gone,
    /// It does not let us ask, or says what is no dump.
    Unclear,
}

/// One line of `show channels`.
struct Row {
    leg: Leg,
    inbound: bool,
    copy: bool,
}

impl Resync {
    pub async fn run(self) -> Option<()> {
        let followed = self.switch.registry().callers();
        // The filters went with the old connection.
        followed.iter().for_each(|(_, caller)| self.switch.follow_partners(caller));
        for (call, caller) in followed {
            self.renew(call, &caller).await?;
        }
        let (copies, others): (Vec<Row>, Vec<Row>) =
            self.channels().await?.into_iter().partition(|row| row.copy);
        self.end_orphans(copies).await?;
        let inbound = others.into_iter().filter(|row| row.inbound).map(|row| row.leg);
        self.find(inbound.collect()).await
    }

    async fn channels(&self) -> Option<Vec<Row>> {
        let reply = self.switch.link.api("show channels as json").await?;
        Some(rows(reply.text()).iter().filter_map(Row::read).collect())
    }

    async fn dump(&self, leg: &Leg) -> Option<Sight> {
        let reply = self.switch.link.api(&format!("uuid_dump {leg} json")).await?;
        Some(match reply.result() {
            Ok(text) => Dump::parse(text).map_or(Sight::Unclear, Sight::There),
            Err(Fault::NoSuchChannel) => Sight::Gone,
            Err(_) => Sight::Unclear,
        })
    }

    /// Tells a call what became of it meanwhile.
    async fn renew(&self, call: CallId, caller: &Leg) -> Option<()> {
        if !self.look(call, caller).await? {
            // Whether somebody objected before the end can no longer be asked, and doubt protects: no note.
            self.switch.deliver(call, Mail::Event(Event::SwitchLost));
            self.switch.deliver(call, Mail::Event(Event::HungUp));
            return Some(());
        }
        let agent = self.switch.registry().agent(call);
        if let Some(agent) = agent {
            self.look(call, &agent).await?;
        }
        Some(())
    }

    /// Asks about one leg of a call until the answer is newer than every event; says whether it is still there.
    async fn look(&self, call: CallId, leg: &Leg) -> Option<bool> {
        for _ in 0..TRIES {
            let Some(asked) = self.switch.registry().ask(call, leg) else { return Some(true) };
            let dump = match self.dump(leg).await? {
                Sight::There(dump) => dump,
                Sight::Gone => return Some(false),
                Sight::Unclear => return Some(true),
            };
            if terminators::left_off(&dump) {
                terminators::on(leg, None).iter().for_each(|command| self.switch.send(command));
            }
            // Bound first: the registry is not held while the switch is asked.
            let answered = self.switch.registry().answer(call, leg, asked, &dump);
            match answered {
                Answered::Told => {
                    self.switch.look_for_recordings(call, leg).await?;
                    return Some(true);
                }
                Answered::Stale => {}
                Answered::Late => return None,
            }
        }
        // Events come faster than answers; they tell it all.
        Some(true)
    }

    async fn end_orphans(&self, copies: Vec<Row>) -> Option<()> {
        for Row { leg, .. } in copies {
            if self.switch.registry().holds_tap(leg.as_str()) {
                continue;
            }
            if let Sight::There(dump) = self.dump(&leg).await?
                && dump.get("variable_callgist_tap") == Some(&self.switch.instance)
            {
                events::OrphanEnded { switch: self.switch.name() }.log();
                self.switch.send(&format!("uuid_kill {leg}"));
            }
        }
        Some(())
    }

    /// Looks for callers among `legs` until each is settled.
    async fn find(&self, mut legs: Vec<Leg>) -> Option<()> {
        for look in 1..=LOOKS {
            let mut waiting = Vec::new();
            for leg in legs {
                if !self.settle(&leg, look == LOOKS).await? {
                    waiting.push(leg);
                }
            }
            if waiting.is_empty() {
                break;
            }
            legs = waiting;
            self.switch.clock.sleep(LOOK_AGAIN).await;
            if self.switch.registry().connection() != self.connection {
                return None;
            }
        }
        Some(())
    }

    /// Follows the leg if it is a caller's whom nobody follows. False for one who still waits for a notice: that he
    /// began to may be on its way to the switchboard, which would play it.
    async fn settle(&self, leg: &Leg, last: bool) -> Option<bool> {
        if self.switch.registry().follows(leg) {
            return Some(true);
        }
        let Sight::There(dump) = self.dump(leg).await? else { return Some(true) };
        let Some(line) = dump.line().and_then(|name| self.lines.get(name)) else { return Some(true) };
        if dump.waits() && !dump.objected() && !last {
            return Some(false);
        }
        if let Some(call) = self.follow(leg, line, &dump) {
            // An objection is told now, and an end that came before the call was followed.
            self.renew(call, leg).await?;
        }
        Some(true)
    }

    fn follow(&self, leg: &Leg, line: &Arc<Line>, dump: &Dump) -> Option<CallId> {
        // The number of the run that offered it: where that run kept a row, there will be no other.
        let named = dump.get("variable_callgist_call").and_then(CallId::parse);
        let call = named.unwrap_or_else(|| CallId(rand::random()));
        let (mailbox, mail) = mpsc::unbounded_channel();
        let entry = Entry::new(leg.clone(), line.clone(), mailbox.clone());
        if !self.switch.registry().add(call, entry) {
            return None;
        }
        if named.is_none() {
            self.switch.name_call(leg, call);
        }
        let (caller, called) = (number(|name| dump.get(name), line), Some(line.number.clone()));
        let (switch, line, leg) = (Arc::new(self.switch.clone()), line.clone(), leg.clone());
        let offered = Offered { call, switch, line, leg, caller, called, mail, mailbox };
        let ms = |micros: u64| i64::try_from(micros / 1_000).unwrap_or(i64::MAX);
        let noticed = dump.noticed().map(|mark| Noticed {
            version: mark.version.into(),
            from: ms(mark.from),
            at: ms(mark.to),
        });
        let found = Found {
            offered,
            began: dump.time("Caller-Channel-Created-Time").map(ms),
            noticed,
            consented: dump.time("variable_callgist_consented").map(ms),
            bridged: dump.time("Caller-Channel-Bridged-Time").map(ms),
        };
        // Nobody takes it any more when the daemon is ending.
        let _ = self.begun.send(Begun::Found(found));
        Some(call)
    }
}

impl Row {
    fn read(row: &Value) -> Option<Row> {
        let text = |name: &str| row.get(name).and_then(Value::as_str);
        Some(Row {
            leg: Leg::new(text("uuid")?).ok()?,
            inbound: text("direction") == Some("inbound"),
            copy: text("application") == Some("native_eavesdrop"),
        })
    }
}

/// How often an answer may be overtaken by events. More would only ask what the events have told.
const TRIES: usize = 5;

/// The guarded sleep lasts half a second, and a notice goes on without us when we are killed.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// A minute outlasts every notice; a caller who was transferred out of one seems to wait for ever.
const LOOKS: usize = 60;
