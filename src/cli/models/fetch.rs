//! A model's files go from their maker's site into the models' folder: resumed where a fetch broke off, checked
//! against the known hash, put in place by one rename.

use super::catalogue::{File, Model};
use super::lock::{Lock, Locked};
use crate::border::Recogniser;
use anyhow::{Context, Result, bail, ensure};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sha2::{Digest, Sha256};
use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What came of it.
pub struct Fetched {
    pub folder: PathBuf,
    /// Hashes that nobody has published, as they were received.
    pub unconfirmed: Vec<(String, String)>,
}

/// Fetches a model into `models`, from its maker or from a mirror that holds `MODEL/FILE`.
pub fn fetch(model: &Model, models: &Path, mirror: Option<&str>) -> Result<Fetched> {
    let work = models.join(".fetch").join(model.name);
    fs::create_dir_all(&work).with_context(|| {
        format!(
            "cannot write into {}; run this as a user who may, or name another --folder",
            models.display()
        )
    })?;
    let mut lock = Lock::read(models)?;
    let mut unconfirmed = Vec::new();
    for file in model.files {
        let url = mirror.map_or_else(
            || file.url.to_owned(),
            |mirror| format!("{}/{}/{}", mirror.trim_end_matches('/'), model.name, file.name),
        );
        let got = file_of(file, &url, &work)?;
        let expected = file.sha256.or(lock.get(file.name).map(|locked| locked.sha256.as_str()));
        if expected.is_some_and(|expected| expected != got.sha256) {
            // Kept, it would be refused again.
            fs::remove_file(work.join(file.name)).context("the refused file cannot be removed")?;
            let known = if file.sha256.is_some() { "published" } else { "kept in models.lock" };
            bail!(
                "{url} is not the file whose hash is {known}; it was refused and nothing was changed.\n  expected {}\n  \
                 received {}\n  Fetch again; if it stays so, ask the model's maker before you use it.",
                expected.unwrap_or_default(),
                got.sha256
            );
        }
        if file.sha256.is_none() && lock.get(file.name).is_none() {
            unconfirmed.push((file.name.to_owned(), got.sha256.clone()));
        }
        lock.keep(file.name, got)?;
    }
    let made = match model.recogniser {
        Recogniser::Whisper => whisper(&work)?,
        Recogniser::Vosk => vosk(&work, model.files[0].name)?,
    };
    let folder = put_in_place(&made, models, model)?;
    fs::remove_dir_all(&work).context("what the fetch left behind cannot be removed")?;
    // Other models may be on their way.
    let _ = fs::remove_dir(models.join(".fetch"));
    Ok(Fetched { folder, unconfirmed })
}

/// Brings one file; what is there of it already is not fetched again.
fn file_of(file: &File, url: &str, work: &Path) -> Result<Locked> {
    let whole = work.join(file.name);
    let part = work.join(format!("{}.part", file.name));
    if !whole.exists() {
        let mut tries = 0;
        while let Err(error) = more(url, &part) {
            tries += 1;
            let again = error.is::<Broken>() && tries < TRIES;
            if !again {
                return Err(error).with_context(|| {
                    format!("{url} could not be fetched; what has come is kept, and the same command goes on there")
                });
            }
            std::thread::sleep(PAUSE);
        }
        fs::rename(&part, &whole).with_context(|| format!("cannot write {}", whole.display()))?;
    }
    let (sha256, bytes) = hash(&whole)?;
    Ok(Locked { sha256, bytes, url: url.to_owned() })
}

/// The connection ended before the file did.
#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection broke off")
    }
}

impl std::error::Error for Broken {}

/// Asks for what is still missing (RFC 9110, 14.2), and appends it.
fn more(url: &str, part: &Path) -> Result<()> {
    let have = part.metadata().map_or(0, |metadata| metadata.len());
    let config = ureq::Agent::config_builder().timeout_connect(Some(PATIENCE)).http_status_as_error(false);
    let agent: ureq::Agent = config.timeout_recv_response(Some(PATIENCE)).build().into();
    let mut request = agent.get(url);
    if have > 0 {
        request = request.header("Range", format!("bytes={have}-"));
    }
    let mut response =
        request.call().with_context(|| format!("no answer from {url}; is there a network?"))?;
    let begins = match response.status().as_u16() {
        200 => 0,
        206 => {
            begin(&response).filter(|begin| *begin == have).context("the site resumed at another place")?
        }
        // What is there is the whole file.
        416 if have > 0 && total(&response) == Some(have) => return Ok(()),
        416 => {
            fs::remove_file(part).context("a part that fits no longer cannot be removed")?;
            return Err(Broken.into());
        }
        404 => bail!("the site does not have it (404); see `callgist models list`"),
        status => bail!("the site answered {status}"),
    };
    let length: Option<u64> =
        response.headers().get("Content-Length").and_then(|text| text.to_str().ok()?.parse().ok());
    let mut file = OpenOptions::new()
        .create(true)
        .append(begins > 0)
        .write(true)
        .truncate(begins == 0)
        .open(part)
        .with_context(|| format!("cannot write {}", part.display()))?;
    let bar = bar(url, begins, length.map(|length| length + begins));
    let came = copy(&mut response.body_mut().as_reader(), &mut file, &bar)?;
    bar.finish_and_clear();
    if length.is_some_and(|length| came < length) {
        return Err(Broken.into());
    }
    file.sync_all().with_context(|| format!("cannot write {}", part.display()))
}

fn copy(from: &mut impl Read, to: &mut fs::File, bar: &ProgressBar) -> Result<u64> {
    let mut buffer = vec![0; 1 << 16];
    let mut came = 0;
    loop {
        let length = match from.read(&mut buffer) {
            Ok(0) => return Ok(came),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return Err(Broken.into()),
        };
        to.write_all(&buffer[..length]).context("the disk did not take it; is there room?")?;
        came += length as u64;
        bar.inc(length as u64);
    }
}

/// Where a partial answer begins: `bytes 100-199/1000`.
fn begin(response: &ureq::http::Response<ureq::Body>) -> Option<u64> {
    content_range(response)?.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

/// How long the whole is: `bytes */1000`.
fn total(response: &ureq::http::Response<ureq::Body>) -> Option<u64> {
    content_range(response)?.rsplit('/').next()?.parse().ok()
}

fn content_range(response: &ureq::http::Response<ureq::Body>) -> Option<&str> {
    response.headers().get("Content-Range")?.to_str().ok()
}

fn bar(url: &str, begins: u64, length: Option<u64>) -> ProgressBar {
    let name = url.rsplit('/').next().unwrap_or(url).to_owned();
    if !io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::new(length.unwrap_or(0));
    let style = ProgressStyle::with_template("{msg} {bar:30} {bytes} of {total_bytes}, {eta} left");
    bar.set_style(style.expect("the template is ours"));
    bar.set_message(name);
    bar.set_position(begins);
    bar
}

fn hash(path: &Path) -> Result<(String, u64)> {
    let mut file = fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut bytes = 0;
    loop {
        let length = file.read(&mut buffer).with_context(|| format!("cannot read {}", path.display()))?;
        if length == 0 {
            break;
        }
        hasher.update(&buffer[..length]);
        bytes += length as u64;
    }
    let text = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((text, bytes))
}

/// The site lacks a file that the recogniser asks for: what Whisper base was trained to be fed with.
fn whisper(work: &Path) -> Result<PathBuf> {
    fs::write(work.join("preprocessor_config.json"), include_str!("preprocessor_config.json"))
        .context("the model's settings cannot be written")?;
    Ok(work.to_owned())
}

/// Unpacks the zip file, whose one folder is the model.
fn vosk(work: &Path, name: &str) -> Result<PathBuf> {
    let packed = work.join(name);
    let unpacked = work.join("unpacked");
    let damaged = || format!("{} is no whole zip file; fetch again", packed.display());
    let file = fs::File::open(&packed).with_context(damaged)?;
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked).context("what an earlier try unpacked cannot be removed")?;
    }
    let opened = zip::ZipArchive::new(io::BufReader::new(file));
    // Names that lead out of the folder are an error of the archive's.
    if let Err(error) = opened.and_then(|mut archive| archive.extract(&unpacked)) {
        fs::remove_file(&packed).with_context(damaged)?;
        return Err(error).with_context(damaged);
    }
    let entries = fs::read_dir(&unpacked).with_context(damaged)?;
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    ensure!(folders.len() == 1 && folders[0].is_dir(), "{name} does not hold one folder with a model");
    Ok(folders.remove(0))
}

/// The finished model takes the place of what is there, by one rename.
fn put_in_place(made: &Path, models: &Path, model: &Model) -> Result<PathBuf> {
    let missing =
        crate::daemon::models::needed(model.recogniser).iter().find(|file| !made.join(file).is_file());
    if let Some(missing) = missing {
        bail!("{} came without {missing}: it is no model that the ears can use", model.name);
    }
    let folder = models.join(model.folder);
    let aside = models.join(format!(".old-{}", model.folder));
    let step = || format!("{} cannot be put in place", folder.display());
    if aside.exists() {
        fs::remove_dir_all(&aside).with_context(step)?;
    }
    if folder.exists() {
        fs::rename(&folder, &aside).with_context(step)?;
    }
    let moved = models.join(format!(".new-{}", model.folder));
    fs::rename(made, &moved).and_then(|()| fs::rename(&moved, &folder)).with_context(step)?;
    if aside.exists() {
        fs::remove_dir_all(&aside).with_context(step)?;
    }
    // `made` may have been the working folder itself.
    fs::create_dir_all(models.join(".fetch").join(model.name)).with_context(step)?;
    Ok(folder)
}

/// For an answer to begin.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that breaks off is made anew so often.
const TRIES: u32 = 5;

const PAUSE: Duration = Duration::from_millis(500);
