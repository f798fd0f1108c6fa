//! The sentence: a call is offered, announced, consented to, bridged, forked, heard, summarised, guarded and kept.
//!
//! Every verb waits until the call has come so far, or ends early with the reason why there is no summary.

use super::Desk;
use super::admission::Seat;
use super::ears::{self, EarCall, EarWord, Opening};
use super::events;
use super::housekeeping;
use super::segments::Segments;
use super::switch::{Begun, Found, Mail, Mailbox, Noticed, Offered};
use crate::border::{DoNotContact, Heard, Note, Recogniser, WhoseNumber};
use crate::call::{
    Command, Consent, EarEnding, Ending, Event, Life, Moment, NoSummary, Number, Party, Phase, SwitchTime,
};
use crate::store::{
    CallRecord, Decision, Deed, Draft, Entry, Measured, Name, NameError, Origin, Outcome, Played, Request,
    Summary, Trouble, UtcMillis,
};
use crate::wire::sip::{DialogId, Offer};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Follows one call to its end and keeps its row.
pub async fn follow(begun: Begun, desk: Arc<Desk>) {
    match begun {
        Begun::Offered(offered) => {
            let mut tale = Tale::new(offered, desk);
            let ending = tell(&mut tale).await;
            tale.kept(ending).await;
            tale.outlived().await;
        }
        Begun::Found(found) => {
            let mut tale = Tale::found(found, desk);
            // Its row was kept before we lost the switch, or were started anew; there is one row for each call.
            if !tale.is_kept().await {
                let ending = tale.found_again().await;
                tale.kept(ending).await;
            }
            tale.outlived().await;
        }
    }
}

async fn tell(tale: &mut Tale) -> Result<Note, NoSummary> {
    tale.offered().await?;
    tale.announced().await?;
    tale.consented().await?;
    tale.bridged().await?;
    tale.forked().await?;
    tale.heard().await?;
    tale.summarised().await?;
    tale.guarded()
}

/// One call as it is being told.
struct Tale {
    offered: Offered,
    desk: Arc<Desk>,
    life: Life,
    recogniser: Recogniser,
    /// The version of the notice that is played, or that was.
    notice: Box<str>,
    /// What a playback of it is measured against.
    measured: Option<Measured>,
    /// How it was played, once that is proved.
    played: Option<Played>,
    ear: Option<EarCall>,
    /// An ear of this run was given the call.
    opened: bool,
    /// The ear hears the call at this moment, as the log was told.
    hears: bool,
    /// A copy that is offered, until it is taken or refused.
    at_the_door: Option<(DialogId, Offer)>,
    /// Those that were taken.
    copies: BTreeMap<Party, DialogId>,
    note: Option<Note>,
    requests: Vec<DoNotContact>,
    figures: Heard,
    segments: Segments,
    times: Times,
    /// The switch's word for the end.
    cause: Option<Name>,
    ending: Option<Ending>,
    /// Room for one more call, as long as it may be heard.
    seat: Option<Seat>,
    /// The caller's leg has ended, or the daemon is ending: nothing more is to be expected.
    over: bool,
    /// Somebody objected, whenever it was.
    objected: bool,
    /// The row that is kept says so.
    says_objection: bool,
    /// Caller or extension are never heard by the line's settings: then the row does not name them either.
    unnamed: bool,
}

/// When the call came how far, in milliseconds since 1970, UTC.
#[derive(Default)]
struct Times {
    offered: i64,
    announced: Option<i64>,
    consented: Option<i64>,
    bridged: Option<i64>,
    ended: Option<i64>,
    /// On our own clock, to tell how long the note took.
    talk_ended: Option<Moment>,
}

impl Tale {
    fn new(offered: Offered, desk: Arc<Desk>) -> Tale {
        let notice = desk.notice_length(&offered.line);
        let Offered { call, leg, line, .. } = &offered;
        let life = Life::new(*call, leg.clone(), notice, line.consent(), line.agent_leg);
        Tale::with(life, offered, desk)
    }

    /// A call that was under way when we came.
    fn found(found: Found, desk: Arc<Desk>) -> Tale {
        let Found { offered, began, noticed, consented, bridged } = found;
        let asks = offered.line.consent() != Consent::NotAsked;
        let missed = match (&noticed, consented) {
            (None, _) => NoSummary::NoticeIncomplete,
            (Some(_), None) if asks => NoSummary::NoConsent,
            _ => NoSummary::Partial,
        };
        let life = Life::missed(offered.call, offered.leg.clone(), missed);
        let mut tale = Tale::with(life, offered, desk);
        tale.times.offered = began.unwrap_or(tale.times.offered);
        (tale.times.consented, tale.times.bridged) = (consented, bridged);
        if let Some(Noticed { version, from, at }) = noticed {
            (tale.notice, tale.times.announced) = (version, Some(at));
            tale.played = Some(Played { from: UtcMillis(from), to: UtcMillis(at), measured: None });
        }
        tale
    }

    fn with(life: Life, offered: Offered, desk: Arc<Desk>) -> Tale {
        let recogniser = desk.recogniser(&offered.line);
        let times = Times { offered: desk.clock.utc_ms(), ..Times::default() };
        let notice = offered.line.notice_version.as_str().into();
        let measured = desk.measured(&offered.line);
        Tale {
            offered,
            desk,
            life,
            recogniser,
            notice,
            measured,
            played: None,
            ear: None,
            opened: false,
            hears: false,
            at_the_door: None,
            copies: BTreeMap::new(),
            note: None,
            requests: Vec::new(),
            figures: Heard::default(),
            segments: Segments::default(),
            times,
            cause: None,
            ending: None,
            seat: None,
            over: false,
            objected: false,
            says_objection: false,
            unnamed: false,
        }
    }

    /// The caller waits in the guarded sleep: the notice is asked for, or the wait is ended.
    async fn offered(&mut self) -> Result<(), NoSummary> {
        let Offered { call, line, caller, .. } = &self.offered;
        events::Offered { call: *call, line: &line.name, caller: caller.as_ref() }.log();
        let admitted = self.desk.admit(line, self.recogniser);
        self.unnamed = line.never_heard.caller(caller.as_ref());
        let excluded = self.unnamed || self.objects().await;
        let admitted = if excluded { Err(NoSummary::Excluded) } else { admitted };
        let admitted = admitted.map(|seat| self.seat = Some(seat));
        // A recording that runs already is told before the call is.
        self.read_what_is_there();
        self.handle(Event::Waiting { admitted });
        // Behind the notice, which waits for nothing.
        if !excluded {
            self.tell_earlier();
        }
        self.until(Phase::Playing).await
    }

    /// Has the switch know how many notes of this caller's there are, for whoever takes the call; nobody waits for it.
    fn tell_earlier(&self) {
        let Offered { call, switch, leg, line, caller: Some(caller), .. } = &self.offered else { return };
        let Ok(name) = Name::new(&line.name) else { return };
        if !line.tell_earlier_notes {
            return;
        }
        let entry = Entry::new(Deed::EarlierTold).call(*call).line(&name);
        let asked = self.desk.store.earlier(caller.clone());
        let (desk, switch, leg) = (self.desk.clone(), switch.clone(), leg.clone());
        tokio::spawn(async move {
            // Where the store cannot say, nothing is told.
            let Ok(earlier) = asked.await else { return };
            switch.tell_earlier(&leg, &earlier);
            let entry = entry.detail(&earlier.notes.to_string());
            housekeeping::log(&desk.store, entry, UtcMillis(desk.clock.utc_ms()));
        });
    }

    /// Whether the caller has objected for good. Where the store does not say so in time, doubt protects.
    async fn objects(&self) -> bool {
        let Some(caller) = self.offered.caller.clone() else { return false };
        let asked = tokio::time::timeout(ASKED_WITHIN, self.desk.store.objects(caller)).await;
        !matches!(asked, Ok(Ok(false)))
    }

    async fn announced(&mut self) -> Result<(), NoSummary> {
        self.until(Phase::Announced).await?;
        self.times.announced = Some(self.desk.clock.utc_ms());
        self.step("announced");
        self.log(Entry::new(Deed::NoticePlayed).detail(&self.notice));
        Ok(())
    }

    /// Whoever is asked has said yes; on the other lines nobody is asked.
    async fn consented(&mut self) -> Result<(), NoSummary> {
        let allowed = self.until(Phase::Allowed).await;
        if allowed == Err(NoSummary::NoConsent) {
            self.log(Entry::new(Deed::ConsentRefused).detail(&self.notice));
        }
        allowed?;
        if self.offered.line.consent() != Consent::NotAsked {
            self.times.consented = Some(self.desk.clock.utc_ms());
            self.step("consented");
            self.log(Entry::new(Deed::ConsentGiven).detail(&self.notice));
        }
        Ok(())
    }

    async fn bridged(&mut self) -> Result<(), NoSummary> {
        self.until(Phase::Bridged).await?;
        self.times.bridged.get_or_insert(self.desk.clock.utc_ms());
        self.step("bridged");
        Ok(())
    }

    async fn forked(&mut self) -> Result<(), NoSummary> {
        self.until(Phase::Forked).await?;
        if self.life.phase() == Phase::Forked {
            self.step("forked");
        }
        Ok(())
    }

    async fn heard(&mut self) -> Result<(), NoSummary> {
        self.until(Phase::Heard).await?;
        self.step("heard");
        Ok(())
    }

    async fn summarised(&mut self) -> Result<(), NoSummary> {
        self.until(Phase::Finished).await?;
        self.step("summarised");
        Ok(())
    }

    /// Whether an earlier run kept a row of this call. A store that cannot be asked says so again when it shall keep one.
    async fn is_kept(&self) -> bool {
        self.desk.store.holds(self.offered.call).await.unwrap_or(false)
    }

    /// Nothing is heard of a call that was found; its end is waited for, or an objection.
    async fn found_again(&mut self) -> Result<Note, NoSummary> {
        events::Found { call: self.offered.call, line: &self.offered.line.name }.log();
        self.until(Phase::Finished).await?;
        self.guarded()
    }

    /// The ear's guard made the note, and `ears` has judged its form once more.
    fn guarded(&mut self) -> Result<Note, NoSummary> {
        let note = self.note.take().ok_or(NoSummary::EngineFailed)?;
        self.step("guarded");
        Ok(note)
    }

    /// One row for the call, whatever became of it, and one for each request made in it.
    async fn kept(&mut self, ending: Result<Note, NoSummary>) {
        self.wiped().await;
        self.seat = None;
        // It may have come while the ear was being waited for.
        let ending = if self.objected { Err(NoSummary::Objection) } else { ending };
        let call = self.offered.call;
        let reason = ending.as_ref().err().copied();
        if reason == Some(NoSummary::Recorded) && self.offered.line.told.never_recorded {
            events::RecordedAllTheSame { call, line: &self.offered.line.name }.log();
        }
        let record = match self.record(ending) {
            Ok(record) => record,
            Err(error) => return events::NotKept { call, why: &error.to_string() }.log(),
        };
        for request in std::mem::take(&mut self.requests) {
            self.keep_request(request, &record).await;
        }
        let objection = record.outcome.is_objection();
        match self.desk.store.keep(record).await {
            Ok(()) => {
                self.says_objection = objection;
                let now = self.desk.clock.now();
                let took = now.since(self.times.talk_ended.unwrap_or(now)).as_millis();
                let took_ms = u64::try_from(took).unwrap_or(u64::MAX);
                events::Kept { call, reason, heard: self.figures, took_ms }.log();
            }
            Err(error) => events::NotKept { call, why: &error.to_string() }.log(),
        }
    }

    /// The call may go on after its row was kept. As long as the caller's leg lives the call is known, so that it gets no
    /// second notice and no second row when it comes back to the line; and an objection takes the place of whatever
    /// the row said.
    async fn outlived(&mut self) {
        loop {
            if self.objected && !self.says_objection {
                self.amended().await;
            }
            if self.over {
                return;
            }
            match self.offered.mail.recv().await {
                Some(mail) => self.read(mail),
                None => return,
            }
        }
    }

    async fn amended(&mut self) {
        let call = self.offered.call;
        self.says_objection = true;
        let record = match self.record(Err(NoSummary::Objection)) {
            Ok(record) => record,
            Err(error) => return events::NotKept { call, why: &error.to_string() }.log(),
        };
        // The row that told more goes first: better none than that one. Where somebody else reads for long it is gone
        // all the same.
        let erased = self.desk.store.erase(call, UtcMillis(self.desk.clock.utc_ms())).await;
        if let Err(error) = erased.map(drop).or_else(|error| match error.trouble {
            Trouble::Locked => Ok(()),
            _ => Err(error),
        }) {
            events::NotKept { call, why: &error.to_string() }.log();
        }
        match self.desk.store.keep(record).await {
            Ok(()) => events::Amended { call }.log(),
            Err(error) => events::NotKept { call, why: &error.to_string() }.log(),
        }
    }

    /// Waits until an ear that was told to wipe the call has done so, or is killed for not doing it; what it sent
    /// before still counts. Of a call that is over no more mail is taken.
    async fn wiped(&mut self) {
        let told = async {
            while self.ear.is_some() {
                self.wait().await;
            }
        };
        // It answers within a second, or is ended: this is for a daemon that is itself being held up.
        let _ = tokio::time::timeout(WIPED_WITHIN, told).await;
        if self.over {
            self.offered.mail.close();
        }
        self.read_what_is_there();
    }

    fn record(&self, ending: Result<Note, NoSummary>) -> Result<CallRecord, NameError> {
        let Offered { call, line, caller, called, .. } = &self.offered;
        let model = self.desk.model(self.recogniser, line.language);
        let heard = self.opened && self.times.bridged.is_some();
        let outcome = match ending {
            Ok(note) => Outcome::Noted(Summary {
                text: note.text().to_owned(),
                topics: note.topics(),
                trust: note.trust(),
            }),
            Err(reason) => Outcome::NotNoted(reason),
        };
        let objection = outcome.is_objection();
        let unnamed = self.unnamed && outcome == Outcome::NotNoted(NoSummary::Excluded);
        let told = heard && !objection && !unnamed;
        let ended = self.times.ended.unwrap_or_else(|| self.desk.clock.utc_ms());
        Ok(CallRecord {
            id: *call,
            line: Name::new(&line.name)?,
            notice_version: self.times.announced.map(|_| Name::new(&self.notice)).transpose()?,
            language: line.language,
            caller: caller.clone().filter(|_| !unnamed),
            called: called.clone(),
            offered: UtcMillis(self.times.offered),
            announced: self.times.announced.map(UtcMillis),
            notice: self.played.clone().filter(|_| self.times.announced.is_some()),
            consent: self.decision(&outcome, ended),
            bridged: self.times.bridged.map(UtcMillis),
            ended: UtcMillis(ended),
            end_cause: self.cause.clone(),
            outcome,
            origin: Origin::here(model.filter(|_| heard).map(|model| (self.recogniser, model))),
            heard: told.then_some(self.figures),
            agent_leg: told.then_some(line.agent_leg),
            segments: match objection || unnamed || !self.opened {
                true => Vec::new(),
                false => self.segments.until(ended),
            },
            draft: self.draft(ended),
        })
    }

    /// What was decided on a line that asks for consent. Where it was not given, the call ended for us at that moment.
    fn decision(&self, outcome: &Outcome, ended: i64) -> Option<Decision> {
        let given = |at| Decision { given: true, at: UtcMillis(at) };
        let refused = *outcome == Outcome::NotNoted(NoSummary::NoConsent);
        let no = Decision { given: false, at: UtcMillis(ended) };
        self.times.consented.map(given).or(refused.then_some(no))
    }

    fn draft(&self, ended: i64) -> Option<Draft> {
        let line = &self.offered.line;
        let until = UtcMillis(ended.saturating_add(i64::from(line.draft_minutes) * 60_000));
        (line.draft_minutes > 0).then_some(Draft { until, discard: line.discard_unapproved })
    }

    /// It is kept with its day alone: a moment would lead from the list to the log's entries of a call that was erased.
    async fn keep_request(&self, request: DoNotContact, record: &CallRecord) {
        let line = &self.offered.line;
        let number = match request.number {
            WhoseNumber::Caller => self.offered.caller.clone(),
            WhoseNumber::Named(digits) => {
                digits.text().and_then(|text| Number::in_country(&text, &line.country_code).ok())
            }
        };
        let linked = !record.outcome.is_objection();
        let request = Request {
            call: linked.then_some(record.id),
            line: linked.then(|| record.line.clone()),
            number,
            channels: request.channels,
            purpose: request.purpose,
            created: day(record.ended),
        };
        if let Err(error) = self.desk.store.keep_request(request).await {
            events::NotKept { call: record.id, why: &error.to_string() }.log();
        }
    }

    /// Carries on until the call has come to `phase`, or has ended without a note.
    async fn until(&mut self, phase: Phase) -> Result<(), NoSummary> {
        loop {
            match self.ending {
                Some(Ending::NoSummary(reason)) => return Err(reason),
                _ if self.life.phase() >= phase => return Ok(()),
                _ => self.wait().await,
            }
        }
    }

    /// One piece of mail, or the time that is up.
    async fn wait(&mut self) {
        let wake = self.life.poll_timeout();
        tokio::select! {
            mail = self.offered.mail.recv() => match mail {
                Some(mail) => self.read(mail),
                // The switchboard is gone: the daemon is ending.
                None => self.handle(Event::Shutdown),
            },
            () = self.desk.clock.sleep_until(wake) => {
                self.life.handle_timeout(self.desk.clock.now());
                self.perform();
            }
        }
    }

    fn read_what_is_there(&mut self) {
        while let Ok(mail) = self.offered.mail.try_recv() {
            self.read(mail);
        }
    }

    fn read(&mut self, mail: Mail) {
        match &mail {
            Mail::Event(Event::HungUp | Event::Shutdown) => self.over = true,
            Mail::Event(Event::Objected) | Mail::Ear(EarWord::Objected) => self.objected = true,
            Mail::Event(Event::NeverHeard { .. }) => self.unnamed = true,
            // Of whoever is asked the talk may begin before he is heard.
            Mail::Event(Event::Bridged { .. }) if self.life.phase() == Phase::Announced => {
                self.times.bridged.get_or_insert(self.desk.clock.utc_ms());
            }
            _ => {}
        }
        self.follow_the_agents(&mail);
        match mail {
            Mail::Event(event) => self.handle(event),
            Mail::Copy { party, leg, dialog, offer } => {
                self.at_the_door = Some((dialog, offer));
                self.handle(Event::ForkOffered { party, leg });
            }
            Mail::Agent { leg, name, passing } => self.segments.named(&leg, name, passing),
            Mail::CopyEnded { dialog } => {
                let ended = self.copies.iter().find(|(_, held)| **held == dialog).map(|(party, _)| *party);
                if let Some(party) = ended {
                    self.copies.remove(&party);
                    self.handle(Event::ForkEnded { party });
                }
            }
            Mail::Cause(cause) => self.cause = Name::new(&cause).ok(),
            Mail::Ear(word) => self.hear(word),
        }
    }

    fn follow_the_agents(&mut self, mail: &Mail) {
        let now = self.desk.clock.utc_ms();
        match mail {
            Mail::Event(Event::Bridged { agent }) => self.segments.joined(agent, now),
            Mail::Event(Event::Unbridged | Event::AgentTaken | Event::HungUp) => self.segments.parted(now),
            _ => {}
        }
    }

    fn hear(&mut self, word: EarWord) {
        let ending = match word {
            EarWord::Flowing { party } => return self.handle(Event::ForkFlows { party }),
            EarWord::Stopped => {
                self.ear = None;
                return;
            }
            EarWord::Counters { heard } => {
                self.figures = heard;
                return events::Progress { call: self.offered.call, heard }.log();
            }
            EarWord::DoNotContact { request } => return self.requests.push(request),
            EarWord::Noted { heard, note } => {
                self.figures = heard;
                self.note = Some(*note);
                EarEnding::Noted
            }
            EarWord::NotNoted { heard, reason } => {
                self.figures = heard;
                EarEnding::NotNoted(reason)
            }
            EarWord::Objected => EarEnding::Objected,
            EarWord::Failed { place } => {
                events::EarFailed { call: self.offered.call, place }.log();
                EarEnding::Failed
            }
        };
        self.ear = None;
        self.handle(Event::EarEnded(ending));
    }

    fn handle(&mut self, event: Event) {
        self.life.handle(event, self.desk.clock.now());
        self.perform();
    }

    fn perform(&mut self) {
        while let Some(command) = self.life.poll_command() {
            self.carry_out(command);
        }
        self.tell_of_listening();
    }

    /// Into the log, at the moment when it begins and ends: with one copy too, and anew after a caller was parked.
    fn tell_of_listening(&mut self) {
        let hears = self.life.is_heard();
        if hears == self.hears {
            return;
        }
        self.hears = hears;
        let entry = match hears {
            true => Entry::new(Deed::ListeningStarted).detail(self.recogniser.word()),
            false => Entry::new(Deed::ListeningEnded),
        };
        self.log(entry);
    }

    fn carry_out(&mut self, command: Command) {
        let Offered { call, switch, line, leg, .. } = &self.offered;
        match command {
            Command::PlayNotice => switch.play_notice(*call, leg, line),
            Command::Decline => switch.decline(*call, leg),
            Command::EndQuestion => switch.end_question(leg),
            Command::NoticeOver => switch.notice_over(*call, leg),
            Command::MarkAnnounced { from, to } => {
                let mark = format!("{};{};{}", line.notice_version, from.0, to.0);
                switch.mark_announced(leg, &mark);
                let (from, to) = (utc(from), utc(to));
                self.played = Some(Played { from, to, measured: self.measured.clone() });
            }
            Command::Open => self.open(),
            Command::Examine { leg } => switch.examine(*call, &leg),
            Command::Fork { leg, party, direction } => switch.fork(*call, &leg, party, direction),
            Command::HandOver { party } => self.hand_over(party),
            Command::RefuseFork { .. } => {
                if let Some((dialog, _)) = self.at_the_door.take() {
                    self.desk.taps.refuse(dialog);
                }
            }
            Command::EndFork { party } => match self.copies.remove(&party) {
                Some(dialog) => self.desk.taps.bye(dialog),
                None => switch.end_fork(*call, party),
            },
            Command::EarBridged => self.tell_ear(EarCall::bridged),
            Command::EarPaused => self.tell_ear(EarCall::paused),
            Command::EarResumed => self.tell_ear(EarCall::resumed),
            Command::EarEnd { partial } => {
                self.times.ended = Some(self.desk.clock.utc_ms());
                self.times.talk_ended = Some(self.desk.clock.now());
                self.tell_ear(|ear| ear.end(partial));
            }
            Command::EarStop => self.tell_ear(EarCall::stop),
            Command::Finish(ending) => {
                self.times.ended.get_or_insert(self.desk.clock.utc_ms());
                self.ending = Some(ending);
            }
        }
    }

    /// The caller may be heard: the switch gets the mark of his consent where he was asked, an ear gets the call.
    fn open(&mut self) {
        let Some(proof) = self.life.announced() else { return };
        let Offered { switch, line, leg, .. } = &self.offered;
        if let Some(at) = proof.consented() {
            switch.mark_consented(leg, at);
        }
        self.opened = true;
        let (today, left_out) = (self.desk.clock.today(), line.left_out());
        let mailbox: Mailbox = self.offered.mailbox.clone();
        // A call that is told no longer reads what its ear says.
        let words = move |word| drop(mailbox.send(Mail::Ear(word)));
        let (language, agent_leg) = (line.language, line.agent_leg);
        let opening = Opening { language, today, agent_leg, left_out };
        self.ear = self.desk.ears.open(proof, self.recogniser, opening, words);
        if self.ear.is_none() {
            self.life.handle(Event::EarEnded(EarEnding::Failed), self.desk.clock.now());
        }
    }

    /// Gives the ear the socket of a copy; without the proof there is no way to say it.
    fn hand_over(&mut self, party: Party) {
        let Some((dialog, offer)) = self.at_the_door.take() else { return };
        let handed = match (self.life.announced(), &self.ear) {
            (Some(proof), Some(ear)) => {
                ears::rtp_socket(offer.rtp, self.desk.rtp_ports.clone()).map(|(port, socket)| {
                    ear.hand_over(proof, party, offer.format, socket);
                    port
                })
            }
            _ => return self.desk.taps.refuse(dialog),
        };
        match handed {
            Ok(port) => {
                self.copies.insert(party, dialog);
                self.desk.taps.accept(dialog, SocketAddr::new(offer.rtp.ip(), port));
            }
            Err(error) => {
                events::NoSocket { call: self.offered.call, why: error.kind() }.log();
                self.desk.taps.refuse(dialog);
                self.life.handle(Event::ForkEnded { party }, self.desk.clock.now());
            }
        }
    }

    fn tell_ear(&self, what: impl FnOnce(&EarCall)) {
        if let Some(ear) = &self.ear {
            what(ear);
        }
    }

    /// Into the content-free log, as it happens; nobody waits for it.
    fn log(&self, entry: Entry) {
        let Offered { call, line, .. } = &self.offered;
        let Ok(line) = Name::new(&line.name) else { return };
        let entry = entry.call(*call).line(&line);
        housekeeping::log(&self.desk.store, entry, UtcMillis(self.desk.clock.utc_ms()));
    }

    fn step(&self, step: &str) {
        events::Step { call: self.offered.call, step }.log();
    }
}

impl Drop for Tale {
    /// Also where the telling itself broke off: no copy lives on, and the switchboard forgets the call.
    fn drop(&mut self) {
        self.copies.values().for_each(|dialog| self.desk.taps.bye(*dialog));
        self.offered.switch.forget(self.offered.call);
    }
}

/// The beginning of the day, and some milliseconds that mean nothing: by them two wishes of one day stay two where a copy is
/// brought back.
fn day(at: UtcMillis) -> UtcMillis {
    UtcMillis(at.0 - at.0.rem_euclid(UtcMillis::DAY) + i64::from(rand::random::<u16>() % 1_000))
}

fn utc(at: SwitchTime) -> UtcMillis {
    UtcMillis(i64::try_from(at.0 / 1_000).unwrap_or(i64::MAX))
}

/// The caller waits for half a second at most (R0); longer, and the notice would come too late.
const ASKED_WITHIN: Duration = Duration::from_millis(200);

/// An ear that does not say that it has wiped a call is ended after one second; longer would only delay the row.
const WIPED_WITHIN: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_wish_only_the_day_is_kept_and_two_of_one_day_are_told_apart() {
        let at = UtcMillis(1_795_459_060_123);
        let days: std::collections::BTreeSet<i64> = (0..50).map(|_| day(at).0).collect();
        assert!(days.len() > 25);
        assert!(days.iter().all(
            |day| day.rem_euclid(UtcMillis::DAY) < 1_000 && day / UtcMillis::DAY == at.0 / UtcMillis::DAY
        ));
    }
}
