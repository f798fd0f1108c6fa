//! What the commands about kept calls share: the database at hand, the time, times and numbers as people write them.

use super::{Exit, fail};
use crate::call::Number;
use crate::config::Config;
use crate::daemon::clock::Clock;
use crate::store::{Clerk, Database, StoreError, UtcMillis};
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
        Number::in_country(text, self.country())
            .map_err(|_| fail(Exit::Usage, "a number is digits, best in E.164 form: +352621123456"))
    }
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

/// RFC 3339, in milliseconds.
/// Today's date where this machine stands.
pub fn today() -> jiff::civil::Date {
    let now = jiff::Timestamp::from_millisecond(now().0).unwrap_or_default();
    now.to_zoned_datetime(jiff::tz::TimeZone::system()).date()
}

pub fn timestamp(at: UtcMillis) -> Value {
    jiff::Timestamp::from_millisecond(at.0).map_or(Value::Null, |at| json!(format!("{at:.3}")))
}

/// `2026-11-24`, `2026-11-24 14:30` or RFC 3339; without a zone it is UTC, as everything is printed.
pub fn moment(text: &str) -> Result<UtcMillis, String> {
    let civil = text.parse::<jiff::civil::DateTime>();
    let parsed = match (text.parse::<jiff::Timestamp>(), civil) {
        (Ok(moment), _) => Some(moment),
        (_, Ok(civil)) => {
            civil.to_zoned_datetime(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
        }
        _ => None,
    };
    parsed
        .map(|moment| UtcMillis(moment.as_millisecond()))
        .ok_or_else(|| "write 2026-11-24, or 2026-11-24 14:30 (UTC)".to_owned())
}
