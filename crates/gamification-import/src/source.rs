//! Where lines come from.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

/// The file name that means standard input.
const STANDARD_INPUT: &str = "-";

/// A file, or standard input, open to be read once.
pub struct Source {
    pub(crate) reader: Box<dyn Read + Send>,
    size: Option<u64>,
}

/// A path that lines can't be read from.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableSource {
    /// There is no such file, or it can't be read.
    #[error("{path} can't be read")]
    Unreadable {
        /// The file that can't be opened.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        error: io::Error,
    },
    /// The path is that of a folder, not of a file.
    #[error("{0} is a folder")]
    Folder(PathBuf),
}

impl Source {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// [`UnreadableSource`] when there is no such file, it can't be read, or it is a folder.
    pub fn open(path: &Path) -> Result<Self, UnreadableSource> {
        if path == Path::new(STANDARD_INPUT) {
            return Ok(Self { reader: Box::new(io::stdin()), size: None });
        }
        let unreadable = |error| UnreadableSource::Unreadable { path: path.to_owned(), error };
        let file = File::open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(UnreadableSource::Folder(path.to_owned()));
        }
        Ok(Self { reader: Box::new(file), size: metadata.is_file().then_some(metadata.len()) })
    }

    /// Its size in bytes, where that is known beforehand.
    #[must_use]
    pub const fn size(&self) -> Option<u64> {
        self.size
    }
}
