//! Phones of other makers: baresip as caller or agent, ruled over its control socket, and sipp as caller; what a
//! baresip phone hears it writes into a file of the test's own folder.

use super::phone::{self, CALLER, Sound};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub struct Baresip {
    child: Child,
    folder: TempDir,
    control: TcpStream,
    events: Receiver<(Instant, Value)>,
    seen: Vec<Value>,
}

/// How its RTP goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Media {
    Plain,
    /// SRTP whose keys stand in the SDP (RFC 4568).
    Sdes,
}

impl Media {
    /// Of an account of baresip's.
    fn parameters(self) -> &'static str {
        match self {
            Media::Plain => "",
            Media::Sdes => ";mediaenc=srtp-mand",
        }
    }
}

impl Baresip {
    /// A phone at `address` with one account: the SIP address in angle brackets, and its parameters.
    pub fn start(address: SocketAddr, account: &str) -> Baresip {
        let folder = tempfile::Builder::new().prefix("callgist-baresip-").tempdir().unwrap();
        let control = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let silence = folder.path().join("silence.wav");
        write_wav(&silence, &vec![0; SILENCE_SECONDS * RATE]);
        fs::write(folder.path().join("config"), settings(address, control, folder.path())).unwrap();
        fs::write(folder.path().join("accounts"), account).unwrap();
        for empty in ["contacts", "uuid"] {
            fs::write(folder.path().join(empty), "").unwrap();
        }
        let child = Command::new("baresip")
            .arg("-f")
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(fs::File::create(folder.path().join("told")).unwrap())
            .stderr(fs::File::create(folder.path().join("told.errors")).unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("baresip: {error}; the package baresip-core has it"));
        let control = connected(control);
        let events = events(control.try_clone().unwrap());
        Baresip { child, folder, control, events, seen: Vec::new() }
    }

    /// An agent's phone, or a caller's, that needs no login.
    pub fn phone(name: &str, address: SocketAddr) -> Baresip {
        Baresip::phone_with(Media::Plain, name, address)
    }

    /// The same, whose RTP goes like this.
    pub fn phone_with(media: Media, name: &str, address: SocketAddr) -> Baresip {
        let parameters = media.parameters();
        let account =
            format!("<sip:{name}@{address};transport=udp>;regint=0;audio_codecs=pcma{parameters}\n");
        Baresip::start(address, &account)
    }

    pub fn dial(&mut self, target: &str) {
        self.tell("dial", target);
    }

    pub fn accept(&mut self) {
        self.tell("accept", "");
    }

    pub fn hang_up(&mut self) {
        self.tell("hangup", "");
    }

    /// Speaks from here on.
    pub fn says(&mut self, speech: &[i16]) {
        let file = self.folder.path().join("speech.wav");
        let mut whole = speech.to_vec();
        whole.resize(speech.len() + SILENCE_SECONDS * RATE, 0);
        write_wav(&file, &whole);
        self.tell("ausrc", &format!("aufile,{}", file.display()));
    }

    fn tell(&mut self, command: &str, parameters: &str) {
        let text = json!({ "command": command, "params": parameters, "token": command }).to_string();
        write!(self.control, "{}:{text},", text.len()).unwrap();
    }

    /// Waits for an event of this kind; when it came, and its parameter.
    #[track_caller]
    pub fn until(&mut self, kind: &str) -> (Instant, String) {
        let begun = Instant::now();
        loop {
            let Ok((at, event)) = self.events.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) else {
                panic!("no {kind} within {PATIENCE:?}, only {:?}", self.seen)
            };
            self.seen.push(event.clone());
            if event["type"] == kind {
                return (at, event["param"].as_str().unwrap_or_default().to_owned());
            }
        }
    }

    /// Waits until it has printed a line that holds all of these.
    #[track_caller]
    pub fn tells(&self, words: &[&str]) {
        let begun = Instant::now();
        loop {
            let told = ["told", "told.errors"]
                .map(|file| fs::read_to_string(self.folder.path().join(file)).unwrap_or_default())
                .concat();
            if told.lines().any(|line| words.iter().all(|word| line.contains(word))) {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "baresip told nothing of {words:?}:\n{told}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Whether its call has ended by now.
    pub fn ended(&mut self) -> bool {
        self.seen.extend(self.events.try_iter().map(|(_, event)| event));
        self.seen.iter().any(|event| event["type"] == "CALL_CLOSED")
    }

    /// How much it has heard so far, in seconds.
    pub fn heard_seconds(&self) -> f64 {
        let bytes = self.recording().map_or(0, |file| fs::metadata(file).unwrap().len());
        bytes as f64 / (2 * RATE) as f64
    }

    /// What it heard, a word for every 20 ms.
    pub fn heard(&self) -> Vec<Sound> {
        let bytes = fs::read(self.recording().expect("a recording of what was heard")).unwrap();
        let samples: Vec<i16> =
            bytes[WAV_HEADER..].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        samples.chunks_exact(RATE / 50).map(phone::sound).collect()
    }

    fn recording(&self) -> Option<PathBuf> {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.to_string_lossy().ends_with("-dec.wav")).max()
    }
}

impl Drop for Baresip {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn settings(address: SocketAddr, control: SocketAddr, folder: &Path) -> String {
    let modules: String = MODULES.map(|name| format!("module {name}.so\n")).concat();
    format!(
        "module_path /usr/lib/baresip/modules\n{modules}module_tmp uuid.so\nmodule_tmp account.so\n\
         module_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen {control}\nsip_listen {address}\n\
         net_interface {ip}\naudio_source aufile,{folder}/silence.wav\naudio_alert none,none\n\
         snd_path {folder}\nrtp_ports 18000-18999\n",
        ip = address.ip(),
        folder = folder.display(),
    )
}

fn connected(control: SocketAddr) -> TcpStream {
    let begun = Instant::now();
    loop {
        match TcpStream::connect(control) {
            Ok(stream) => return stream,
            Err(error) => assert!(begun.elapsed() < PATIENCE, "baresip's control socket: {error}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Reads the netstrings that baresip sends; answers to commands are left out.
fn events(stream: TcpStream) -> Receiver<(Instant, Value)> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        while let Some(value) = netstring(&mut reader) {
            if value["event"] == true && sender.send((Instant::now(), value)).is_err() {
                return;
            }
        }
    });
    receiver
}

fn netstring(reader: &mut impl Read) -> Option<Value> {
    let mut byte = [0];
    let mut length = 0;
    loop {
        reader.read_exact(&mut byte).ok()?;
        match byte[0] {
            digit @ b'0'..=b'9' => length = length * 10 + usize::from(digit - b'0'),
            _ => break,
        }
    }
    let mut text = vec![0; length + 1];
    reader.read_exact(&mut text).ok()?;
    serde_json::from_slice(&text[..length]).ok()
}

/// A call by sipp, which ends with the value.
pub struct Sipp {
    child: Child,
    _folder: TempDir,
}

impl Sipp {
    /// Calls `number`, says the speech after so long a silence, and waits for the other side to hang up.
    pub fn calls(number: &str, switch: SocketAddr, silence: Duration, speech: &[i16]) -> Sipp {
        use audio_codec::Encoder;
        let folder = tempfile::Builder::new().prefix("callgist-sipp-").tempdir().unwrap();
        let mut samples = vec![0; (silence.as_millis() as usize) * RATE / 1_000];
        samples.extend(speech);
        let voice = folder.path().join("voice.alaw");
        fs::write(&voice, audio_codec::pcma::PcmaEncoder::new().encode(&samples)).unwrap();
        let scenario = folder.path().join("caller.xml");
        fs::write(&scenario, scenario_of(&voice)).unwrap();
        let child = Command::new("sipp")
            .arg("-sf")
            .arg(&scenario)
            .args(["-m", "1", "-s", number, "-i", "127.0.0.2", "-mi", "127.0.0.2", "-nostdin"])
            .args(["-mp", &free_address().port().to_string(), "-timeout", "180"])
            .arg(switch.to_string())
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("sipp: {error}; the package sip-tester has it"));
        Sipp { child, _folder: folder }
    }

    /// Whether the call went as its scenario says, once it is over.
    pub fn went_well(mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Sipp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn scenario_of(voice: &Path) -> String {
    let request = |method: &str, cseq: u8, to: &str| {
        format!(
            "{method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0\nVia: SIP/2.0/UDP \
             [local_ip]:[local_port];branch=[branch]\nFrom: <sip:{CALLER}@[local_ip]:[local_port]>;tag=[call_number]\n\
             To: <sip:[service]@[remote_ip]>{to}\nCall-ID: [call_id]\nCSeq: {cseq} {method}\n\
             Contact: <sip:caller@[local_ip]:[local_port]>\nMax-Forwards: 70\n"
        )
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"caller\">\n\
         <send retrans=\"500\"><![CDATA[\n{invite}Content-Type: application/sdp\nContent-Length: [len]\n\n\
         v=0\no=caller 1 1 IN IP4 [local_ip]\ns=-\nc=IN IP4 [media_ip]\nt=0 0\n\
         m=audio [rtpstream_audio_port] RTP/AVP 8\na=rtpmap:8 PCMA/8000\n]]></send>\n\
         <recv response=\"100\" optional=\"true\"/>\n<recv response=\"180\" optional=\"true\"/>\n\
         <recv response=\"183\" optional=\"true\"/>\n<recv response=\"200\"/>\n\
         <send><![CDATA[\n{ack}Content-Length: 0\n\n]]></send>\n\
         <nop><action><exec rtp_stream=\"{voice},1,8,PCMA/8000\"/></action></nop>\n\
         <recv request=\"BYE\" timeout=\"170000\"/>\n\
         <send><![CDATA[\nSIP/2.0 200 OK\n[last_Via:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n\
         Content-Length: 0\n\n]]></send>\n</scenario>\n",
        invite = request("INVITE", 1, ""),
        ack = request("ACK", 1, "[peer_tag_param]"),
        voice = voice.display(),
    )
}

fn write_wav(path: &Path, samples: &[i16]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    samples.iter().for_each(|sample| writer.write_sample(*sample).unwrap());
    writer.finalize().unwrap();
}

/// A port for a phone on the machine's address, free now.
pub fn free_address() -> SocketAddr {
    let address = Ipv4Addr::new(127, 0, 0, 2);
    std::net::UdpSocket::bind((address, 0)).unwrap().local_addr().unwrap()
}

const MODULES: [&str; 4] = ["g711", "aufile", "sndfile", "srtp"];
const RATE: usize = 8_000;
const WAV_HEADER: usize = 44;
/// baresip stops sending where its file ends; no story is longer.
const SILENCE_SECONDS: usize = 150;
/// Nothing that a phone waits for takes longer.
const PATIENCE: Duration = Duration::from_secs(40);
