//! The list of who must not be contacted: an entry or a question goes in; "blocked" or "not listed" comes out.
//!
//! The list only ever protects. An entry counts from the moment it is there, confirmed or not, until it is rejected,
//! withdrawn or expired; nothing here says that somebody may be contacted. Where there is a key, `seal` hides the numbers.

use super::log::{self, Deed, Entry};
use super::seal::{self, IS_OF, NUMBER};
use super::{Clerk, Name, Request, StoreError, UtcMillis, reader};
use crate::border::{Channels, Purpose};
use crate::call::Number;
use rusqlite::{Connection, OptionalExtension, Row, named_params};

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody has looked at it; it protects.
    Pending,
    /// Somebody has; it protects.
    Confirmed,
    /// It was a mistake of ours.
    Rejected,
    /// The person has taken it back.
    Withdrawn,
}

/// Where an entry came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    Call,
    Command,
    Import,
}

/// An entry of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Contact {
    pub id: i64,
    pub request: Request,
    /// The number's last digits where the list is encrypted: what is shown of it where the whole is not asked for.
    pub tail: Option<String>,
    pub state: State,
    pub source: Source,
    /// How it came to us, or the list that it stood in.
    pub via: Option<Name>,
    /// The day on which it came to us, where that was another one.
    pub received: Option<UtcMillis>,
    pub exceptions: Exceptions,
    pub expires: Option<UtcMillis>,
    pub changed: Option<UtcMillis>,
    /// When the same was last asked for again.
    pub renewed: Option<UtcMillis>,
}

/// What may be done in spite of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exceptions {
    pub service: bool,
    pub callback: bool,
}

/// How somebody is to be contacted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    Calls,
    Email,
    Letters,
    Sms,
}

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    Advertising,
    /// About a contract that runs.
    Service,
    /// A call-back that was agreed in a call.
    Callback,
}

/// What the list says, and all that it can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    Blocked,
    NotListed,
}

/// A number that the switch must know of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block {
    pub number: Number,
    pub advertising: bool,
    pub service: bool,
    pub callback: bool,
}

/// A new entry.
#[derive(Clone, Debug, PartialEq)]
pub struct NewContact {
    pub number: Number,
    pub channels: Channels,
    pub purpose: Purpose,
    pub exceptions: Exceptions,
    pub source: Source,
    pub via: Option<Name>,
    pub received: Option<UtcMillis>,
    pub expires: Option<UtcMillis>,
}

/// What became of an entry that was to be added; the id is that of the entry that protects now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    New(i64),
    /// An entry that counts covers it already.
    Already(i64),
    /// There was the same with an earlier end, which was put off.
    Extended(i64),
}

impl Added {
    fn id(self) -> i64 {
        match self {
            Added::New(id) | Added::Already(id) | Added::Extended(id) => id,
        }
    }
}

/// What an entry asks for.
pub(super) struct Scope<'a> {
    pub number: &'a Number,
    pub channels: Channels,
    pub purpose: Purpose,
    pub exceptions: Exceptions,
    pub expires: Option<UtcMillis>,
    /// Where it was asked for.
    pub line: Option<&'a Name>,
}

impl State {
    pub const ALL: [State; 4] = [State::Pending, State::Confirmed, State::Rejected, State::Withdrawn];

    pub fn word(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Confirmed => "confirmed",
            State::Rejected => "rejected",
            State::Withdrawn => "withdrawn",
        }
    }

    fn of(word: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.word() == word)
    }

    fn deed(self) -> Deed {
        match self {
            State::Pending => Deed::ContactAdded,
            State::Confirmed => Deed::ContactConfirmed,
            State::Rejected => Deed::ContactRejected,
            State::Withdrawn => Deed::ContactWithdrawn,
        }
    }
}

impl Source {
    pub fn word(self) -> &'static str {
        match self {
            Source::Call => "call",
            Source::Command => "command",
            Source::Import => "import",
        }
    }

    fn of(word: &str) -> Option<Source> {
        [Source::Call, Source::Command, Source::Import].into_iter().find(|source| source.word() == word)
    }
}

/// Whether this number may be contacted so and for that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    pub number: Number,
    pub channel: Channel,
    pub intent: Intent,
}

impl Channel {
    pub const ALL: [Channel; 4] = [Channel::Calls, Channel::Email, Channel::Letters, Channel::Sms];

    /// As people and programs say it; the column has the same name.
    pub fn word(self) -> &'static str {
        self.column()
    }

    pub fn of(word: &str) -> Option<Channel> {
        Channel::ALL.into_iter().find(|channel| channel.word() == word)
    }

    fn column(self) -> &'static str {
        match self {
            Channel::Calls => "calls",
            Channel::Email => "email",
            Channel::Letters => "letters",
            Channel::Sms => "sms",
        }
    }
}

impl Intent {
    pub const ALL: [Intent; 3] = [Intent::Advertising, Intent::Service, Intent::Callback];

    pub fn word(self) -> &'static str {
        match self {
            Intent::Advertising => "advertising",
            Intent::Service => "service",
            Intent::Callback => "callback",
        }
    }

    pub fn of(word: &str) -> Option<Intent> {
        Intent::ALL.into_iter().find(|intent| intent.word() == word)
    }
}

impl Listed {
    pub fn word(self) -> &'static str {
        match self {
            Listed::Blocked => "blocked",
            Listed::NotListed => "not listed",
        }
    }
}

impl Clerk {
    /// The entries, the newest first; asking is logged by the caller.
    pub fn contacts(&self, number: Option<&Number>) -> Result<Vec<Contact>, StoreError> {
        self.read(|connection| list(connection, number))
    }

    /// Adds entries, all of them or none; they count at once. What an entry covers that counts already is not added again.
    pub fn add_contacts(&mut self, new: &[NewContact], now: UtcMillis) -> Result<Vec<Added>, StoreError> {
        self.write(|transaction| new.iter().map(|entry| add(transaction, entry, now)).collect())
    }

    /// What [`Clerk::add_contacts`] would do.
    pub fn try_contacts(&mut self, new: &[NewContact], now: UtcMillis) -> Result<Vec<Added>, StoreError> {
        self.rehearse(|transaction| new.iter().map(|entry| add(transaction, entry, now)).collect())
    }

    /// Changes an entry's state, which stays as its trace; false where there is no such entry.
    pub fn decide_contact(&mut self, id: i64, state: State, now: UtcMillis) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let change = format!(
                "UPDATE do_not_contact SET state = ?2, changed = ?3 WHERE id = ?1 RETURNING {NUMBER}"
            );
            let number: Option<Option<String>> = transaction
                .query_row(&change, rusqlite::params![id, state.word(), now.0], |row| row.get(0))
                .optional()?;
            let Some(number) = number else { return Ok(false) };
            let number = number.and_then(|number| Number::new(&number).ok());
            let entry = Entry::new(state.deed()).person(number.as_ref()).detail(&id.to_string());
            log::append(transaction, &entry, now).map(|()| true)
        })
    }

    /// Whether contacting this number so and for that is blocked.
    pub fn check_contact(&self, question: &Question, now: UtcMillis) -> Result<Listed, StoreError> {
        self.read(|connection| check(connection, question, now))
    }
}

fn list(connection: &Connection, number: Option<&Number>) -> rusqlite::Result<Vec<Contact>> {
    let mut statement = connection.prepare(&format!(
        "SELECT *, {NUMBER} AS whose FROM do_not_contact WHERE ?1 IS NULL OR {IS_OF}
         ORDER BY created DESC, id DESC",
    ))?;
    let rows = statement.query_map([number.map(reader::spellings)], contact)?;
    rows.collect()
}

fn add(connection: &Connection, new: &NewContact, now: UtcMillis) -> rusqlite::Result<Added> {
    let NewContact { number, channels, purpose, exceptions, expires, .. } = new;
    let scope = Scope {
        number,
        channels: *channels,
        purpose: *purpose,
        exceptions: *exceptions,
        expires: *expires,
        line: None,
    };
    if let Some(there) = renew(connection, &scope, now)? {
        told_again(connection, new, there.id(), now)?;
        return Ok(there);
    }
    let Channels { calls, email, letters, sms } = new.channels;
    connection.execute(
        "INSERT INTO do_not_contact (calls, email, letters, sms, purpose, created, state, source, via, received,
             except_service, except_callback, expires, changed)
         VALUES (:calls, :email, :letters, :sms, :purpose, :now, 'confirmed', :source, :via, :received, :service,
             :callback, :expires, :now)",
        named_params! {
            ":calls": calls,
            ":email": email,
            ":letters": letters,
            ":sms": sms,
            ":purpose": super::writer::purpose_word(new.purpose),
            ":now": now.0,
            ":source": new.source.word(),
            ":via": new.via.as_ref().map(Name::as_str),
            ":received": new.received.map(|time| time.0),
            ":service": new.exceptions.service,
            ":callback": new.exceptions.callback,
            ":expires": new.expires.map(|time| time.0),
        },
    )?;
    let id = connection.last_insert_rowid();
    seal::give_number(connection, id, Some(new.number.as_str()))?;
    let entry = Entry::new(Deed::ContactAdded).person(Some(&new.number)).detail(&id.to_string());
    log::append(connection, &entry, now)?;
    Ok(Added::New(id))
}

/// Somebody has said so now: what a call was thought to have asked for is no longer to be decided.
fn told_again(connection: &Connection, new: &NewContact, id: i64, now: UtcMillis) -> rusqlite::Result<()> {
    let told =
        "UPDATE do_not_contact SET via = coalesce(via, ?2), received = coalesce(received, ?3) WHERE id = ?1";
    let (via, received) = (new.via.as_ref().map(Name::as_str), new.received.map(|time| time.0));
    connection.execute(told, rusqlite::params![id, via, received])?;
    let confirm =
        "UPDATE do_not_contact SET state = 'confirmed', changed = ?2 WHERE id = ?1 AND state = 'pending'";
    if connection.execute(confirm, rusqlite::params![id, now.0])? > 0 {
        let entry = Entry::new(Deed::ContactConfirmed).person(Some(&new.number)).detail(&id.to_string());
        log::append(connection, &entry, now)?;
    }
    Ok(())
}

/// Where an entry that counts covers all of it, that one is as good as new; and where it is the same but for an earlier
/// end, it ends as is asked for now. Nothing where there is none: one that is wider is not made to last longer for it.
/// Asked for on another line it is of none from then on, and stays for the longest period that any has.
pub(super) fn renew(
    connection: &Connection,
    scope: &Scope<'_>,
    now: UtcMillis,
) -> rusqlite::Result<Option<Added>> {
    let Channels { calls, email, letters, sms } = scope.channels;
    // Advertising is never excepted.
    let advertising = scope.purpose == Purpose::Advertising;
    let Exceptions { service, callback } = scope.exceptions;
    let (service, callback) = (service || advertising, callback || advertising);
    let until = scope.expires.map_or(i64::MAX, |time| time.0);
    let covering = format!(
        "SELECT id, lasts FROM (
             SELECT id, coalesce(expires, {FOR_EVER}) >= ?9 AS lasts,
                 (calls, email, letters, sms) = (?3, ?4, ?5, ?6) AND (purpose = 'advertising') = ?10
                     AND (?10 OR (except_service, except_callback) = (?7, ?8)) AS same
             FROM do_not_contact
             WHERE {IS_OF} AND {ACTIVE} AND calls >= ?3 AND email >= ?4 AND letters >= ?5 AND sms >= ?6
                 AND (?10 OR purpose = 'everything') AND except_service <= ?7 AND except_callback <= ?8)
         WHERE lasts OR same ORDER BY lasts DESC, id LIMIT 1"
    );
    let of = reader::spellings(scope.number);
    let wish =
        rusqlite::params![of, now.0, calls, email, letters, sms, service, callback, until, advertising];
    let found =
        connection.query_row(&covering, wish, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, bool>(1)?)));
    let Some((id, lasts)) = found.optional()? else { return Ok(None) };
    if !lasts {
        let extend = "UPDATE do_not_contact SET expires = ?2 WHERE id = ?1";
        connection.execute(extend, rusqlite::params![id, scope.expires.map(|time| time.0)])?;
    }
    let renew =
        "UPDATE do_not_contact SET renewed = ?2, line = CASE WHEN line IS ?3 THEN line END WHERE id = ?1";
    connection.execute(renew, rusqlite::params![id, now.0, scope.line.map(Name::as_str)])?;
    let entry = Entry::new(Deed::ContactRenewed).person(Some(scope.number)).detail(&id.to_string());
    log::append(connection, &entry, now)?;
    Ok(Some(if lasts { Added::Already(id) } else { Added::Extended(id) }))
}

pub(super) fn check(
    connection: &Connection,
    question: &Question,
    now: UtcMillis,
) -> rusqlite::Result<Listed> {
    let Question { number, channel, intent } = question;
    let passes = match intent {
        Intent::Advertising => "0",
        Intent::Service => "purpose = 'advertising' OR except_service",
        Intent::Callback => "purpose = 'advertising' OR except_callback",
    };
    let blocked = format!(
        "SELECT EXISTS (SELECT 1 FROM do_not_contact WHERE {IS_OF} AND {}
             AND {ACTIVE} AND NOT ({passes}))",
        channel.column()
    );
    let blocked: bool =
        connection
            .query_row(&blocked, rusqlite::params![reader::spellings(number), now.0], |row| row.get(0))?;
    Ok(if blocked { Listed::Blocked } else { Listed::NotListed })
}

/// Every number that may not be called, for the switch.
pub(super) fn blocks(connection: &Connection, now: UtcMillis) -> rusqlite::Result<Vec<Block>> {
    let mut statement = connection.prepare(&format!(
        "SELECT min({NUMBER}) AS whose, max(purpose = 'everything' AND NOT except_service) AS service,
                max(purpose = 'everything' AND NOT except_callback) AS callback
         FROM do_not_contact WHERE coalesce(hash, number) IS NOT NULL AND calls AND ?1 IS NULL AND {ACTIVE}
         GROUP BY coalesce(hash, number) ORDER BY whose"
    ))?;
    let rows = statement.query_map(rusqlite::params![None::<i64>, now.0], |row| {
        Ok(Block {
            number: reader::read(row, "whose", reader::number)?,
            advertising: true,
            service: row.get("service")?,
            callback: row.get("callback")?,
        })
    })?;
    rows.collect()
}

fn contact(row: &Row<'_>) -> rusqlite::Result<Contact> {
    let time = |column| row.get::<_, Option<i64>>(column).map(|time| time.map(UtcMillis));
    Ok(Contact {
        id: row.get("id")?,
        request: reader::request(row)?,
        tail: row.get("tail")?,
        state: reader::read(row, "state", State::of)?,
        source: reader::read(row, "source", Source::of)?,
        via: reader::maybe(row, "via", reader::name)?,
        received: time("received")?,
        exceptions: Exceptions { service: row.get("except_service")?, callback: row.get("except_callback")? },
        expires: time("expires")?,
        changed: time("changed")?,
        renewed: time("renewed")?,
    })
}

/// An entry that counts; `?2` is now.
const ACTIVE: &str = "state IN ('pending', 'confirmed') AND (expires IS NULL OR expires > ?2)";

/// What an entry without an end lasts for.
const FOR_EVER: &str = "9223372036854775807";
