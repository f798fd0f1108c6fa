//! `callgist run` as the benches start it: recordings and a simulated switch go in, its log comes out line by line.

use callgist::sim::Switch;
use serde_json::Value;
use std::io::BufReader;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::ChildStderr;

pub type Lines = std::io::Lines<BufReader<ChildStderr>>;

/// What stands behind names on the command line.
pub struct Arguments(Vec<String>);

impl Arguments {
    pub fn given() -> Arguments {
        Arguments(std::env::args().collect())
    }

    pub fn after(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|word| word == name)?;
        self.0.get(at + 1).map(String::as_str)
    }

    /// The usual one where none is given; nothing where it is no number.
    pub fn number(&self, name: &str, usual: usize) -> Option<usize> {
        self.after(name).map_or(Some(usual), |word| word.parse().ok())
    }

    /// Our own `callgist`, unless another build of it is to be measured.
    pub fn daemon(&self) -> PathBuf {
        self.after("--daemon").unwrap_or(env!("CARGO_BIN_EXE_callgist")).into()
    }
}

/// Which ear hears, and how many calls at once.
pub struct Ear<'a> {
    pub models: &'a Path,
    pub recogniser: &'a str,
    pub calls: usize,
}

/// The first seconds of a stereo recording at 8 kHz: caller and agent.
pub fn recording(file: &Path, seconds: usize) -> [Vec<i16>; 2] {
    let mut reader = claxon::FlacReader::open(file).unwrap();
    let info = reader.streaminfo();
    assert_eq!((info.channels, info.sample_rate), (2, 8_000), "{}", file.display());
    let samples: Vec<i32> = reader.samples().take(seconds * 16_000).map(Result::unwrap).collect();
    [0, 1].map(|side| samples.iter().skip(side).step_by(2).map(|sample| *sample as i16).collect())
}

/// Writes the settings into a folder.
pub fn settings(folder: &Path, switch: &Switch, ear: &Ear<'_>) -> PathBuf {
    let notice = folder.join("notice.wav");
    std::fs::write(&notice, include_bytes!("../../sounds/en/8000/notice.wav")).unwrap();
    let sip = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = format!(
        "[switch]\nport = {}\nuser = \"\"\npassword = \"ClueCon\"\n[sip]\nlisten = \"{sip}\"\n\
         first_rtp_port = 20000\nlast_rtp_port = 20999\n[store]\ndatabase = \"{}\"\n\
         [ears]\nmodels = \"{}\"\nmax_calls = {}\n[[line]]\nname = \"main\"\nnumber = \"+352260000\"\n\
         country_code = \"352\"\nlanguage = \"en\"\nrecogniser = \"{}\"\nnotice = \"{}\"\nnotice_version = \"1\"\nmode = \"notice\"\n\
         basis = \"legitimate_interest\"\nkeep_notes_days = 90\ncontact = \"privacy@example.com\"\n\
         employees_told = \"2026-01-31\"\n",
        switch.event_socket().port(),
        folder.join("store/callgist.db").display(),
        ear.models.display(),
        ear.calls + 1,
        ear.recogniser,
        notice.display(),
    );
    let config = folder.join("callgist.toml");
    std::fs::write(&config, text).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&config, PermissionsExt::from_mode(0o600)).unwrap();
    config
}

/// The next line; what is no JSON, and what is a warning, is shown.
pub fn json_line(lines: &mut Lines) -> Value {
    let text = lines.next().expect("callgist run ended").unwrap();
    let line = serde_json::from_str(&text).unwrap_or(Value::Null);
    if line.is_null() || ["WARN", "ERROR"].iter().any(|level| line["level"] == *level) {
        eprintln!("{text}");
    }
    line
}
