//! G.711 as two tables of 256 entries (ITU-T G.711, tables 1a and 2a).
//!
//! Written out here because the crates that hold them return each packet in a vector of their own, which nobody wipes.

pub(super) const ALAW: [i16; 256] = table(true);
pub(super) const ULAW: [i16; 256] = table(false);

const fn table(alaw: bool) -> [i16; 256] {
    let mut samples = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        samples[byte] = if alaw { from_alaw(byte as u8) } else { from_ulaw(byte as u8) };
        byte += 1;
    }
    samples
}

const fn from_alaw(byte: u8) -> i16 {
    let bits = byte ^ 0x55;
    let (segment, step) = ((bits >> 4 & 7) as u32, (bits & 15) as i16);
    let size = match segment {
        0 => step * 16 + 8,
        _ => (step * 16 + 264) << (segment - 1),
    };
    if bits & 0x80 == 0 { -size } else { size }
}

const fn from_ulaw(byte: u8) -> i16 {
    let bits = !byte;
    let (segment, step) = ((bits >> 4 & 7) as u32, (bits & 15) as i16);
    let size = ((step * 8 + 132) << segment) - 132;
    if bits & 0x80 == 0 { size } else { -size }
}
