//! The points and levels service, put together: configuration, telemetry, commands.
//!
//! This crate is the only one that knows all the others; it holds no rule and no route. It is also a library, so that
//! another program may start the same parts.
//!
//! # To add a command
//! Give it a variant in [`cli::Command`] with its flags, and a file in `commands/` that does it.

pub mod channels;
pub mod cli;
mod commands;
pub mod config;
mod progress;
mod secret;
mod telemetry;

pub use commands::run;
