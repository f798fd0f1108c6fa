//! The percent rules of plain events: a header's value goes in, its coded form comes out, and back.
//!
//! They cannot be undone in every case: a `%` that two hexadecimal digits follow is not coded again, so
//! `100%25` and `100%` look the same on the wire. Only JSON carries every value.

use bytes::{BufMut, BytesMut};

/// Appends `text` as a plain event carries it.
pub(super) fn encode(text: &str, out: &mut BytesMut) {
    let bytes = text.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        if is_bare(byte) || (byte == b'%' && coded(bytes, at).is_some()) {
            out.put_u8(byte);
        } else {
            out.put_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// Reads a coded value; a `%` without two hexadecimal digits stands for itself, broken UTF-8 is replaced.
pub(super) fn decode(text: &str) -> Box<str> {
    if !text.contains('%') {
        return text.into();
    }
    let mut rest = text.as_bytes();
    let mut plain = Vec::with_capacity(rest.len());
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        let code = coded(rest, at);
        plain.extend_from_slice(&rest[..at]);
        plain.push(code.unwrap_or(b'%'));
        rest = &rest[at + if code.is_some() { 3 } else { 1 }..];
    }
    plain.extend_from_slice(rest);
    match String::from_utf8(plain) {
        Ok(text) => text.into(),
        Err(broken) => String::from_utf8_lossy(broken.as_bytes()).into(),
    }
}

/// The byte that the two hexadecimal digits after the `%` at `at` stand for.
fn coded(bytes: &[u8], at: usize) -> Option<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let (high, low) = (digit(at + 1)?, digit(at + 2)?);
    Some((high * 16 + low) as u8)
}

fn is_bare(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"\"#%&+:;<=>?@[\\]^`{|}".contains(&byte)
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";
