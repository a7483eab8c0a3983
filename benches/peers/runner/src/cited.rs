//! Figures that were measured elsewhere, of peers that no package registry has: with the same programs' works, on an
//! AMD EPYC of the generation Zen 4 (family 25, model 17) at 3.7 GHz, one thread.

use harness::Work;

/// A row of the table.
pub(crate) struct Cited {
    pub(crate) name: &'static str,
    /// Nanoseconds.
    pub(crate) times: &'static [(Work, f64)],
}

/// Where they are from, for the note below the table.
pub(crate) const MACHINE: &str =
    "another machine, an AMD EPYC Zen 4 (family 25, model 17, 3.7 GHz, FMA peak 118 GFLOP/s)";

/// The first is for comparison: it is measured here as well.
pub(crate) const ROWS: [Cited; 6] = [
    Cited {
        name: "Eigen, g++, v3",
        times: &[
            (Work::W1, 51.6),
            (Work::W2, 77.6),
            (Work::W3, 247.0),
            (Work::W4, 344.0),
            (Work::W5, 148_000.0),
            (Work::W6a, 3_700.0),
            (Work::W6b, 129_000.0),
            (Work::W7, 15_880.0),
        ],
    },
    Cited {
        name: "RTNeural, Eigen backend",
        times: &[(Work::W3, 241.0), (Work::W4, 370.0), (Work::W6a, 3_720.0)],
    },
    Cited {
        name: "RTNeural, xsimd backend",
        times: &[(Work::W3, 252.0), (Work::W4, 388.0), (Work::W6a, 4_950.0)],
    },
    Cited {
        name: "RLtools, OpenBLAS backend",
        times: &[
            (Work::W3, 575.0),
            (Work::W4, 546.0),
            (Work::W6a, 4_220.0),
            (Work::W6b, 141_000.0),
            (Work::W7, 17_690.0),
        ],
    },
    Cited {
        name: "RLtools, clang++",
        times: &[
            (Work::W3, 4_598.0),
            (Work::W4, 2_701.0),
            (Work::W6a, 4_910.0),
            (Work::W6b, 375_000.0),
            (Work::W7, 247_000.0),
        ],
    },
    Cited {
        name: "genann, f64",
        times: &[(Work::W1, 74.6)],
    },
];
