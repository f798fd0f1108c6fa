//! A tap as FreeSWITCH originates it: a SIP user agent client without a socket, and the leg that copies another one.

use super::channel::{Answer, App, Bug, Channel, State, What};
use super::dialplan::Action;
use super::media::{Beat, Frame, TICK, TapStream};
use super::script::{Report, Script, Side, TapReport};
use super::world::{CallNo, LinkId, Output, Timer, World, codec_of};
use crate::call::Party;
use crate::wire::esl::Event;
use crate::wire::rtp::Codec;
use crate::wire::sip::{Message, Method, Start, Status};
use rand::{Rng, RngExt};
use std::net::SocketAddr;
use std::time::Duration;

/// A leg of `originate`, from its INVITE to its BYE.
pub(super) struct Tap {
    pub(super) uuid: String,
    job: Option<Job>,
    /// Its Request-URI and where that leads to.
    uri: String,
    to: SocketAddr,
    codecs: Vec<String>,
    /// The length of its packets, as it was asked for: 20 ms where nothing is said.
    pub(super) beat: Beat,
    apps: Vec<Action>,
    port: Option<u16>,
    dialog: Dialog,
    phase: Phase,
    /// The leg it copies, and which way.
    on: Option<(String, Side)>,
    stream: Option<TapStream>,
    /// Where the answer wants RTP.
    pub(super) remote: Option<SocketAddr>,
    agreed: Option<(Codec, u8)>,
    pub(super) report: TapReport,
    call: Option<CallNo>,
    /// A read tap begins with one filler.
    fresh: bool,
}

/// Who is told when the leg is up, and the event that tells everybody of the command.
pub(super) enum Job {
    Background { uuid: String, command: String, argument: String, told: Event },
    Api(LinkId, Event),
}

#[derive(Default)]
struct Dialog {
    call_id: String,
    from_tag: String,
    to: String,
    target: String,
    branch: String,
    cseq: u32,
    /// What is said again until it is answered, and how long to wait before that.
    pending: Option<Vec<u8>>,
    wait: Duration,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Phase {
    Inviting,
    /// The originate is over without an answer; the INVITE is still said again.
    GivenUp,
    Up,
    Leaving,
    Over,
}

/// What a tap does later.
pub(super) enum Step {
    Resend,
    GiveUp,
    Answered,
    Runs,
    Attach,
    /// It waited long enough for a leg without media.
    NoMedia,
}

/// The text of an `originate`, taken apart.
pub(super) struct Originate {
    pub(super) variables: Vec<(String, String)>,
    /// `sofia` or `loopback`.
    kind: String,
    /// The profile, or the number that is called inside.
    pub(super) profile: String,
    /// Where to, or the number's context.
    pub(super) uri: String,
    pub(super) apps: Vec<Action>,
}

impl Originate {
    /// `{a=b,...}sofia/<profile>/<uri> '<app>:<data>' inline`, or `&app(data)`, which ends at its first bracket (F113).
    pub(super) fn parse(text: &str) -> Option<Originate> {
        let (variables, rest) = text.strip_prefix('{')?.split_once('}')?;
        let variables = variables.split(',').filter_map(|pair| pair.split_once('='));
        let (endpoint, how) = rest.trim().split_once(' ')?;
        let mut parts = endpoint.splitn(3, '/');
        let (kind, profile, uri) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Originate {
            variables: variables.map(|(name, value)| (name.trim().to_owned(), value.to_owned())).collect(),
            kind: kind.to_owned(),
            profile: profile.to_owned(),
            uri: uri.to_owned(),
            apps: read_apps(how.trim())?,
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.variables.iter().find(|(key, _)| key == name).map(|(_, value)| &**value)
    }

    /// Whether it is a phone that speaks or presses keys, and not a copy.
    fn plays(&self) -> bool {
        self.apps.iter().any(|action| matches!(&*action.application, "playback" | "send_dtmf"))
    }

    fn address(&self) -> Option<SocketAddr> {
        let host = self.uri.strip_prefix("sip:")?.split('@').nth(1)?;
        host.split(';').next()?.parse().ok()
    }
}

pub(super) fn read_apps(how: &str) -> Option<Vec<Action>> {
    if let Some(app) = how.trim_matches('\'').strip_prefix('&') {
        let (name, data) = app.split_once('(').unwrap_or((app, ""));
        return Some(vec![Action::new(name, data.split(')').next().unwrap_or_default())]);
    }
    let inline = how.strip_suffix("inline")?.trim();
    let inline = inline.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(inline);
    let apps = inline.split(',').map(|app| {
        let (name, data) = app.split_once(':').unwrap_or((app, ""));
        Action::new(name.trim(), data)
    });
    Some(apps.collect())
}

impl Tap {
    pub(super) fn is_on(&self, leg: &str) -> bool {
        self.on.as_ref().is_some_and(|(on, _)| on == leg)
    }

    pub(super) fn side(&self) -> Option<Side> {
        self.on.as_ref().map(|(_, side)| *side)
    }

    /// Every packet that was read, and a filler where there was none; nothing at all of a leg that holds.
    pub(super) fn copy_read(&mut self, read: &[Frame], held: bool, beat: Beat) -> Vec<Vec<u8>> {
        let Some(stream) = &mut self.stream else { return Vec::new() };
        stream.tick(beat.samples());
        if held {
            return Vec::new();
        }
        let mut packets = Vec::new();
        if std::mem::take(&mut self.fresh) || read.is_empty() {
            self.report.fillers += 1;
            packets.extend(stream.filler(beat.samples()));
        }
        packets.extend(read.iter().flat_map(|frame| stream.copy(frame)));
        packets
    }

    /// Every packet that was written; a gap is a gap.
    pub(super) fn copy_written(&mut self, written: &[Frame], beat: Beat) -> Vec<Vec<u8>> {
        let Some(stream) = &mut self.stream else { return Vec::new() };
        stream.tick(beat.samples());
        written.iter().flat_map(|frame| stream.copy(frame)).collect()
    }
}

impl World {
    /// Begins a tap; the answer is told to `job` when there is one.
    pub(super) fn originate(&mut self, text: &str, job: Job) {
        let Some(originate) = Originate::parse(text) else { return self.tell(job, "-ERR INVALID_ARGS\n") };
        match originate.kind.as_str() {
            "sofia" if originate.plays() => return self.calls_in(&originate, job),
            "sofia" => {}
            "loopback" => return self.loopback(&originate, job),
            _ => return self.tell(job, "-ERR CHAN_NOT_IMPLEMENTED\n"),
        }
        if originate.profile != "callgist" && originate.profile != "internal"
            || originate.profile == "callgist" && !self.settings.profile
        {
            return self.tell(job, "-ERR INVALID_PROFILE\n");
        }
        let uuid = originate.get("origination_uuid").map(str::to_owned).unwrap_or_else(|| self.uuid());
        let Some(to) = originate.address().filter(|_| !self.channels.contains_key(&uuid)) else {
            return self.tell(job, "-ERR DESTINATION_OUT_OF_ORDER\n");
        };
        self.tap_leg(&uuid, &originate);
        let tap = self.new_tap(uuid.clone(), originate, to, job);
        self.taps.insert(uuid.clone(), tap);
        self.fire("CHANNEL_CREATE", &uuid, &[], &[]);
        self.output(Output::Open(uuid));
    }

    /// A call from inside the switch to a number of its own (F117): the -b half runs the dialplan as a caller would.
    fn loopback(&mut self, originate: &Originate, job: Job) {
        let (number, context) = (originate.profile.clone(), originate.uri.clone());
        let known = !super::dialplan::actions(&self.settings.snippet, &number).is_empty();
        if context != self.settings.context || !known {
            return self.tell(job, "-ERR NO_ROUTE_DESTINATION\n");
        }
        let uuid = originate.get("origination_uuid").map(str::to_owned).unwrap_or_else(|| self.uuid());
        let mut half = Channel::new(uuid.clone(), None, false, format!("loopback/{number}-a"));
        half.answer = Answer::Answered;
        half.state = State::EXECUTE;
        half.destination.clone_from(&number);
        self.channels.insert(uuid.clone(), half);
        self.fire("CHANNEL_CREATE", &uuid, &[], &[]);
        let caller = originate.get("origination_caller_id_number").map(str::to_owned);
        let script = Script { line: number.clone(), caller, answer_after: None, ..Script::default() };
        let (no, _) = self.place(script, Some((&format!("loopback/{number}-b"), &uuid)));
        self.loops.insert(uuid.clone(), no);
        self.tell(job, &format!("+OK {uuid}\n"));
    }

    /// One half of a loopback ends, and so does the other.
    pub(super) fn end_loop(&mut self, half: &str) {
        let Some(no) = self.loops.remove(half) else { return };
        self.mark_hangup(half, "NORMAL_CLEARING");
        self.last_words(half);
        self.channels.remove(half);
        self.hang_up(no, Party::Caller, true);
    }

    fn tap_leg(&mut self, uuid: &str, originate: &Originate) {
        self.sessions += 1;
        let token =
            originate.uri.strip_prefix("sip:").and_then(|rest| rest.split('@').next()).unwrap_or_default();
        let host =
            originate.uri.split('@').nth(1).and_then(|host| host.split(';').next()).unwrap_or_default();
        let name = format!("sofia/{}/{token}@{host}", originate.profile);
        let mut leg = Channel::new(uuid.to_owned(), None, false, name.clone());
        leg.caller_name = originate.get("origination_caller_id_name").unwrap_or_default().to_owned();
        leg.caller_number = originate.get("origination_caller_id_number").unwrap_or_default().to_owned();
        leg.destination = token.to_owned();
        leg.session = self.sessions;
        leg.times.created = self.micros();
        for (name, value) in
            [("direction", "outbound"), ("is_outbound", "true"), ("uuid", uuid), ("channel_name", &name)]
        {
            leg.set(name, value);
        }
        for (name, value) in &originate.variables {
            leg.set(name, value);
        }
        self.channels.insert(uuid.to_owned(), leg);
    }

    fn new_tap(&mut self, uuid: String, originate: Originate, to: SocketAddr, job: Job) -> Tap {
        let codecs = originate.get("absolute_codec_string").unwrap_or("PCMA");
        let beat = read_beat(codecs);
        let codecs =
            codecs.split(',').map(|codec| codec.split('@').next().unwrap_or(codec).to_owned()).collect();
        let dialog = Dialog {
            call_id: self.uuid(),
            from_tag: self.word(),
            branch: self.word(),
            cseq: 123_176_315,
            wait: Duration::from_secs(1),
            to: format!("<{}>", originate.uri.split(';').next().unwrap_or_default()),
            target: originate.uri.clone(),
            pending: None,
        };
        let limit = originate.get("originate_timeout").and_then(|text| text.parse().ok()).unwrap_or(60);
        self.give_up_later(&uuid, limit);
        Tap {
            uuid,
            job: Some(job),
            uri: originate.uri,
            to,
            codecs,
            beat,
            apps: originate.apps,
            port: None,
            dialog,
            phase: Phase::Inviting,
            on: None,
            stream: None,
            remote: None,
            agreed: None,
            report: TapReport {
                leg: String::new(),
                target: Party::Caller,
                side: Side::Read,
                attached: Duration::ZERO,
                sent: 0,
                fillers: 0,
                lost: 0,
            },
            call: None,
            fresh: true,
        }
    }

    /// `originate_timeout` counts whole seconds of the clock: 3 are between 2 and 3.
    fn give_up_later(&mut self, tap: &str, seconds: u64) {
        let second = self.micros() / 1_000_000;
        let at = ((second + seconds) * 1_000_000).saturating_sub(self.micros());
        self.after(Duration::from_micros(at), Timer::Tap(tap.to_owned(), Step::GiveUp));
    }

    fn word(&mut self) -> String {
        format!("{:013x}", self.rng.next_u64() >> 12)
    }

    /// The RTP socket is bound: the INVITE goes out.
    pub(super) fn opened(&mut self, tap: &str, port: u16, now: Duration) {
        self.now = self.now.max(now);
        let Some(found) = self.taps.get_mut(tap) else { return };
        found.port = Some(port);
        let invite = found.invite(self.sip);
        found.dialog.pending = Some(invite.clone());
        let (to, wait) = (found.to, found.dialog.wait);
        self.output(Output::Sip(to, invite));
        self.after(wait, Timer::Tap(tap.to_owned(), Step::Resend));
        self.settle();
    }

    /// Nobody listens at `to` (ICMP): told 22 ms later.
    pub(super) fn refused(&mut self, to: SocketAddr, now: Duration) {
        self.now = self.now.max(now);
        let inviting = self.taps.values().filter(|tap| tap.to == to && tap.phase == Phase::Inviting);
        for tap in inviting.map(|tap| tap.uuid.clone()).collect::<Vec<_>>() {
            self.fail(&tap, "NORMAL_TEMPORARY_FAILURE", Phase::Over);
        }
        self.settle();
    }

    pub(super) fn handle_sip(&mut self, datagram: &[u8], from: SocketAddr, now: Duration) {
        self.now = self.now.max(now);
        let Ok(message) = Message::parse(datagram) else { return };
        let call_id = message.text("Call-ID").to_owned();
        let tap = self.taps.values().find(|tap| tap.dialog.call_id == call_id).map(|tap| tap.uuid.clone());
        match (&message.start, tap) {
            (Start::Response { status }, Some(tap)) => self.tap_answered(&tap, &message, *status),
            (Start::Request { method: Method::Bye, .. }, Some(tap)) => {
                let answer = Message::response(&message, Status::OK, "sim");
                self.output(Output::Sip(from, answer.to_bytes()));
                self.end_tap(&tap, false);
            }
            (Start::Request { method: Method::Ack, .. }, _) | (Start::Response { .. }, None) => {}
            (Start::Request { .. }, _) => {
                let answer = Message::response(&message, Status::NO_DIALOG, "sim");
                self.output(Output::Sip(from, answer.to_bytes()));
            }
        }
        self.settle();
    }

    fn tap_answered(&mut self, tap: &str, answer: &Message, status: Status) {
        let sip = self.sip;
        let Some(found) = self.taps.get_mut(tap) else { return };
        if answer.cseq().1 == Method::Bye {
            if status.is_final() {
                self.forget_tap(tap);
            }
            return;
        }
        if answer.cseq().1 != Method::Invite || !status.is_final() {
            return;
        }
        found.dialog.pending = None;
        answer.text("To").clone_into(&mut found.dialog.to);
        if !status.is_success() {
            let ack = found.ack(sip, true);
            let to = found.to;
            self.output(Output::Sip(to, ack));
            return self.fail(tap, cause_of(status.code()), Phase::Over);
        }
        let target = answer.get("Contact").map_or(String::new(), |contact| contact.address().to_owned());
        found.dialog.target = target;
        let (ack, to, phase) = (found.ack(sip, false), found.to, found.phase);
        self.output(Output::Sip(to, ack));
        match phase {
            Phase::Inviting => self.tap_up(tap, &answer.body),
            // It woke up too late (F61).
            Phase::GivenUp => self.say_bye(tap),
            _ => {}
        }
    }

    fn tap_up(&mut self, tap: &str, body: &[u8]) {
        let Some((remote, codec, payload_type)) = read_answer(body) else {
            self.say_bye(tap);
            return self.fail(tap, "INCOMPATIBLE_DESTINATION", Phase::Leaving);
        };
        let Some(found) = self.taps.get_mut(tap) else { return };
        found.phase = Phase::Up;
        found.remote = Some(remote);
        found.agreed = Some((codec, payload_type));
        self.after(Duration::from_millis(19), Timer::Tap(tap.to_owned(), Step::Answered));
    }

    pub(super) fn tap_step(&mut self, tap: &str, step: Step) {
        let Some(found) = self.taps.get_mut(tap) else { return };
        match step {
            Step::Resend => self.say_again(tap),
            Step::GiveUp if found.phase == Phase::Inviting => {
                self.cancel(tap);
                self.fail(tap, "NO_ANSWER", Phase::GivenUp);
            }
            Step::Answered if found.phase == Phase::Up => self.tap_leg_answers(tap),
            Step::Runs if found.phase == Phase::Up => self.tap_runs(tap),
            Step::Attach if found.phase == Phase::Up => self.attach(tap),
            Step::NoMedia if found.phase == Phase::Up && found.stream.is_none() => self.end_tap(tap, true),
            _ => {}
        }
    }

    fn say_again(&mut self, tap: &str) {
        let Some(found) = self.taps.get_mut(tap) else { return };
        let Some(bytes) = found.dialog.pending.clone() else { return };
        if found.dialog.wait > Duration::from_secs(16) {
            return self.forget_tap(tap);
        }
        found.dialog.wait *= 2;
        let (to, wait) = (found.to, found.dialog.wait);
        self.output(Output::Sip(to, bytes));
        self.after(wait, Timer::Tap(tap.to_owned(), Step::Resend));
    }

    fn tap_leg_answers(&mut self, tap: &str) {
        let micros = self.micros();
        let codec = self.taps.get(tap).and_then(|tap| Some((tap.agreed?.0, tap.beat)));
        self.edit(tap, |leg| {
            leg.state = State::CONSUME;
            leg.answer = Answer::Answered;
            leg.times.answered = micros;
            if let Some((codec, beat)) = codec {
                leg.agree(codec, beat);
            }
        });
        self.fire("CHANNEL_ANSWER", tap, &[], &[]);
        self.edit(tap, |leg| (leg.state, leg.call_state) = (State::EXECUTE, "ACTIVE"));
        self.after(Duration::from_millis(20), Timer::Tap(tap.to_owned(), Step::Runs));
    }

    /// The leg is up: whoever asked is told, then its applications run. Success says nothing about the tap (F65).
    fn tap_runs(&mut self, tap: &str) {
        let Some(found) = self.taps.get_mut(tap) else { return };
        let (job, apps) = (found.job.take(), found.apps.clone());
        self.edit(tap, |leg| leg.flipped = true);
        if let Some(job) = job {
            self.tell(job, &format!("+OK {tap}\n"));
        }
        for action in apps {
            if action.application != "native_eavesdrop" {
                self.begin(tap, &action, None, None);
                continue;
            }
            self.eavesdrop(tap, &action);
            return;
        }
        self.end_tap(tap, true);
    }

    fn eavesdrop(&mut self, tap: &str, action: &Action) {
        let argument = self.expand(&action.argument, tap);
        let uuid = self.uuid();
        let back = [
            ("Application", "native_eavesdrop"),
            ("Application-Data", &*argument),
            ("Application-UUID", &uuid),
        ];
        self.fire("CHANNEL_EXECUTE", tap, &[], &back);
        let (leg, side) = argument.split_once(' ').unwrap_or((&argument, "read"));
        let side = if side.trim() == "write" { Side::Write } else { Side::Read };
        let on = (leg.to_owned(), side);
        let app = App {
            uuid,
            name: "native_eavesdrop".into(),
            argument: argument.clone(),
            what: What::Eavesdrop,
            told: None,
        };
        self.edit(tap, |channel| channel.apps.push(app));
        let Some(found) = self.taps.get_mut(tap) else { return };
        found.on = Some(on);
        self.attach(tap);
        self.after(Duration::from_secs(6), Timer::Tap(tap.to_owned(), Step::NoMedia));
    }

    /// Copies begin, if the leg is there and speaks the tap's own codec; a leg without media is waited for.
    fn attach(&mut self, tap: &str) {
        let Some((found, (leg, _))) = self.taps.get(tap).and_then(|tap| Some((tap, tap.on.clone()?))) else {
            return;
        };
        let Some(channel) = self.channels.get(&leg).filter(|channel| !channel.gone) else {
            return self.end_tap(tap, true);
        };
        match (channel.answer, channel.codec) {
            (Answer::Answered, None) => self.crash(),
            (_, None) => self.after(Duration::from_millis(20), Timer::Tap(tap.to_owned(), Step::Attach)),
            (_, codec) if codec != found.agreed.map(|(codec, _)| codec) => self.end_tap(tap, true),
            _ => self.attached(tap, &leg),
        }
    }

    fn attached(&mut self, tap: &str, leg: &str) {
        let party = self.party_of(leg);
        let since = party.map_or(Duration::ZERO, |(no, _)| self.since_start(no));
        let (seq, ssrc) = (self.rng.random(), self.rng.random());
        let Some(found) = self.taps.get_mut(tap) else { return };
        let Some((codec, payload_type)) = found.agreed else { return };
        found.stream = Some(TapStream::new(codec, payload_type, found.beat, seq, ssrc));
        found.call = party.map(|(no, _)| no);
        found.report.leg = tap.to_owned();
        found.report.target = party.map_or(Party::Caller, |(_, party)| party);
        found.report.side = found.on.as_ref().map_or(Side::Read, |(_, side)| *side);
        found.report.attached = since;
        self.swallow(leg);
        self.edit(leg, |channel| channel.bugs.push(bug(leg)));
        self.fire(
            "MEDIA_BUG_START",
            leg,
            &[("Media-Bug-Function", "eavesdrop"), ("Media-Bug-Target", leg)],
            &[],
        );
    }

    /// FreeSWITCH compares the codec's name without a look whether there is one (F70).
    fn crash(&mut self) {
        self.crashed = true;
        for id in self.links.keys().copied().collect::<Vec<_>>() {
            self.output(Output::Close(id));
        }
        self.links.clear();
        for (no, call) in std::mem::take(&mut self.calls) {
            self.output(Output::Ended(no, Report { cause: "SWITCH_CRASHED".into(), ..call.report }));
        }
    }

    /// The legs that copy this one end with it.
    pub(super) fn drop_taps(&mut self, leg: &str) {
        let taps: Vec<String> =
            self.taps.values().filter(|tap| tap.is_on(leg)).map(|tap| tap.uuid.clone()).collect();
        for tap in taps {
            self.end_tap(&tap, true);
        }
    }

    /// Ends a tap; `bye` unless it was the other side that said it.
    pub(super) fn end_tap(&mut self, tap: &str, bye: bool) {
        let Some(found) =
            self.taps.get_mut(tap).filter(|tap| tap.phase == Phase::Up || tap.phase == Phase::Inviting)
        else {
            return;
        };
        if found.phase == Phase::Inviting {
            self.cancel(tap);
            return self.fail(tap, "NORMAL_CLEARING", Phase::GivenUp);
        }
        let on = found.on.clone().filter(|_| found.stream.is_some());
        found.stream = None;
        found.phase = Phase::Over;
        if let Some((leg, _)) = on {
            self.edit(&leg, |channel| {
                let at = channel.bugs.iter().position(|other| *other == bug(&leg));
                at.map(|at| channel.bugs.remove(at));
            });
            self.fire(
                "MEDIA_BUG_STOP",
                &leg,
                &[("Media-Bug-Function", "eavesdrop"), ("Media-Bug-Target", &leg)],
                &[],
            );
        }
        self.unwind(tap, super::apps::Stop::Torn);
        self.mark_hangup(tap, "NORMAL_CLEARING");
        self.last_words(tap);
        self.output(Output::Shut(tap.to_owned()));
        if bye {
            self.say_bye(tap);
        }
    }

    fn fail(&mut self, tap: &str, cause: &str, phase: Phase) {
        let Some(found) = self.taps.get_mut(tap) else { return };
        found.phase = phase;
        let job = found.job.take();
        self.mark_hangup(tap, cause);
        if let Some(job) = job {
            self.tell(job, &format!("-ERR {cause}\n"));
        }
        self.last_words(tap);
        self.output(Output::Shut(tap.to_owned()));
        self.channels.remove(tap);
    }

    fn say_bye(&mut self, tap: &str) {
        let (sip, branch) = (self.sip, self.word());
        let Some(found) = self.taps.get_mut(tap) else { return };
        found.dialog.branch = branch;
        found.dialog.cseq += 1;
        let mut bye = found.in_dialog(Method::Bye, &found.dialog.target, sip);
        bye.push("Reason", "Q.850;cause=16;text=\"NORMAL_CLEARING\"");
        let bytes = bye.to_bytes();
        found.phase = Phase::Leaving;
        found.dialog.pending = Some(bytes.clone());
        found.dialog.wait = Duration::from_secs(1);
        let to = found.to;
        self.output(Output::Sip(to, bytes));
        self.after(Duration::from_secs(1), Timer::Tap(tap.to_owned(), Step::Resend));
    }

    fn cancel(&mut self, tap: &str) {
        let sip = self.sip;
        let Some(found) = self.taps.get(tap) else { return };
        let mut cancel = found.in_dialog(Method::Cancel, &found.uri, sip);
        cancel.push("Reason", "Q.850;cause=19;text=\"NO_ANSWER\"");
        let to = found.to;
        self.output(Output::Sip(to, cancel.to_bytes()));
    }

    fn forget_tap(&mut self, tap: &str) {
        if let Some(found) = self.taps.get_mut(tap) {
            found.dialog.pending = None;
            found.phase = Phase::Over;
            // What it carried is still to be reported with its call.
            if found.call.is_none() {
                self.taps.remove(tap);
            }
        }
        self.channels.remove(tap);
    }

    /// What a call's taps carried; they are forgotten by it.
    pub(super) fn reports(&mut self, no: CallNo) -> Vec<TapReport> {
        let mut reports = Vec::new();
        for tap in self.taps.values_mut().filter(|tap| tap.call == Some(no)) {
            reports.push(tap.report.clone());
            tap.call = None;
        }
        self.taps
            .retain(|_, tap| tap.call.is_some() || tap.phase != Phase::Over || tap.dialog.pending.is_some());
        reports.sort_by_key(|report| report.attached);
        reports
    }

    pub(super) fn tell(&mut self, job: Job, text: &str) {
        match job {
            Job::Api(link, told) => {
                self.raise(told);
                self.api_reply(link, text);
            }
            Job::Background { uuid, command, argument, told } => {
                self.raise(told);
                self.job_done(&uuid, &command, &argument, text);
            }
        }
    }
}

impl Tap {
    fn invite(&self, sip: SocketAddr) -> Vec<u8> {
        let mut invite = self.in_dialog(Method::Invite, &self.uri, sip);
        invite.push("Contact", &format!("<sip:mod_sofia@{sip}>"));
        invite.push("User-Agent", &format!("FreeSWITCH-mod_sofia/{}", super::world::VERSION));
        invite.push(
            "Allow",
            "INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE, INFO, UPDATE, REGISTER, REFER, NOTIFY",
        );
        invite.push("Supported", "path, replaces");
        invite.push("Content-Type", "application/sdp");
        invite.push("Content-Disposition", "session");
        invite.push("X-FS-Support", "update_display,send_info");
        invite.body = self.offer().into_bytes();
        invite.to_bytes()
    }

    fn offer(&self) -> String {
        let known = |name: &str| match name {
            "PCMA" => Some((8, "PCMA/8000")),
            "PCMU" => Some((0, "PCMU/8000")),
            "G722" => Some((9, "G722/8000")),
            "L16" => Some((97, "L16/8000")),
            "opus" => Some((102, "opus/48000/2")),
            _ => None,
        };
        // What goes with Opus counts as it does (T15g).
        let clock = if self.codecs.iter().any(|name| name == "opus") { 48_000 } else { 8_000 };
        let codecs: Vec<(u8, &str)> = self.codecs.iter().filter_map(|name| known(name)).collect();
        let list: Vec<String> = codecs.iter().map(|(number, _)| number.to_string()).collect();
        let maps: String =
            codecs.iter().map(|(number, map)| format!("a=rtpmap:{number} {map}\r\n")).collect();
        format!(
            "v=0\r\no=FreeSWITCH 1795433716 1795433717 IN IP4 127.0.0.1\r\ns=FreeSWITCH\r\nc=IN IP4 127.0.0.1\r\n\
             t=0 0\r\nm=audio {} RTP/AVP {} 101 13\r\n{maps}a=rtpmap:101 telephone-event/{clock}\r\na=fmtp:101 0-15\r\n\
             a=rtpmap:13 CN/{clock}\r\na=ptime:{}\r\n",
            self.port.unwrap_or(0),
            list.join(" "),
            self.beat.0.as_millis(),
        )
    }

    fn in_dialog(&self, method: Method, target: &str, sip: SocketAddr) -> Message {
        let mut message = Message::request(method, target);
        message.push("Via", &format!("SIP/2.0/UDP {sip};rport;branch=z9hG4bK{}", self.dialog.branch));
        message.push("Max-Forwards", "70");
        message.push("From", &format!("\"callgist\" <sip:tap@127.0.0.1>;tag={}", self.dialog.from_tag));
        message.push("To", &self.dialog.to);
        message.push("Call-ID", &self.dialog.call_id);
        message.push("CSeq", &format!("{} {}", self.dialog.cseq, method.name()));
        message
    }

    /// Of a refusal with the INVITE's branch, of a 200 with one of its own.
    fn ack(&self, sip: SocketAddr, refused: bool) -> Vec<u8> {
        let target = if refused { &self.uri } else { &self.dialog.target };
        let mut ack = self.in_dialog(Method::Ack, target, sip);
        if !refused {
            let via = format!("SIP/2.0/UDP {sip};rport;branch=z9hG4bK{}a", self.dialog.branch);
            ack.replace("Via", &via);
        }
        ack.to_bytes()
    }
}

/// `PCMA@8000h@30i@1c`: packets of 30 ms (F82).
fn read_beat(codecs: &str) -> Beat {
    let first = codecs.split(',').next().unwrap_or_default();
    let ms = first.split('@').find_map(|part| part.strip_suffix('i')?.parse().ok());
    Beat(ms.filter(|ms| *ms > 0).map_or(TICK, Duration::from_millis))
}

fn read_answer(body: &[u8]) -> Option<(SocketAddr, Codec, u8)> {
    let session = sdp_types::Session::parse(body).ok()?;
    let media = session.medias.first().filter(|media| media.port != 0)?;
    let connection = media.connections.first().or(session.connection.as_ref())?;
    let ip = connection.connection_address.parse().ok()?;
    let payload_type: u8 = media.fmt.split(' ').next()?.parse().ok()?;
    let map =
        media.attributes_typed::<sdp_types::RtpMap>().flatten().find(|map| map.payload_type == payload_type);
    let codec =
        map.map_or(if payload_type == 8 { "PCMA".into() } else { "PCMU".into() }, |map| map.encoding_name);
    Some((SocketAddr::new(ip, media.port), codec_of(&codec)?, payload_type))
}

fn bug(leg: &str) -> Bug {
    Bug { function: "eavesdrop", target: leg.to_owned() }
}

/// The causes of `originate` for final answers (F61, and FreeSWITCH's own table).
fn cause_of(code: u16) -> &'static str {
    match code {
        403 => "CALL_REJECTED",
        404 => "UNALLOCATED_NUMBER",
        480 | 487 => "NO_USER_RESPONSE",
        486 => "USER_BUSY",
        488 => "INCOMPATIBLE_DESTINATION",
        503 => "NORMAL_TEMPORARY_FAILURE",
        _ => "NORMAL_UNSPECIFIED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEG: &str = "83d5f90c-82f9-40ab-8536-c20f187e8f5d";

    #[test]
    fn an_originate_is_taken_apart() {
        let text = format!(
            "{{origination_uuid=t-1,absolute_codec_string=PCMA@8000h@20i@1c,originate_timeout=3}}sofia/callgist/\
             sip:tok@127.0.0.1:5090;transport=udp 'native_eavesdrop:${{cond(${{uuid_getvar({LEG} read_codec)}} == \
             PCMA ? {LEG} : none)}} write' inline"
        );
        let originate = Originate::parse(&text).unwrap();
        assert_eq!(originate.get("absolute_codec_string"), Some("PCMA@8000h@20i@1c"));
        assert_eq!(
            (&*originate.profile, &*originate.uri),
            ("callgist", "sip:tok@127.0.0.1:5090;transport=udp")
        );
        assert_eq!(originate.address(), Some("127.0.0.1:5090".parse().unwrap()));
        let data = format!("${{cond(${{uuid_getvar({LEG} read_codec)}} == PCMA ? {LEG} : none)}} write");
        assert_eq!(originate.apps, [Action::new("native_eavesdrop", &data)]);
    }

    #[test]
    fn an_application_in_brackets_is_cut_at_its_first_closing_one() {
        let originate =
            Originate::parse("{a=b}sofia/internal/sip:t@127.0.0.1:5090 &native_eavesdrop(${x(y)} read)");
        assert_eq!(originate.unwrap().apps, [Action::new("native_eavesdrop", "${x(y")]);
    }
}
