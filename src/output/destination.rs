//! Where an answer goes: stdout, or a file that appears whole or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

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
    pub fn open(path: Option<&Path>) -> Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Stdout);
        };
        Self::open_file(path).with_context(|| format!("cannot write to {}", path.display()))
    }

    fn open_file(path: &Path) -> Result<Self> {
        let target = follow(path)?;
        let existing = match fs::metadata(&target) {
            Ok(metadata) if metadata.is_dir() => bail!("it is a directory; name a file in it"),
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
            Err(error) => return Err(error.into()),
        };
        if target.file_name().is_none() {
            bail!("it names no file");
        }
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        Ok(Self::File {
            path: path.to_owned(),
            temporary: temporary_in(directory, existing)?,
            target,
        })
    }

    /// A writer to this destination, whose errors name it.
    ///
    /// # Errors
    /// The system has no file handle left.
    pub fn writer(&self) -> Result<Box<dyn Write>> {
        let (path, file) = match self {
            Self::Stdout => return Ok(Box::new(io::stdout())),
            Self::Stream { path, file } => (path, file),
            Self::File {
                path, temporary, ..
            } => (path, temporary.as_file()),
        };
        let file = file
            .try_clone()
            .with_context(|| format!("cannot write to {}", path.display()))?;
        Ok(Box::new(Named {
            path: path.clone(),
            file,
        }))
    }

    /// Lets a whole answer stand: the file appears under its name. Until here it does not.
    ///
    /// # Errors
    /// The disk is full, or the file can no longer be replaced.
    pub fn commit(self) -> Result<()> {
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
            .with_context(|| format!("cannot write to {}", path.display()))
    }
}

/// The file that a path leads to past symbolic links, which need not exist.
fn follow(path: &Path) -> Result<PathBuf> {
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
    bail!("it is a symbolic link that leads round in a circle")
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

/// A file whose errors say which file it is.
struct Named {
    path: PathBuf,
    file: File,
}

impl Named {
    fn name<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("cannot write to {}: {error}", self.path.display()),
            )
        })
    }
}

impl Write for Named {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes);
        self.name(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.file.flush();
        self.name(flushed)
    }
}
