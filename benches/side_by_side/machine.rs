//! Describes the machine and the versions of the programs.

use std::fs;
use std::process::Command;
use std::thread;

use crate::emulator::AMIUSAGE;
use crate::programs::Programs;

/// The machine and the programs, as a Markdown list.
pub fn description(programs: &Programs) -> anyhow::Result<String> {
    let file = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, key: &str, separator: char| {
        text.lines()
            .filter_map(|line| line.split_once(separator))
            .find(|(name, _)| name.trim() == key)
            .map_or("unknown".to_owned(), |(_, value)| {
                value.trim().trim_matches('"').to_owned()
            })
    };
    let cores = thread::available_parallelism()?;
    let model = value(&file("/proc/cpuinfo"), "model name", ':');
    let memory = value(&file("/proc/meminfo"), "MemTotal", ':');
    let memory: f64 = memory.trim_end_matches(" kB").parse().unwrap_or(f64::NAN);
    let system = value(&file("/etc/os-release"), "PRETTY_NAME", '=');
    let kernel = file("/proc/sys/kernel/osrelease");
    let load = file("/proc/loadavg");
    let version = Command::new(AMIUSAGE).arg("--version").output()?.stdout;

    let mut text = format!(
        "# Side by side\n\n\
         - machine: {cores} cores of {model}, {:.0} GiB; {system}, Linux {}; load before start {}\n\
         - {}{}\n",
        memory / 1024.0 / 1024.0,
        kernel.trim(),
        load.split(' ').next().unwrap_or_default(),
        String::from_utf8_lossy(&version).trim(),
        if cfg!(debug_assertions) {
            ", a debug build: its times are meaningless"
        } else {
            ""
        },
    );
    for (name, variable, peer) in programs.peers() {
        text += &match peer {
            None => {
                format!(
                    "- {name}: not found or not working, skipped (set {variable} to its path)\n"
                )
            }
            Some(peer) if peer.shell_script => format!(
                "- {}; started by a shell script, whose start-up counts: set {variable} to the program\n",
                peer.version
            ),
            Some(peer) => format!("- {}\n", peer.version),
        };
    }
    Ok(
        text + "- floor: a raw HTTP loop with one pass of quick-xml and CSV out, without signing, retries or checks\n"
    )
}
