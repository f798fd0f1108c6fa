//! Callgist: a short written note of each call, and nothing that was spoken.
//!
//! A call is offered, announced, bridged, forked, heard, summarised, guarded, kept and notified.
//! The function that tells this sentence is `daemon::follow`.

pub mod border;
pub mod call;
pub mod cli;
pub mod confidential;
pub mod config;
pub mod daemon;
pub mod ear;
pub mod sandbox;
pub mod sim;
pub mod store;
pub mod wire;
