//! How sound is carried: every 20 ms from each phone, to each phone, and a copy of it to the taps.

use super::channel::What;
use super::media::{FRAME, Frame, Sound, TICK, Tone, cut};
use super::script::Side;
use super::world::{Call, CallNo, Output, Timer, World};
use crate::call::Party;
use crate::wire::rtp::Timestamp;
use rand::RngExt;
use std::time::Duration;

impl World {
    pub(super) fn tick(&mut self, no: CallNo) {
        let Some(call) = self.calls.get(&no).filter(|call| !call.over) else { return };
        let legs = [Some(call.a.clone()), call.b.clone()];
        for leg in legs.into_iter().flatten() {
            self.run_queue(&leg);
            self.progress(&leg);
        }
        self.carry(no);
        self.after(TICK, Timer::Tick(no));
    }

    /// Takes 20 ms of sound from each phone, sends 20 ms to each, and gives the taps their copies.
    fn carry(&mut self, no: CallNo) {
        let read = [self.hear(no, Party::Caller), self.hear(no, Party::Agent)];
        let Some(call) = self.calls.get(&no) else { return };
        if call.script.bypass_media && call.talk_from.is_some() {
            return;
        }
        let from_caller = self.pass(no, Party::Caller, &read[0]);
        let from_agent = self.pass(no, Party::Agent, &read[1]);
        let echo = self.echoes(no, Party::Agent);
        let to_caller = self.send(no, Party::Caller, from_agent.clone());
        let to_agent = self.send(no, Party::Agent, if echo { from_agent } else { from_caller });
        self.copy(no, Party::Caller, &read[0], &to_caller);
        self.copy(no, Party::Agent, &read[1], &to_agent);
    }

    /// What the switch reads from a phone in this tick.
    fn hear(&mut self, no: CallNo, party: Party) -> Vec<Frame> {
        let answered =
            self.leg_of(no, party).and_then(|leg| self.channels.get(&leg)).map(|leg| leg.times.answered);
        let (now, epoch) = (self.now, self.epoch);
        let Some(call) = self.calls.get_mut(&no) else { return Vec::new() };
        let Some(answered) = answered.filter(|micros| *micros > 0) else { return Vec::new() };
        let before = now.saturating_sub(Duration::from_micros(answered - epoch));
        let pcm = match (party, call.talk_from, call.agent_from) {
            (Party::Caller, Some(from), _) => cut(&call.script.caller_speech, now - from),
            (Party::Caller, None, _) => cut(&call.script.caller_before, before),
            (Party::Agent, _, Some(from)) => cut(&call.agent_speech, now.saturating_sub(from)),
            (Party::Agent, _, None) => [0; FRAME],
        };
        let arrived = call.arrives(party, pcm, now);
        call.phone(party).read(arrived)
    }

    /// What of it goes on to the other party.
    fn pass(&mut self, no: CallNo, party: Party, read: &[Frame]) -> Vec<Frame> {
        let Some(call) = self.calls.get_mut(&no) else { return Vec::new() };
        let phone = call.phone(party);
        let swallowed = read.len().min(phone.swallowed as usize);
        phone.swallowed -= swallowed as u32;
        read[swallowed..].to_vec()
    }

    fn echoes(&self, no: CallNo, party: Party) -> bool {
        let leg = self.leg_of(no, party).and_then(|leg| self.channels.get(&leg));
        leg.is_some_and(|leg| leg.apps.iter().any(|app| matches!(app.what, What::Echo)))
    }

    /// What the switch sends to a phone in this tick: what it plays there, or the other party's voice.
    fn send(&mut self, no: CallNo, to: Party, voice: Vec<Frame>) -> Vec<Frame> {
        let Some(leg) = self.leg_of(no, to) else { return Vec::new() };
        let played = self.play(no, to, &leg);
        let echo = self.echoes(no, to);
        let Some(call) = self.calls.get_mut(&no) else { return Vec::new() };
        if call.phone(to).hold.is_some() {
            return Vec::new();
        }
        let sounds: Vec<[i16; FRAME]> = match played {
            Some(pcm) => vec![pcm],
            None if call.bridged || echo => {
                let counter = match to {
                    Party::Caller => &mut call.report.agent_packets,
                    Party::Agent => &mut call.report.caller_packets,
                };
                *counter += voice.len() as u64;
                voice.into_iter().map(|frame| frame.pcm).collect()
            }
            None => Vec::new(),
        };
        let clock = call.written.entry(to).or_default();
        *clock = clock.wrapping_add(FRAME as u32);
        let mut frames = Vec::new();
        for (n, pcm) in sounds.into_iter().enumerate() {
            *clock = clock.wrapping_add(if n == 0 { 0 } else { FRAME as u32 });
            frames.push(Frame { pcm, timestamp: Timestamp(*clock) });
        }
        frames
    }

    /// 20 ms of a file, of music on hold, or of the ringing tone.
    fn play(&mut self, no: CallNo, to: Party, leg: &str) -> Option<[i16; FRAME]> {
        let now = self.now;
        let call = self.calls.get_mut(&no)?;
        if let Some(playing) = self.channels.get_mut(leg)?.playing() {
            if playing.pause > 0 {
                playing.pause -= 1;
                return None;
            }
            let file = matches!(playing.sound, Sound::File(_));
            let heard = match call.talk_from {
                None => &mut call.report.notice_heard,
                Some(_) => &mut call.report.file_heard_in_talk,
            };
            if file && to == Party::Caller && !playing.is_over() {
                *heard += TICK;
            }
            return Some(playing.next());
        }
        let (sound, since) = call.ringing.as_ref().filter(|_| to == Party::Caller && !call.bridged)?;
        let pcm = match sound {
            Sound::Tone(tone) => tone.frame(now - *since),
            Sound::File(samples) => cut(samples, now - *since),
        };
        if pcm.iter().any(|sample| *sample != 0) {
            call.report.ringing_heard += TICK;
        }
        Some(pcm)
    }

    fn copy(&mut self, no: CallNo, party: Party, read: &[Frame], written: &[Frame]) {
        let Some(leg) = self.leg_of(no, party) else { return };
        let held = self.calls.get_mut(&no).is_some_and(|call| call.phone(party).hold.is_some());
        let taps: Vec<String> =
            self.taps.values().filter(|tap| tap.is_on(&leg)).map(|tap| tap.uuid.clone()).collect();
        for uuid in taps {
            let Some(tap) = self.taps.get_mut(&uuid) else { continue };
            let packets = match tap.side() {
                Some(Side::Read) => tap.copy_read(read, held),
                Some(Side::Write) => tap.copy_written(written),
                None => continue,
            };
            for bytes in packets {
                self.send_packet(no, &uuid, bytes);
            }
        }
    }

    fn send_packet(&mut self, no: CallNo, tap: &str, bytes: Vec<u8>) {
        let (Some(call), Some(found)) = (self.calls.get_mut(&no), self.taps.get_mut(tap)) else { return };
        let Some(to) = found.remote else { return };
        let way = call.script.taps;
        found.report.sent += 1;
        if way.loss > 0.0 && call.rng.random_bool(way.loss) {
            found.report.lost += 1;
            return;
        }
        let tap = tap.to_owned();
        if way.jitter_ms == 0 {
            return self.output(Output::Rtp { tap, to, bytes });
        }
        let late = Duration::from_millis(call.rng.random_range(0..=u64::from(way.jitter_ms)));
        self.after(late, Timer::Packet { tap, to, bytes });
    }

    /// What is played to a caller who waits for the agent.
    pub(super) fn ringback(&self, text: &str) -> Option<Sound> {
        match Tone::parse(text) {
            Some(tone) => Some(Sound::Tone(tone)),
            None => (self.files)(&self.path(text)).map(Sound::File),
        }
    }

    /// A file's name as FreeSWITCH resolves it.
    pub(super) fn path(&self, name: &str) -> String {
        if name.starts_with('/') || name.contains("://") {
            return name.to_owned();
        }
        self.settings.sounds.join(name).to_string_lossy().into_owned()
    }
}

impl Call {
    /// What comes from a phone over its network: nothing, a packet, or a late one with the next.
    fn arrives(&mut self, party: Party, pcm: [i16; FRAME], now: Duration) -> Vec<Frame> {
        let way = self.script.phones;
        let (lost, late, given_up) = (
            way.loss > 0.0 && self.rng.random_bool(way.loss),
            way.jitter_ms > 20
                && self.rng.random_bool(LATE * f64::from(way.jitter_ms - 20) / f64::from(way.jitter_ms)),
            self.rng.random_bool(DROPPED),
        );
        let phone = self.phone(party);
        phone.clock = phone.clock.wrapping_add(FRAME as u32);
        let frame = Frame { pcm, timestamp: Timestamp(phone.clock) };
        let mut arrived: Vec<Frame> = phone.late.take().into_iter().filter(|_| !given_up).collect();
        if late {
            phone.late = Some(frame);
        } else if !lost && now >= phone.key_until {
            arrived.push(frame);
        }
        arrived
    }
}

/// Share of packets late by more than a tick, as jitter goes to infinity (fitted to 11 % at 40 ms).
const LATE: f64 = 0.23;
/// Share of late packets that the switch drops (22 of 48).
const DROPPED: f64 = 0.46;
