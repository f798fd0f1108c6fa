//! Settings that were read anew go in; the lines go by them from the next call on, or the old ones stay and the log says
//! why.
//!
//! Lines can be changed, added, taken away and switched off without a restart. The other sections are read at the start
//! alone: the rights to their paths and ports are given up afterwards.

use super::switches::Switches;
use super::{Desk, Reading, events, housekeeping, prepare};
use crate::config::{Config, Store, Switch};
use crate::store::UtcMillis;
use std::sync::Arc;

pub struct Reload<'a> {
    running: Config,
    desk: Arc<Desk>,
    switches: &'a Switches,
}

impl<'a> Reload<'a> {
    pub fn new(config: &Config, desk: Arc<Desk>, switches: &'a Switches) -> Reload<'a> {
        Reload { running: config.clone(), desk, switches }
    }

    pub fn read(&mut self, reading: Reading) {
        match reading.and_then(|config| self.apply(config)) {
            Ok(lines) => events::Reloaded { lines }.log(),
            Err(why) => events::NotReloaded { why: &why }.log(),
        }
    }

    /// All of the lines or none; how many there are.
    fn apply(&mut self, new: Config) -> Result<usize, String> {
        let prepared = prepare(&new).map_err(|error| error.to_string())?;
        if let Some(line) = new.lines.iter().find(|line| !self.switches.serve(line)) {
            return Err(format!(
                "line \"{}\" is on a switch that callgist was not started with: restart callgist for it",
                line.name
            ));
        }
        for line in new.lines.iter().filter(|line| line.is_on()) {
            let recogniser = prepared.get(&line.name).map(|line| line.recogniser);
            if recogniser.is_some_and(|recogniser| !self.desk.ears.serves(recogniser, line.language)) {
                return Err(format!(
                    "line \"{}\" needs an ear that does not run: restart callgist for it",
                    line.name
                ));
            }
        }
        self.waits_for_a_restart(&new).into_iter().for_each(|section| events::NeedsRestart { section }.log());
        super::tell_what_lines_wait_for(&new);
        *self.desk.lines() = prepared;
        let now = UtcMillis(self.desk.clock.utc_ms());
        housekeeping::log_settings(&self.desk.store, &new.version(), now);
        self.switches.replace_lines(&new);
        self.running.lines.clone_from(&new.lines);
        self.desk.change_settings(new);
        tokio::spawn(housekeeping::tell_drifts(self.desk.clone()));
        Ok(self.running.lines.len())
    }

    fn waits_for_a_restart(&self, new: &Config) -> Vec<&'static str> {
        let Config { switches, sip, store, ears, sandbox, http, .. } = &self.running;
        let read_once = |store: &Store| {
            let Store { database, key_file, contacts_key_file, .. } = store.clone();
            (database, key_file, contacts_key_file)
        };
        let reached = switches.iter().map(Switch::without_password);
        let sections = [
            ("[switch]", reached.ne(new.switches.iter().map(Switch::without_password))),
            ("[sip]", *sip != new.sip),
            ("[store]", read_once(store) != read_once(&new.store)),
            ("[ears]", *ears != new.ears),
            ("[sandbox]", *sandbox != new.sandbox),
            ("[http]", *http != new.http),
        ];
        sections.into_iter().filter_map(|(section, changed)| changed.then_some(section)).collect()
    }
}
