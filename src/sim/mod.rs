//! A switch that is not there: one simulated FreeSWITCH for the demo and the tests, on real sockets.
//!
//! It speaks the event socket as the traces show it, runs the very snippet that we ship, plays the notice, rings and
//! bridges, and forks by real SIP and real RTP; what people say and do is told by a [`Script`]. It stays in the
//! process of the demo or of a test: nothing that `callgist run` reaches names it.
//!
//! ```no_run
//! # async fn story() -> std::io::Result<()> {
//! use callgist::call::Party;
//! use callgist::sim::{Act, Script, Settings, Switch, When};
//! use std::time::Duration;
//!
//! let switch = Switch::start(Settings::default()).await?;
//! let call = switch
//!     .call(Script {
//!         line: "352260000".into(),
//!         caller_speech: vec![0; 80_000],
//!         events: vec![(When::Bridged(Duration::from_secs(3)), Act::Hold(Party::Agent))],
//!         ..Script::default()
//!     })
//!     .await;
//! let report = call.ended().await;
//! assert!(report.bridged.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! What it does was measured on a real one (the letters F and R in comments are facts of that study): events of
//! different legs overtake each other, `Playback-Status` lies, commands run inside a sleep, taps send fillers, keys
//! that are bound are not told, a hold is told by the leg that holds. Groups, queues, parking places, loopbacks and
//! transfers are there as `extensions.xml` uses them; where the study was silent, the order of their events was
//! observed on a FreeSWITCH 1.11.2. What it does not do: registrations, outbound sockets, the sound of a conference,
//! events of modules (CUSTOM), video.
//!
//! The state is pure ([`world`]): commands, datagrams and the time go in, frames and packets come out. Sockets and
//! tasks are in [`switch`] alone.

mod agents;
mod api;
mod apps;
mod carry;
mod channel;
mod clock;
mod coder;
mod commands;
mod dialplan;
mod expand;
mod joins;
mod link;
mod media;
mod moves;
mod outside;
mod places;
mod script;
mod switch;
mod tap;
#[cfg(test)]
mod tests;
mod world;

pub use clock::SimClock;
pub use coder::Coder;
pub use script::{Act, Agent, Answers, Network, Report, Script, Side, TapReport, When};
pub use switch::{LiveCall, Switch};

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What kind of switch it is.
#[derive(Clone)]
pub struct Settings {
    pub clock: SimClock,
    /// Where the event socket listens, and where SIP comes from; port 0 takes a free one.
    pub event_socket: SocketAddr,
    pub sip: SocketAddr,
    /// Of `auth`.
    pub password: String,
    /// Of `userauth`.
    pub users: Vec<User>,
    /// Our address is not in the switch's access list.
    pub acl_refuses: bool,
    /// The dialplan: `dialplan/00_callgist.xml` with the line's own number in it.
    pub snippet: String,
    /// The context that it stands in.
    pub context: String,
    /// Where file names without a leading `/` are looked up.
    pub sounds: PathBuf,
    pub modules: Vec<String>,
    /// Whether the sofia profile `callgist` is loaded.
    pub profile: bool,
    /// What is wanted of one leg is copied of the other one: the fault that `doctor --call` is there to find.
    pub swaps_copies: bool,
    pub max_sessions: u32,
    /// A sleep of the dialplan lasts so many times longer: with a fast clock a sidecar has as long as with a real one.
    pub patience: u32,
    pub heartbeat: Duration,
    /// Chance that an event overtakes one of another leg.
    pub reorder: f64,
    /// Events kept for a reader that does not read (a real one keeps 100,000).
    pub event_queue: usize,
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Settings {
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        let modules = "mod_sofia mod_event_socket mod_dptools mod_commands mod_dialplan_xml mod_sndfile mod_tone_stream \
                       mod_loopback mod_hash";
        Settings {
            clock: SimClock::real_time(),
            event_socket: local,
            sip: local,
            password: "ClueCon".into(),
            users: Vec::new(),
            acl_refuses: false,
            snippet: include_str!("../../dialplan/00_callgist.xml").into(),
            sounds: "/usr/share/freeswitch/sounds".into(),
            modules: modules.split_whitespace().map(str::to_owned).collect(),
            context: "public".into(),
            profile: true,
            swaps_copies: false,
            max_sessions: 1_000,
            patience: 1,
            heartbeat: Duration::from_secs(20),
            reorder: 0.1,
            event_queue: 100_000,
            seed: 1,
        }
    }
}

/// A user of the directory with what he may hear and call.
#[derive(Clone, Debug)]
pub struct User {
    /// `user@domain`.
    pub name: String,
    pub password: String,
    pub events: Vec<String>,
    pub apis: Vec<String>,
}

/// Opens a sound file by its full name: 8 kHz, one channel.
type Files = Box<dyn Fn(&str) -> Option<Arc<[i16]>> + Send>;
