//! The readers, on what is shipped and on files that are not whole.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use data::readers::{digits, garments, penguins};
use flate2::{Compression, write::GzEncoder};
use sizednet::Class;

#[test]
fn shipped_data_is_whole() {
    let (penguins, left_out) = penguins().expect("it is shipped");
    assert_eq!((penguins.len(), left_out), (342, 2));
    assert_eq!(penguins[0], ([39.1, 18.7, 181.0, 3750.0], Class(0)));
    let digits = digits().expect("it is shipped");
    assert_eq!(digits.len(), 1797);
    let of_each: Vec<_> = (0..10)
        .map(|class| digits.iter().filter(|(_, c)| *c == Class(class)).count())
        .collect();
    // as the data's own description has it
    assert_eq!(of_each, [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let file = File::create(folder.join(name)).expect("a folder of our own");
    let mut file = GzEncoder::new(file, Compression::fast());
    file.write_all(bytes).expect("a folder of our own");
}

/// A folder with two images, the second of which is black.
fn folder(name: &str, images: usize, labels: &[u8]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("a folder of our own");
    let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28];
    bytes.extend([0; 784]);
    bytes.extend([255; 784]);
    bytes.truncate(images);
    write(&folder, "train-images-idx3-ubyte.gz", &bytes);
    let mut bytes = vec![0, 0, 8, 1, 0, 0, 0, labels.len() as u8];
    bytes.extend(labels);
    write(&folder, "train-labels-idx1-ubyte.gz", &bytes);
    folder
}

#[test]
fn idx_files_are_read_and_wrong_ones_told() {
    let whole = garments(&folder("whole", 16 + 2 * 784, &[7, 9]), "train").expect("it is whole");
    assert_eq!(whole, [([0.0; 784], Class(7)), ([1.0; 784], Class(9))]);
    let told = |name, images, labels: &[u8]| {
        let error = garments(&folder(name, images, labels), "train").expect_err("it is wrong");
        error.to_string()
    };
    assert!(told("cut", 900, &[7, 9]).ends_with("it was cut, or something follows it"));
    assert!(told("header", 10, &[7, 9]).ends_with("it was cut"));
    assert!(told("labels", 16 + 2 * 784, &[7]).ends_with("2 images, but 1 labels"));
    let nothing = garments(Path::new("/nowhere"), "train").expect_err("it is not there");
    assert!(nothing.to_string().contains("/nowhere/train-images"));
}
