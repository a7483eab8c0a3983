//! Files that are written: their folder is made first, and an error names the path.

use std::fs;
use std::path::Path;

use crate::Failure;

/// Makes the folder of a file, if it is not there.
pub fn make_folder_of(path: &Path) -> Result<(), Failure> {
    let Some(folder) = path.parent() else {
        return Ok(());
    };
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()).into())
}

/// Writes a file.
pub fn write(path: &Path, contents: impl AsRef<[u8]>) -> Result<(), Failure> {
    make_folder_of(path)?;
    fs::write(path, contents).map_err(|error| format!("{}: {error}", path.display()).into())
}
