//! Where output goes: stdout, a pipe, or a file that is replaced atomically.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf, is_separator};

use tempfile::NamedTempFile;

use super::{Sink, WriteError};

/// Where output goes.
#[derive(Debug)]
pub enum Destination {
    /// The standard output.
    Stdout,
    /// A pipe or a device, which cannot be replaced: rows are written to it directly.
    Stream {
        /// The path on the command line.
        path: PathBuf,
        /// Open for writing.
        file: File,
    },
    /// A file, replaced by [`commit`](Destination::commit). Until then the output is in a temporary file in the same
    /// directory, which is deleted if this value is dropped.
    File {
        /// The path on the command line.
        path: PathBuf,
        /// The path with symbolic links resolved.
        target: PathBuf,
        /// The output so far.
        temporary: NamedTempFile,
    },
}

impl Destination {
    /// Opens `path`, or stdout if `None`, before any request, so that an invalid path fails early. Follows symbolic links,
    /// as the shell's `>` does.
    ///
    /// # Errors
    /// The path is a directory, its directory does not exist, or permission is denied.
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
        let target = resolve_links(path)?;
        let existing = match fs::metadata(&target) {
            Ok(metadata) if metadata.is_dir() => {
                return Err(io::Error::other("it is a directory; name a file in it"));
            }
            Ok(metadata) => {
                // Rejects a read-only file, which the rename would replace.
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

    /// A sink that writes to this destination through `wrap`.
    ///
    /// # Errors
    /// There is no free file descriptor, or stdout is closed.
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
                // A console requires UTF-16, which the standard library writes.
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

    /// Whether partial output is never visible.
    pub fn is_atomic(&self) -> bool {
        matches!(self, Self::File { .. })
    }

    /// Replaces the file by the complete output.
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

/// Resolves symbolic links, also to a file that does not exist.
fn resolve_links(path: &Path) -> io::Result<PathBuf> {
    // The limit of Linux.
    const MAX_LINKS: usize = 40;
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = fs::read_link(&target) else {
            return Ok(target);
        };
        target = match target.parent() {
            Some(parent) => parent.join(next),
            None => next,
        };
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

/// A temporary file with the permissions of the file that it replaces, or of a new file.
fn temporary_in(directory: &Path, existing: Option<Permissions>) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".amiusage-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The system applies the umask.
        builder.permissions(Permissions::from_mode(0o666));
    }
    let temporary = builder.tempfile_in(directory)?;
    if let Some(permissions) = existing {
        temporary.as_file().set_permissions(permissions)?;
    }
    Ok(temporary)
}

/// Writes text that is not rows to stdout.
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

/// The file descriptor of stdout. The standard library's stdout buffers the end of the output, and ignores errors if the
/// descriptor is closed.
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
    fn a_file_is_created_on_commit() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("output.json");
        let destination = write(&path, "new");
        assert!(!path.exists());
        destination.commit().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(directory.path()), ["output.json"]);
    }

    #[test]
    fn without_a_commit_the_old_file_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("output.json");
        fs::write(&path, "old").unwrap();
        drop(write(&path, "new"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(directory.path()), ["output.json"]);
    }

    #[test]
    fn an_invalid_path_is_rejected_with_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let error_of =
            |path: &Path| Error::from(Destination::open(Some(path)).unwrap_err()).to_string();
        let message = error_of(directory.path());
        assert!(
            message.starts_with(&format!(
                "cannot write to {}: it is a directory",
                directory.path().display()
            )),
            "{message}"
        );
        let missing = directory.path().join("missing/output.json");
        let message = error_of(&missing);
        assert!(
            message.starts_with(&format!(
                "cannot write to {}: the directory ",
                missing.display()
            )),
            "{message}"
        );
        assert!(message.ends_with("does not exist"), "{message}");
        error_of(&directory.path().join("missing/"));
    }

    #[cfg(unix)]
    mod unix {
        use std::os::unix::fs::{PermissionsExt, symlink};

        use super::*;

        fn mode(path: &Path) -> u32 {
            fs::metadata(path).unwrap().permissions().mode() & 0o777
        }

        #[test]
        fn the_mode_of_a_replaced_file_is_kept() {
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
        fn a_symbolic_link_is_followed() {
            let directory = tempfile::tempdir().unwrap();
            fs::create_dir(directory.path().join("data")).unwrap();
            let target = directory.path().join("data/output");
            let link = directory.path().join("link");
            symlink("data/output", &link).unwrap();
            for text in ["a new file", "an existing file"] {
                write(&link, text).commit().unwrap();
                assert!(link.is_symlink());
                assert_eq!(fs::read_to_string(&target).unwrap(), text);
            }

            let cycle = directory.path().join("cycle");
            symlink("cycle", &cycle).unwrap();
            Destination::open(Some(&cycle)).unwrap_err();
        }

        #[test]
        fn a_device_is_not_replaced() {
            write(Path::new("/dev/null"), "text").commit().unwrap();
            assert!(!fs::metadata("/dev/null").unwrap().is_file());
            // On Linux, a disk that is always full.
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
