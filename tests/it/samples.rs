//! A process goes in, what it holds comes out: memory, open files, threads; and from many such samples, what grows.

use std::path::{Path, PathBuf};

/// What one process holds at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Held {
    /// In use, and of that what is of no file and nobody else's: it alone grows with what a process remembers.
    pub resident_kb: f64,
    pub own_kb: f64,
    pub files: usize,
    pub threads: usize,
}

impl Held {
    /// Only root is told of the files of a process that may not be dumped.
    pub fn by(pid: i32) -> Option<Held> {
        let process = PathBuf::from(format!("/proc/{pid}"));
        let count = |folder: &str| Some(std::fs::read_dir(process.join(folder)).ok()?.count());
        Some(Held {
            resident_kb: kb(&process.join("status"), "VmRSS:")?,
            own_kb: kb(&process.join("status"), "RssAnon:")?,
            files: count("fd")?,
            threads: count("task")?,
        })
    }
}

fn kb(file: &Path, name: &str) -> Option<f64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// How many UDP sockets of this name space are bound to ports of a range.
pub fn udp_sockets(ports: std::ops::RangeInclusive<u16>) -> usize {
    let table = std::fs::read_to_string("/proc/net/udp").unwrap_or_default();
    let port = |line: &str| u16::from_str_radix(line.split_whitespace().nth(1)?.split_once(':')?.1, 16).ok();
    table.lines().skip(1).filter_map(port).filter(|port| ports.contains(port)).count()
}

/// The line through points by least squares: its slope and the standard error of that.
#[allow(dead_code, reason = "the bench draws lines, the test compares the ends")]
pub fn slope(points: &[(f64, f64)]) -> (f64, f64) {
    let count = points.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x_mean, y_mean) = (mean(&|point| point.0), mean(&|point| point.1));
    let spread: f64 = points.iter().map(|(x, _)| (x - x_mean).powi(2)).sum();
    let slope = points.iter().map(|(x, y)| (x - x_mean) * (y - y_mean)).sum::<f64>() / spread;
    let rest = |(x, y): &(f64, f64)| (y - y_mean - slope * (x - x_mean)).powi(2);
    let error = (points.iter().map(rest).sum::<f64>() / (count - 2.0).max(1.0) / spread).sqrt();
    (slope, error)
}
