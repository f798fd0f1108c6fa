//! The loopback ports: what is taken, and what the switch itself may take, goes in; ports that are free come out.

use super::seen::Seen;
use crate::config::Config;
use std::net::{Ipv4Addr, UdpSocket};
use std::ops::RangeInclusive;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ports {
    /// Of the switch's profile.
    pub profile: u16,
    /// Of Callgist itself.
    pub sip: u16,
    pub rtp: RangeInclusive<u16>,
}

impl Ports {
    /// Free ports, beginning with the usual ones. A profile that runs keeps its own.
    pub fn free(seen: Option<&Seen>) -> Option<Ports> {
        let profile = profile(seen)?;
        let sip = (USUAL_SIP..USUAL_SIP + TRIES).find(|port| *port != profile && is_free(*port))?;
        let switch = seen.map_or(RTP_OF_SWITCH, |seen| seen.rtp.clone());
        Some(Ports { profile, sip, rtp: rtp(&switch)? })
    }

    /// Those of settings that are to be overwritten.
    pub fn of(old: &Config, seen: Option<&Seen>) -> Option<Ports> {
        let rtp = old.sip.first_rtp_port..=old.sip.last_rtp_port;
        Some(Ports { profile: profile(seen)?, sip: old.sip.listen.port(), rtp })
    }
}

fn profile(seen: Option<&Seen>) -> Option<u16> {
    let runs = seen.and_then(|seen| seen.profile_port);
    runs.or_else(|| (USUAL_PROFILE..USUAL_PROFILE + TRIES).find(|port| *port != USUAL_SIP && is_free(*port)))
}

/// A range of which nothing is taken, apart from that in which the switch draws ports of its own: two that draw from
/// one range meet now and then.
fn rtp(switch: &RangeInclusive<u16>) -> Option<RangeInclusive<u16>> {
    let starts = std::iter::once(USUAL_RTP).chain(LOW_STARTS.step_by(500)).chain(HIGH_STARTS.step_by(500));
    starts
        .map(|first| first..=first + CALLS * 2 - 1)
        .filter(|range| range.end() < switch.start() || range.start() > switch.end())
        .find(|range| range.clone().all(is_free))
}

fn is_free(port: u16) -> bool {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}

const USUAL_PROFILE: u16 = 5_088;
const USUAL_SIP: u16 = 5_090;
const USUAL_RTP: u16 = 30_000;

/// Below the switch's usual range, then above it. Above, the kernel gives ports to whoever asks for any.
const LOW_STARTS: RangeInclusive<u16> = 10_000..=15_500;
const HIGH_STARTS: RangeInclusive<u16> = 33_000..=60_000;

/// What FreeSWITCH takes where switch.conf.xml says nothing.
pub const RTP_OF_SWITCH: RangeInclusive<u16> = 16_384..=32_768;

/// Two ports for each; more than a host of one switch hears at once.
const CALLS: u16 = 250;

const TRIES: u16 = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_that_are_taken_are_left_out() {
        // Others may hold the usual ones on this machine; that is what is tried here.
        let first = Ports::free(None).unwrap();
        let _profile = UdpSocket::bind((Ipv4Addr::LOCALHOST, first.profile)).unwrap();
        let _sip = UdpSocket::bind((Ipv4Addr::LOCALHOST, first.sip)).unwrap();
        let _rtp = UdpSocket::bind((Ipv4Addr::LOCALHOST, first.rtp.start() + 7)).unwrap();
        let second = Ports::free(None).unwrap();
        assert!(second.profile != first.profile && second.sip != first.sip);
        assert!(second.rtp.start() > first.rtp.end(), "{second:?} after {first:?}");
    }

    #[test]
    fn the_switchs_own_range_is_left_to_it() {
        assert!(*rtp(&RTP_OF_SWITCH).unwrap().end() < 16_384);
        let low = rtp(&(1_024..=29_999)).unwrap();
        assert!(*low.start() >= 30_000, "{low:?}");
    }
}
