//! The few SIP messages a tap needs.
