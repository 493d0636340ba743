//! What `/metrics` tells: held against its catalogue, and read by those who will read it, promtool and Prometheus.

#[path = "../harness/mod.rs"]
mod harness;

mod dashboard;
mod exposition;
mod figures;
mod prometheus;
mod traffic;
