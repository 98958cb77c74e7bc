//! `gamification-server`: see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    gamification_server::main()
}
