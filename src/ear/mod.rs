//! The process that hears: sockets go in, notes come out; in between it locks itself in and runs `confidential`.
//!
//! The order is the sandbox's ([`crate::sandbox::ear`]): give up what can be given up while there is one thread, load
//! the model and warm it up, leave every path, start the threads that decode, lock them all, try every forbidden
//! act from each of them, and only then say `Ready`. Plain threads, no async runtime: one of those wakes itself by
//! writing to a descriptor.
//!
//! Until the lock nothing has been heard, and what goes wrong is explained on standard error. After it nothing is
//! printed by anybody; an ear that cannot go on ends with a number ([`EarExit`]).

mod arguments;
mod clock;
mod watch;
mod way;

pub use arguments::{ArgumentError, Arguments};

use crate::border::{EarExit, FromEar, ModelId};
use crate::confidential::recogniser::Recogniser;
use crate::confidential::{Engine, Hall, NoteTaker, panic_hook};
use crate::sandbox::ear::{self as sandbox, Begun, Code};
use crate::sandbox::{LockError, pages, trial};
use clock::Clock;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::ffi::{CStr, OsString};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Barrier, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

/// All of an ear's `main`: `load` brings the recogniser, `code` says whether it makes code at run time.
pub fn main<R: Recogniser, E: Display>(
    code: Code,
    load: impl FnOnce(&Arguments) -> Result<R, E> + Send,
) -> ExitCode {
    run(code, std::env::args_os().skip(1), load, Engine)
}

/// The same with another note taker; the tests', whose recogniser is scripted.
pub fn run<R: Recogniser, E: Display, N: NoteTaker<Note: Serialize>>(
    code: Code,
    words: impl Iterator<Item = OsString>,
    load: impl FnOnce(&Arguments) -> Result<R, E> + Send,
    note_taker: N,
) -> ExitCode {
    std::panic::set_hook(Box::new(panic_hook));
    let Ok(arguments) = Arguments::read(words) else {
        explain("an ear is started by callgist run: --model FOLDER --threads N --factor F");
        return end(EarExit::Usage);
    };
    let begun = match sandbox::before_threads(&arguments.model) {
        Ok(begun) => begun,
        Err(error) => return lock_failed(error),
    };
    for words in begun.given.in_words().chain((!pages::lock()).then_some(pages::NOT_LOCKED)) {
        explain(words);
    }
    // On a thread of its own, so that the library's threads, which inherit, step back behind telephony while the
    // watching thread does not.
    let warmed = thread::scope(|scope| {
        let loading = scope.spawn(|| {
            name_thread(c"network");
            step_back();
            warm(&arguments, load)
        });
        while !loading.is_finished() {
            if way::is_deserted(&begun.way, LOOKS_EVERY) {
                sandbox::leave(EarExit::Border.code());
            }
        }
        loading.join().unwrap_or_else(|_| Err("the library that loads the model failed".to_owned()))
    });
    let (recogniser, model) = match warmed {
        Ok(warm) => warm,
        Err(what) => {
            explain(&what);
            return end(EarExit::Model);
        }
    };
    hear(code, &arguments, begun, recogniser, model, note_taker)
}

/// The recogniser, loaded and warmed up, and the name of its model.
fn warm<R: Recogniser, E: Display>(
    arguments: &Arguments,
    load: impl FnOnce(&Arguments) -> Result<R, E>,
) -> Result<(R, ModelId), String> {
    let folder = arguments.model.display();
    let recogniser =
        load(arguments).map_err(|error| format!("the model in {folder} cannot be loaded: {error}"))?;
    let model = name_model(&arguments.model)
        .map_err(|error| format!("the model in {folder} cannot be read: {error}"))?;
    recogniser.warm_up().map_err(|_| format!("the model in {folder} was loaded but does not decode"))?;
    Ok((recogniser, model))
}

/// From the last step before the lock to the last call's end.
fn hear<R: Recogniser, N: NoteTaker<Note: Serialize>>(
    code: Code,
    arguments: &Arguments,
    begun: Begun,
    recogniser: R,
    model: ModelId,
    note_taker: N,
) -> ExitCode {
    let kind = recogniser.kind();
    let clock = Clock::start(arguments.factor);
    let way = Arc::new(begun.way);
    let over = Arc::new(watch::Over::default());
    let answers = {
        let (way, over) = (Arc::clone(&way), Arc::clone(&over));
        Box::new(move |answer: FromEar<N::Note>| {
            over.notice(&answer);
            // A broken way is found by the watching thread, which ends the ear.
            let _ = way::answer(&way, &answer);
        })
    };
    let hall = Hall::with_note_taker(recogniser, note_taker, arguments.hall, answers);
    thread::scope(|scope| {
        let acts_refused = match lock_in(code, arguments.threads, scope, &hall) {
            Ok(acts) => acts,
            Err(error) => return lock_failed(error),
        };
        let ready = FromEar::<N::Note>::Ready { recogniser: kind, model, acts_refused };
        let watch = watch::Watch::new(&hall, &way, &over, &clock);
        let watched = catch_unwind(AssertUnwindSafe(|| way::answer(&way, &ready).and_then(|()| watch.run())));
        let exit = match watched {
            Ok(Ok(())) => EarExit::Retired,
            Ok(Err(way::Broken)) => EarExit::Border,
            Err(_) => EarExit::Unknown,
        };
        // Nothing is waited for and no library's own end is run: a window may still be decoded, and the kernel
        // takes every page back at once.
        sandbox::leave(exit.code())
    })
}

/// Starts the threads that decode, locks all of the process, and tries every act from each thread of ours.
///
/// The threads are there before the lock, so that the trial speaks of threads that really decode; they have no path
/// already, for Landlock's second layer comes before them.
fn lock_in<'scope, R: Recogniser, N: NoteTaker>(
    code: Code,
    threads: usize,
    scope: &'scope thread::Scope<'scope, '_>,
    hall: &'scope Hall<R, N>,
) -> Result<u16, LockError> {
    let bait = Arc::new(trial::Bait::new().map_err(|_| LockError::Descriptors)?);
    sandbox::leave_no_path()?;
    let locked = Arc::new(Barrier::new(threads + 1));
    let lock = Arc::new(OnceLock::<Result<(), LockError>>::new());
    let (tried, results) = mpsc::channel();
    for _ in 0..threads {
        let (bait, locked, lock, tried) = (bait.clone(), locked.clone(), lock.clone(), tried.clone());
        scope.spawn(move || {
            name_thread(c"recognise");
            step_back();
            // All threads are there; then all of them are locked.
            locked.wait();
            locked.wait();
            let result = lock.wait().and_then(|()| trial::run(code, &bait));
            drop(bait);
            // The other end waits for as many results as there are threads.
            let _ = tried.send(result);
            if result.is_ok() {
                hall.work();
            }
        });
    }
    locked.wait();
    let outcome = *lock.get_or_init(|| sandbox::lock(code));
    locked.wait();
    let refused = outcome.and_then(|()| trial::run(code, &bait));
    let others = results.iter().take(threads).collect::<Result<Vec<u16>, LockError>>();
    others.and(refused).inspect_err(|_| hall.close())
}

/// So that an administrator sees what an ear's time is spent on; the library's threads inherit a name. Without one the ear
/// works as well.
fn name_thread(name: &CStr) {
    let _ = rustix::thread::set_name(name);
}

/// Telephony goes first. Lower priority needs no right; should it fail, the ear is only less polite.
fn step_back() {
    let _ = rustix::process::setpriority_process(None, NICEST);
}

/// The first eight bytes of the SHA-256 of the largest file below `folder`.
fn name_model(folder: &Path) -> io::Result<ModelId> {
    let mut largest: Option<(u64, std::path::PathBuf)> = None;
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let about = std::fs::metadata(entry.path())?;
            if about.is_dir() {
                folders.push(entry.path());
            } else if largest
                .as_ref()
                .is_none_or(|(length, path)| (*length, path) < (about.len(), &entry.path()))
            {
                largest = Some((about.len(), entry.path()));
            }
        }
    }
    let (_, path) = largest.ok_or(io::ErrorKind::NotFound)?;
    let (mut file, mut hash) = (File::open(path)?, Sha256::new());
    let mut part = vec![0; 1 << 20];
    loop {
        match file.read(&mut part)? {
            0 => break,
            read => hash.update(&part[..read]),
        }
    }
    let mut name = [0; 8];
    name.copy_from_slice(&hash.finalize()[..8]);
    Ok(ModelId(name))
}

fn lock_failed(error: LockError) -> ExitCode {
    let mut words = io::stderr();
    // After the lock nobody reads it and no write is allowed, so there it does nothing.
    let _ = writeln!(words, "{error}");
    end(match error {
        LockError::NotRefused(act) => EarExit::NotRefused(act),
        _ => EarExit::Lock,
    })
}

fn end(exit: EarExit) -> ExitCode {
    ExitCode::from(exit.code())
}

/// Says on standard error why the ear does not start. After the lock standard error is `/dev/null` and no write
/// is allowed, so there it does nothing.
fn explain(words: &str) {
    let _ = writeln!(io::stderr(), "{words}");
}

const NICEST: i32 = 19;

/// How soon an ear that loads its model sees that its daemon has gone, and at most how much later it is ready.
const LOOKS_EVERY: Duration = Duration::from_millis(20);
