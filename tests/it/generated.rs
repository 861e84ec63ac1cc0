//! Checks that `completions/` and `man/`, which are generated from the command-line definition, are up to date.
//!
//! `SNAPSHOTS=overwrite cargo test generated` regenerates them.

use std::path::{Path, PathBuf};

use amiusage::cli;
use clap::{Arg, Command};
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

/// The scripts for bash and zsh are written by hand; `clap_complete` generates the others.
#[test]
fn generated_completion_scripts_are_up_to_date() {
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
fn completions_prints_the_committed_scripts() {
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
fn manual_pages_are_up_to_date() {
    let program = program();
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

/// The command line, without the `help` subcommands, which have no pages.
fn program() -> Command {
    let mut program = cli::command();
    program.build();
    let without_help = |command: Command| command.mut_subcommand("help", |help| help.hide(true));
    without_help(program).mut_subcommand("reports", without_help)
}

/// All visible subcommands; the hidden ones are aliases of these.
fn pages(command: &Command) -> Vec<&Command> {
    command
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .flat_map(|command| std::iter::once(command).chain(pages(command)))
        .collect()
}

/// Runs each example that uses the sample data.
#[cfg(unix)]
#[test]
fn examples_work() {
    use std::process::Command;

    let directory = tempfile::tempdir().unwrap();
    let binary = Path::new(snapbox::cmd::cargo_bin!("amiusage"));
    let path = format!("{}:/usr/bin:/bin", binary.parent().unwrap().display());
    let program = cli::command();
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
    assert_eq!(ran, 25);
}

/// A page: the definition, the sections below `--help`, and related pages.
fn manual_page(command: &Command, program: &Command, see_also: &[String]) -> String {
    let name = command.get_display_name().unwrap_or("amiusage");
    let is_program = name == "amiusage";
    let connects = !["amiusage-emulator", "amiusage-completions"].contains(&name);
    let usage = command.clone().render_usage().to_string();
    let shown = command
        .clone()
        .override_usage(usage.trim_start_matches("Usage: ").to_owned())
        // A page has the long help of all options.
        .mut_args(|arg| name_aliases(arg.hide_short_help(false)));
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
    let page = embolden(&String::from_utf8(page).unwrap())
        // No blank lines between possible values.
        .replace("\n.br\n\n.br\n", "\n.sp\n")
        .replace(".RS 14\n", ".PD 0\n.RS 7\n")
        .replace(".RE\n", ".RE\n.PD\n");
    // No date, which would change with each build, and no hyphenation, which would split options.
    let version = env!("CARGO_PKG_VERSION");
    let mut page =
        format!(".TH {name} 1 \"\" \"amiusage {version}\" \"User Commands\"\n.nh\n.ad l\n{page}");

    page += &sections(command, |_| true);
    if !is_program {
        let has = |heading: &str| {
            command
                .get_after_long_help()
                .unwrap()
                .to_string()
                .contains(heading)
        };
        page += &sections(program, |heading| match heading {
            "EXIT STATUS" => connects && !has("Exit codes:"),
            "ENVIRONMENT" | "FILES" => connects,
            _ => false,
        });
    }
    page += ".SH SEE ALSO\n";
    page += &see_also.join(",\n");
    page += "\n";
    // Each section defines the apostrophe; keep one definition.
    const PREAMBLE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n";
    assert!(page.contains(PREAMBLE));
    format!("{PREAMBLE}{}", page.replace(PREAMBLE, ""))
}

/// Adds the visible aliases of an option, which `clap_mangen` omits.
fn name_aliases(arg: Arg) -> Arg {
    let aliases = arg.get_visible_aliases().unwrap_or_default();
    let (Some(help), false) = (arg.get_long_help(), aliases.is_empty()) else {
        return arg;
    };
    let text = format!("{help}\n\nAlso `--{}`.", aliases.join("`, `--"));
    arg.long_help(text)
}

/// A part of a section below `--help`, in the format of `src/cli/manual.rs`.
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

/// The sections below the command's `--help` whose heading is `wanted`.
fn sections(command: &Command, wanted: impl Fn(&str) -> bool) -> String {
    let text = command.get_after_long_help().unwrap().to_string();
    let mut page = String::new();
    let mut is_wanted = false;
    let mut starts_section = false;
    for block in blocks(&text) {
        let mut roff = Roff::new();
        if let Block::Heading(heading) = &block {
            // man-pages(7) calls the exit codes so.
            let heading = heading.to_uppercase().replace("EXIT CODES", "EXIT STATUS");
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
                // troff renders a plain backtick as a quotation mark.
                let code = Roff::new().text([roman(script)]).to_roff();
                page += &roff.to_roff();
                page += &code.replace('`', r"\(ga");
                page += ".fi\n.RE\n";
                continue;
            }
        }
        page += &embolden(&roff.to_roff());
    }
    page
}

/// Replaces backticks by bold.
fn embolden(roff: &str) -> String {
    roff.split('`')
        .enumerate()
        .map(|(number, piece)| match number % 2 {
            0 => piece.to_owned(),
            _ => format!(r"\fB{piece}\fR"),
        })
        .collect()
}
