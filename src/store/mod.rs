//! What stays of a call: a row goes in, and comes out again until it is erased.
//!
//! One SQLite file, readable by its owner alone. In the daemon one thread writes it, and [`Store`] is the handle to
//! that; [`Clerk`] is what a command beside the daemon works with, [`Reader`] only looks. Notes come from the daemon, which has checked them at the border.
//!
//! Invariants, most of them rules of the schema (`schema/*.sql`):
//! * No column can hold audio or a transcript: the note is the only free text, and it is short.
//! * A row has a note or the reason why it has none, never both.
//! * Of a call with an objection the row tells only that, and nothing links it to a request made in it.
//! * With a key ([`Database`]) file and write-ahead log hold nothing that can be read without it; with a key for the
//!   do-not-contact list ([`ContactsKey`]) they hold no number of an entry that can.
//! * What is erased is overwritten in the file (`secure_delete`), and the write-ahead log is emptied after it; where a
//!   reader keeps it from that, at the next sweep.

mod backup;
mod call;
mod clerk;
mod contacts;
mod counts;
mod draft;
mod error;
mod key;
mod log;
mod open;
mod person;
mod promise;
mod reader;
mod reference;
mod retention;
mod seal;
#[cfg(test)]
mod tests;
mod writer;

pub use backup::Restored;
pub use call::{
    CallRecord, Decision, Draft, Kept, Marks, Measured, Name, NameError, Origin, Outcome, Played, Request,
    Segment, Sha256, Summary, UtcMillis,
};
pub use clerk::Clerk;
pub use contacts::{
    Added, Block, Channel, Contact, Exceptions, Intent, Listed, NewContact, Question, Source, State,
};
pub use counts::Counts;
pub use draft::Drafted;
pub use error::{StoreError, Trouble};
pub use key::{Database, Key};
pub use log::{Deed, Entry, Fault, Logged, Verdict};
pub use person::{Erasure, Mark};
pub use promise::Promise;
pub use reader::{Earlier, Figures, Filter, Reader};
pub use reference::Reference;
pub use retention::{Kind, LastSweep, LineRetention, Retention, Swept};
pub use seal::ContactsKey;

use crate::call::{CallId, Number};
use std::future::Future;
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use writer::Job;

/// The handle to the thread that writes. Dropping it waits until everything that was handed in is written.
pub struct Store {
    path: PathBuf,
    /// Taken when the store is closed, which ends the thread.
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Store {
    /// Opens the database, creates it where there is none, and brings its schema up to date. A do-not-contact list from
    /// before its key is encrypted.
    pub fn open(database: impl Into<Database>) -> Result<Store, StoreError> {
        let database = database.into();
        let mut connection = open::to_write(&database, open::PATIENCE)?;
        seal::settle(&mut connection, &database)?;
        let path = database.path;
        let (jobs, receiver) = mpsc::channel();
        let write = writer::Writer::new(connection, path.clone());
        let thread = std::thread::Builder::new().name("store".into()).spawn(move || write.run(&receiver));
        let thread = thread.map_err(|error| StoreError::io(&path, &error))?;
        Ok(Store { path, jobs: Some(jobs), thread: Some(thread) })
    }

    /// Whether the database can be opened so; a list from before its key stays as it is, which is what is answered:
    /// [`Trouble::ContactsPlain`].
    pub fn check(database: &Database) -> Result<(), StoreError> {
        let connection = open::to_write(database, open::PATIENCE)?;
        seal::check(&connection, database)
    }

    /// Keeps a call that has ended; the future is done when it is on the disk. It is kept also when nobody waits.
    pub fn keep(&self, call: CallRecord) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Keep(Box::new(call), answer), answered)
    }

    /// Whether there is a row of this call.
    pub fn holds(&self, call: CallId) -> impl Future<Output = Result<bool, StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Holds(call, answer), answered)
    }

    /// Keeps a request not to be contacted. It may come before its call is kept.
    pub fn keep_request(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::KeepRequest(request, answer), answered)
    }

    /// Erases a call in which somebody objected after its row was kept, with note and topics; says whether there was one.
    /// An entry in the do-not-contact list stays, and no longer says on which line.
    /// After [`Trouble::Locked`] the row is gone, but the write-ahead log still holds it: somebody reads for long.
    /// Asking again empties it, and so does the next sweep.
    pub fn erase(
        &self,
        call: CallId,
        now: UtcMillis,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Erase(call, now, answer), answered)
    }

    /// Adds an entry to the log. It is added also when nobody waits.
    pub fn log(
        &self,
        entry: Entry,
        now: UtcMillis,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Log(entry, now, answer), answered)
    }

    /// The same, unless the newest entry of its kind has the same detail: the settings are as they were.
    pub fn log_change(
        &self,
        entry: Entry,
        now: UtcMillis,
    ) -> impl Future<Output = Result<(), StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::LogChange(entry, now, answer), answered)
    }

    /// Whether this number has a standing objection: its calls are neither announced nor heard.
    pub fn objects(&self, number: Number) -> impl Future<Output = Result<bool, StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Objects(number, answer), answered)
    }

    /// The notes of this number's calls that there are already.
    pub fn earlier(
        &self,
        number: Number,
    ) -> impl Future<Output = Result<Earlier, StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Earlier(number, answer), answered)
    }

    /// Erases what is past its time.
    pub fn sweep(
        &self,
        retention: Retention,
        now: UtcMillis,
    ) -> impl Future<Output = Result<Swept, StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Sweep(retention, now, answer), answered)
    }

    /// Whether contacting this number so and for that is blocked.
    pub fn check_contact(
        &self,
        question: Question,
        now: UtcMillis,
    ) -> impl Future<Output = Result<Listed, StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Check(question, now, answer), answered)
    }

    /// Discards notes that nobody approved in time, where the settings at their end said so; how many they were.
    pub fn settle_drafts(
        &self,
        now: UtcMillis,
    ) -> impl Future<Output = Result<usize, StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Settle(now, answer), answered)
    }

    /// Every number that must not be called, for the switch.
    pub fn blocks(
        &self,
        now: UtcMillis,
    ) -> impl Future<Output = Result<Vec<Block>, StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Blocks(now, answer), answered)
    }

    /// The store's own figures at that time.
    pub fn counts(
        &self,
        retention: Retention,
        now: UtcMillis,
    ) -> impl Future<Output = Result<Counts, StoreError>> + Send + use<> {
        let (answer, answered) = oneshot::channel();
        self.ask(Job::Count(retention, now, answer), answered)
    }

    /// Hands a job to the thread now; the future waits for its answer.
    fn ask<T: Send>(
        &self,
        job: Job,
        answered: oneshot::Receiver<Result<T, StoreError>>,
    ) -> impl Future<Output = Result<T, StoreError>> + Send + use<T> {
        if let Some(jobs) = &self.jobs {
            // When the thread is gone the job comes to nothing, and with it the sender that `answered` waits for.
            let _ = jobs.send(job);
        }
        let path = self.path.clone();
        async move { answered.await.unwrap_or_else(|_| Err(StoreError::new(&path, Trouble::Ended))) }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic there was told to whoever waited for an answer.
            let _ = thread.join();
        }
    }
}

/// As hexadecimal digits, two a byte.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
