//! `gamification-server`: see `--help`.

use std::process::ExitCode;

use clap::Parser;
use gamification_server::{cli::Cli, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One sentence with its causes, and no backtrace: it is for the operator.
            eprintln!("gamification-server: {error:#}");
            ExitCode::FAILURE
        }
    }
}
