//! What a call is told and what it answers, in no switch's words: events go in, commands come out.

use crate::call::{Direction, Leg, NoSummary, Party, Stop, SwitchTime};

/// Something that happened to the call, in no switch's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The caller waits in the guarded sleep; `admitted` says whether we take the call.
    Waiting {
        admitted: Result<(), NoSummary>,
    },
    /// The guarded sleep has ended: the caller has gone on, and may hear a prompt of somebody else's.
    WaitOver,
    /// Our notice began to play.
    NoticeStarted {
        at: SwitchTime,
    },
    NoticeStopped(Stop),
    /// The switch is done with the command that played it.
    NoticeCompleted {
        file_played: bool,
    },
    /// What came of the question behind the notice, on a line that asks for consent.
    Answered(Answer),
    /// The agent pressed the key that says: the caller has told me that he consents.
    Confirmed {
        at: SwitchTime,
    },
    /// The caller and `agent` hear each other.
    Bridged {
        agent: Leg,
    },
    Unbridged,
    /// The agent's leg now talks with somebody else, who heard no notice of this call.
    AgentTaken,
    /// The caller was transferred to somebody whom the line does not listen to: outside, or at an extension that is never
    /// heard.
    WentOutside {
        leg: Leg,
    },
    /// The first whom the caller talks with has an extension that is never heard.
    NeverHeard {
        leg: Leg,
    },
    /// A leg of the call may be copied by the switch, or not.
    Examined {
        leg: Leg,
        tappable: bool,
    },
    /// The switch offers the copy of one party's voice, made of `leg`.
    ForkOffered {
        party: Party,
        leg: Leg,
    },
    /// Packets of one party's copy have reached the ear.
    ForkFlows {
        party: Party,
    },
    /// The copy ended or could not be made.
    ForkEnded {
        party: Party,
    },
    /// The switch records what is said on a leg, which no notice of the line tells.
    RecordingBegan {
        leg: Leg,
    },
    RecordingEnded {
        leg: Leg,
    },
    Held {
        leg: Leg,
    },
    Unheld {
        leg: Leg,
    },
    /// Somebody pressed the objection key.
    Objected,
    /// The caller's leg ended.
    HungUp,
    /// Nothing was heard of the switch for too long: copies are ended, the call is none of our business any more.
    SwitchLost,
    /// What the ear made of it.
    EarEnded(EarEnding),
    /// Callgist is being stopped.
    Shutdown,
}

/// What a caller answered who was asked for his consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes {
        at: SwitchTime,
    },
    No,
    /// No key that means anything, though he was asked twice.
    Silence,
}

/// An ear's one ending of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EarEnding {
    Noted,
    NotNoted(NoSummary),
    Objected,
    /// The ear died or broke a rule.
    Failed,
}

/// Something the daemon must do for the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    PlayNotice,
    /// End the caller's wait: no note will be made. Never after [`Event::WaitOver`], for it would cut whatever the
    /// caller hears then.
    Decline,
    /// End the question that the caller is being asked, and what waits for his key. Never after the question's end: it would
    /// be a key in whatever comes then.
    EndQuestion,
    /// Nothing of the notice is to come: undo what [`Command::PlayNotice`] changed at the switch. Once for each of those.
    NoticeOver,
    /// The notice was played to its end, from when to when: leave a mark at the switch.
    MarkAnnounced {
        from: SwitchTime,
        to: SwitchTime,
    },
    /// The caller may be heard: tell the ear of the call.
    Open,
    /// Ask the switch whether this leg can be copied.
    Examine {
        leg: Leg,
    },
    /// Have the switch copy what goes in that direction of `leg`: the voice of `party`.
    Fork {
        leg: Leg,
        party: Party,
        direction: Direction,
    },
    /// Give the ear the socket of this party's copy. Needs [`super::Life::announced`].
    HandOver {
        party: Party,
    },
    /// Refuse the copy that is offered.
    RefuseFork {
        party: Party,
    },
    /// End the copy of this party's voice.
    EndFork {
        party: Party,
    },
    EarBridged,
    EarPaused,
    EarResumed,
    /// The ear shall recognise what is left and answer.
    EarEnd {
        partial: bool,
    },
    /// The ear shall wipe the call.
    EarStop,
    /// The life is told; nothing comes after it.
    Finish(Ending),
}

/// How the call ended for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    Noted,
    NoSummary(NoSummary),
}

/// How far a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    Offered,
    /// The notice is under way.
    Playing,
    /// It was played to its end. Where the line asks for consent, the caller is being asked, or has not answered.
    Announced,
    /// The caller may be heard: nobody had to be asked, or consent was given.
    Allowed,
    /// The parties talk.
    Bridged,
    /// Every copy runs that is made of the call.
    Forked,
    /// The talk is over, the ear works on the rest.
    Heard,
    Finished,
}
