//! Account names of an earlier run, in the user's cache directory.

use std::fs::{self, DirBuilder};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use etcetera::BaseStrategy;
use sha2::{Digest, Sha256};

use super::names::AccountNames;

/// How long the names of an organization are used again.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// A file with the names of one organization, which only the user can read.
#[derive(Debug)]
pub struct Cache {
    directory: PathBuf,
    path: PathBuf,
}

impl Cache {
    /// The cache for these settings, which decide whose organization is listed; `None` without a home directory.
    pub fn of_settings<'a>(settings: impl IntoIterator<Item = Option<&'a str>>) -> Option<Self> {
        let mut hash = Sha256::new();
        for setting in settings {
            hash.update([u8::from(setting.is_some())]);
            hash.update(setting.unwrap_or_default());
            hash.update([0]);
        }
        let name: String = (hash.finalize().iter().take(16))
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let directory = Self::directory()?;
        let path = directory.join(format!("{name}.json"));
        Some(Self { directory, path })
    }

    fn directory() -> Option<PathBuf> {
        let base = etcetera::choose_base_strategy().ok()?;
        Some(base.cache_dir().join("amiusage/accounts"))
    }

    /// The names of a run in the last 24 hours, if there are any.
    pub fn read(&self) -> Option<AccountNames> {
        let modified = fs::metadata(&self.path).and_then(|file| file.modified());
        // A time in the future is an error.
        let is_recent = modified.ok()?.elapsed().is_ok_and(|age| age < MAX_AGE);
        let text = fs::read_to_string(&self.path).ok()?;
        is_recent.then(|| AccountNames::parse(&text).ok()).flatten()
    }

    /// Writes the names for later runs, and removes files that are too old.
    ///
    /// # Errors
    /// The directory or the file cannot be written.
    pub fn write(&self, names: &AccountNames) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.recursive(true).create(&self.directory)?;
        for entry in fs::read_dir(&self.directory)?.flatten() {
            let modified = entry.metadata().and_then(|file| file.modified());
            if modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age >= MAX_AGE)) {
                let _ = fs::remove_file(entry.path());
            }
        }
        // Its mode is 0600.
        let mut file = tempfile::NamedTempFile::new_in(&self.directory)?;
        file.write_all(names.to_json().as_bytes())?;
        file.persist(&self.path)?;
        Ok(())
    }

    /// All names in the cache, for completions.
    pub fn all_names() -> Vec<String> {
        let files = Self::directory().and_then(|directory| fs::read_dir(directory).ok());
        let texts = files.into_iter().flatten().flatten();
        let texts = texts.filter_map(|file| fs::read_to_string(file.path()).ok());
        let names = texts.filter_map(|text| AccountNames::parse(&text).ok());
        names
            .flat_map(|names| names.names().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }
}
