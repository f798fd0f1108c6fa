//! What the commands about kept calls share: the database at hand, the time, times and numbers as people write them.

use super::{Exit, fail};
use crate::call::Number;
use crate::config::Config;
use crate::daemon::clock::Clock;
use crate::store::{Clerk, Database, StoreError, UtcMillis};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// The options of every such command.
#[derive(clap::Args)]
pub struct Common {
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
    /// The database, instead of the one in the settings.
    #[arg(long, value_name = "FILE")]
    pub database: Option<PathBuf>,
    /// The key of an encrypted database, instead of the one in the settings.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// The key of the numbers on the do-not-contact list, instead of the one in the settings.
    #[arg(long, value_name = "FILE")]
    pub contacts_key_file: Option<PathBuf>,
}

/// The settings, where they are needed or there, and the database.
pub struct Place {
    pub config: Option<Config>,
    pub database: Database,
}

impl Common {
    /// Where the database is; says on standard error why that cannot be told.
    pub fn place(&self, path: &Path) -> Result<Place, Exit> {
        let config = match Config::load(path) {
            Ok(config) => Some(config),
            Err(_) if self.database.is_some() => None,
            Err(problems) => return Err(fail(Exit::Config, &format!("{}:\n{problems}", path.display()))),
        };
        let set = config.as_ref().map(|config| &config.store);
        let file = self.database.clone().or(set.map(|store| store.database.clone())).unwrap_or_default();
        let key_file = self.key_file.clone().or(set.and_then(|store| store.key_file.clone()));
        let contacts = self.contacts_key_file.clone();
        let contacts = contacts.or(set.and_then(|store| store.contacts_key_file.clone()));
        match Database::new(&file, key_file.as_deref(), contacts.as_deref()) {
            Ok(database) => Ok(Place { config, database }),
            Err(error) => Err(fail(Exit::Store, &format!("{error:#}"))),
        }
    }
}

impl Place {
    /// The country that national numbers belong to: the first line's.
    pub fn country(&self) -> &str {
        self.config.as_ref().and_then(|config| config.lines.first()).map_or("", |line| &line.country_code)
    }

    /// A number as a person wrote it.
    pub fn number(&self, text: &str) -> Result<Number, Exit> {
        number(text, self.country())
    }
}

/// The same, where national numbers are those of this country.
pub fn number(text: &str, country: &str) -> Result<Number, Exit> {
    Number::in_country(text, country)
        .map_err(|_| fail(Exit::Usage, "a number is digits, best in E.164 form: +352621123456"))
}

/// Runs what a command does with the database.
pub fn with_clerk(
    common: &Common,
    path: &Path,
    work: impl FnOnce(&Place, &mut Clerk) -> Result<Exit, StoreError>,
) -> Exit {
    let place = match common.place(path) {
        Ok(place) => place,
        Err(exit) => return exit,
    };
    let done = Clerk::open(place.database.clone()).and_then(|mut clerk| work(&place, &mut clerk));
    done.unwrap_or_else(|error| fail(Exit::Store, &error.to_string()))
}

/// `1 call`, `2 calls`.
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, one: &str, more: &str) -> String {
    let what = if count == N::from(1) { one } else { more };
    format!("{count} {what}")
}

pub fn now() -> UtcMillis {
    UtcMillis(Clock::new(1).utc_ms())
}

/// `2026-11-24 23:05:17`
pub fn time(at: UtcMillis) -> String {
    jiff::Timestamp::from_millisecond(at.0)
        .map_or_else(|_| at.0.to_string(), |at| at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// Today's date where this machine stands.
pub fn today() -> jiff::civil::Date {
    Zone::of(false).day(now()).unwrap_or_default()
}

/// RFC 3339, in milliseconds.
pub fn timestamp(at: UtcMillis) -> Value {
    jiff::Timestamp::from_millisecond(at.0).map_or(Value::Null, |at| json!(format!("{at:.3}")))
}

/// A time as a person wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It says from where.
    Exact(UtcMillis),
    /// A day and an hour on the wall, somewhere.
    Civil(jiff::civil::DateTime),
}

/// Where what a person wrote without saying so is meant.
pub struct Zone(TimeZone);

impl Zone {
    /// The host's own, or UTC where that is asked for or the host has none.
    pub fn of(utc: bool) -> Zone {
        Zone(if utc { TimeZone::UTC } else { TimeZone::try_system().unwrap_or(TimeZone::UTC) })
    }

    /// The date there at that time; nothing where no calendar of ours has it.
    pub fn day(&self, at: UtcMillis) -> Option<jiff::civil::Date> {
        let at = jiff::Timestamp::from_millisecond(at.0).ok()?;
        Some(self.0.to_datetime(at).date())
    }

    pub fn at(&self, moment: Moment) -> UtcMillis {
        match moment {
            Moment::Exact(at) => at,
            // Of an hour that a clock skips or has twice it is one of the two that are near; of a day that no calendar of
            // ours has, the end of time.
            Moment::Civil(civil) => civil
                .to_zoned_datetime(self.0.clone())
                .map_or(UtcMillis(i64::MAX), |zoned| UtcMillis(zoned.timestamp().as_millisecond())),
        }
    }

    /// `2026-11-24 00:00 Europe/Luxembourg, which is 2026-11-23 23:00:00 UTC`
    pub fn words(&self, moment: Moment) -> String {
        let at = time(self.at(moment));
        match moment {
            Moment::Civil(civil) if self.0 != TimeZone::UTC => {
                let name = self.0.iana_name().unwrap_or("local time");
                format!("{} {name}, which is {at} UTC", civil.strftime("%Y-%m-%d %H:%M"))
            }
            _ => format!("{at} UTC"),
        }
    }
}

/// `2026-11`, `2026-11-24`, `2026-11-24 14:30`, or RFC 3339 with its zone.
pub fn moment(text: &str) -> Result<Moment, String> {
    let of_month = format!("{text}-01");
    let text = if text.len() == "2026-11".len() { of_month.as_str() } else { text };
    let exact = text.parse::<jiff::Timestamp>().map(|at| Moment::Exact(UtcMillis(at.as_millisecond())));
    exact
        .or_else(|_| text.parse::<jiff::civil::DateTime>().map(Moment::Civil))
        .map_err(|_| "write 2026-11, 2026-11-24, \"2026-11-24 14:30\" or 2026-11-24T14:30Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_and_a_day_begin_where_the_host_is_and_an_exact_time_is_the_same_everywhere() {
        let there = Zone(TimeZone::fixed(jiff::tz::offset(2)));
        let utc = Zone::of(true);
        let ms = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        for (text, in_utc) in [
            ("2026-10", "2026-10-01T00:00:00Z"),
            ("2026-10-01", "2026-10-01T00:00:00Z"),
            ("2026-10-01 14:30", "2026-10-01T14:30:00Z"),
        ] {
            let moment = moment(text).unwrap();
            assert_eq!(utc.at(moment).0, ms(in_utc), "{text}");
            assert_eq!(there.at(moment).0, ms(in_utc) - 2 * 3_600_000, "{text}");
        }
        let exact = moment("2026-10-01T00:00:00+02:00").unwrap();
        assert_eq!((utc.at(exact), there.at(exact)), (there.at(exact), utc.at(exact)));
        assert_eq!(
            there.words(moment("2026-10").unwrap()),
            "2026-10-01 00:00 local time, which is 2026-09-30 22:00:00 UTC"
        );
        assert_eq!(utc.words(moment("2026-10").unwrap()), "2026-10-01 00:00:00 UTC");
        for wrong in ["", "soon", "2026", "2026-13", "2026-10-32"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
