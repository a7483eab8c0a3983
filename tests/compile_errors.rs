//! Compile errors are part of the interface: mistakes as a beginner makes them, with what rustc says about each.
//!
//! rustc 1.95 has to print every `.stderr` to the letter; any other version only has to begin with the same message, since
//! the lines below it are the compiler's. So has 1.95 with the feature `safetensors`, whose dependencies make it name types
//! by longer paths. `TRYBUILD=overwrite cargo test --test compile_errors` writes them anew: read them
//! before you keep them. `FIRST_MESSAGES=1` does with 1.95 what other versions do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use serde_json::Value;

/// The directory of the crate, which the programs are written for.
fn root() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the directory above")
}

/// The programs that the features in use are for: what `epoch` asks of a trainer depends on `alloc`.
const PROGRAMS: &str = if cfg!(feature = "alloc") {
    "tests/compile_errors"
} else {
    "tests/compile_errors/without_alloc"
};

/// The files of the programs' directory with this extension, by name.
fn files(extension: &str) -> BTreeMap<String, PathBuf> {
    let directory = fs::read_dir(root().join(PROGRAMS)).expect("a directory");
    directory
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .map(|path| {
            let name = path.file_stem().expect("a name").to_string_lossy();
            (name.into_owned(), path)
        })
        .collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a readable file")
}

/// The message of an error's first line, behind `error[E0277]: `.
fn message(stderr: &str) -> &str {
    let line = stderr.lines().next().expect("a line");
    line.split_once(": ").expect("an error").1
}

fn is_pinned_version() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output();
    let version = String::from_utf8(output.expect("rustc runs").stdout).expect("UTF-8");
    let version = version.split(' ').nth(1).expect("a version");
    version.starts_with("1.95.") && !version.contains('-')
}

/// The first error of each program that does not compile, from one `cargo check` of a package made of them.
fn first_messages() -> BTreeMap<String, String> {
    let package = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compile_errors");
    let mut manifest = format!(
        "[package]\nname = \"compile-errors\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\nrand_xoshiro = \"0.8\"\n\
         sizednet = {{ path = {:?}, default-features = false, features = {:?} }}\n",
        root(),
        if cfg!(feature = "alloc") {
            &["alloc"][..]
        } else {
            &[]
        }
    );
    for (name, path) in files("rs") {
        manifest += &format!("\n[[bin]]\nname = {name:?}\npath = {path:?}\n");
    }
    fs::create_dir_all(&package).expect("a new directory");
    fs::write(package.join("Cargo.toml"), manifest).expect("a new file");
    // the versions that this test was built with are on this machine already
    let lock = root().join("Cargo.lock");
    fs::write(package.join("Cargo.lock"), read(&lock)).expect("a new file");
    let output = Command::new(env!("CARGO"))
        .args([
            "check",
            "--bins",
            "--keep-going",
            "--offline",
            "--message-format=json",
        ])
        .arg("--target-dir")
        .arg(package.join("target"))
        .current_dir(&package)
        // types in full, as trybuild has them
        .env("RUSTFLAGS", "--verbose")
        .output()
        .expect("cargo runs");
    let mut messages = BTreeMap::new();
    for line in String::from_utf8(output.stdout).expect("UTF-8").lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        if line["message"]["level"] == "error" {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            messages
                .entry(text(&line["target"]["name"]))
                .or_insert_with(|| text(&line["message"]["message"]));
        }
    }
    assert!(
        !messages.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    messages
}

/// Whether rustc prints each `.stderr` to the letter. Trybuild takes the package of the environment, whose dependencies it
/// builds and whose paths it prints: that is the crate, so the test runs once more, as one of the crate's own.
fn are_told_to_the_letter(test: &str) {
    if env::var_os("CARGO_MANIFEST_DIR").is_some_and(|package| package == root()) {
        return trybuild::TestCases::new().compile_fail(format!("{PROGRAMS}/*.rs"));
    }
    let program = env::current_exe().expect("this program");
    let status = Command::new(program)
        .args(["--exact", test, "--nocapture"])
        .env("CARGO_MANIFEST_DIR", root())
        .current_dir(root())
        .stdout(Stdio::null())
        .status();
    assert!(status.expect("it runs").success(), "they are others");
}

#[test]
fn each_mistake_is_told_in_the_words_that_are_written_down() {
    let to_the_letter = is_pinned_version() && !cfg!(feature = "safetensors");
    if to_the_letter && env::var_os("FIRST_MESSAGES").is_none() {
        return are_told_to_the_letter("each_mistake_is_told_in_the_words_that_are_written_down");
    }
    let expected: BTreeMap<String, String> = files("stderr")
        .into_iter()
        .map(|(name, path)| (name, message(&read(&path)).to_owned()))
        .collect();
    assert_eq!(first_messages(), expected);
}

#[test]
fn the_first_error_is_in_words_of_ours_and_holds_no_path_of_a_machine() {
    let written = files("stderr");
    assert!(
        written.keys().eq(files("rs").keys()),
        "a program or its text is missing"
    );
    for (name, path) in written {
        let text = read(&path);
        let first = message(&text);
        for theirs in ["trait bound", "type mismatch", "cannot ", "exists for"] {
            assert!(!first.contains(theirs), "{name}: {first}");
        }
        // what is no layer can only be told by its type, and that of a tuple holds all sizes
        let digits = first.contains("UInt<") && name != "seventeen_layers";
        assert!(!digits, "{name}: {first}");
        assert!(text.len() < 8_000, "{name} has {} bytes", text.len());
        for place in [
            root().to_str().expect("UTF-8"),
            "/home/",
            "/root/",
            "/Users/",
            ":\\",
        ] {
            assert!(!text.contains(place), "{name} names {place}");
        }
    }
}

/// The first block of the README that opens like this.
fn readme_block<'a>(readme: &'a str, opening: &str) -> &'a str {
    let (_, rest) = readme.split_once(opening).expect("a block");
    rest.split_once("```").expect("an end").0
}

#[test]
fn the_readme_shows_a_program_and_its_error_to_the_letter() {
    let readme = read(&root().join("README.md"));
    let program = readme_block(&readme, "```rust,compile_fail\n");
    assert_eq!(
        format!("{program}\nfn main() {{}}\n"),
        include_str!("compile_errors/readme.rs")
    );
    let error = readme_block(&readme, "```text\nerror");
    let error = format!("error{error}").replace("src/main.rs", "tests/compile_errors/readme.rs");
    let written = include_str!("compile_errors/readme.stderr");
    assert!(
        written.starts_with(&error),
        "the README has\n{error}\nand rustc\n{written}"
    );
}
