//! What the whole thing does, seen from outside: one binary, one module a theme.

mod roles;
mod sandbox;
