//! One ear's process and our end of the pair: orders go in, messages come out, descriptors never do.

use super::Settings;
use super::judge::Breach;
use crate::border::{self, FromEar, MAX_MESSAGE, Note, Recogniser, ToEar};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvFlags, ReturnFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::UdpSocket;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::io::Interest;
use tokio::net::UnixDatagram;
use tokio::process::{Child, Command};
use zeroize::Zeroize;

/// The ear's program: in the folder that `CALLGIST_EAR_DIR` names, or beside our own.
pub fn program(recogniser: Recogniser) -> io::Result<PathBuf> {
    let beside =
        || Ok::<_, io::Error>(std::env::current_exe()?.parent().map(PathBuf::from).unwrap_or_default());
    let folder =
        std::env::var_os("CALLGIST_EAR_DIR").map_or_else(beside, |named| Ok(PathBuf::from(named)))?;
    Ok(folder.join(format!("callgist-ear-{}", recogniser.word())))
}

/// Every ear's program that is there; what the daemon must keep the right to start.
pub fn programs() -> Vec<PathBuf> {
    let all = [Recogniser::Vosk, Recogniser::Whisper];
    all.into_iter()
        .filter_map(|recogniser| program(recogniser).ok())
        .filter(|program| program.is_file())
        .collect()
}

/// Folders in which an ear's loader may find its libraries, besides the system's: what the daemon must keep the
/// right to read. The places are those of `build.rs`.
pub fn libraries() -> Vec<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let named = set("LD_LIBRARY_PATH").unwrap_or_default();
    let packaged = programs().first().map(|ear| packaged_libraries(ear));
    let cache = set("CALLGIST_CACHE")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(set("XDG_CACHE_HOME")?).join("callgist")))
        .or_else(|| Some(PathBuf::from(set("HOME")?).join(".cache/callgist")));
    std::env::split_paths(&named)
        .chain(packaged)
        .chain(set("CALLGIST_VOSK_LIB").map(PathBuf::from))
        .chain(cache.map(|folder| folder.join("lib")))
        .filter(|folder| folder.is_absolute() && folder.is_dir())
        .collect()
}

/// Where a package puts the library of an ear that stands there; the first place in which its loader looks.
pub fn packaged_libraries(program: &Path) -> PathBuf {
    let prefix = program.parent().and_then(Path::parent).unwrap_or(Path::new("/usr"));
    prefix.join("lib/callgist")
}

/// Starts an ear: it gets its end of the pair as standard input (it makes it descriptor 3), nothing as standard
/// output, a pipe as standard error for what it has to explain before its lock, and an environment of one variable
/// at most, beside what the C library alone is told and the ear removes.
pub fn spawn(settings: &Settings, factor: u32) -> io::Result<(Child, Line)> {
    let flags = SocketFlags::CLOEXEC;
    let (ours, theirs) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?;
    rustix::io::ioctl_fionbio(&ours, true)?;
    let child = Command::new(&settings.program)
        .arg("--model")
        .arg(&settings.model)
        .args(settings.languages.first().into_iter().flat_map(|language| ["--language", language.code()]))
        .args(["--threads", &settings.threads.to_string()])
        .args(["--factor", &factor.to_string()])
        .args(["--audio-budget", &settings.audio_budget.to_string()])
        .env_clear()
        .env("GLIBC_TUNABLES", OVERWRITE_WHAT_IS_FREED)
        .envs(std::env::var_os("LD_LIBRARY_PATH").map(|folders| ("LD_LIBRARY_PATH", folders)))
        .stdin(Stdio::from(theirs))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let socket = UnixDatagram::from_std(std::os::unix::net::UnixDatagram::from(ours))?;
    Ok((child, Line { socket }))
}

/// glibc overwrites with this byte whatever anybody in the ear frees, Kaldi and CTranslate2 too (`M_PERTURB`). Its cache
/// for each thread would keep small pieces as they were, so there is none. It is read before `main`, and can be told by
/// the environment alone.
const OVERWRITE_WHAT_IS_FREED: &str = "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0";

/// Our end of the pair. It is waited for as a datagram socket, which in all that is asked of it here it is like;
/// it is read and written by our own calls.
pub struct Line {
    socket: UnixDatagram,
}

impl Line {
    /// Sends an order that carries nothing. An ear that takes none is broken.
    pub fn send(&self, order: &ToEar) -> Result<(), Breach> {
        send(self.socket.as_fd(), order, &mut SendAncillaryBuffer::default())
    }

    /// Sends an order with a socket; our copy is closed when this returns.
    pub fn send_with(&self, order: &ToEar, socket: UdpSocket) -> Result<(), Breach> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut beside = SendAncillaryBuffer::new(&mut space);
        let descriptors = [socket.as_fd()];
        beside.push(SendAncillaryMessage::ScmRights(&descriptors));
        send(self.socket.as_fd(), order, &mut beside)
    }

    /// Waits for the next message; `None` once the ear has closed its end.
    pub async fn receive(&self) -> Result<Option<FromEar<Note>>, Breach> {
        loop {
            if self.socket.readable().await.is_err() {
                return Ok(None);
            }
            match self.socket.try_io(Interest::READABLE, || Ok(receive(self.socket.as_fd())?)) {
                Ok(Some(message)) => return message.map(Some),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(None) | Err(_) => return Ok(None),
            }
        }
    }
}

fn send(
    line: BorrowedFd<'_>,
    order: &ToEar,
    beside: &mut SendAncillaryBuffer<'_, '_, '_>,
) -> Result<(), Breach> {
    let mut room = [0; MAX_MESSAGE];
    let bytes = border::encode(order, &mut room).map_err(|_| Breach::Form)?;
    match sendmsg(line, &[IoSlice::new(bytes)], beside, SendFlags::NOSIGNAL | SendFlags::DONTWAIT) {
        // An ear that is gone is told by its end of the pair.
        Ok(_) | Err(Errno::PIPE | Errno::CONNRESET | Errno::CONNREFUSED) => Ok(()),
        Err(_) => Err(Breach::Deaf),
    }
}

/// Takes one packet, `None` at the end. Descriptors that come with it are closed here, and are a breach.
fn receive(line: BorrowedFd<'_>) -> Result<Option<Result<FromEar<Note>, Breach>>, Errno> {
    let mut bytes = [0; MAX_MESSAGE];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(4))];
    let mut beside = RecvAncillaryBuffer::new(&mut space);
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let got = recvmsg(line, &mut [IoSliceMut::new(&mut bytes)], &mut beside, flags)?;
    let descriptors = beside.drain().count() > 0 || got.flags.contains(ReturnFlags::CTRUNC);
    let message = match (descriptors, got.flags.contains(ReturnFlags::TRUNC), got.bytes) {
        (true, ..) => Some(Err(Breach::Descriptor)),
        (_, true, _) => Some(Err(Breach::Form)),
        (_, _, 0) => None,
        (_, _, length) => Some(border::decode(&bytes[..length]).map_err(|_| Breach::Form)),
    };
    bytes.zeroize();
    Ok(message)
}
