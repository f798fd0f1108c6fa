//! Who holds our SIP port: a question goes out (OPTIONS, RFC 3261, 11), and a Callgist that runs says its name.

use crate::wire::sip::{Message, Method, SERVER};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

/// Whether it is a Callgist, and one that answers.
pub(super) async fn is_callgist(listen: SocketAddr) -> bool {
    let answered = timeout(ANSWERS_WITHIN, ask(listen)).await;
    let named = |answer: Message| answer.text("Server") == SERVER;
    answered.ok().flatten().is_some_and(named)
}

async fn ask(listen: SocketAddr) -> Option<Message> {
    let socket = UdpSocket::bind((listen.ip(), 0)).await.ok()?;
    let own = socket.local_addr().ok()?;
    let mut options = Message::request(Method::Options, &format!("sip:{listen}"));
    let drawn = format!("{:016x}", rand::random::<u64>());
    for (name, value) in [
        ("Via", format!("SIP/2.0/UDP {own};rport;branch=z9hG4bK{drawn}")),
        ("Max-Forwards", "70".to_owned()),
        ("From", format!("<sip:doctor@{own}>;tag={drawn}")),
        ("To", format!("<sip:{listen}>")),
        ("Call-ID", drawn.clone()),
        ("CSeq", "1 OPTIONS".to_owned()),
    ] {
        options.push(name, &value);
    }
    socket.send_to(&options.to_bytes(), listen).await.ok()?;
    let mut datagram = [0; 4_096];
    loop {
        let (length, from) = socket.recv_from(&mut datagram).await.ok()?;
        if from == listen {
            return Message::parse(&datagram[..length]).ok();
        }
    }
}

/// One that runs answers at once, on a busy machine within a second.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);
