//! The event socket of FreeSWITCH.
