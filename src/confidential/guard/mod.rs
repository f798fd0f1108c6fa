//! Written by its helper.
