//! The sockets and tasks of the simulated switch: the only place here that waits.

use super::script::{Act, Report, Script};
use super::world::{CallNo, LinkId, Output, World};
use super::{Files, Settings, SimClock};
use crate::wire::esl::{Command, Frame, ServerCodec};
use bytes::BytesMut;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{SocketAddr, UdpSocket as StdUdpSocket};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, oneshot};
use tokio::task::{AbortHandle, JoinHandle};
use tokio_util::codec::{Decoder, Encoder};

/// A running switch; it ends when it is dropped.
pub struct Switch {
    inputs: UnboundedSender<Input>,
    event_socket: SocketAddr,
    clock: SimClock,
    tasks: Vec<AbortHandle>,
    heart: Option<JoinHandle<()>>,
}

/// A call under way.
pub struct LiveCall {
    no: CallNo,
    leg: String,
    inputs: UnboundedSender<Input>,
    report: oneshot::Receiver<Report>,
}

enum Input {
    Connected(LinkId, Arc<Backlog>),
    Command(LinkId, Command),
    Gone(LinkId),
    Sip(SocketAddr, Vec<u8>),
    Refused(SocketAddr),
    Call(Box<Script>, oneshot::Sender<(CallNo, String, oneshot::Receiver<Report>)>),
    Act(CallNo, Act),
    Console(String, oneshot::Sender<String>),
    Crashed(oneshot::Sender<bool>),
    StepClock(i64),
    ShutDown,
}

impl Switch {
    pub async fn start(settings: Settings) -> io::Result<Switch> {
        let listener = TcpListener::bind(settings.event_socket).await?;
        let sip = StdUdpSocket::bind(settings.sip)?;
        let (inputs, received) = unbounded_channel();
        let event_socket = listener.local_addr()?;
        let clock = settings.clock.clone();
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let epoch = u64::try_from(epoch.as_micros()).unwrap_or(0);
        let epoch = epoch.saturating_sub(u64::try_from(clock.now().as_micros()).unwrap_or(0));
        let (queue, beat) = (settings.event_queue, settings.heartbeat);
        let world = World::new(settings, wav_files(), sip.local_addr()?, epoch);
        let edge = Edge::new(sip, inputs.clone());
        let beat = clock.real(beat);
        let heart = tokio::spawn(run(world, edge, clock.clone(), beat, received));
        let door = tokio::spawn(welcome(listener, inputs.clone(), queue));
        let tasks = vec![heart.abort_handle(), door.abort_handle()];
        Ok(Switch { inputs, event_socket, clock, tasks, heart: Some(heart) })
    }

    /// Where its event socket listens.
    pub fn event_socket(&self) -> SocketAddr {
        self.event_socket
    }

    pub fn clock(&self) -> &SimClock {
        &self.clock
    }

    /// Somebody calls.
    pub async fn call(&self, script: Script) -> LiveCall {
        let (tell, told) = oneshot::channel();
        self.send(Input::Call(Box::new(script), tell));
        let (no, leg, report) = told.await.expect("the switch answers as long as it lives");
        LiveCall { no, leg, report, inputs: self.inputs.clone() }
    }

    /// Runs an api command as somebody at the switch's console, and tells its answer.
    pub async fn console(&self, command: &str) -> String {
        let (tell, told) = oneshot::channel();
        self.send(Input::Console(command.to_owned(), tell));
        told.await.unwrap_or_default()
    }

    /// Sets the switch's time of day forward or back by so many seconds.
    pub fn step_clock(&self, seconds: i64) {
        self.send(Input::StepClock(seconds));
    }

    /// Whether a tap brought it down (F70).
    pub async fn crashed(&self) -> bool {
        let (tell, told) = oneshot::channel();
        self.send(Input::Crashed(tell));
        told.await.unwrap_or(true)
    }

    /// Stops it as `shutdown` does: every connection is told, then closed.
    pub async fn shut_down(mut self) {
        self.send(Input::ShutDown);
        if let Some(heart) = self.heart.take() {
            // It ends by itself; that it was aborted meanwhile is no error.
            let _ = heart.await;
        }
    }

    fn send(&self, input: Input) {
        // A switch that has ended hears nothing.
        let _ = self.inputs.send(input);
    }
}

impl Drop for Switch {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl LiveCall {
    /// The caller's leg (`Unique-ID`).
    pub fn leg(&self) -> &str {
        &self.leg
    }

    /// Something happens now that the script did not foresee.
    pub fn act(&self, act: Act) {
        // A switch that has ended hears nothing.
        let _ = self.inputs.send(Input::Act(self.no, act));
    }

    /// Waits for the end of the call and of its taps.
    pub async fn ended(self) -> Report {
        self.report.await.expect("a call ends before its switch does")
    }
}

/// The switch's life. Its heart beats also while the clock is held, or its peers would take it for dead.
async fn run(
    mut world: World,
    mut edge: Edge,
    clock: SimClock,
    beat: Duration,
    mut inputs: UnboundedReceiver<Input>,
) {
    let mut next_beat = tokio::time::Instant::now() + beat;
    loop {
        world.handle_timeout(clock.now());
        edge.flush(&mut world, &clock);
        if next_beat <= tokio::time::Instant::now() {
            next_beat += beat;
        }
        tokio::select! {
            input = inputs.recv() => {
                world.handle_timeout(clock.now());
                match input {
                    Some(Input::ShutDown) | None => break,
                    Some(input) => edge.take(&mut world, input, clock.now()),
                }
            }
            () = clock.reach(world.poll_timeout()) => {}
            () = clock.held_until(next_beat) => world.beat(),
        }
    }
    world.shut_down();
    edge.flush(&mut world, &clock);
    edge.drain().await;
}

/// What stands between the world and the sockets.
struct Edge {
    inputs: UnboundedSender<Input>,
    links: BTreeMap<LinkId, Arc<Backlog>>,
    /// The profile's own socket, until it is bound to the first peer.
    sip: Option<StdUdpSocket>,
    /// One socket a peer, connected, so that the kernel tells when nobody listens there.
    peers: BTreeMap<SocketAddr, Arc<UdpSocket>>,
    rtp: BTreeMap<String, StdUdpSocket>,
    reports: BTreeMap<CallNo, oneshot::Sender<Report>>,
    tasks: Vec<AbortHandle>,
}

impl Drop for Edge {
    /// A switch that is gone keeps no connection open.
    fn drop(&mut self) {
        self.links.values().for_each(|backlog| backlog.close());
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Edge {
    fn new(sip: StdUdpSocket, inputs: UnboundedSender<Input>) -> Edge {
        Edge {
            inputs,
            links: BTreeMap::new(),
            sip: Some(sip),
            peers: BTreeMap::new(),
            rtp: BTreeMap::new(),
            reports: BTreeMap::new(),
            tasks: Vec::new(),
        }
    }

    fn take(&mut self, world: &mut World, input: Input, now: Duration) {
        match input {
            Input::Connected(id, backlog) => {
                self.links.insert(id, backlog);
                world.connected(id);
            }
            Input::Command(id, command) => world.handle_command(id, command, now),
            Input::Gone(id) => {
                self.links.remove(&id);
                world.disconnected(id);
            }
            Input::Sip(from, bytes) => world.handle_sip(&bytes, from, now),
            Input::Refused(to) => world.refused(to, now),
            Input::Call(script, tell) => {
                let (report, reported) = oneshot::channel();
                let (no, leg) = world.call(*script, now);
                self.reports.insert(no, report);
                // Whoever called may have gone meanwhile; the call goes on.
                let _ = tell.send((no, leg, reported));
            }
            Input::Act(no, act) => {
                world.act(no, act);
                world.settle();
            }
            Input::Console(command, tell) => {
                // Whoever asked may have gone meanwhile.
                let _ = tell.send(world.console(&command));
                world.settle();
            }
            Input::Crashed(tell) => {
                // Whoever asked may have gone meanwhile.
                let _ = tell.send(world.crashed);
            }
            Input::StepClock(seconds) => world.stepped += seconds * 1_000_000,
            Input::ShutDown => {}
        }
    }

    fn flush(&mut self, world: &mut World, clock: &SimClock) {
        while let Some(output) = world.poll_output() {
            match output {
                Output::Frame(id, frame) => {
                    if self.links.get(&id).is_some_and(|backlog| !backlog.push(frame)) {
                        // What it had still sent is not acted upon any more.
                        self.links.remove(&id);
                        world.disconnected(id);
                    }
                }
                Output::Close(id) => {
                    if let Some(backlog) = self.links.remove(&id) {
                        backlog.close();
                    }
                }
                Output::Open(tap) => self.open(world, tap, clock.now()),
                Output::Shut(tap) => drop(self.rtp.remove(&tap)),
                Output::Sip(to, bytes) => self.send_sip(to, &bytes),
                Output::Rtp { tap, to, bytes } => {
                    if let Some(socket) = self.rtp.get(&tap) {
                        // Nobody there, or no room: that is what RTP is like.
                        let _ = socket.send_to(&bytes, to);
                    }
                }
                Output::Ended(no, report) => {
                    if let Some(tell) = self.reports.remove(&no) {
                        // Nobody may be waiting for it.
                        let _ = tell.send(report);
                    }
                }
            }
        }
    }

    fn open(&mut self, world: &mut World, tap: String, now: Duration) {
        let socket = StdUdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0));
        let Ok((socket, port)) = socket.and_then(|socket| {
            socket.set_nonblocking(true)?;
            let port = socket.local_addr()?.port();
            Ok((socket, port))
        }) else {
            return;
        };
        self.rtp.insert(tap.clone(), socket);
        world.opened(&tap, port, now);
    }

    fn send_sip(&mut self, to: SocketAddr, bytes: &[u8]) {
        let Ok(socket) = self.peer(to) else { return };
        if let Err(error) = socket.try_send(bytes)
            && error.kind() == io::ErrorKind::ConnectionRefused
        {
            // The refusal of the datagram before this one; it takes this one with it.
            let _ = self.inputs.send(Input::Refused(to));
        }
    }

    fn peer(&mut self, to: SocketAddr) -> io::Result<Arc<UdpSocket>> {
        if let Some(socket) = self.peers.get(&to) {
            return Ok(Arc::clone(socket));
        }
        let socket = match self.sip.take() {
            Some(first) => first,
            None => StdUdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0))?,
        };
        socket.connect(to)?;
        socket.set_nonblocking(true)?;
        let socket = Arc::new(UdpSocket::from_std(socket)?);
        let listening = tokio::spawn(hear_sip(Arc::clone(&socket), to, self.inputs.clone()));
        self.tasks.push(listening.abort_handle());
        self.peers.insert(to, Arc::clone(&socket));
        Ok(socket)
    }

    /// Gives the last words time to be written.
    async fn drain(&mut self) {
        for backlog in self.links.values() {
            backlog.close();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn hear_sip(socket: Arc<UdpSocket>, from: SocketAddr, inputs: UnboundedSender<Input>) {
    let mut buffer = vec![0; 65_536];
    loop {
        let input = match socket.recv(&mut buffer).await {
            Ok(length) => Input::Sip(from, buffer[..length].to_vec()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Input::Refused(from),
            Err(_) => return,
        };
        if inputs.send(input).is_err() {
            return;
        }
    }
}

async fn welcome(listener: TcpListener, inputs: UnboundedSender<Input>, queue: usize) {
    for number in 1.. {
        let Ok((stream, _)) = listener.accept().await else { return };
        let (id, backlog) = (LinkId(number), Arc::new(Backlog::new(queue)));
        if inputs.send(Input::Connected(id, Arc::clone(&backlog))).is_err() {
            return;
        }
        tokio::spawn(serve(stream, id, inputs.clone(), backlog));
    }
}

/// One connection, until either side ends it. As on a real switch one thread both reads and writes: as long as what
/// it writes is not taken, no command is read (F22).
async fn serve(stream: TcpStream, id: LinkId, inputs: UnboundedSender<Input>, backlog: Arc<Backlog>) {
    let (mut reading, mut writing) = stream.into_split();
    let mut asked = Asked::default();
    let ended = loop {
        tokio::select! {
            frame = backlog.next() => match frame {
                Some(frame) if write(&mut writing, &frame, &backlog).await => {}
                Some(_) => break false,
                None => break true,
            },
            there = asked.read(&mut reading, id, &inputs) => if !there { break false },
        }
    };
    if ended {
        // The other side may have closed first.
        let _ = writing.shutdown().await;
    }
    // The switch may have ended first.
    let _ = inputs.send(Input::Gone(id));
}

/// What a connection has sent and what of it is no whole command yet.
#[derive(Default)]
struct Asked {
    codec: ServerCodec,
    bytes: BytesMut,
}

impl Asked {
    /// Passes on the next piece that arrives; false at the end.
    async fn read(
        &mut self,
        stream: &mut OwnedReadHalf,
        id: LinkId,
        inputs: &UnboundedSender<Input>,
    ) -> bool {
        if !matches!(stream.read_buf(&mut self.bytes).await, Ok(1..)) {
            return false;
        }
        while let Ok(Some(command)) = self.codec.decode(&mut self.bytes) {
            if inputs.send(Input::Command(id, command)).is_err() {
                return false;
            }
        }
        true
    }
}

/// Frames that wait to be written.
struct Backlog {
    room: usize,
    queue: Mutex<Queue>,
    changed: Notify,
    killed: Notify,
}

#[derive(Default)]
struct Queue {
    frames: VecDeque<Frame>,
    lost: usize,
    closed: bool,
}

impl Backlog {
    fn new(room: usize) -> Backlog {
        Backlog { room, queue: Mutex::default(), changed: Notify::new(), killed: Notify::new() }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        // The lock is never held across anything that could panic.
        self.queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Of a reader that does not read, events are lost; after 500 of them it is cut off (F22): false.
    fn push(&self, frame: Frame) -> bool {
        let mut queue = self.queue();
        if queue.frames.len() < self.room || !matches!(frame, Frame::Event(..)) {
            queue.frames.push_back(frame);
            self.changed.notify_one();
            return true;
        }
        queue.lost += 1;
        let bearable = queue.lost <= MAY_LOSE;
        if !bearable {
            self.killed.notify_one();
        }
        bearable
    }

    fn close(&self) {
        self.queue().closed = true;
        self.changed.notify_one();
    }

    async fn next(&self) -> Option<Frame> {
        loop {
            {
                let mut queue = self.queue();
                match queue.frames.pop_front() {
                    Some(frame) => return Some(frame),
                    None if queue.closed => return None,
                    None => {}
                }
            }
            self.changed.notified().await;
        }
    }
}

/// Writes one frame; false when that was the last one, because the reader is gone or was cut off.
async fn write(stream: &mut OwnedWriteHalf, frame: &Frame, backlog: &Backlog) -> bool {
    let mut bytes = BytesMut::new();
    if ServerCodec::default().encode(frame, &mut bytes).is_err() {
        return false;
    }
    let mut written = 0;
    while written < bytes.len() {
        tokio::select! {
            some = stream.write(&bytes[written..]) => match some {
                Ok(some) => written += some,
                Err(_) => return false,
            },
            () = backlog.killed.notified() => {
                // In the middle of an event, as a real one does; the reader may be gone.
                let middle = written.max(bytes.len() / 2);
                let _ = stream.write_all(&[&bytes[written..middle], KILLED].concat()).await;
                return false;
            }
        }
    }
    true
}

/// Reads WAV files of 8 and 16 kHz, and remembers what it has read.
fn wav_files() -> Files {
    let known: Mutex<BTreeMap<String, Option<Arc<[i16]>>>> = Mutex::default();
    Box::new(move |path| {
        let mut known = known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        known.entry(path.to_owned()).or_insert_with(|| read_wav(path)).clone()
    })
}

fn read_wav(path: &str) -> Option<Arc<[i16]>> {
    let mut reader = hound::WavReader::open(path).ok()?;
    let spec = reader.spec();
    let samples: Vec<i16> = reader.samples::<i16>().collect::<Result<_, _>>().ok()?;
    let step = usize::try_from(spec.sample_rate / 8_000).ok()?.max(1) * usize::from(spec.channels);
    // A mean of neighbours is filter enough for what nobody but a test hears.
    let mean = |part: &[i16]| (part.iter().map(|s| i32::from(*s)).sum::<i32>() / part.len() as i32) as i16;
    Some(samples.chunks(step).map(mean).collect())
}

/// What a reader that does not read is told last.
const KILLED: &[u8] =
    b"Content-Type: text/disconnect-notice\nContent-Length: 39\n\nkilled listener because of lost events\n";
/// Events that may be lost before that.
const MAY_LOSE: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Party;
    use crate::sim::When;
    use crate::wire::esl::ClientCodec;
    use crate::wire::sip::{self, Uas};

    /// A sidecar's two sockets and its connection, each read only as far as a test asks.
    struct Sidecar {
        stream: TcpStream,
        codec: ClientCodec,
        bytes: BytesMut,
    }

    impl Sidecar {
        async fn connect(switch: &Switch) -> Sidecar {
            let stream = TcpStream::connect(switch.event_socket()).await.unwrap();
            Sidecar { stream, codec: ClientCodec::default(), bytes: BytesMut::new() }
        }

        async fn say(&mut self, text: &str) {
            self.stream.write_all(format!("{text}\n\n").as_bytes()).await.unwrap();
        }

        /// The next frame; `None` when the switch has closed, whole or not. A test that gets none shall say so.
        async fn frame(&mut self) -> Option<Frame> {
            let next = tokio::time::timeout(Duration::from_secs(60), self.next_frame()).await;
            next.expect("a frame within a minute")
        }

        async fn next_frame(&mut self) -> Option<Frame> {
            loop {
                match self.codec.decode(&mut self.bytes) {
                    Ok(Some(frame)) => return Some(frame),
                    Ok(None) => {}
                    Err(_) => return None,
                }
                if self.stream.read_buf(&mut self.bytes).await.ok()? == 0 {
                    return None;
                }
            }
        }

        async fn event(&mut self, name: &str) -> crate::wire::esl::Event {
            loop {
                match self.frame().await.expect("the switch is there") {
                    Frame::Event(event, _) if event.get("Event-Name") == Some(name) => return event,
                    _ => {}
                }
            }
        }
    }

    /// The next datagram; a test that gets none shall say so.
    async fn received(socket: &UdpSocket, buffer: &mut [u8]) -> (usize, SocketAddr) {
        let got = tokio::time::timeout(Duration::from_secs(60), socket.recv_from(buffer)).await;
        got.expect("a datagram within a minute").unwrap()
    }

    #[tokio::test]
    async fn a_call_is_announced_bridged_and_forked_over_real_sockets_faster_than_real_time() {
        // Faster, and a machine under load would answer the invitation later than the switch waits for it.
        let clock = SimClock::times(4);
        let switch = Switch::start(Settings { clock: clock.clone(), ..Settings::default() }).await.unwrap();
        let mut sidecar = Sidecar::connect(&switch).await;
        sidecar.say("auth ClueCon").await;
        sidecar
            .say("event json CHANNEL_BRIDGE CHANNEL_EXECUTE MEDIA_BUG_START CHANNEL_HANGUP_COMPLETE")
            .await;
        // The bridge comes 52 ms after the call: not before we listen.
        for _ in 0..3 {
            sidecar.frame().await;
        }
        let ear = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let rtp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let mut uas = Uas::new(ear.local_addr().unwrap(), [1; 32]);
        let script = Script {
            // Longer than any machine takes to fork; it is hung up by hand.
            caller_speech: vec![1_000; 8_000 * 600],
            events: vec![(When::Bridged(Duration::from_millis(500)), Act::Hold(Party::Caller))],
            ..Script::default()
        };
        let call = switch.call(script).await;
        let (_, b) = {
            let bridge = sidecar.event("CHANNEL_BRIDGE").await;
            let (a, b) = bridge.bridge_pair().unwrap();
            (a.to_owned(), b.to_owned())
        };
        let at = ear.local_addr().unwrap();
        sidecar
            .say(&format!(
                "bgapi originate {{origination_uuid=t-1,absolute_codec_string=PCMA}}sofia/callgist/sip:tok@{at} \
                 'native_eavesdrop:{b} write' inline"
            ))
            .await;
        let mut buffer = [0; 2_048];
        let (length, from) = received(&ear, &mut buffer).await;
        uas.handle(&buffer[..length], from, Duration::ZERO).unwrap();
        let Some(sip::Event::Invited { dialog, offer, .. }) = uas.poll_event() else {
            panic!("no invitation")
        };
        uas.accept(dialog, rtp.local_addr().unwrap(), Duration::ZERO).unwrap();
        let (to, answer) = uas.poll_transmit().unwrap();
        ear.send_to(&answer, to).await.unwrap();
        assert_eq!(sidecar.event("MEDIA_BUG_START").await.unique_id(), Some(&*b));
        let (length, source) = received(&rtp, &mut buffer).await;
        assert_eq!((length, source), (172, offer.rtp));
        call.act(Act::HangUp(Party::Caller));
        let report = call.ended().await;
        assert_eq!(report.taps.len(), 1);
        assert!(report.bridged.unwrap() < report.ended);
    }

    #[tokio::test]
    async fn a_tap_where_nobody_listens_fails_at_once() {
        let switch = Switch::start(Settings::default()).await.unwrap();
        let free = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let mut sidecar = Sidecar::connect(&switch).await;
        sidecar.say("auth ClueCon").await;
        sidecar.say("event json BACKGROUND_JOB").await;
        sidecar
            .say(&format!("bgapi originate {{a=b}}sofia/callgist/sip:tok@{free} '&native_eavesdrop(x read)'"))
            .await;
        let job = sidecar.event("BACKGROUND_JOB").await;
        assert_eq!(job.body(), Some("-ERR NORMAL_TEMPORARY_FAILURE\n"));
    }

    #[tokio::test]
    async fn while_the_clock_is_held_nobody_speaks_and_the_heart_beats_on() {
        let clock = SimClock::times(100);
        let switch = Switch::start(Settings { clock: clock.clone(), ..Settings::default() }).await.unwrap();
        let call = switch.call(Script { caller_speech: vec![0; 8_000 * 600], ..Script::default() }).await;
        clock.hold_back(true);
        let held = clock.now();
        let mut sidecar = Sidecar::connect(&switch).await;
        sidecar.say("auth ClueCon").await;
        sidecar.say("event json HEARTBEAT").await;
        sidecar.event("HEARTBEAT").await;
        assert_eq!(switch.console(&format!("uuid_exists {}", call.leg())).await, "true");
        assert_eq!(clock.now(), held);
        clock.hold_back(false);
        call.act(Act::HangUp(Party::Caller));
        assert_eq!(call.ended().await.cause, "NORMAL_CLEARING");
    }

    #[tokio::test]
    async fn a_reader_that_does_not_read_is_cut_off_in_the_middle_of_an_event() {
        let settings = Settings { event_queue: 20, ..Settings::default() };
        let switch = Switch::start(settings).await.unwrap();
        let mut sidecar = Sidecar::connect(&switch).await;
        sidecar.say("auth ClueCon").await;
        sidecar.say("event json ALL").await;
        let big = "x".repeat(60_000);
        let mut other = Sidecar::connect(&switch).await;
        other.say("auth ClueCon").await;
        for _ in 0..750 {
            other.say(&format!("sendevent HEARTBEAT\nX-Big: {big}")).await;
            other.frame().await.unwrap();
        }
        let mut events = 0;
        while let Some(frame) = sidecar.frame().await {
            events += usize::from(matches!(frame, Frame::Event(..)));
        }
        assert!(events < 250, "{events}");
        let rest = String::from_utf8_lossy(&sidecar.bytes).into_owned();
        assert!(
            rest.ends_with("killed listener because of lost events\n") || rest.is_empty(),
            "{}",
            rest.len()
        );
    }

    #[tokio::test]
    async fn what_a_reader_that_does_not_read_asks_for_is_not_done() {
        let settings = Settings { event_queue: 20, ..Settings::default() };
        let switch = Switch::start(settings).await.unwrap();
        let mut sidecar = Sidecar::connect(&switch).await;
        sidecar.say("auth ClueCon").await;
        sidecar.say("event json ALL").await;
        sidecar.say("api global_setvar asked=early").await;
        while switch.console("global_getvar asked").await != "early" {}
        let big = "x".repeat(60_000);
        let mut other = Sidecar::connect(&switch).await;
        other.say("auth ClueCon").await;
        for n in 0..750 {
            if n == 200 {
                // The kernel holds some 5 MB for it, and the switch waits in the middle of an event.
                sidecar.say("api global_setvar asked=late").await;
            }
            other.say(&format!("sendevent HEARTBEAT\nX-Big: {big}")).await;
            other.frame().await.unwrap();
        }
        assert_eq!(switch.console("global_getvar asked").await, "early");
        while sidecar.frame().await.is_some() {}
        assert_eq!(switch.console("global_getvar asked").await, "early");
        other.say("api global_getvar asked").await;
        while !matches!(other.frame().await, Some(Frame::Api(answer)) if answer.text() == "early") {}
    }

    #[tokio::test]
    async fn a_switch_that_dies_leaves_no_connection_open() {
        let switch = Switch::start(Settings::default()).await.unwrap();
        let mut sidecar = Sidecar::connect(&switch).await;
        assert_eq!(sidecar.frame().await, Some(Frame::AuthRequest));
        drop(switch);
        assert_eq!(sidecar.frame().await, None);
    }

    #[tokio::test]
    async fn a_test_may_own_the_time() {
        let clock = SimClock::owned();
        let switch = Switch::start(Settings { clock: clock.clone(), ..Settings::default() }).await.unwrap();
        let call = switch.call(Script { agent_speech: vec![0; 16_000], ..Script::default() }).await;
        let there = format!("uuid_exists {}", call.leg());
        clock.advance(Duration::from_secs(2));
        assert_eq!(switch.console(&there).await, "true");
        clock.advance(Duration::from_secs(2));
        let report = call.ended().await;
        assert_eq!(report.bridged, Some(Duration::from_millis(520)));
        assert_eq!(report.ended, Duration::from_millis(3_520));
    }

    #[tokio::test]
    async fn a_switch_that_is_stopped_says_so_and_ends_its_calls() {
        let switch = Switch::start(Settings::default()).await.unwrap();
        let mut sidecar = Sidecar::connect(&switch).await;
        sidecar.say("auth ClueCon").await;
        sidecar.frame().await;
        sidecar.frame().await;
        let call = switch.call(Script { caller_speech: vec![0; 800_000], ..Script::default() }).await;
        switch.shut_down().await;
        assert_eq!(call.ended().await.cause, "NORMAL_CLEARING");
        assert_eq!(sidecar.frame().await, Some(Frame::shutdown()));
        assert_eq!(sidecar.frame().await, None);
    }
}
