//! Typed configuration, from `callgist.toml`.
