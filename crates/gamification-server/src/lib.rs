//! The points and levels service, put together: configuration, commands, wiring.
//!
//! This crate is the only one that knows all the others; it holds no rule and no route. `main.rs` calls [`main`]; what else
//! is public here is for tests. A program that embeds the service uses `Gamification` of `gamification-pg`.
//!
//! # To add a command
//! - `cli.rs`: a variant of [`cli::Command`] with its flags; from here on the compiler names the next place.
//! - `commands/<name>.rs` that does it, and its line in `commands/mod.rs`.
//! - The README, where it is shown; `tests/command_line.rs` asks `--help` for it.
//!
//! # To add a configuration variable
//! Those of a channel, in or out, are in `channels.rs` with all else that makes it, or in its own crate, as those of
//! NATS in `options.rs` of `gamification-nats`. For others:
//! - `cli.rs`: a field of [`cli::Options`] with its `env`.
//! - `config.rs`: a method of [`config::Config`] that names the variable when its value is wrong. What a right value is
//!   says the crate that uses it, with a type that parses (`Origin` of `gamification-http`, `TraceCollector` of
//!   `gamification-telemetry`).
//! - The command that reads it; for the service that is `Parts` in `commands/serve.rs`.
//! - The table in the README, which a test compares with `--help`.

pub mod channels;
pub mod cli;
mod commands;
pub mod config;
mod progress;
mod secret;
mod telemetry;

use std::process::ExitCode;

use clap::Parser;

/// Does what the command line says. A failure is one sentence with its causes, and no backtrace: it is for the operator.
///
/// Not generic and not a future, so that the program's own crate has nothing to compile a second time.
///
/// # Panics
/// When the system grants no threads.
#[tokio::main]
pub async fn main() -> ExitCode {
    match commands::run(cli::Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gamification-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}
