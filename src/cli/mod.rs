//! Stub header, written by its helper.
