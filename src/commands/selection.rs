//! Reads the options that select images.

use std::io;

use crate::args::error::ArgumentError;
use crate::args::list;
use crate::cli::selection::ImageSelection;
use crate::images::MAX_NAME_PATTERNS;
use crate::verdict::Images;

/// The images that the options select.
pub(super) fn selected_images(
    selection: ImageSelection,
    stdin: &mut list::Stdin<impl io::Read>,
) -> Result<Images, ArgumentError> {
    let image_ids = list::expand("--image-ids", &selection.image_ids, stdin)?;
    if selection.name.len() > MAX_NAME_PATTERNS {
        let problem = format!("the service accepts at most {MAX_NAME_PATTERNS} patterns");
        return Err(ArgumentError::new("--name", problem));
    }
    Ok(match image_ids.is_empty() {
        true => Images::Owned {
            names: selection.name,
        },
        false => Images::Ids(image_ids),
    })
}
