//! What the daemon does for the store by itself: the settings' version goes into the log, every hour what is past its time
//! is erased and counted, and it is looked whether what was published still holds; drafts that nobody approved in time are
//! discarded where that is set.

use super::clock::Clock;
use super::ears::Diary;
use super::{Desk, events};
use crate::config::Config;
use crate::store::{Deed, Entry, LineRetention, Name, Retention, Store, StoreError, UtcMillis};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How long what stays, as the settings say.
pub fn retention(config: &Config) -> Retention {
    let lines = config.lines.iter().filter_map(|line| {
        let name = Name::new(&line.name).ok()?;
        Some(LineRetention {
            line: name,
            notes_days: line.keep_notes_days,
            rows_days: line.keep_rows_days,
            wishes_days: line.keep_wishes_days,
        })
    });
    Retention {
        lines: lines.collect(),
        log_days: config.store.keep_log_days,
        objections_days: config.store.keep_objections_days,
        erased_days: config.store.keep_erased_days,
    }
}

/// Tells the log of ears that are locked in and that end. It does not keep the store open.
pub(super) fn diary(store: &Arc<Store>, clock: Clock) -> Diary {
    let store = Arc::downgrade(store);
    Arc::new(move |recogniser, started| {
        let deed = if started { Deed::EarStarted } else { Deed::EarEnded };
        if let Some(store) = store.upgrade() {
            log(&store, Entry::new(deed).detail(recogniser.word()), UtcMillis(clock.utc_ms()));
        }
    })
}

/// Adds an entry to the content-free log; nobody waits for it.
pub(super) fn log(store: &Store, entry: Entry, now: UtcMillis) {
    told(entry.deed, store.log(entry, now));
}

/// Tells the log which settings calls go by from now on, if it does not say so already.
pub(super) fn log_settings(store: &Store, version: &str, now: UtcMillis) {
    let deed = Deed::SettingsChanged;
    told(deed, store.log_change(Entry::new(deed).detail(version), now));
}

/// An entry that could not be written is told: the log itself does not show what it lacks.
fn told(deed: Deed, written: impl Future<Output = Result<(), StoreError>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = written.await {
            events::NotLogged { deed, why: &error.to_string() }.log();
        }
    });
}

/// Runs until it is dropped.
pub(super) async fn keep_house(desk: Arc<Desk>, settings: String, clock: Clock) {
    let now = || UtcMillis(clock.utc_ms());
    log_settings(&desk.store, &settings, now());
    let mut due = clock.now();
    loop {
        if clock.now() >= due {
            sweep(&desk, now()).await;
            tell_drifts(desk.clone()).await;
            due = clock.now() + SWEEP_EVERY;
        }
        match desk.store.settle_drafts(now()).await {
            Ok(notes) => events::DraftsDiscarded { notes }.log(),
            Err(error) => events::NotSettled { why: &error.to_string() }.log(),
        }
        clock.sleep(SETTLE_EVERY).await;
    }
}

/// Says of each line whose published texts no longer hold that it is so.
pub(super) async fn tell_drifts(desk: Arc<Desk>) {
    for drift in desk.drifts().await.iter().filter(|drift| drift.is_any()) {
        events::Drifted { drift }.log();
    }
}

async fn sweep(desk: &Desk, now: UtcMillis) {
    match desk.store.sweep(retention(&desk.settings()), now).await {
        Ok(swept) => events::Swept { swept }.log(),
        Err(error) => events::NotSwept { why: &error.to_string() }.log(),
    }
}

/// Longer, and a draft that is to be discarded outlives its minutes for longer; shorter asks the store more often.
const SETTLE_EVERY: Duration = Duration::from_secs(10);

/// More often costs a little disk; less often keeps rows longer than the settings say.
pub const SWEEP_EVERY: Duration = Duration::from_secs(3_600);
