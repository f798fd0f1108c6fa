//! Where a caller may be put besides an agent: queues, parking places, conferences, a machine that records.
//!
//! The order of their events was observed on a FreeSWITCH 1.11.2, except for CUSTOM ones of the modules, which are left
//! out: nobody here listens to them.

use super::agents::read_targets;
use super::apps::{MUSIC, Stop};
use super::channel::{Channel, Dialling, What};
use super::media::{Playing, TICK};
use super::world::{Timer, World};
use std::time::Duration;

impl World {
    /// What such an application goes on with.
    pub(super) fn put(&mut self, leg: &str, name: &str, argument: &str) -> Option<What> {
        match name {
            "callcenter" => {
                self.after(OFFERED_AFTER, Timer::Offers(leg.to_owned()));
                Some(What::Queue(Dialling::default()))
            }
            "fifo" if argument.split(' ').nth(1) == Some("in") => Some(What::Waits { place: fifo(argument) }),
            "fifo" => Some(What::Serves),
            "valet_park" => Some(What::Waits { place: argument.to_owned() }),
            "conference" => Some(What::Conference),
            "record" => {
                let (path, seconds) = argument.rsplit_once(' ').unwrap_or((argument, "60"));
                let until = self.now + Duration::from_secs(seconds.parse().unwrap_or(60));
                Some(What::Record { path: path.to_owned(), until })
            }
            _ => None,
        }
    }

    /// What it does first.
    pub(super) fn placed(&mut self, leg: &str, name: &str, argument: &str) {
        match name {
            "callcenter" => self.waits_with_music(leg),
            "fifo" if argument.split(' ').nth(1) == Some("in") => self.waits_with_music(leg),
            "fifo" => self.fetches_from_fifo(leg, &fifo(argument)),
            "valet_park" => match self.waiting_at(argument, leg) {
                Some(caller) => self.fetches_parked(leg, &caller),
                None => self.waits_with_music(leg),
            },
            "record" => self.fire_record("RECORD_START", leg),
            _ => {}
        }
    }

    fn waiting_at(&self, place: &str, but: &str) -> Option<String> {
        let no = self.call_of(but)?;
        let there = |leg: &&String| {
            *leg != but && self.channels.get(*leg).is_some_and(|leg| leg.is_alive() && leg.waits_at(place))
        };
        self.legs(no).iter().find(there).cloned()
    }

    /// A queue's music has PLAYBACK events, but no application of its own.
    fn waits_with_music(&mut self, leg: &str) {
        if let Some(sound) = super::media::Tone::parse(MUSIC).map(super::media::Sound::Tone) {
            let playing = Playing { path: MUSIC.to_owned(), sound, sent: 0, pause: 0 };
            self.plays_for(leg, playing);
        }
    }

    // mod_callcenter

    /// The agent is called beside the queue: his leg is nobody's other leg and carries no mark (F116).
    pub(super) fn offers(&mut self, caller: &str) {
        let waits = self.channels.get(caller).is_some_and(|leg| leg.is_alive() && leg.partner.is_none());
        let Some(no) = self.call_of(caller).filter(|_| waits) else { return };
        let target = &read_targets("sofia/internal/sip:agent@127.0.0.1:6060")[0][0];
        let Some(leg) = self.agent_leg(no, target, "agent") else { return };
        let since = self.since_start(no);
        if let Some(call) = self.calls.get_mut(&no) {
            call.b = Some(leg.clone());
            call.report.agent_leg = Some(leg.clone());
            call.report.agent_invited.get_or_insert(since);
        }
        self.rings_for(caller, &leg);
        self.begins_to_ring(&leg);
        self.expect_answer(no, &leg, "agent");
    }

    /// Nobody takes a caller out of this queue: the agent is offered him again a little later.
    pub(super) fn offers_again(&mut self, caller: &str) -> bool {
        let queued = self
            .channels
            .get(caller)
            .is_some_and(|leg| leg.apps.iter().any(|app| matches!(app.what, What::Queue(_))));
        if queued {
            self.after(Duration::from_secs(1), Timer::Offers(caller.to_owned()));
        }
        queued
    }

    /// An agent of the queue has answered: the music ends, the application too, and the two are joined (A is the
    /// caller).
    pub(super) fn leaves_queue(&mut self, caller: &str, agent: &str) -> bool {
        let queued = self
            .channels
            .get(caller)
            .is_some_and(|leg| leg.apps.iter().any(|app| matches!(app.what, What::Queue(_))));
        if queued {
            self.after(TICK, Timer::Fetched(caller.to_owned(), agent.to_owned()));
        }
        queued
    }

    pub(super) fn fetched(&mut self, caller: &str, agent: &str) {
        let alive = |leg: &str| self.channels.get(leg).is_some_and(Channel::is_alive);
        if !alive(caller) || !alive(agent) {
            return;
        }
        self.promise(caller, agent);
        self.music_stops(caller, Stop::Done);
        self.unwind(caller, Stop::Torn);
        self.after(TICK, Timer::Together(caller.to_owned(), agent.to_owned()));
    }

    // mod_fifo

    /// The agent is A of the bridge, and neither he nor his events are marked (F116).
    fn fetches_from_fifo(&mut self, agent: &str, place: &str) {
        let Some(caller) = self.waiting_at(place, agent) else {
            // `nowait`: nobody is there.
            self.complete(agent);
            return self.go_on(agent);
        };
        self.music_stops(&caller, Stop::Break);
        self.unwind(&caller, Stop::Torn);
        self.edit(&caller, |leg| {
            leg.todo.clear();
            leg.call_uuid = agent.to_owned();
        });
        self.after(TICK, Timer::Joins(agent.to_owned(), caller));
    }

    // mod_valet_parking

    fn fetches_parked(&mut self, agent: &str, caller: &str) {
        self.promise(caller, agent);
        self.complete(agent);
        self.music_stops(caller, Stop::Done);
        self.unwind(caller, Stop::Torn);
        self.after(TICK, Timer::Together(caller.to_owned(), agent.to_owned()));
    }

    // A machine

    pub(super) fn fire_record(&mut self, name: &str, leg: &str) {
        let path = self.channels.get(leg).and_then(|leg| match &leg.apps.last()?.what {
            What::Record { path, .. } => Some(path.clone()),
            _ => None,
        });
        if let Some(path) = path {
            self.fire(name, leg, &[], &[("Record-File-Path", &path)]);
        }
    }
}

fn fifo(argument: &str) -> String {
    format!("fifo {}", argument.split(' ').next().unwrap_or_default())
}

/// mod_callcenter looks for an agent now and then.
const OFFERED_AFTER: Duration = Duration::from_millis(80);
