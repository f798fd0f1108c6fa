//! What was found goes in; a dated, hashed and signed report comes out, as text and as JSON.

use super::course::Done;
use super::phrase::{Phrase, written};
use super::places::{Finding, Status};
use crate::call::AgentLeg;
use crate::cli::counter::counted;
use crate::daemon::clock::Clock;
use crate::daemon::ears;
use crate::store::{Outcome, Sha256};
use anyhow::Context;
use ring::signature::{Ed25519KeyPair, KeyPair};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// What the proof says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    NothingFound,
    Found,
    Incomplete,
}

impl Verdict {
    pub fn of(findings: &[Finding]) -> Verdict {
        if findings.iter().any(|finding| !finding.found.is_empty()) {
            Verdict::Found
        } else if findings.iter().any(|finding| finding.status == Status::NotReadable) {
            Verdict::Incomplete
        } else {
            Verdict::NothingFound
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Verdict::NothingFound => "nothing found",
            Verdict::Found => "FOUND",
            Verdict::Incomplete => "incomplete",
        }
    }
}

/// The report and its signature.
pub struct Report {
    /// Exactly these bytes are hashed and signed.
    pub json: String,
    pub text: String,
    pub sha256: String,
    pub signature: Option<Signature>,
}

pub struct Signature {
    pub public_key: Vec<u8>,
    pub bytes: Vec<u8>,
}

impl Report {
    pub fn new(
        done: &Done,
        phrase: &Phrase,
        findings: &[Finding],
        key: Option<&Path>,
    ) -> anyhow::Result<Report> {
        let verdict = Verdict::of(findings);
        let made = jiff::Timestamp::from_millisecond(Clock::new(1).utc_ms())?.to_string();
        let about = json!({
            "report": "callgist prove",
            "made": made,
            "version": env!("CARGO_PKG_VERSION"),
            "verdict": verdict.words(),
            "call": call(done),
            "phrase": { "caller": written(&phrase.caller), "agent": written(&phrase.agent) },
            "sha256": hashes(done)?,
            "system": system(),
            "places": findings,
            "does_not_prove": LIMITS,
        });
        let json = serde_json::to_string_pretty(&about)?;
        let sha256 = Sha256::of(json.as_bytes()).to_string();
        let signature = key.map(|key| sign(key, json.as_bytes())).transpose()?;
        let text = text(&about, findings, &sha256, signature.as_ref());
        Ok(Report { json, text, sha256, signature })
    }

    /// One object with the report, its hash and its signature.
    pub fn whole(&self) -> anyhow::Result<Value> {
        let signature = self.signature.as_ref().map(|signature| {
            json!({
                "algorithm": "Ed25519",
                "public_key": hex(&signature.public_key),
                "value": hex(&signature.bytes),
            })
        });
        let report: Value = serde_json::from_str(&self.json)?;
        Ok(json!({ "report": report, "sha256": self.sha256, "signature": signature }))
    }

    /// The three files of a report.
    pub fn save(&self, folder: &Path) -> anyhow::Result<()> {
        let put = |name: &str, bytes: &[u8]| {
            let path = folder.join(name);
            fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))
        };
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        put("proof.json", self.json.as_bytes())?;
        put("proof.txt", self.text.as_bytes())?;
        self.signature.as_ref().map_or(Ok(()), |signature| put("proof.json.sig", &signature.bytes))
    }
}

fn call(done: &Done) -> Value {
    let record = &done.kept.call;
    let outcome = match &record.outcome {
        Outcome::Noted(_) => "a note was kept",
        Outcome::NotNoted(reason) => reason.word(),
    };
    let heard = record.heard.unwrap_or_default();
    json!({
        "kind": done.kind.word(),
        "outcome": outcome,
        "recogniser": record.origin.ear.map(|(recogniser, _)| recogniser.word()),
        "model": record.origin.ear.map(|(_, model)| model.to_string()),
        "listened_ms": heard.listened_ms,
        "agent_heard": record.agent_leg.map(AgentLeg::is_heard),
        "speech_ms": heard.speech_ms,
        "words_recognised": heard.words,
        "processes": done.seen.processes.values().collect::<Vec<_>>(),
    })
}

fn hashes(done: &Done) -> anyhow::Result<Value> {
    let mut files = serde_json::Map::new();
    let own = std::env::current_exe()?;
    for path in [own].iter().chain(&ears::programs()).chain([&done.config, &done.notice]) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        files.insert(name, Sha256::of(&bytes).to_string().into());
    }
    Ok(Value::Object(files))
}

fn system() -> Value {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    json!({
        "kernel": kernel.trim(),
        "user": rustix::process::getuid().as_raw(),
    })
}

fn sign(key: &Path, report: &[u8]) -> anyhow::Result<Signature> {
    let why = || {
        format!(
            "{} holds no Ed25519 key: openssl genpkey -algorithm ed25519 -out FILE makes one",
            key.display()
        )
    };
    let pem = PrivatePkcs8KeyDer::from_pem_file(key).ok().with_context(why)?;
    let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(pem.secret_pkcs8_der()).ok().with_context(why)?;
    let bytes = pair.sign(report).as_ref().to_vec();
    Ok(Signature { public_key: pair.public_key().as_ref().to_vec(), bytes })
}

fn text(about: &Value, findings: &[Finding], sha256: &str, signature: Option<&Signature>) -> String {
    let word = |pointer: &str| about.pointer(pointer).map(plain).unwrap_or_default();
    let recognised = about.pointer("/call/words_recognised").and_then(Value::as_u64).unwrap_or_default();
    let alone = match about.pointer("/call/agent_heard") {
        Some(Value::Bool(false)) => " of the caller alone (agent_leg = \"not_heard\")",
        _ => "",
    };
    let mut lines = vec![
        format!("callgist prove, {}, version {}", word("/made"), word("/version")),
        String::new(),
        format!(
            "On one {} call both parties spoke sixteen random digits each. {} ms were listened to{alone}, {} \
             recognised; what became of the call: {}. Then every place below was searched for those digits and \
             for the sound of them.",
            word("/call/kind"),
            word("/call/listened_ms"),
            counted(recognised, "word was", "words were"),
            word("/call/outcome")
        ),
        String::new(),
    ];
    for finding in findings {
        let size = if finding.files > 0 {
            let (files, bytes) =
                (counted(finding.files, "file", "files"), counted(finding.bytes, "byte", "bytes"));
            format!(" ({files}, {bytes})")
        } else {
            String::new()
        };
        lines.push(format!("{:<12} {}{size}: {}", finding.place, finding.status.words(), finding.evidence));
        lines.extend(finding.found.iter().map(|found| format!("    FOUND {found}")));
    }
    lines.extend([
        String::new(),
        format!("RESULT: {}", word("/verdict")),
        String::new(),
        "Not proved:".into(),
    ]);
    lines.extend(LIMITS.iter().map(|limit| format!("  - {limit}")));
    lines.extend([String::new(), "SHA-256 of what ran:".into()]);
    let hashes = about["sha256"].as_object().into_iter().flatten();
    lines.extend(hashes.map(|(name, hash)| format!("  {} {name}", plain(hash))));
    lines.push(format!("SHA-256 of proof.json: {sha256}"));
    lines.push(match signature {
        Some(signature) => format!("signed with the Ed25519 key {}", hex(&signature.public_key)),
        None => "not signed: no key file was given (--key)".into(),
    });
    lines.join("\n") + "\n"
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

const LIMITS: &[&str] = &[
    "what the switch, the phones and the network keep: a call that the switch records is recorded",
    "what a kernel or an administrator that wants to listen can do: root may read any memory while a call runs",
    "other calls than this one: a proof is a sample, the tests of the source are the rule",
    "what is written compressed or encrypted, or as another recogniser would write it (\"forty-seven\" for 4, 7)",
    "samples that were changed before they were kept: resampled, filtered, made louder or compressed",
    "files that were opened, written elsewhere and removed between two looks, where this kernel has no Landlock, which \
     forbids it",
    "what other programs do with what a process sends them over a unix socket: whom one without a name is joined to is not \
     to be seen; what the system's journal took in is searched",
    "that the note is discreet: it is kept on purpose, and in the database its own text is left out of the search",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_outweighs_what_was_not_read_and_that_outweighs_the_rest() {
        let row = |status, found: &[&str]| Finding {
            place: "log".into(),
            status,
            found: found.iter().map(|found| (*found).to_owned()).collect(),
            files: 0,
            bytes: 0,
            evidence: String::new(),
        };
        let nothing =
            || [Status::Searched, Status::NotPresent, Status::Excluded].map(|status| row(status, &[]));
        let unread = || row(Status::NotReadable, &[]);
        assert_eq!(Verdict::of(&nothing()), Verdict::NothingFound);
        assert_eq!(Verdict::of(&[unread()]), Verdict::Incomplete);
        let [searched, absent, excluded] = nothing();
        assert_eq!(Verdict::of(&[searched, unread(), absent, excluded]), Verdict::Incomplete);
        assert_eq!(Verdict::of(&[unread(), row(Status::Searched, &["log: words"])]), Verdict::Found);
        assert_eq!(Verdict::of(&[row(Status::NotReadable, &["log: words"])]), Verdict::Found);
    }

    #[test]
    fn a_report_is_signed_with_the_key_of_the_file_and_with_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key.pem");
        // The example of RFC 8410, section 10.3.
        let pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        fs::write(&key, pem).unwrap();
        let signature = sign(&key, b"report").unwrap();
        let public =
            ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, &signature.public_key);
        assert!(public.verify(b"report", &signature.bytes).is_ok());
        assert!(public.verify(b"another", &signature.bytes).is_err());
        assert_eq!(
            hex(&signature.public_key),
            "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1"
        );
        fs::write(&key, "no key").unwrap();
        assert!(sign(&key, b"report").err().unwrap().to_string().contains("openssl genpkey"));
    }
}
