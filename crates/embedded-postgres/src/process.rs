//! Child processes that neither outlive their purpose nor stay as zombies, and processes of others.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{Pid, test_kill_process},
};

use crate::{Error, lock::POLL};

/// A child that is killed when dropped.
pub(crate) struct Process {
    child: Option<Child>,
}

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Result<Self, Error> {
        let child = command.spawn().map_err(|source| Error::Run { program: program(command), source })?;
        Ok(Self { child: Some(child) })
    }

    /// How it ended, once it has.
    pub(crate) fn status(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.as_mut().map_or(Ok(None), Child::try_wait)
    }

    /// What it wrote until its end.
    fn output(mut self) -> io::Result<Output> {
        self.child.take().ok_or_else(|| io::ErrorKind::NotFound.into()).and_then(Child::wait_with_output)
    }

    /// Keeps the child running when this value is dropped.
    pub(crate) fn release(mut self) {
        if let Some(child) = self.child.take() {
            reap(child);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            reap(child);
        }
    }
}

/// Waits for the end of a child, whenever that is, or it would stay a zombie that looks alive.
fn reap(mut child: Child) {
    // A thread, because a runtime waits for its blocking tasks when it ends. Without one, it stays a zombie.
    let _ = thread::Builder::new().name("reap-postgres".to_owned()).spawn(move || child.wait());
}

/// Runs a program to its end, and gives what it wrote, where that is piped.
pub(crate) async fn run(command: &mut Command, timeout: Duration) -> Result<Output, Error> {
    let deadline = Instant::now() + timeout;
    let mut process = Process::spawn(command)?;
    let cannot = |source| Error::Run { program: program(command), source };
    while process.status().map_err(cannot)?.is_none() {
        if Instant::now() > deadline {
            return Err(Error::RunTimeout { program: program(command) });
        }
        tokio::time::sleep(POLL).await;
    }
    process.output().map_err(cannot)
}

fn program(command: &Command) -> PathBuf {
    command.get_program().into()
}

/// Whether a process, child or not, runs with `folder` as its working directory.
pub(crate) fn is_running(process: Pid, folder: &Path) -> bool {
    // Another user's process may not be signalled, but it is there.
    test_kill_process(process) != Err(Errno::SRCH) && !is_zombie(process) && !is_elsewhere(process, folder)
}

/// Whether the id is another program's by now. Only Linux tells, and not to everybody.
fn is_elsewhere(process: Pid, folder: &Path) -> bool {
    let directory = fs::read_link(format!("/proc/{}/cwd", process.as_raw_nonzero()));
    directory.is_ok_and(|directory| fs::canonicalize(folder).is_ok_and(|folder| folder != directory))
}

/// Whether it has ended and nobody has waited for it, which happens in containers whose first process does not.
fn is_zombie(process: Pid) -> bool {
    // Only Linux has the file. The name of the program before the state may hold anything, even parentheses.
    let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_nonzero())).unwrap_or_default();
    stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_ended_does_not_run_even_when_nobody_has_waited_for_it() {
        let mut child = Command::new("sleep").arg("1000").current_dir("/usr").spawn().unwrap();
        let process = Pid::from_child(&child);
        let usr = Path::new("/usr");
        assert!(is_running(process, usr));
        child.kill().unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while is_running(process, usr) {
            assert!(Instant::now() < deadline, "a zombie looks alive");
            thread::sleep(POLL);
        }
        assert!(test_kill_process(process).is_ok(), "it is a zombie");
        child.wait().unwrap();
        assert!(!is_running(process, usr));
    }

    #[test]
    fn a_process_id_that_another_program_got_meanwhile_is_not_taken_for_the_server() {
        let child = Command::new("sleep").arg("1000").current_dir("/usr").spawn().unwrap();
        let process = Process { child: Some(child) };
        let id = Pid::from_child(process.child.as_ref().unwrap());
        assert!(is_running(id, Path::new("/usr")));
        if cfg!(target_os = "linux") {
            assert!(!is_running(id, Path::new("/tmp")));
        }
    }

    #[tokio::test]
    async fn a_program_that_does_not_end_is_killed_after_its_time() {
        let mut command = Command::new("sleep");
        let error = run(command.arg("1000"), Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(error.to_string(), "sleep did not end in time; try again when the machine is less busy");
    }
}
