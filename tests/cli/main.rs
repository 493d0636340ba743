//! The program as an operator meets it: its commands, its settings, its words, its exit codes.

#[path = "../harness/mod.rs"]
mod harness;

mod admin;
mod config;
mod dead_letters;
mod health;
mod help;
mod run;
mod secrets;
mod store;
mod terminal;
mod top;
