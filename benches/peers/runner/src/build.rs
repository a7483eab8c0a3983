//! Builds what can be built, and says of the rest how to get it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::options::Options;
use crate::peer::{Kind, Peer, Target};

/// A program that does works.
pub(crate) struct Program {
    /// What the row of the table says after the peer's own name.
    pub(crate) label: String,
    pub(crate) target: Target,
    /// The program and its first arguments.
    pub(crate) command: Vec<PathBuf>,
    /// Whether it is slow to start, so that it does all works in one go.
    pub(crate) starts_slowly: bool,
}

/// All that was built.
pub(crate) struct Built {
    pub(crate) peak: PathBuf,
    /// Ours first.
    pub(crate) programs: Vec<Program>,
    /// A line for each program that there is not.
    pub(crate) skipped: Vec<String>,
}

/// The folder of this package: of the checkout that cargo runs it for, not of one that a shared target folder was built from.
fn folder() -> PathBuf {
    let runner = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    runner.parent().unwrap_or(&runner).to_owned()
}

/// The folder that builds go to.
fn target_folder() -> PathBuf {
    let wanted = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    // cargo is started in another folder
    let wanted = wanted.and_then(|wanted| std::path::absolute(wanted).ok());
    wanted.unwrap_or_else(|| folder().join("target"))
}

/// Whether it could be started and ended well; what it says is seen.
fn succeeds(command: &mut Command) -> bool {
    eprintln!("{command:?}");
    command
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The program of a package with the flags of a target, if it builds.
fn cargo(package: &str, target: Target) -> Option<PathBuf> {
    let mut command = Command::new("cargo");
    // flags of the user's own would make another program of it
    command
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let (folder_of_target, profile) = match target {
        Target::Default => (target_folder(), "release"),
        _ => {
            command.env("RUSTFLAGS", format!("-C target-cpu={}", target.cpu()));
            (target_folder().join(target.name()), "peer")
        }
    };
    command
        .current_dir(folder())
        .args(["build", "--locked", "--package", package])
        .args(["--profile", profile, "--target-dir"])
        .arg(&folder_of_target);
    succeeds(&mut command).then(|| folder_of_target.join(profile).join(package))
}

/// Whether a file is there and no older than anything in the folder.
fn is_fresh(file: &Path, folder: &Path) -> std::io::Result<bool> {
    let made = file.metadata()?.modified()?;
    for source in folder.read_dir()? {
        if source?.metadata()?.modified()? > made {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The program of some C++ files, if they build.
fn cpp(
    name: &str,
    compiler: &str,
    target: Target,
    sources: &[&str],
    arguments: &[&str],
) -> Option<PathBuf> {
    let folder = folder().join("cpp");
    let builds = target_folder().join("cpp");
    let program = builds.join(format!("{name}-{compiler}-{}", target.name()));
    if is_fresh(&program, &folder).unwrap_or(false) {
        return Some(program);
    }
    std::fs::create_dir_all(&builds).ok()?;
    let mut command = Command::new(compiler);
    command
        .args(["-std=c++17", "-O3", "-ffast-math", "-DNDEBUG"])
        .arg(format!("-march={}", target.cpu()))
        .args(sources.iter().map(|source| folder.join(source)))
        .arg("-o")
        .arg(&program)
        .args(arguments);
    succeeds(&mut command).then_some(program)
}

/// The programs of a peer, each with its name or as what it is missing.
fn programs(peer: &Peer, python: &Path) -> Vec<Result<Program, String>> {
    let one = |label: String, target, command: Option<Vec<PathBuf>>| match command {
        Some(command) => Ok(Program {
            label,
            target,
            command,
            starts_slowly: target == Target::Installed,
        }),
        None => Err(format!("{}, {label}: {}", peer.name, peer.how_to_get)),
    };
    let targets = [Target::V3, Target::Native];
    match peer.kind {
        Kind::Rust { package } => targets
            .map(|target| {
                let program = cargo(package, target).map(|program| vec![program]);
                one(target.name().into(), target, program)
            })
            .into(),
        Kind::Cpp {
            sources,
            compilers,
            arguments,
        } => targets
            .into_iter()
            .flat_map(|target| compilers.iter().map(move |compiler| (target, *compiler)))
            .map(|(target, compiler)| {
                let program = cpp(peer.name, compiler, target, sources, arguments);
                let label = format!("{compiler}, {}", target.name());
                one(label, target, program.map(|program| vec![program]))
            })
            .collect(),
        Kind::Python { script, module } => {
            let imports = ["-c", &format!("import {module}")];
            let is_there = succeeds(Command::new(python).args(imports).stderr(Stdio::null()));
            let script = folder().join("python").join(script);
            let command = is_there.then(|| vec![python.to_path_buf(), script]);
            vec![one("installed".into(), Target::Installed, command)]
        }
    }
}

/// Everything that the options ask for; ours has to build.
pub(crate) fn all(options: &Options) -> Result<Built, String> {
    let ours = cargo("ours", Target::Default).ok_or("sizednet does not build")?;
    let peak = cargo("peak", Target::Default).ok_or("what measures the peak does not build")?;
    let mut built = Built {
        peak,
        programs: vec![Program {
            label: Target::Default.name().into(),
            target: Target::Default,
            command: vec![ours],
            starts_slowly: false,
        }],
        skipped: Vec::new(),
    };
    for peer in &options.peers {
        for program in programs(peer, &options.python) {
            match program {
                Ok(program) => built.programs.push(program),
                Err(line) => {
                    eprintln!("skipped {line}");
                    built.skipped.push(line);
                }
            }
        }
    }
    Ok(built)
}
