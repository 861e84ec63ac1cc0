//! Measures a clean release build: time, memory and binary size.

use std::env;
use std::fs;
use std::process::Command;

use crate::measure;
use crate::table;

/// Builds into a temporary directory.
pub fn run() -> anyhow::Result<()> {
    table::print("\n## build: a clean release build\n")?;
    let folder = tempfile::tempdir()?;
    let target = folder.path().join("target");
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args(["build", "--release", "--locked", "--bin", "amiusage"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_TARGET_DIR", &target);
    table::note("build: this takes several minutes");
    let (wall, usage) = measure::run(vec![cargo], &folder.path().join("output"))?;
    let size = fs::metadata(target.join("release/amiusage"))?.len();
    table::print(&format!(
        "| wall | CPU | peak RSS of the largest process | binary |\n\
         | ---: | ---: | ---: | ---: |\n\
         | {} | {} | {:.1} GiB | {:.1} MiB |",
        table::time(wall),
        table::time(usage.cpu),
        usage.peak as f64 / f64::from(1 << 30),
        size as f64 / f64::from(1 << 20),
    ))
}
