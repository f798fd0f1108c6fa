//! How sound is carried: at every beat of a call from each phone, to each phone, and a copy of it to the taps.

use super::channel::What;
use super::media::{Beat, Frame, Sound, Tone};
use super::script::{Network, Side};
use super::world::{CallNo, Output, Timer, World};
use crate::wire::rtp::Timestamp;
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::time::Duration;

/// One beat's sound: what was read from each leg, what of it goes on to the leg it is joined to, and what was written
/// to each leg.
#[derive(Default)]
struct Flow {
    read: BTreeMap<String, Vec<Frame>>,
    voice: BTreeMap<String, Vec<Frame>>,
    written: BTreeMap<String, Vec<Frame>>,
}

impl World {
    pub(super) fn tick(&mut self, no: CallNo) {
        let Some(call) = self.calls.get(&no).filter(|call| !call.over) else { return };
        let beat = call.beat;
        for leg in self.legs(no) {
            self.run_queue(&leg);
            self.progress(&leg);
        }
        self.carry(no, beat);
        self.after(beat.0, Timer::Tick(no));
    }

    /// Takes a packet of sound from each phone, sends one to each, and gives the taps their copies.
    fn carry(&mut self, no: CallNo, beat: Beat) {
        let Some(call) = self.calls.get(&no) else { return };
        if call.script.bypass_media && call.talk_from.is_some() {
            return;
        }
        let (legs, mut flow) = (self.legs(no), Flow::default());
        for leg in &legs {
            if self.half_of(leg).is_none() {
                let read = self.hear(no, leg, beat);
                self.take_in(leg, read, &mut flow);
            }
        }
        for leg in &legs {
            self.write(no, leg, beat, &mut flow);
        }
        for leg in &legs {
            let of = |frames: &BTreeMap<String, Vec<Frame>>| frames.get(leg).cloned().unwrap_or_default();
            self.copy(no, leg, &of(&flow.read), &of(&flow.written), beat);
        }
    }

    /// What the switch reads from a phone.
    fn hear(&mut self, no: CallNo, leg: &str, beat: Beat) -> Vec<Frame> {
        let (now, epoch) = (self.now, self.epoch.saturating_add_signed(self.stepped));
        let (Some(call), Some(channel)) = (self.calls.get_mut(&no), self.channels.get_mut(leg)) else {
            return Vec::new();
        };
        let answered = channel.times.answered;
        if answered == 0 {
            return Vec::new();
        }
        let since_answer = now.saturating_sub(Duration::from_micros(answered.saturating_sub(epoch)));
        let phone = &mut channel.phone;
        let pcm = match phone.from {
            Some(from) => beat.cut(&phone.speech, now.saturating_sub(from)),
            None => beat.cut(&phone.before, since_answer),
        };
        let arrived = phone.arrives(pcm, now, call.script.phones, &mut call.rng);
        phone.read(arrived)
    }

    /// Notes what was read from a leg; a little of it may not go on.
    fn take_in(&mut self, leg: &str, read: Vec<Frame>, flow: &mut Flow) {
        let Some(phone) = self.channels.get_mut(leg).map(|channel| &mut channel.phone) else { return };
        let swallowed = read.len().min(phone.swallowed as usize);
        phone.swallowed -= swallowed as u32;
        flow.voice.insert(leg.to_owned(), read[swallowed..].to_vec());
        flow.read.insert(leg.to_owned(), read);
    }

    /// What goes on from a leg. From one half of a loopback comes what is written to the other.
    fn voice(&mut self, no: CallNo, leg: &str, beat: Beat, flow: &mut Flow) -> Vec<Frame> {
        if let Some(half) = self.half_of(leg).filter(|_| !flow.read.contains_key(leg)) {
            let read = self.write(no, &half, beat, flow);
            self.take_in(leg, read, flow);
        }
        flow.voice.get(leg).cloned().unwrap_or_default()
    }

    /// What the switch sends to a leg: what it plays there, or the voice of the leg it is joined to.
    fn write(&mut self, no: CallNo, leg: &str, beat: Beat, flow: &mut Flow) -> Vec<Frame> {
        if let Some(written) = flow.written.get(leg) {
            return written.clone();
        }
        let echoes = self.echoes(leg);
        let partner = self.channels.get(leg).and_then(|channel| channel.partner.clone());
        let voice = match partner.or(echoes.then(|| leg.to_owned())) {
            Some(from) => self.voice(no, &from, beat, flow),
            None => Vec::new(),
        };
        let written = self.send_sound(no, leg, voice, beat);
        flow.written.insert(leg.to_owned(), written.clone());
        written
    }

    fn echoes(&self, leg: &str) -> bool {
        self.channels.get(leg).is_some_and(|leg| leg.apps.iter().any(|app| matches!(app.what, What::Echo)))
    }

    fn send_sound(&mut self, no: CallNo, leg: &str, voice: Vec<Frame>, beat: Beat) -> Vec<Frame> {
        let played = self.play(no, leg, beat);
        if self.channels.get(leg).is_none_or(|channel| channel.phone.hold.is_some()) {
            return Vec::new();
        }
        let sounds: Vec<Vec<i16>> = match played {
            Some(pcm) => vec![pcm],
            None => {
                self.count(no, leg, voice.len() as u64);
                voice.into_iter().map(|frame| frame.pcm).collect()
            }
        };
        let Some(channel) = self.channels.get_mut(leg) else { return Vec::new() };
        let clock = &mut channel.phone.written;
        let step = beat.samples() as u32;
        *clock = clock.wrapping_add(step);
        let mut frames = Vec::new();
        for (n, pcm) in sounds.into_iter().enumerate() {
            *clock = clock.wrapping_add(if n == 0 { 0 } else { step });
            frames.push(Frame { pcm, timestamp: Timestamp(*clock) });
        }
        frames
    }

    /// Counts what of one party's voice reaches the other's phone.
    fn count(&mut self, no: CallNo, leg: &str, packets: u64) {
        let (other, phone) = (self.talks_with(leg), self.half_of(leg).is_none());
        let Some(call) = self.calls.get_mut(&no) else { return };
        if leg == call.a && other.is_some() {
            call.report.agent_packets += packets;
        } else if phone && other.as_deref() == Some(&*call.a) {
            call.report.caller_packets += packets;
        }
    }

    /// A piece of a file, of music on hold, or of the ringing tone.
    fn play(&mut self, no: CallNo, leg: &str, beat: Beat) -> Option<Vec<i16>> {
        let now = self.now;
        let call = self.calls.get_mut(&no)?;
        let channel = self.channels.get_mut(leg)?;
        if let Some(playing) = channel.playing() {
            if playing.pause > 0 {
                playing.pause -= 1;
                return None;
            }
            let file = matches!(playing.sound, Sound::File(_));
            let heard = match call.talk_from {
                None => &mut call.report.notice_heard,
                Some(_) => &mut call.report.file_heard_in_talk,
            };
            if file && leg == call.a && !playing.is_over() {
                *heard += beat.0;
            }
            return Some(playing.next(beat.samples()));
        }
        let bridged = channel.partner.is_some();
        let (sound, since) = call.ringing.as_ref().filter(|_| leg == call.a && !bridged)?;
        let pcm = match sound {
            Sound::Tone(tone) => tone.frame(now - *since, beat.samples()),
            Sound::File(samples) => beat.cut(samples, now - *since),
        };
        if pcm.iter().any(|sample| *sample != 0) {
            call.report.ringing_heard += beat.0;
        }
        Some(pcm)
    }

    fn copy(&mut self, no: CallNo, leg: &str, read: &[Frame], written: &[Frame], beat: Beat) {
        let held = self.channels.get(leg).is_some_and(|channel| channel.phone.hold.is_some());
        let partner = self.channels.get(leg).and_then(|channel| channel.partner.clone());
        let wanted = if self.settings.swaps_copies { partner.as_deref().unwrap_or(leg) } else { leg };
        let taps: Vec<String> =
            self.taps.values().filter(|tap| tap.is_on(wanted)).map(|tap| tap.uuid.clone()).collect();
        for uuid in taps {
            let Some(tap) = self.taps.get_mut(&uuid) else { continue };
            let packets = match tap.side() {
                Some(Side::Read) => tap.copy_read(read, held, beat),
                Some(Side::Write) => tap.copy_written(written, beat),
                None => continue,
            };
            let pace = tap.beat.0;
            for (n, bytes) in (0..).zip(packets) {
                // Where the leg's packets are longer, ours do not leave all at once.
                self.send_packet(no, &uuid, bytes, if pace < beat.0 { pace * n } else { Duration::ZERO });
            }
        }
    }

    fn send_packet(&mut self, no: CallNo, tap: &str, bytes: Vec<u8>, wait: Duration) {
        let (Some(call), Some(found)) = (self.calls.get_mut(&no), self.taps.get_mut(tap)) else { return };
        let Some(to) = found.remote else { return };
        let way = call.script.taps;
        found.report.sent += 1;
        if way.loss > 0.0 && call.rng.random_bool(way.loss) {
            found.report.lost += 1;
            return;
        }
        let tap = tap.to_owned();
        let late = match way.jitter_ms {
            0 => wait,
            most => wait + Duration::from_millis(call.rng.random_range(0..=u64::from(most))),
        };
        if late.is_zero() {
            return self.output(Output::Rtp { tap, to, bytes });
        }
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

impl super::media::Phone {
    /// What comes from a phone over its network: nothing, a packet, or a late one with the next.
    fn arrives(&mut self, pcm: Vec<i16>, now: Duration, way: Network, rng: &mut StdRng) -> Vec<Frame> {
        let (lost, late, given_up) = (
            way.loss > 0.0 && rng.random_bool(way.loss),
            way.jitter_ms > 20
                && rng.random_bool(LATE * f64::from(way.jitter_ms - 20) / f64::from(way.jitter_ms)),
            rng.random_bool(DROPPED),
        );
        self.clock = self.clock.wrapping_add(pcm.len() as u32);
        let frame = Frame { pcm, timestamp: Timestamp(self.clock) };
        let mut arrived: Vec<Frame> = self.late.take().into_iter().filter(|_| !given_up).collect();
        if late {
            self.late = Some(frame);
        } else if !lost && now >= self.key_until {
            arrived.push(frame);
        }
        arrived
    }
}

/// Share of packets late by more than a tick, as jitter goes to infinity (fitted to 11 % at 40 ms).
const LATE: f64 = 0.23;
/// Share of late packets that the switch drops (22 of 48).
const DROPPED: f64 = 0.46;
