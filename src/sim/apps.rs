//! What applications do on a leg: the dialplan's, and those that `sendmsg` runs inside them.

use super::agents::{NORMAL, read_targets};
use super::channel::{Answer, App, Binding, Channel, Dialling, Question, What};
use super::dialplan::Action;
use super::media::{Playing, Sound, Tone};
use super::world::{Timer, World};
use crate::wire::esl::{Event, Execute};
use std::time::Duration;

/// How a playback ends.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Stop {
    /// At its end, or by `uuid_fileman`.
    Done,
    /// By a key or by `uuid_break`.
    Break,
    /// By `uuid_kill`: told as if it had been played.
    Killed,
    /// The caller hung up, or the call was sent elsewhere.
    Torn,
}

impl Stop {
    fn status(self) -> &'static str {
        if self == Stop::Break { "break" } else { "done" }
    }

    fn response(self) -> &'static str {
        if self == Stop::Torn { "PLAYBACK ERROR" } else { "FILE PLAYED" }
    }
}

impl World {
    /// Runs the dialplan until something takes time; without more to do the leg is hung up.
    pub(super) fn go_on(&mut self, leg: &str) {
        loop {
            let Some(channel) = self.channels.get_mut(leg) else { return };
            let joined = channel.partner.is_some() || channel.promised;
            if !channel.is_alive() || joined || !channel.apps.is_empty() {
                return;
            }
            match channel.todo.pop_front() {
                Some(action) => self.begin(leg, &action, None, None),
                None => return self.dialplan_ends(leg),
            }
        }
    }

    fn dialplan_ends(&mut self, leg: &str) {
        self.leave(leg, NORMAL, Stop::Torn);
    }

    /// Starts an application; one that takes no time is over when this returns.
    pub(super) fn begin(&mut self, leg: &str, action: &Action, uuid: Option<String>, told: Option<Event>) {
        let argument = self.expand(&action.argument, leg);
        let uuid = uuid.unwrap_or_else(|| self.uuid());
        let name = action.application.clone();
        self.edit(leg, |channel| {
            channel.response = None;
            channel.set("current_application_data", &argument);
            channel.set("current_application", &name);
        });
        let mut back = vec![("Application", &*name)];
        if !argument.is_empty() {
            back.push(("Application-Data", &*argument));
        }
        back.push(("Application-UUID", &*uuid));
        self.fire("CHANNEL_EXECUTE", leg, &[], &back);
        match self.does(leg, &name, &argument) {
            Some(what) => {
                let app = App { uuid, name: name.clone(), argument: argument.clone(), what, told };
                self.edit(leg, |channel| channel.apps.push(app));
                match &*name {
                    "playback" => self.playback_begins(leg),
                    "play_and_get_digits" => self.asks(leg, &argument),
                    "bridge" => drop(self.dial(leg)),
                    "park" => self.fire("CHANNEL_PARK", leg, &[], &[]),
                    _ => self.placed(leg, &name, &argument),
                }
            }
            None => {
                if name == "hangup" {
                    let cause = if argument.is_empty() { NORMAL } else { &argument };
                    return self.leave(leg, cause, Stop::Torn);
                }
                self.executed(leg, &name, &argument, &uuid);
                if let Some(told) = told {
                    self.has_run(leg, told);
                }
            }
        }
    }

    /// What an application does at once; what it goes on with, if it takes time.
    fn does(&mut self, leg: &str, name: &str, argument: &str) -> Option<What> {
        match name {
            "set" | "export" => self.set_variable(leg, argument, name == "export"),
            "answer" => self.answer_leg(leg),
            "bind_digit_action" => self.edit(leg, |channel| bind(channel, argument)),
            "clear_digit_action" => {
                self.edit(leg, |channel| channel.bindings.retain(|b| b.realm != argument))
            }
            "digit_action_set_realm" => self.edit(leg, |channel| match argument.strip_suffix(",peer") {
                Some(realm) => channel.peer_realm = Some(realm.to_owned()),
                None => channel.realm = Some(argument.to_owned()),
            }),
            "transfer" => self.transfers_itself(leg, argument),
            "record_session" => self.record(leg, argument, true),
            "stop_record_session" => self.record(leg, argument, false),
            "break" => self.edit(leg, |channel| channel.break_asked = true),
            // A text that is no number is no time (F100).
            "sleep" => {
                let wait = argument.trim().parse().map_or(Duration::ZERO, Duration::from_millis);
                let until = self.now + wait * self.settings.patience;
                return (!wait.is_zero()).then_some(What::Sleep { until });
            }
            "playback" => return self.open_file(leg, argument),
            "play_and_get_digits" => return read_question(argument).map(|(question, _)| What::Ask(question)),
            "bridge" => {
                let next = read_targets(argument);
                return Some(What::Bridge(Dialling { next, ..Dialling::default() }));
            }
            "park" => return Some(What::Park),
            "echo" => return Some(What::Echo),
            _ => return self.put(leg, name, argument),
        }
        None
    }

    fn set_variable(&mut self, leg: &str, argument: &str, exported: bool) {
        let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
        self.edit(leg, |channel| {
            channel.set(name, value);
            if exported {
                let list =
                    channel.get("export_vars").map_or(name.to_owned(), |list| format!("{list},{name}"));
                channel.set("export_vars", &list);
            }
        });
    }

    fn answer_leg(&mut self, leg: &str) {
        let micros = self.micros();
        let fresh = self.channels.get(leg).is_some_and(|channel| channel.answer == Answer::Ringing);
        if !fresh {
            return;
        }
        self.edit(leg, |channel| {
            channel.answer = Answer::Answered;
            channel.times.answered = micros;
            channel.set("endpoint_disposition", "ANSWER");
        });
        self.fire("CHANNEL_ANSWER", leg, &[], &[]);
        self.edit(leg, |channel| channel.call_state = "ACTIVE");
        let Some(no) = self.call_of(leg) else { return };
        let since = self.since_start(no);
        if let Some(call) = self.calls.get_mut(&no).filter(|call| call.a == leg) {
            call.report.answered = Some(since);
        }
    }

    fn executed(&mut self, leg: &str, name: &str, argument: &str, uuid: &str) {
        let Some(channel) = self.channels.get(leg) else { return };
        let response = channel.response.clone().unwrap_or_else(|| "_none_".into());
        let mut back = vec![("Application", name)];
        if !argument.is_empty() {
            back.push(("Application-Data", argument));
        }
        back.extend([("Application-Response", &*response), ("Application-UUID", uuid)]);
        self.fire("CHANNEL_EXECUTE_COMPLETE", leg, &[], &back);
    }

    /// Ends the innermost application.
    pub(super) fn complete(&mut self, leg: &str) {
        let Some(app) = self.channels.get_mut(leg).and_then(|channel| channel.apps.pop()) else { return };
        if app.name.is_empty() {
            // The file of a question.
            return;
        }
        self.executed(leg, &app.name, &app.argument, &app.uuid);
        if let Some(told) = app.told {
            self.has_run(leg, told);
        }
    }

    /// Ends everything that runs on a leg, from the inside.
    pub(super) fn unwind(&mut self, leg: &str, stop: Stop) {
        while let Some(app) = self.channels.get(leg).and_then(|channel| channel.apps.last()) {
            match app.what {
                What::Play(_) => self.playback_ends(leg, stop),
                What::Record { .. } => self.record_ends(leg),
                What::Park => {
                    self.fire("CHANNEL_UNPARK", leg, &[], &[]);
                    self.complete(leg);
                }
                _ => self.complete(leg),
            }
        }
    }

    // Commands from outside

    /// Starts what `sendmsg` asked for. With `event-lock` it waits for the one before, without it runs inside it.
    pub(super) fn run_queue(&mut self, leg: &str) {
        let Some(channel) = self.channels.get_mut(leg) else { return };
        if channel.apps.is_empty() && channel.partner.is_none() || channel.cause.is_some() {
            return;
        }
        let waits = channel.queue.front().is_some_and(|execute| execute.event_lock);
        if waits && channel.apps.iter().any(|app| app.told.is_some()) {
            return;
        }
        let Some(execute) = channel.queue.pop_front() else { return };
        let in_talk = channel.in_bridge();
        let argument = execute.argument.as_ref().map_or("", |line| line.as_str());
        let action = Action::new(execute.application.as_str(), argument);
        let told = message(leg, &execute);
        let uuid = execute.event_uuid.as_ref().map(|uuid| uuid.as_str().to_owned());
        if in_talk {
            self.swallow(leg);
        }
        self.begin(leg, &action, uuid, Some(told));
    }

    /// Two packets of a leg's voice are lost to the other party (F84, F110).
    pub(super) fn swallow(&mut self, leg: &str) {
        self.edit(leg, |leg| leg.phone.swallowed += 2);
    }

    /// What the innermost application does in this tick.
    pub(super) fn progress(&mut self, leg: &str) {
        let now = self.now;
        let Some(channel) = self.channels.get_mut(leg) else { return };
        let broken = channel.break_asked && !channel.in_bridge();
        // What came from outside has nothing behind it in the dialplan.
        let own = matches!(&channel.apps[..], [app] if app.told.is_none());
        channel.break_asked &= !channel.in_bridge() && channel.apps.is_empty();
        match channel.apps.last_mut().map(|app| &mut app.what) {
            Some(What::Play(_)) if broken => {
                // A break ends what the file was played into, too (F106).
                for app in &mut channel.apps {
                    if let What::Sleep { until } = &mut app.what {
                        *until = now;
                    }
                }
                self.playback_ends(leg, Stop::Break);
            }
            Some(What::Play(playing)) if playing.is_over() => self.playback_ends(leg, Stop::Done),
            Some(What::Ask(question)) if question.until.is_none() => {
                question.until = Some(now + question.wait)
            }
            Some(What::Ask(question)) if question.is_answered() || question.until < Some(now) => {
                self.answered_question(leg);
            }
            Some(What::Sleep { until }) if broken || now > *until => self.complete(leg),
            Some(What::Record { until, .. }) if broken || now > *until => self.record_ends(leg),
            _ => return,
        }
        if own && self.channels.get(leg).is_some_and(|channel| channel.apps.is_empty()) {
            self.go_on(leg);
        }
    }

    // Files

    fn open_file(&mut self, leg: &str, name: &str) -> Option<What> {
        let path = self.path(name);
        let sound = match Tone::parse(&path).filter(|_| path.starts_with("tone_stream://")) {
            Some(tone) => Some(Sound::Tone(tone)),
            None => (self.files)(&path).map(Sound::File),
        };
        match sound {
            Some(sound) => Some(What::Play(Playing { path, sound, sent: 0, pause: 0 })),
            None => {
                self.edit(leg, |channel| channel.response = Some("FILE NOT FOUND".into()));
                None
            }
        }
    }

    /// Plays a question's file, without an application of its own (F51).
    fn asks(&mut self, leg: &str, argument: &str) {
        let Some((_, file)) = read_question(argument) else { return };
        if let Some(What::Play(playing)) = self.open_file(leg, &file) {
            self.plays_for(leg, playing);
        }
        self.edit(leg, |channel| channel.response = None);
    }

    /// Plays what belongs to an application that is no playback.
    pub(super) fn plays_for(&mut self, leg: &str, playing: Playing) {
        self.edit(leg, |channel| channel.apps.push(App::inside(What::Play(playing))));
        self.playback_begins(leg);
    }

    fn record_ends(&mut self, leg: &str) {
        self.fire_record("RECORD_STOP", leg);
        self.complete(leg);
    }

    /// A key or the end of the wait: the variable is set when the key is one of those asked for.
    fn answered_question(&mut self, leg: &str) {
        let Some(channel) = self.channels.get_mut(leg) else { return };
        if let Some(What::Ask(question)) = channel.apps.last().map(|app| &app.what) {
            let fits = regex::Regex::new(&format!("^(?:{})$", question.accepts))
                .is_ok_and(|r| r.is_match(&question.keys));
            let (variable, keys) = (question.variable.clone(), question.keys.clone());
            if fits {
                channel.set(&variable, &keys);
            }
            channel.response = None;
        }
        self.complete(leg);
    }

    /// Keys go to a question that waits for them; the first one ends its file.
    pub(super) fn takes_key(&mut self, leg: &str, key: char) -> bool {
        let Some(channel) = self.channels.get_mut(leg) else { return false };
        let asked = channel.apps.iter_mut().rev().find_map(|app| match &mut app.what {
            What::Ask(question) => Some(question),
            _ => None,
        });
        let Some(question) = asked else { return false };
        question.keys.push(key);
        if channel.playing().is_some() {
            self.playback_ends(leg, Stop::Break);
        }
        true
    }

    fn playback_begins(&mut self, leg: &str) {
        let Some(playing) = self.channels.get_mut(leg).and_then(Channel::playing) else { return };
        let (path, file) = (playing.path.clone(), matches!(playing.sound, Sound::File(_)));
        self.fire("PLAYBACK_START", leg, &[], &file_headers(&path));
        if let Some(no) = self.call_of(leg).filter(|_| file) {
            self.file_begins(no);
        }
    }

    pub(super) fn playback_ends(&mut self, leg: &str, stop: Stop) {
        let Some(channel) = self.channels.get_mut(leg) else { return };
        let Some(playing) = channel.playing() else { return };
        let (path, samples) = (playing.path.clone(), playing.samples_read());
        for (name, value) in [
            ("playback_last_offset_pos", samples),
            ("playback_seconds", samples / 8_000),
            ("playback_ms", samples / 8),
            ("playback_samples", samples),
        ] {
            channel.set(name, &value.to_string());
        }
        // A variable that the application sets, not whatever else plays.
        if channel.apps.last().is_some_and(|app| app.name == "playback") {
            channel.response = Some(stop.response().into());
        }
        let mut back = file_headers(&path);
        back.push(("Playback-Status", stop.status()));
        self.fire("PLAYBACK_STOP", leg, &[], &back);
        self.complete(leg);
    }

    /// The party on this leg hears music while the other one holds.
    pub(super) fn music_begins(&mut self, leg: &str, told: Event) {
        let partner = self.channels.get(leg).and_then(|leg| self.channels.get(leg.partner.as_ref()?));
        if partner.is_some_and(|partner| partner.phone.hold.is_some()) {
            self.begin(leg, &Action::new("playback", MUSIC), None, Some(told));
        }
    }

    pub(super) fn music_ends(&mut self, leg: &str) {
        self.music_stops(leg, Stop::Break);
    }

    pub(super) fn music_stops(&mut self, leg: &str, stop: Stop) {
        let music = |playing: &mut Playing| playing.path == MUSIC;
        if self.channels.get_mut(leg).and_then(Channel::playing).is_some_and(music) {
            self.playback_ends(leg, stop);
        }
    }

    // Keys

    /// A key is released. Keys of a bound sequence are kept back until it is told whether they are one (F107).
    pub(super) fn key_released(&mut self, leg: &str, key: char) {
        let Some(channel) = self.channels.get_mut(leg).filter(|leg| !leg.gone) else { return };
        channel.digits.push(key);
        channel.digit_no += 1;
        let (digits, no) = (channel.digits.clone(), channel.digit_no);
        let wait = channel.get("bind_digit_digit_timeout").and_then(|ms| ms.parse().ok()).unwrap_or(1_500);
        let partner = channel.partner.clone();
        let own = self.channels.get(leg).into_iter().flat_map(|channel| channel.bound(false));
        let own = own.map(|bound| (leg.to_owned(), bound));
        let other = partner.as_ref().and_then(|partner| self.channels.get(partner));
        let other =
            other.into_iter().flat_map(|channel| channel.bound(true).map(|b| (channel.uuid.clone(), b)));
        let bound: Vec<(String, &Binding)> = own.chain(other).collect();
        let action = bound.iter().find(|(_, bound)| bound.digits == digits);
        if let Some((on, action)) = action.map(|(on, bound)| (on.clone(), bound.action.clone())) {
            self.edit(leg, |channel| channel.digits.clear());
            return self.begin(&on, &action, None, None);
        }
        if bound.iter().any(|(_, bound)| bound.digits.starts_with(&digits)) {
            return self.after(Duration::from_millis(wait + 40), Timer::DigitsEnd(leg.to_owned(), no));
        }
        self.pass_digits(leg);
    }

    pub(super) fn digits_end(&mut self, leg: &str, no: u64) {
        if self.channels.get(leg).is_some_and(|channel| channel.digit_no == no) {
            self.pass_digits(leg);
        }
    }

    /// Keys that are not bound are told, passed on, and end a file when they are its terminators.
    fn pass_digits(&mut self, leg: &str) {
        let Some(channel) = self.channels.get_mut(leg) else { return };
        let digits = std::mem::take(&mut channel.digits);
        let terminators = channel.get("playback_terminators").unwrap_or("*").to_owned();
        for digit in digits.chars() {
            let digit = digit.to_string();
            let back = [("DTMF-Digit", &*digit), ("DTMF-Duration", "1280"), ("DTMF-Source", "RTP")];
            self.fire("DTMF", leg, &[], &back);
            if self.takes_key(leg, digit.chars().next().unwrap_or_default()) {
                continue;
            }
            let stops = terminators != "none" && terminators.contains(&*digit);
            let plays = self.channels.get_mut(leg).is_some_and(|channel| channel.playing().is_some());
            if stops && plays {
                self.playback_ends(leg, Stop::Break);
            }
        }
    }
}

/// How the event begins that tells of a `sendmsg`, once it has run. On an inbound connection `Command` is its first
/// line alone (observed on a 1.11.2; on outbound ones the whole text stands there).
fn message(leg: &str, execute: &Execute) -> Event {
    let line = |line: &Option<crate::wire::esl::Word>| line.as_ref().map(|word| word.as_str().to_owned());
    let headers = [
        ("Command", Some(format!("sendmsg {leg}"))),
        ("call-command", Some("execute".to_owned())),
        ("execute-app-name", Some(execute.application.as_str().to_owned())),
        ("execute-app-arg", execute.argument.as_ref().map(|line| line.as_str().to_owned())),
        ("Event-UUID", line(&execute.event_uuid)),
        ("event-lock", execute.event_lock.then(|| "true".to_owned())),
    ];
    headers
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .fold(Event::default(), |event, (name, value)| event.with(name, &value))
}

/// `min max tries timeout terminators file invalid variable regexp digit-timeout`, of which one try is carried out.
fn read_question(argument: &str) -> Option<(Question, String)> {
    let words: Vec<&str> = argument.split_whitespace().collect();
    let [_, most, _, wait, _, file, _, variable, accepts, ..] = words[..] else { return None };
    let question = Question {
        most: most.parse().ok()?,
        wait: Duration::from_millis(wait.parse().ok()?),
        variable: variable.to_owned(),
        accepts: accepts.to_owned(),
        keys: String::new(),
        until: None,
    };
    Some((question, file.to_owned()))
}

impl Question {
    fn is_answered(&self) -> bool {
        self.keys.chars().count() >= self.most
    }
}

/// What is played: a stream has its type told too.
fn file_headers(path: &str) -> Vec<(&str, &str)> {
    let kind = path.split_once("://").map(|(kind, _)| ("Playback-File-Type", kind));
    kind.into_iter().chain([("Playback-File-Path", path)]).collect()
}

/// `realm,digits,exec[i]:application,argument[,peer]`. Binding switches to its realm (F110); the other party's keys have
/// one of their own.
fn bind(channel: &mut Channel, argument: &str) {
    let mut parts = argument.split(',');
    let (Some(realm), Some(digits), Some(what)) = (parts.next(), parts.next(), parts.next()) else { return };
    let application = what.split_once(':').map_or(what, |(_, application)| application);
    let action = Action::new(application, parts.next().unwrap_or_default());
    let peer = parts.next() == Some("peer");
    let active = if peer { &mut channel.peer_realm } else { &mut channel.realm };
    *active = Some(realm.to_owned());
    channel.bindings.retain(|bound| (&*bound.realm, &*bound.digits, bound.peer) != (realm, digits, peer));
    channel.bindings.push(Binding { realm: realm.to_owned(), digits: digits.to_owned(), action, peer });
}

pub(super) const MUSIC: &str = "tone_stream://%(400,100,350);loops=-1";
