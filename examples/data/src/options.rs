//! The command line: options that all examples have, and those of one.

use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::{Arg, Parser, ValueExt};

use crate::Failure;

/// Options that all examples have.
#[derive(Debug, Clone)]
pub struct Common {
    /// Of the first weights, of the splits and of the order of the samples.
    pub seed: u64,
    /// At most so many passes over the training part.
    pub epochs: u32,
    /// Where pictures go.
    pub out: PathBuf,
}

/// Reads the options and runs an example: exit code 2 with the help after a wrong option, 1 after a failure.
///
/// `set` takes an option of the example by its name, and returns `false` if it has none of that name.
pub fn run<O: Default>(
    help: &str,
    epochs: u32,
    set: impl Fn(&mut O, &str, &mut Parser) -> Result<bool, lexopt::Error>,
    example: impl FnOnce(&Common, &O) -> Result<(), Failure>,
) -> ExitCode {
    let common = Common {
        seed: 0,
        epochs,
        out: PathBuf::from("out"),
    };
    let (common, own) = match parse(common, set) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{help}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("error: {error}\n\n{help}");
            return ExitCode::from(2);
        }
    };
    match example(&common, &own) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parse<O: Default>(
    mut common: Common,
    set: impl Fn(&mut O, &str, &mut Parser) -> Result<bool, lexopt::Error>,
) -> Result<Option<(Common, O)>, lexopt::Error> {
    let mut own = O::default();
    let mut arguments = Parser::from_env();
    while let Some(argument) = arguments.next()? {
        let name = match &argument {
            Arg::Long(name) => (*name).to_owned(),
            Arg::Short('h') => return Ok(None),
            _ => return Err(argument.unexpected()),
        };
        match name.as_str() {
            "help" => return Ok(None),
            "seed" => common.seed = arguments.value()?.parse()?,
            "out" => common.out = arguments.value()?.into(),
            "epochs" => {
                common.epochs = arguments.value()?.parse()?;
                if common.epochs == 0 {
                    return Err("--epochs is at least 1".into());
                }
            }
            _ if set(&mut own, &name, &mut arguments)? => {}
            _ => return Err(Arg::Long(&name).unexpected()),
        }
    }
    Ok(Some((common, own)))
}
