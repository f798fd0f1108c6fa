//! Whether the objection key of a caller still works: what the dialplan binds goes in, a key that died comes out; pure.
//!
//! One realm of keys is active on a leg, and binding anything switches to its realm, without an error (F110). A dialplan
//! that binds keys of its own behind the snippet so kills ours, and its notice then promises what does not work. Keys that
//! the dialplan clears on purpose, before a menu, are another matter: it binds them again.

use crate::call::Leg;
use crate::wire::esl::{Event, EventName};
use std::collections::{BTreeMap, BTreeSet};

/// The callers' legs on which the objection key was seen to be bound.
#[derive(Default)]
pub(super) struct Keys(BTreeMap<Leg, Bound>);

#[derive(Default)]
struct Bound {
    /// Realms in which the objection key is bound.
    ours: BTreeSet<Box<str>>,
    died: bool,
}

impl Keys {
    /// Reads any event; the realm that has just made a caller's objection key dead.
    pub fn read<'a>(&mut self, event: &'a Event) -> Option<&'a str> {
        match event.name() {
            EventName::ChannelExecute => {}
            EventName::ChannelHangup | EventName::ChannelHangupComplete => {
                self.0.remove(&leg(event)?);
                return None;
            }
            _ => return None,
        }
        let data = event.application_data().unwrap_or_default();
        let realm = data.split(',').next().unwrap_or_default();
        match event.application()? {
            "bind_digit_action" if data.contains(OBJECTS) => self.bound(leg(event)?, realm),
            // Of the other leg's keys.
            "bind_digit_action" if data.split(',').nth(4) == Some("peer") => None,
            "bind_digit_action" | "digit_action_set_realm" => self.switched(&leg(event)?, realm),
            "clear_digit_action" => self.cleared(&leg(event)?, realm),
            _ => None,
        }
    }

    fn bound(&mut self, leg: Leg, realm: &str) -> Option<&'static str> {
        let bound = self.0.entry(leg).or_default();
        bound.ours.insert(realm.into());
        bound.died = false;
        None
    }

    fn switched<'a>(&mut self, leg: &Leg, realm: &'a str) -> Option<&'a str> {
        let bound = self.0.get_mut(leg)?;
        let dead = !bound.ours.contains(realm);
        let died = dead && !bound.died;
        bound.died = dead;
        died.then_some(realm)
    }

    fn cleared(&mut self, leg: &Leg, realm: &str) -> Option<&'static str> {
        let bound = self.0.get_mut(leg)?;
        bound.ours.remove(realm);
        if bound.ours.is_empty() || realm == "all" {
            self.0.remove(leg);
        }
        None
    }

    /// Of a connection that is gone nothing more is known.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

fn leg(event: &Event) -> Option<Leg> {
    Leg::new(event.unique_id()?).ok()
}

/// What our own key does, in whichever realm and whatever its digits.
const OBJECTS: &str = "set,callgist_objection=";

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: (&str, &str) = ("bind_digit_action", "callgist,*9,exec[i]:set,callgist_objection=caller");
    const REALM: (&str, &str) = ("digit_action_set_realm", "callgist");

    /// The realms that killed the key of leg `a` by these applications, one after the other.
    fn killers(applications: &[(&str, &str)]) -> Vec<String> {
        let mut keys = Keys::default();
        let run = |(application, data): &(&str, &str)| {
            let event = Event::new("CHANNEL_EXECUTE")
                .with("Unique-ID", "a")
                .with("Application", application)
                .with("Application-Data", data);
            keys.read(&event).map(str::to_owned)
        };
        applications.iter().filter_map(run).collect()
    }

    #[test]
    fn keys_that_are_bound_behind_ours_in_another_realm_kill_it_and_are_told_once() {
        let theirs = ("bind_digit_action", "local,*1,exec:execute_extension,dx XML features");
        assert_eq!(killers(&[OURS, REALM, theirs, ("digit_action_set_realm", "local"), theirs]), ["local"]);
        assert_eq!(killers(&[OURS, REALM, ("digit_action_set_realm", "none")]), ["none"]);
    }

    #[test]
    fn our_own_snippet_and_keys_in_the_same_realm_kill_nothing() {
        assert!(killers(&[OURS, REALM, OURS, REALM]).is_empty());
        let ours = ("bind_digit_action", "local,*9,exec[i]:set,callgist_objection=caller");
        let theirs = ("bind_digit_action", "local,*1,exec:execute_extension,dx XML features,both,self");
        assert!(killers(&[ours, theirs, ("digit_action_set_realm", "local")]).is_empty());
        // Bound once more into their realm, which cures it.
        assert_eq!(killers(&[OURS, theirs, ours, theirs]), ["local"]);
    }

    #[test]
    fn keys_that_are_cleared_before_a_menu_are_no_matter_and_those_of_other_legs_neither() {
        let menu = ("bind_digit_action", "menu,1,exec:set,x=1");
        assert!(killers(&[OURS, REALM, ("clear_digit_action", "callgist"), menu]).is_empty());
        assert!(killers(&[OURS, REALM, ("bind_digit_action", "theirs,1,exec:set,x=1,peer")]).is_empty());
        // On a leg without our key, an agent's.
        assert!(killers(&[menu]).is_empty());
    }

    #[test]
    fn a_leg_that_has_ended_is_forgotten() {
        let mut keys = Keys::default();
        keys.bound(Leg::new("a").unwrap(), "callgist");
        keys.read(&Event::new("CHANNEL_HANGUP").with("Unique-ID", "a"));
        assert!(keys.0.is_empty());
    }
}
