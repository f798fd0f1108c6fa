//! The settings' switches go in; each gets a link, a board and calls of its own, so that what becomes of one is no matter
//! of the others. Ears, store, room and the copies' SIP are shared.

use super::Desk;
use super::freeswitch::{Board, FreeSwitch, LinkError, SharedLines, instance, start_link};
use super::switch::Begun;
use crate::call::Event;
use crate::config::{Config, Line};
use futures_util::future::join_all;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;

/// All of them.
pub struct Switches(Vec<Joined>);

/// One of them.
struct Joined {
    switch: FreeSwitch,
    lines: SharedLines,
    refused: watch::Receiver<Option<LinkError>>,
}

/// A switch that does not let us in, and why: somebody has to mend it.
#[derive(Debug)]
pub struct Refused {
    switch: Option<String>,
    why: LinkError,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.switch {
            Some(name) => write!(f, "{name}: {}", self.why),
            None => write!(f, "{}", self.why),
        }
    }
}

/// Joins the switches of the settings. Their work is done as long as the future beside them is polled; each call that
/// begins at one of them goes to `begun`.
pub(super) fn join(
    config: &Config,
    desk: &Arc<Desk>,
    begun: &UnboundedSender<Begun>,
) -> (Switches, impl Future<Output = ()> + use<>) {
    let (mut joined, mut work) = (Vec::new(), Vec::new());
    for settings in &config.switches {
        let (link, news) = start_link(settings.clone(), instance(&config.sip, settings), desk.clock);
        let switch = FreeSwitch::new(settings, &config.sip, link, desk.taps.clone(), desk.clock);
        let lines = SharedLines::new(config.lines_at(switch.name()));
        let asked = desk.clone();
        let willing = move |line: &Line| asked.admits(line, asked.recogniser(line)).is_ok();
        let board = Board::new(switch.clone(), lines.clone(), begun.clone(), Box::new(willing));
        let countries = config.lines_at(switch.name()).map(|line| line.country_code.clone()).collect();
        let blocks = switch.clone().keep_blocks(desk.store.clone(), countries);
        joined.push(Joined { switch, lines, refused: board.refused() });
        work.push(async move { tokio::join!(board.run(news), blocks) });
    }
    let work = async move {
        join_all(work).await;
    };
    (Switches(joined), work)
}

impl Switches {
    /// Done when each of them refuses us: as long as one may let us in, the others are tried again and again, too.
    pub async fn refused(&self) -> Vec<Refused> {
        let mut seen: Vec<_> = self.0.iter().map(|one| one.refused.clone()).collect();
        loop {
            for one in &mut seen {
                // The board tells of it as long as the daemon runs.
                let _ = one.wait_for(Option::is_some).await;
            }
            // The first may have let us in while the last was waited for.
            let refused = self.0.iter().map(|one| Some((one, one.refused.borrow().clone()?)));
            if let Some(all) = refused.collect::<Option<Vec<_>>>() {
                let named =
                    |(one, why): (&Joined, _)| Refused { switch: one.switch.name().map(str::to_owned), why };
                return all.into_iter().map(named).collect();
            }
        }
    }

    /// Whether the line's switch is one of them.
    pub fn serve(&self, line: &Line) -> bool {
        self.0.iter().any(|one| one.switch.name() == line.switch.as_deref())
    }

    /// Each goes by these settings of its lines from the next call on.
    pub fn replace_lines(&self, config: &Config) {
        self.0.iter().for_each(|one| one.lines.replace(config.lines_at(one.switch.name())));
    }

    /// Tells every call of every switch the same.
    pub fn deliver_all(&self, event: &Event) {
        self.0.iter().for_each(|one| one.switch.deliver_all(event));
    }

    /// Each is told that nobody need wait for us any more, then its calls that we go. One that does not answer keeps
    /// neither its own calls waiting nor those of the others.
    pub async fn leave(&self) {
        let told = self.0.iter().map(|one| async {
            let _ = tokio::time::timeout(TOLD_WITHIN, one.switch.withdraw()).await;
            one.switch.deliver_all(&Event::Shutdown);
        });
        join_all(told).await;
    }

    /// Done when each has done all that it was told, and has said so.
    pub async fn withdraw(&self) {
        join_all(self.0.iter().map(|one| one.switch.withdraw())).await;
    }
}

/// The switch answers within its 20 ms poll (F34).
const TOLD_WITHIN: Duration = Duration::from_secs(1);
