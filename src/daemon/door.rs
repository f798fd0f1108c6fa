//! The door for questions by HTTP (`[http] listen`): connections come in, one question and one answer each: about the
//! do-not-contact list, or for the figures.
//!
//! It was opened before the rights were given up, so none is needed for it. Whoever connects can hold one seat for a few
//! seconds and send a few kilobytes, and no call ever waits for it. Who asked and about whom is not logged.

use super::clock::Clock;
use super::events;
use super::housekeeping::retention;
use crate::figures;
use crate::http::{self, LONGEST_HEAD, Refusal, Wish};
use crate::store::{Listed, Question, UtcMillis};
use std::io;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

/// What a question is answered from.
#[derive(Clone)]
pub(super) struct Desk {
    /// It does not keep the store open.
    pub desk: Weak<super::Desk>,
    pub clock: Clock,
    /// The country that national numbers belong to: the first line's.
    pub country: String,
}

/// Begins to answer.
pub(super) fn open(listener: std::net::TcpListener, desk: Desk) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    events::DoorOpen { listen: listener.local_addr()? }.log();
    tokio::spawn(attend(listener, desk));
    Ok(())
}

async fn attend(listener: TcpListener, desk: Desk) {
    let seats = Arc::new(Semaphore::new(SEATS));
    loop {
        // Whoever finds none waits in the kernel's own queue, which is bounded, too.
        let Ok(seat) = seats.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // There are no descriptors left, say; that passes or does not.
            desk.clock.sleep(BREATH).await;
            continue;
        };
        let desk = desk.clone();
        tokio::spawn(async move {
            // Who does not speak in time, or goes away, is let go.
            let _ = tokio::time::timeout(WITHIN, serve(stream, &desk)).await;
            drop(seat);
        });
    }
}

async fn serve(mut stream: TcpStream, desk: &Desk) -> io::Result<()> {
    let response = match asked(&mut stream, &desk.country).await? {
        Some(Ok(Wish::Check(question))) => http::answer(look(question, desk).await),
        Some(Ok(Wish::Figures)) => match count(desk).await {
            Ok(text) => http::figures(&text),
            Err(refusal) => http::answer(Err(refusal)),
        },
        Some(Err(refusal)) => http::answer(Err(refusal)),
        None => return Ok(()),
    };
    stream.write_all(&response).await?;
    stream.shutdown().await
}

/// Nothing where whoever connected went away without a question.
async fn asked(stream: &mut TcpStream, country: &str) -> io::Result<Option<Result<Wish, Refusal>>> {
    let mut head = Vec::with_capacity(LONGEST_HEAD);
    loop {
        let room = LONGEST_HEAD - head.len();
        if (&mut *stream).take(room as u64).read_buf(&mut head).await? == 0 {
            return Ok(None);
        }
        if let Some(wish) = http::read(&head, country) {
            return Ok(Some(wish));
        }
    }
}

async fn look(question: Question, desk: &Desk) -> Result<Listed, Refusal> {
    let own = desk.desk.upgrade().ok_or(Refusal::Unknown)?;
    let asked = own.store.check_contact(question, UtcMillis(desk.clock.utc_ms()));
    drop(own);
    asked.await.map_err(|_| Refusal::Unknown)
}

/// The figures at this moment, by the settings that calls go by.
async fn count(desk: &Desk) -> Result<String, Refusal> {
    let own = desk.desk.upgrade().ok_or(Refusal::Uncounted)?;
    let now = UtcMillis(desk.clock.utc_ms());
    let counted = own.store.counts(retention(&own.settings()), now);
    let drifts = own.drifts();
    drop(own);
    let (counts, drifts) = (counted.await.map_err(|_| Refusal::Uncounted)?, drifts.await);
    Ok(figures::text(&figures::samples(&counts, &drifts, now)))
}

/// Fewer, and a few that say nothing keep others waiting; more would only cost memory.
const SEATS: usize = 16;

/// A program of this host asks within milliseconds; longer lets whoever says nothing keep a seat for longer.
const WITHIN: Duration = Duration::from_secs(2);

/// Between two tries to take a connection that the kernel cannot give us.
const BREATH: Duration = Duration::from_millis(200);
