//! What the figures were measured on.

use std::process::Command;

/// The output of a command, empty if there is none.
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| String::new(),
        |output| String::from_utf8_lossy(&output.stdout).into_owned(),
    )
}

/// The first line of what a program says of its version.
fn version(program: &str) -> Option<String> {
    let text = output(program, &["--version"]);
    text.lines().next().map(String::from)
}

/// The processor, as `lscpu` names it.
pub(crate) fn processor() -> String {
    let text = output("lscpu", &[]);
    let field = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        let found = lines.find(|(key, _)| key.trim() == name);
        found.map_or("unknown", |(_, value)| value.trim())
    };
    format!(
        "{}, family {}, model {}",
        field("Model name"),
        field("CPU family"),
        field("Model")
    )
}

/// The versions of the compilers that are there.
pub(crate) fn compilers() -> String {
    let versions = ["rustc", "g++", "clang++"].into_iter().filter_map(version);
    versions.collect::<Vec<_>>().join("; ")
}

/// Whether builds for this machine may use vectors of 512 bits.
pub(crate) fn has_avx512() -> bool {
    output("lscpu", &[])
        .split_whitespace()
        .any(|flag| flag == "avx512f")
}

/// The last core that this process may run on.
pub(crate) fn last_core() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let list = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    list.and_then(|list| list.trim().rsplit(['-', ',']).next()?.parse().ok())
        .unwrap_or(0)
}
