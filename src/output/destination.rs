//! Where an answer goes: stdout, or a file that appears whole or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf, is_separator};

use tempfile::NamedTempFile;

use super::{Sink, WriteError};

/// Where an answer goes.
#[derive(Debug)]
pub enum Destination {
    /// The standard output.
    Stdout,
    /// A pipe or a device, written as the answer comes: it cannot be replaced.
    Stream {
        /// As the user named it.
        path: PathBuf,
        /// Open for writing.
        file: File,
    },
    /// A file, replaced by [`commit`](Destination::commit); until then the answer is in a temporary file
    /// beside it, which goes away with this value.
    File {
        /// As the user named it.
        path: PathBuf,
        /// The file itself, past symbolic links.
        target: PathBuf,
        /// The answer so far.
        temporary: NamedTempFile,
    },
}

impl Destination {
    /// Prepares to write to `path`, or to stdout when `None`, so that what cannot be written fails before any
    /// work is done. A symbolic link is followed, as the shell's `>` does.
    ///
    /// # Errors
    /// The path is a directory, its directory does not exist, or one may not write there.
    pub fn open(path: Option<&Path>) -> Result<Self, WriteError> {
        let Some(path) = path else {
            return Ok(Self::Stdout);
        };
        Self::open_file(path).map_err(|error| WriteError {
            name: path.display().to_string(),
            error,
        })
    }

    fn open_file(path: &Path) -> io::Result<Self> {
        let target = follow(path)?;
        let existing = match fs::metadata(&target) {
            Ok(metadata) if metadata.is_dir() => {
                return Err(io::Error::other("it is a directory; name a file in it"));
            }
            Ok(metadata) => {
                // Also refuses a file that is there and read-only, which a rename would replace all the same.
                let file = OpenOptions::new().write(true).open(&target)?;
                if !metadata.is_file() {
                    return Ok(Self::Stream {
                        path: path.to_owned(),
                        file,
                    });
                }
                Some(metadata.permissions())
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        if !directory.is_dir() {
            let problem = format!("the directory {} does not exist", directory.display());
            return Err(io::Error::other(problem));
        }
        if target.to_string_lossy().ends_with(is_separator) {
            let problem = "it is a directory that does not exist; name a file";
            return Err(io::Error::other(problem));
        }
        Ok(Self::File {
            path: path.to_owned(),
            temporary: temporary_in(directory, existing)?,
            target,
        })
    }

    /// The way to this destination. What is written passes through `wrap`.
    ///
    /// # Errors
    /// The system has no file handle left, or none was given as stdout.
    pub fn sink(
        &self,
        wrap: impl FnOnce(Box<dyn Write>) -> Box<dyn Write>,
    ) -> Result<Sink, WriteError> {
        let (name, file) = match self {
            Self::Stdout => ("stdout".to_owned(), stdout()),
            Self::Stream { path, file } => (path.display().to_string(), file.try_clone()),
            Self::File {
                path, temporary, ..
            } => (path.display().to_string(), temporary.as_file().try_clone()),
        };
        file.and_then(|file| {
            let out: Box<dyn Write> = match self {
                // A console takes text, not bytes.
                #[cfg(windows)]
                Self::Stdout => Box::new(io::stdout()),
                _ => Box::new(file.try_clone()?),
            };
            let out = wrap(out);
            Ok(Sink {
                name: name.clone(),
                file,
                out,
            })
        })
        .map_err(|error| WriteError { name, error })
    }

    /// Whether a part of an answer never shows.
    pub fn is_atomic(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// Lets a whole answer stand: the file appears under its name. Until here it does not.
    ///
    /// # Errors
    /// The disk is full, or the file can no longer be replaced.
    pub fn commit(self) -> Result<(), WriteError> {
        let Self::File {
            path,
            target,
            temporary,
        } = self
        else {
            return Ok(());
        };
        // Some file systems report a full disk only here.
        let synced = temporary.as_file().sync_all();
        synced
            .and_then(|()| Ok(temporary.persist(&target).map(drop)?))
            .map_err(|error| WriteError {
                name: path.display().to_string(),
                error,
            })
    }
}

/// The file that a path leads to past symbolic links, which need not exist.
fn follow(path: &Path) -> io::Result<PathBuf> {
    // As many as Linux follows.
    const LINKS: usize = 40;
    let mut target = path.to_owned();
    for _ in 0..LINKS {
        let Ok(next) = fs::read_link(&target) else {
            return Ok(target);
        };
        target = match target.parent() {
            Some(parent) => parent.join(next),
            None => next,
        };
    }
    Err(io::Error::other(
        "it is a symbolic link that leads round in a circle",
    ))
}

/// A temporary file that, renamed, is like a file newly made there, or like the one that it replaces.
fn temporary_in(directory: &Path, existing: Option<Permissions>) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".amiusage-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The system takes away what the umask says.
        builder.permissions(Permissions::from_mode(0o666));
    }
    let temporary = builder.tempfile_in(directory)?;
    if let Some(permissions) = existing {
        temporary.as_file().set_permissions(permissions)?;
    }
    Ok(temporary)
}

/// Writes a text to stdout that is no answer of records.
///
/// # Errors
/// [`WriteError`].
pub fn write_to_stdout(text: &str) -> Result<(), WriteError> {
    let written = stdout().and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| WriteError {
        name: "stdout".to_owned(),
        error,
    })
}

/// The file behind stdout, past the standard library's buffer, which would hold back the end of an answer, and
/// past its kindness, which takes a descriptor that cannot be written to for one that takes everything.
fn stdout() -> io::Result<File> {
    #[cfg(unix)]
    let stdout = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned();
    #[cfg(windows)]
    let stdout = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned();
    Ok(stdout?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn write(path: &Path, text: &str) -> Destination {
        let destination = Destination::open(Some(path)).unwrap();
        let mut sink = destination.sink(|out| out).unwrap();
        sink.out.write_all(text.as_bytes()).unwrap();
        destination
    }

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_file_appears_when_committed_and_not_before() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("answer.json");
        let destination = write(&path, "new");
        assert!(!path.exists());
        destination.commit().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(directory.path()), ["answer.json"]);
    }

    #[test]
    fn an_answer_dropped_leaves_the_old_file_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("answer.json");
        fs::write(&path, "old").unwrap();
        drop(write(&path, "new"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(directory.path()), ["answer.json"]);
    }

    #[test]
    fn what_cannot_be_written_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let refused =
            |path: &Path| Error::from(Destination::open(Some(path)).unwrap_err()).to_string();
        let message = refused(directory.path());
        assert!(
            message.starts_with(&format!(
                "cannot write to {}: it is a directory",
                directory.path().display()
            )),
            "{message}"
        );
        let missing = directory.path().join("missing/answer.json");
        let message = refused(&missing);
        assert!(
            message.starts_with(&format!(
                "cannot write to {}: the directory ",
                missing.display()
            )),
            "{message}"
        );
        assert!(message.ends_with("does not exist"), "{message}");
        refused(&directory.path().join("missing/"));
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{PermissionsExt, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        }

        #[test]
        fn the_mode_is_that_of_the_old_file_or_of_any_new_one() {
            let directory = tempfile::tempdir().unwrap();
            let any = directory.path().join("any");
            fs::write(&any, "").unwrap();
            let new = directory.path().join("new");
            write(&new, "").commit().unwrap();
            assert_eq!(mode(&new), mode(&any));

            fs::set_permissions(&new, Permissions::from_mode(0o640)).unwrap();
            write(&new, "").commit().unwrap();
            assert_eq!(mode(&new), 0o640);
        }

        #[test]
        fn a_symbolic_link_stays_and_its_target_is_written() {
            let directory = tempfile::tempdir().unwrap();
            fs::create_dir(directory.path().join("data")).unwrap();
            let target = directory.path().join("data/answer");
            let link = directory.path().join("link");
            symlink("data/answer", &link).unwrap();
            for text in ["to a file not there yet", "to the file"] {
                write(&link, text).commit().unwrap();
                assert!(link.is_symlink());
                assert_eq!(fs::read_to_string(&target).unwrap(), text);
            }

            let circle = directory.path().join("circle");
            symlink("circle", &circle).unwrap();
            Destination::open(Some(&circle)).unwrap_err();
        }

        #[test]
        fn a_device_is_written_and_not_replaced() {
            write(Path::new("/dev/null"), "text").commit().unwrap();
            assert!(!fs::metadata("/dev/null").unwrap().is_file());
            // Linux's disk that is always full.
            if Path::new("/dev/full").exists() {
                let full = Destination::open(Some(Path::new("/dev/full"))).unwrap();
                let mut sink = full.sink(|out| out).unwrap();
                assert_eq!(sink.name, "/dev/full");
                let error = sink.out.write_all(b"text").unwrap_err();
                assert_eq!(error.kind(), io::ErrorKind::StorageFull);
            }
        }
    }
}
