//! What the commands about kept calls share: the database at hand, the time, times and numbers as people write them.

use super::{Exit, fail};
use crate::call::Number;
use crate::config::Config;
use crate::daemon::clock::Clock;
use crate::store::{Clerk, StoreError, UtcMillis};
use serde_json::{Value, json};
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
}

/// The settings, where they are needed or there, and the database.
pub struct Place {
    pub config: Option<Config>,
    pub database: PathBuf,
}

impl Common {
    /// Where the database is; says on standard error why that cannot be told.
    pub fn place(&self, path: &Path) -> Result<Place, Exit> {
        if let Some(database) = &self.database {
            return Ok(Place { config: Config::load(path).ok(), database: database.clone() });
        }
        match Config::load(path) {
            Ok(config) => Ok(Place { database: config.store.database.clone(), config: Some(config) }),
            Err(problems) => Err(fail(Exit::Config, &format!("{}:\n{problems}", path.display()))),
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
    let done = Clerk::open(&place.database).and_then(|mut clerk| work(&place, &mut clerk));
    done.unwrap_or_else(|error| fail(Exit::Store, &error.to_string()))
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
