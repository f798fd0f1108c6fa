//! The process that hears: it locks itself in, takes sockets and runs `confidential`.
