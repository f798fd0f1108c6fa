//! FreeSWITCH over its inbound event socket: events become mail of calls, requests of the sentence become
//! commands. Rules and findings (R, F) are those of the project's study of a real FreeSWITCH.

mod blocks;
mod board;
mod dump;
mod keys;
mod link;
mod live;
mod order;
mod pseudonyms;
mod question;
mod recordings;
mod registry;
mod resync;
mod terminators;
#[cfg(test)]
mod tests;
mod words;

pub use board::{Board, SharedLines};
pub use dump::{Dump, Noticed, Talk, rows};
pub use link::{Answer, Link, LinkError, News, start as start_link};
pub use live::{Live, Undone, live};
pub use recordings::listed as recordings_listed;
pub use words::Tappable;

use super::clock::Clock;
use super::events;
use super::switch::{Begun, Mail, Offered, Switch};
use super::taps::Taps;
use crate::call::{CallId, Direction, Event, Leg, Party, SwitchTime};
use crate::config::{self, Line, Sip};
use crate::store::Earlier;
use crate::wire::esl::Command;
use recordings::Change;
use registry::Registry;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::UnboundedSender;
use words::Copy;

/// One switch as the sentence sees it.
#[derive(Clone)]
pub struct FreeSwitch {
    /// As the settings call it.
    name: Option<String>,
    link: Link,
    taps: Taps,
    clock: Clock,
    /// Marks our copies at the switch (`callgist_tap`), the same after a restart.
    instance: String,
    profile: String,
    sip: SocketAddr,
    registry: Arc<Mutex<Registry>>,
}

impl FreeSwitch {
    pub fn new(settings: &config::Switch, sip: &Sip, link: Link, taps: Taps, clock: Clock) -> FreeSwitch {
        FreeSwitch {
            name: settings.name.clone(),
            link,
            taps,
            clock,
            instance: instance(sip, settings),
            profile: settings.profile.clone(),
            sip: sip.listen,
            registry: Arc::default(),
        }
    }

    /// What the log calls it, where it has a name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        // The maps are whole after every statement, so a panic elsewhere has not broken them.
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives one call its mail.
    pub fn deliver(&self, call: CallId, mail: Mail) {
        if let Some(entry) = self.registry().calls.get(&call) {
            // A call that is told no longer reads its mail.
            let _ = entry.mailbox.send(mail);
        }
    }

    /// Tells every call the same.
    pub fn deliver_all(&self, event: &Event) {
        for entry in self.registry().calls.values() {
            let _ = entry.mailbox.send(Mail::Event(event.clone()));
        }
    }

    /// Has the switch know that nobody need wait for us any more: a stop that was planned costs no caller anything.
    /// Its answer says too that everything that was sent before is done.
    pub async fn withdraw(&self) {
        self.link.api(board::NOT_ALIVE).await;
    }

    fn send(&self, command: &str) {
        if let Ok(command) = Command::api(command) {
            self.link.send(command);
        }
    }

    /// Whoever joins the caller later carries none of our marks (F116).
    fn follow_partners(&self, caller: &Leg) {
        if let Ok(filter) = Command::filter("Other-Leg-Unique-ID", caller.as_str()) {
            self.link.send(filter);
        }
    }

    /// Writes the call's number on its caller's leg: a daemon that was restarted finds it there, and keeps no second row.
    fn name_call(&self, caller: &Leg, call: CallId) {
        self.send(&format!("uuid_setvar {caller} callgist_call {call}"));
    }

    async fn examined(self, call: CallId, leg: Leg) {
        let Some(reply) = self.link.api(&format!("uuid_dump {leg} json")).await else { return };
        let dump = Dump::parse(reply.text());
        let tappable = dump.as_ref().and_then(|dump| dump.tappable());
        if let Some(dump) = &dump {
            self.registry().tell_agent(call, &leg, dump, self.clock.today());
        }
        if self.look_for_recordings(call, &leg).await.is_none() {
            return;
        }
        let verdict = Event::Examined { leg: leg.clone(), tappable: tappable.is_some() };
        if let (Some(tappable), Some(entry)) = (tappable, self.registry().calls.get_mut(&call)) {
            entry.tappable.insert(leg, tappable);
        }
        self.deliver(call, Mail::Event(verdict));
    }

    /// Tells a call which recordings run on one of its legs; nothing when the link is gone.
    async fn look_for_recordings(&self, call: CallId, leg: &Leg) -> Option<()> {
        let bugs = self.link.api(&format!("uuid_buglist {leg}")).await?;
        for file in recordings::listed(bugs.result()) {
            self.registry().tell_recording(call, leg, Change::Began(&file));
        }
        Some(())
    }

    /// Hands over a call that waits, once it is known whether it is being recorded: then its notice would promise a
    /// summary that is not made.
    async fn begins(self, offered: Offered, begun: UnboundedSender<Begun>) {
        // Where the link is gone nothing will be played anyway.
        let _ = self.look_for_recordings(offered.call, &offered.leg).await;
        // Nobody takes it any more when the daemon is ending.
        let _ = begun.send(Begun::Offered(offered));
    }

    /// Ends the wait of a caller whose call is not followed, or was told already, so that nobody says when it is over: the
    /// switch is asked first.
    async fn ends_wait(self, leg: Leg) {
        let Some(reply) = self.link.api(&format!("uuid_dump {leg} json")).await else { return };
        if Dump::parse(reply.text()).is_some_and(|dump| dump.waits()) {
            self.break_off(&leg);
        }
    }

    /// The sleep may end while this is on its way, some 20 ms (F34): then a prompt that began in this moment is cut
    /// (F106). The switch has no command that looks for itself.
    fn break_off(&self, caller: &Leg) {
        self.send(&format!("uuid_break {caller}"));
    }

    /// The originate of one copy, with its names entered where its answers will be looked up.
    fn copy(&self, call: CallId, leg: &Leg, party: Party, direction: Direction) -> Option<Command> {
        let (tap, job, token) = (uuid(), uuid(), token());
        let mut registry = self.registry();
        let tappable: Tappable = registry.calls.get(&call)?.tappable.get(leg)?.clone();
        let copy = Copy {
            leg,
            direction,
            tap: &tap,
            token: &token,
            instance: &self.instance,
            profile: &self.profile,
            sip: self.sip,
            tappable: &tappable,
        };
        let command = Command::bgapi(words::originate(&copy), &job).ok()?;
        let entry = registry.calls.get_mut(&call)?;
        self.taps.expect(&token, party, leg, entry.mailbox.clone());
        entry.taps.insert(party, tap);
        registry.drop_jobs(call, party);
        registry.add_job(&job, call, party);
        Some(command)
    }
}

impl Switch for FreeSwitch {
    fn play_notice(&self, call: CallId, caller: &Leg, line: &Line) {
        let (playback, asked) = (uuid(), question::asked(line));
        let Ok(play) = words::play_notice(caller, line, &playback) else { return };
        let Ok(questions) = question::ask(caller, line, &asked) else { return };
        if let Some(entry) = self.registry().calls.get_mut(&call) {
            (entry.playback, entry.asked) = (Some(playback), asked);
        }
        self.follow_partners(caller);
        terminators::off(caller).iter().for_each(|command| self.send(command));
        if !questions.is_empty() {
            self.send(&question::nothing_answered(caller));
        }
        // All at once: the caller goes on as soon as nothing more is there to be played (F119).
        std::iter::once(play).chain(questions).for_each(|command| self.link.send(command));
    }

    fn decline(&self, call: CallId, caller: &Leg) {
        let asks = self.registry().calls.get(&call).is_some_and(|entry| !entry.asked.is_empty());
        if asks {
            self.send(&question::not_to_be_asked(caller));
        }
        self.break_off(caller);
    }

    fn end_question(&self, caller: &Leg) {
        self.send(&question::ended(caller));
    }

    fn notice_over(&self, call: CallId, caller: &Leg) {
        let before = self.registry().calls.get(&call).and_then(|entry| entry.terminators.clone());
        terminators::on(caller, before.as_deref()).iter().for_each(|command| self.send(command));
    }

    fn mark_announced(&self, caller: &Leg, mark: &str) {
        self.send(&format!("uuid_setvar {caller} callgist_notice {mark}"));
    }

    fn mark_consented(&self, caller: &Leg, at: SwitchTime) {
        self.send(&format!("uuid_setvar {caller} callgist_consented {}", at.0));
    }

    fn tell_earlier(&self, caller: &Leg, earlier: &Earlier) {
        words::earlier(caller, earlier).iter().for_each(|command| self.send(command));
    }

    fn examine(&self, call: CallId, leg: &Leg) {
        tokio::spawn(self.clone().examined(call, leg.clone()));
    }

    fn fork(&self, call: CallId, leg: &Leg, party: Party, direction: Direction) {
        match self.copy(call, leg, party, direction) {
            Some(command) => self.link.send(command),
            None => self.deliver(call, Mail::Event(Event::ForkEnded { party })),
        }
    }

    fn end_fork(&self, call: CallId, party: Party) {
        let tap = {
            let mut registry = self.registry();
            registry.drop_jobs(call, party);
            registry.calls.get_mut(&call).and_then(|entry| entry.taps.remove(&party))
        };
        if let Some(tap) = tap {
            self.send(&format!("uuid_kill {tap}"));
        }
    }

    fn forget(&self, call: CallId) {
        let caller = self.registry().remove(call);
        if let Some(Ok(command)) =
            caller.map(|leg| Command::filter_delete("Other-Leg-Unique-ID", leg.as_str()))
        {
            self.link.send(command);
        }
    }
}

impl fmt::Debug for FreeSwitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FreeSwitch({:?})", self.name)
    }
}

/// The mark of our copies at one switch: one daemon holds the SIP port of a host. The switch's own name is in it, so that
/// two links that lead to the same switch by mistake leave each other's copies alone.
pub fn instance(sip: &Sip, switch: &config::Switch) -> String {
    let port = sip.listen.port();
    switch.name.as_ref().map_or_else(|| format!("p{port}"), |name| format!("p{port}-{name}"))
}

/// A random UUID (RFC 9562, version 4).
pub fn uuid() -> String {
    let bits: u128 = rand::random();
    let bits = bits & !(0xf << 76) & !(0b11 << 62) | 0x4 << 76 | 0b10 << 62;
    let hex = format!("{bits:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// 128 bits that only the switch is told: whoever knows them may offer a copy.
fn token() -> String {
    format!("{:032x}", rand::random::<u128>())
}
