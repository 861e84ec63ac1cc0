//! What is generated from the command line's definition and committed: `completions/` and `man/`.
//!
//! `SNAPSHOTS=overwrite cargo test generated` writes the files anew.

use std::path::{Path, PathBuf};

use amiusage::cli::Cli;
use clap::{Arg, Command, CommandFactory};
use clap_complete::env::Shells;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use snapbox::{Assert, Data};

use crate::support::words;

fn in_package(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares `text` with the committed file, byte for byte.
fn assert_committed(path: &str, text: String) {
    Assert::new().action_env("SNAPSHOTS").eq(
        Data::text(text).raw(),
        Data::read_from(&in_package(path), None).raw(),
    );
}

/// The scripts of bash and zsh are written by hand; the others are those of `clap_complete`.
#[test]
fn the_scripts_of_clap_are_fresh() {
    for (shell, path) in [
        ("elvish", "completions/amiusage.elv"),
        ("fish", "completions/amiusage.fish"),
        ("powershell", "completions/_amiusage.ps1"),
    ] {
        let shells = Shells::builtins();
        let mut script = Vec::new();
        shells
            .completer(shell)
            .unwrap()
            .write_registration(
                "AMIUSAGE_COMPLETE",
                "amiusage",
                "amiusage",
                "amiusage",
                &mut script,
            )
            .unwrap();
        let script = String::from_utf8(script).unwrap();
        let lines: Vec<_> = script.trim().lines().map(str::trim_end).collect();
        assert_committed(path, lines.join("\n") + "\n");
    }
}

#[test]
fn the_program_prints_the_committed_scripts() {
    for (shell, path) in [
        ("bash", "completions/amiusage.bash"),
        ("elvish", "completions/amiusage.elv"),
        ("fish", "completions/amiusage.fish"),
        ("powershell", "completions/_amiusage.ps1"),
        ("zsh", "completions/_amiusage"),
    ] {
        words(&format!("completions {shell}"))
            .assert()
            .success()
            .stdout_eq(Data::read_from(&in_package(path), None).raw());
    }
}

#[test]
fn the_manual_is_fresh() {
    let mut program = Cli::command();
    program.build();
    let pages = pages(&program);
    for page in &pages {
        let name = page.get_display_name().unwrap();
        let (parent, _) = name.rsplit_once('-').unwrap();
        assert_committed(
            &format!("man/{name}.1"),
            manual_page(page, &program, &[format!("{parent}(1)")]),
        );
    }
    let see_also: Vec<_> = pages
        .iter()
        .map(|page| format!("{}(1)", page.get_display_name().unwrap()))
        .collect();
    assert_committed("man/amiusage.1", manual_page(&program, &program, &see_also));
}

/// The subcommands and theirs, without those that are hidden for being other names of these.
fn pages(command: &Command) -> Vec<&Command> {
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .flat_map(|command| std::iter::once(command).chain(pages(command)))
        .collect()
}

/// Each example that asks the sample data is run, so that it works as it stands.
#[cfg(unix)]
#[test]
fn the_examples_work() {
    use std::process::Command;

    let directory = tempfile::tempdir().unwrap();
    let binary = Path::new(snapbox::cmd::cargo_bin!("amiusage"));
    let path = format!("{}:/usr/bin:/bin", binary.parent().unwrap().display());
    let program = Cli::command();
    let texts = std::iter::once(&program)
        .chain(pages(&program))
        .filter_map(|command| command.get_after_long_help());
    let mut ran = 0;
    for text in texts {
        for example in blocks(&text.to_string()) {
            let Block::Code(script) = example else {
                continue;
            };
            if !script.contains("--offline") {
                continue;
            }
            let output = Command::new("sh")
                .args(["-e", "-c", &script])
                .env_clear()
                .env("PATH", &path)
                .current_dir(&directory)
                .output()
                .unwrap();
            assert!(output.status.success(), "{script}: {output:?}");
            assert!(
                !output.stdout.is_empty() && output.stderr.is_empty(),
                "{script}: {output:?}"
            );
            ran += 1;
        }
    }
    assert_eq!(ran, 16);
}

/// A page: what the definition says, then the sections below `--help`, then where to read on.
fn manual_page(command: &Command, program: &Command, see_also: &[String]) -> String {
    let name = command.get_display_name().unwrap_or("amiusage");
    let is_program = name == "amiusage";
    // Two ask no service: the flags are taken, as everywhere, and mean nothing.
    let asks_service = !["amiusage-emulator", "amiusage-completions"].contains(&name);
    let usage = command.clone().render_usage().to_string();
    let shown = command
        .clone()
        .override_usage(usage.trim_start_matches("Usage: ").to_owned())
        .mut_args(|arg| match arg.get_help_heading() {
            Some("Connection") if !asks_service => arg.hide(true),
            _ => name_aliases(arg),
        });
    let man = Man::new(shown);

    let mut page = Vec::new();
    man.render_name_section(&mut page).unwrap();
    man.render_synopsis_section(&mut page).unwrap();
    man.render_description_section(&mut page).unwrap();
    if command
        .get_subcommands()
        .any(|command| !command.is_hide_set())
    {
        man.render_subcommands_section(&mut page).unwrap();
    }
    man.render_options_section(&mut page).unwrap();
    let page = emphasise(&String::from_utf8(page).unwrap())
        // Lists of values stand close, and below their heading.
        .replace("\n.br\n\n.br\n", "\n.sp\n")
        .replace(".RS 14\n", ".PD 0\n.RS 7\n")
        .replace(".RE\n", ".RE\n.PD\n");
    // No date, as none is certain; no hyphenation, which would break the names of flags.
    let version = env!("CARGO_PKG_VERSION");
    let mut page =
        format!(".TH {name} 1 \"\" \"amiusage {version}\" \"User Commands\"\n.nh\n.ad l\n{page}");

    page += &sections(command, |_| true);
    if !is_program {
        let says = |heading: &str| {
            command
                .get_after_long_help()
                .unwrap()
                .to_string()
                .contains(heading)
        };
        page += &sections(program, |heading| match heading {
            "EXIT STATUS" => asks_service && !says("Exit status:"),
            "ENVIRONMENT" | "FILES" => asks_service,
            _ => false,
        });
    }
    page += ".SH SEE ALSO\n";
    page += &see_also.join(",\n");
    page += "\n";
    // Each section comes with the definition of the apostrophe; once is enough.
    const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";
    assert!(page.contains(PREAMBLE));
    format!("{PREAMBLE}{}", page.replace(PREAMBLE, ""))
}

/// The other names of a flag, which the manual's generator leaves out.
fn name_aliases(arg: Arg) -> Arg {
    let aliases = arg.get_visible_aliases().unwrap_or_default();
    let (Some(help), false) = (arg.get_long_help(), aliases.is_empty()) else {
        return arg;
    };
    let text = format!("{help}\n\nAlso `--{}`.", aliases.join("`, `--"));
    arg.long_help(text)
}

/// A piece of a section below `--help`; the form is that of `src/cli/manual.rs`.
enum Block {
    Heading(String),
    Text(String),
    Term(String, String),
    Code(String),
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut is_new = true;
    for line in text.lines() {
        let inner = line.trim_start();
        let code = line.strip_prefix("    ");
        match (blocks.last_mut(), code) {
            _ if inner.is_empty() => {}
            _ if inner == line => blocks.push(Block::Heading(line.trim_end_matches(':').into())),
            (Some(Block::Code(script)), Some(code)) if !is_new => {
                *script += "\n";
                *script += code;
            }
            (_, Some(code)) => blocks.push(Block::Code(code.to_owned())),
            (Some(Block::Text(text)), None) if !is_new => {
                *text += "\n";
                *text += inner;
            }
            _ => blocks.push(match inner.split_once("  ") {
                Some((term, meaning)) => Block::Term(term.into(), meaning.trim_start().into()),
                None => Block::Text(inner.to_owned()),
            }),
        }
        is_new = inner.is_empty();
    }
    blocks
}

/// The sections below the command's `--help`, those with a `wanted` heading.
fn sections(command: &Command, wanted: impl Fn(&str) -> bool) -> String {
    let text = command.get_after_long_help().unwrap().to_string();
    let mut page = String::new();
    let mut is_wanted = false;
    let mut starts_section = false;
    for block in blocks(&text) {
        let mut roff = Roff::new();
        if let Block::Heading(heading) = &block {
            let heading = heading.to_uppercase();
            is_wanted = wanted(&heading);
            starts_section = true;
            if is_wanted {
                roff.control("SH", [heading.as_str()]);
            }
        }
        if !is_wanted {
            continue;
        }
        match block {
            Block::Heading(_) => {}
            Block::Text(text) => {
                if !starts_section {
                    roff.control("PP", []);
                }
                roff.text([roman(text)]);
                starts_section = false;
            }
            Block::Term(term, meaning) => {
                roff.control("TP", []);
                roff.text([bold(term)]);
                roff.text([roman(meaning)]);
            }
            Block::Code(script) => {
                roff.control("PP", []);
                roff.control("RS", ["4"]);
                roff.control("nf", []);
                // A plain backtick would come out as a quotation mark.
                let code = Roff::new().text([roman(script)]).to_roff();
                page += &roff.to_roff();
                page += &code.replace('`', r"\(ga");
                page += ".fi\n.RE\n";
                continue;
            }
        }
        page += &emphasise(&roff.to_roff());
    }
    page
}

/// What stands between backticks, in bold.
fn emphasise(roff: &str) -> String {
    roff.split('`')
        .enumerate()
        .map(|(number, piece)| match number % 2 {
            0 => piece.to_owned(),
            _ => format!(r"\fB{piece}\fR"),
        })
        .collect()
}
