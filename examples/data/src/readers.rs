//! Readers: CSV, also compressed, and the IDX files of Fashion-MNIST.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use sizednet::Class;

use crate::Failure;

/// A part of the path of the data that is shipped with the examples.
fn shipped(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("files")
        .join(name)
}

/// The species of penguins, in the order of their classes.
pub const SPECIES: [&str; 3] = ["Adelie", "Chinstrap", "Gentoo"];

/// The measures of a penguin: bill length and depth and flipper length in mm, body mass in g.
pub type Penguin = [f32; 4];

/// The penguins of which all four measures are known, and how many are left out.
pub fn penguins() -> Result<(Vec<(Penguin, Class)>, usize), Failure> {
    let mut reader = csv::Reader::from_path(shipped("penguins.csv"))?;
    let (mut penguins, mut left_out) = (Vec::new(), 0);
    for (number, row) in reader.records().enumerate() {
        let row = row?;
        let field = |column: usize| {
            row.get(column)
                .ok_or_else(|| format!("penguin {number} has no column {column}"))
        };
        let species = field(0)?;
        let class = SPECIES.iter().position(|known| *known == species);
        let class = class.ok_or_else(|| format!("unknown species `{species}`"))?;
        let mut measures = [0.0; 4];
        let mut known = true;
        for (measure, column) in measures.iter_mut().zip(2..) {
            match field(column)? {
                "NA" => known = false,
                text => *measure = text.parse()?,
            }
        }
        if known {
            penguins.push((measures, Class(class)));
        } else {
            left_out += 1;
        }
    }
    Ok((penguins, left_out))
}

/// An image of 8 by 8 pixels from 0 to 1.
pub type Digit = [f32; 64];

/// Handwritten digits.
pub fn digits() -> Result<Vec<(Digit, Class)>, Failure> {
    let file = GzDecoder::new(File::open(shipped("digits.csv.gz"))?);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(file);
    let mut digits = Vec::new();
    for row in reader.deserialize() {
        let row: Vec<u8> = row?;
        let [pixels @ .., digit] = row.as_slice() else {
            return Err("an image has no pixels".into());
        };
        let pixels: &[u8; 64] = pixels.try_into()?;
        let image = pixels.map(|pixel| f32::from(pixel) / 16.0);
        digits.push((image, Class((*digit).into())));
    }
    Ok(digits)
}

/// An image of 28 by 28 pixels from 0 to 1.
pub type Garment = [f32; 784];

/// One part of Fashion-MNIST, `train` or `t10k`, from its two compressed files.
pub fn garments(folder: &Path, part: &str) -> Result<Vec<(Garment, Class)>, Failure> {
    let (count, pixels) = idx(
        &folder.join(format!("{part}-images-idx3-ubyte.gz")),
        &[28, 28],
    )?;
    let (labels, classes) = idx(&folder.join(format!("{part}-labels-idx1-ubyte.gz")), &[])?;
    if count != labels {
        return Err(format!("{part}: {count} images, but {labels} labels").into());
    }
    let (images, _) = pixels.as_chunks::<784>();
    let samples = images.iter().zip(classes).map(|(image, class)| {
        let image = image.map(|pixel| f32::from(pixel) / 255.0);
        (image, Class(class.into()))
    });
    Ok(samples.collect())
}

/// How many elements of these dimensions an IDX file of bytes has, and the bytes.
fn idx(path: &Path, wanted: &[u32]) -> Result<(usize, Vec<u8>), Failure> {
    let fail = |what: &str| format!("{}: {what}", path.display());
    let file = File::open(path).map_err(|error| fail(&error.to_string()))?;
    let mut bytes = Vec::new();
    GzDecoder::new(file)
        .read_to_end(&mut bytes)
        .map_err(|error| fail(&error.to_string()))?;
    let mut rest = bytes.as_slice();
    let mut number = || {
        let (first, after) = rest.split_first_chunk().ok_or_else(|| fail("it was cut"))?;
        rest = after;
        Ok::<_, String>(u32::from_be_bytes(*first))
    };
    // two zeros, 8 for bytes, the number of dimensions
    if number()? != 0x0800 + 1 + wanted.len() as u32 {
        return Err(fail("it is no IDX file of bytes with as many dimensions").into());
    }
    let count = number()? as usize;
    let mut size = 1;
    for dimension in wanted {
        if number()? != *dimension {
            return Err(fail("its images have another size").into());
        }
        size *= *dimension as usize;
    }
    if rest.len() != count.saturating_mul(size) {
        return Err(fail("it was cut, or something follows it").into());
    }
    Ok((count, rest.to_vec()))
}
