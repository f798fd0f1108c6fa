//! Session descriptions (RFC 8866, RFC 3264): an offer goes in, the one stream that we take and our answer come out.

use super::SdpError;
use crate::wire::rtp::{Codec, Format};
use sdp_types::{Attribute, Connection, Media, Origin, RtpMap, Session, Time};
use std::net::{IpAddr, SocketAddr};

/// What a switch offers, as far as we take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    pub format: Format,
    /// Where the switch receives, and sends from (measured, FreeSWITCH): an RTP socket is connected to it.
    pub rtp: SocketAddr,
}

/// An offer with what its answer needs.
#[derive(Clone)]
pub(super) struct Offered {
    pub(super) offer: Offer,
    /// The kinds of all streams offered: an answer has as many, in the same order (RFC 3264, 6).
    streams: Vec<Media>,
    chosen: usize,
}

impl Offered {
    /// Takes the first audio stream that the switch sends from loopback, in the first codec that an ear decodes.
    pub(super) fn read(body: &[u8]) -> Result<Offered, SdpError> {
        let session = Session::parse(body).map_err(|_| SdpError::Unreadable)?;
        if session.medias.len() > MAX_STREAMS {
            return Err(SdpError::Unreadable);
        }
        let (chosen, offer) = (session.medias.iter().enumerate())
            .find_map(|(n, media)| Some((n, take(&session, media)?)))
            .ok_or(SdpError::NothingForUs)?;
        Ok(Offered { offer, streams: session.medias, chosen })
    }

    /// We receive at `rtp` and never send; all other streams are refused with port 0.
    pub(super) fn answer(&self, id: u64, rtp: SocketAddr) -> Vec<u8> {
        let mut origin = Origin::with_ip_addr(id, 1, rtp.ip());
        origin.set_username("callgist");
        let mut session = Session::new(origin, "-");
        session.set_connection(Connection::from_ip_addr(rtp.ip()));
        session.add_time(Time::new(0, 0));
        for (n, stream) in self.streams.iter().enumerate() {
            let media = if n == self.chosen { self.taken(stream, rtp.port()) } else { refused(stream) };
            session.add_media(media);
        }
        let mut bytes = Vec::new();
        // Writing into a Vec cannot fail.
        let _ = session.write(&mut bytes);
        bytes
    }

    fn taken(&self, stream: &Media, port: u16) -> Media {
        let Format { codec, payload_type, clock_rate, .. } = self.offer.format;
        let mut media = Media { port, fmt: payload_type.to_string(), ..refused(stream) };
        let map = RtpMap {
            payload_type,
            encoding_name: encoding_name(codec).to_owned(),
            clock_rate,
            // Always so, though what is coded be mono (RFC 7587, 7).
            encoding_params: (codec == Codec::Opus).then(|| "2".to_owned()),
        };
        media.add_attribute_with_value("rtpmap", map);
        media.add_attribute_from_str("recvonly");
        if let Some(Some(ptime)) = stream.get_first_attribute_value("ptime") {
            media.add_attribute_with_value("ptime", ptime);
        }
        media
    }
}

fn take(session: &Session, media: &Media) -> Option<Offer> {
    let stream = media.media == "audio" && media.proto == "RTP/AVP" && media.port != 0;
    let sends =
        !["recvonly", "inactive"].iter().any(|&how| media.has_attribute(how) || session.has_attribute(how));
    if !stream || !sends {
        return None;
    }
    let connection = media.connections.first().or(session.connection.as_ref())?;
    let ip: IpAddr = connection.connection_address.parse().ok()?;
    let ptime_ms = read_ptime(media)?;
    let format = media.fmt.split_ascii_whitespace().find_map(|word| decodable(media, word, ptime_ms))?;
    ip.is_loopback().then_some(Offer { format, rtp: SocketAddr::new(ip, media.port) })
}

/// 20 ms where nothing is said (RFC 3551, 4.2).
fn read_ptime(media: &Media) -> Option<u8> {
    match media.get_first_attribute_value("ptime") {
        Some(value) => value?.parse().ok().filter(|ms| (10..=120).contains(ms)),
        None => Some(20),
    }
}

fn decodable(media: &Media, word: &str, ptime_ms: u8) -> Option<Format> {
    let payload_type: u8 = word.parse().ok().filter(|&pt| pt < 128)?;
    let map = media.attributes_typed::<RtpMap>().flatten().find(|map| map.payload_type == payload_type);
    let (codec, clock_rate) = match map {
        Some(map) => read_map(&map)?,
        None => (STATIC_TYPES.iter().find(|(pt, _)| *pt == payload_type)?.1, 8_000),
    };
    Some(Format { codec, payload_type, clock_rate, ptime_ms })
}

fn read_map(map: &RtpMap) -> Option<(Codec, u32)> {
    let codec =
        CODECS.into_iter().find(|&codec| map.encoding_name.eq_ignore_ascii_case(encoding_name(codec)))?;
    let channels = map.encoding_params.as_deref().unwrap_or("1");
    let fits = match codec {
        Codec::Pcma | Codec::Pcmu | Codec::G722 => (map.clock_rate, channels) == (8_000, "1"),
        Codec::L16 => [8_000, 16_000].contains(&map.clock_rate) && channels == "1",
        Codec::Opus => (map.clock_rate, channels) == (48_000, "2"),
    };
    fits.then_some((codec, map.clock_rate))
}

fn refused(stream: &Media) -> Media {
    Media {
        media: stream.media.clone(),
        port: 0,
        num_ports: None,
        proto: stream.proto.clone(),
        fmt: stream.fmt.clone(),
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::<Attribute>::new(),
    }
}

fn encoding_name(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcma => "PCMA",
        Codec::Pcmu => "PCMU",
        Codec::L16 => "L16",
        Codec::G722 => "G722",
        Codec::Opus => "opus",
    }
}

const CODECS: [Codec; 5] = [Codec::Pcma, Codec::Pcmu, Codec::L16, Codec::G722, Codec::Opus];
/// Payload types that need no `rtpmap` (RFC 3551, 6).
const STATIC_TYPES: [(u8, Codec); 3] = [(0, Codec::Pcmu), (8, Codec::Pcma), (9, Codec::G722)];
/// A tap offers one. An answer repeats them all, so their number is bounded.
const MAX_STREAMS: usize = 8;
