//! The peers: how each is built, and how to get it.

/// What users would pick instead.
pub(crate) struct Peer {
    /// As `--peers` calls it.
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// The line for whoever does not have it.
    pub(crate) how_to_get: &'static str,
}

/// How it is built.
pub(crate) enum Kind {
    /// A package of this workspace.
    Rust { package: &'static str },
    /// Files in `cpp/`, with each of these compilers.
    Cpp {
        sources: &'static [&'static str],
        compilers: &'static [&'static str],
        arguments: &'static [&'static str],
    },
    /// A file in `python/` that needs a module.
    Python {
        script: &'static str,
        module: &'static str,
    },
}

/// What a program was built for, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// Any machine of its kind, as `cargo build --release` does.
    Default,
    /// AVX2 and fused multiply-add.
    V3,
    /// This machine.
    Native,
    /// Whatever its packager chose.
    Installed,
}

impl Target {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::V3 => "v3",
            Self::Native => "native",
            Self::Installed => "installed",
        }
    }

    /// As rustc, g++ and clang++ call it.
    pub(crate) const fn cpu(self) -> &'static str {
        match self {
            Self::V3 => "x86-64-v3",
            _ => "native",
        }
    }
}

const CRATES: &str = "cargo fetch --manifest-path benches/peers/Cargo.toml";

/// All of them.
pub(crate) const PEERS: [Peer; 10] = [
    Peer {
        name: "loops",
        kind: Kind::Rust {
            package: "peer-loops",
        },
        how_to_get: CRATES,
    },
    Peer {
        name: "nalgebra",
        kind: Kind::Rust {
            package: "peer-nalgebra",
        },
        how_to_get: CRATES,
    },
    Peer {
        name: "eigen",
        kind: Kind::Cpp {
            sources: &["eigen.cpp", "eigen_images.cpp", "eigen_recurrent.cpp"],
            compilers: &["g++", "clang++"],
            arguments: &["-isystem", "/usr/include/eigen3"],
        },
        how_to_get: "apt-get install g++ clang libeigen3-dev",
    },
    Peer {
        name: "fann",
        kind: Kind::Cpp {
            sources: &["fann.cpp"],
            compilers: &["g++"],
            arguments: &["-lfloatfann", "-lm"],
        },
        how_to_get: "apt-get install g++ libfann-dev",
    },
    Peer {
        name: "candle",
        kind: Kind::Rust {
            package: "peer-candle",
        },
        how_to_get: CRATES,
    },
    Peer {
        name: "burn",
        kind: Kind::Rust {
            package: "peer-burn",
        },
        how_to_get: CRATES,
    },
    Peer {
        name: "dfdx",
        kind: Kind::Rust {
            package: "peer-dfdx",
        },
        how_to_get: CRATES,
    },
    Peer {
        name: "numpy",
        kind: Kind::Python {
            script: "numpy_peer.py",
            module: "numpy",
        },
        how_to_get: "pip install numpy",
    },
    Peer {
        name: "torch",
        kind: Kind::Python {
            script: "torch_peer.py",
            module: "torch",
        },
        how_to_get: "pip install torch numpy",
    },
    Peer {
        name: "sklearn",
        kind: Kind::Python {
            script: "sklearn_peer.py",
            module: "sklearn",
        },
        how_to_get: "pip install scikit-learn numpy",
    },
];
