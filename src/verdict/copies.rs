//! Copies of images among the images of a check.

use std::collections::HashMap;

use super::row::{ImageCopy, Row};

/// Adds to each row the copies of its image among all rows, which are grouped by Region.
pub fn add_copies(regions: &mut [(&str, &mut [Row])]) {
    let mut copies: HashMap<(String, String), Vec<ImageCopy>> = HashMap::new();
    for (region, rows) in regions.iter() {
        for row in rows.iter() {
            let (Some(image_id), Some(source)) = (&row.image_id, &row.image.source_image_id) else {
                continue;
            };
            let source_region = row.image.source_image_region.as_deref().unwrap_or(region);
            let key = (source_region.to_owned(), source.clone());
            copies.entry(key).or_default().push(ImageCopy {
                region: (*region).to_owned(),
                image_id: image_id.clone(),
            });
        }
    }
    for (region, rows) in regions.iter_mut() {
        for row in rows.iter_mut() {
            let image_id = row.image_id.clone().unwrap_or_default();
            let key = ((*region).to_owned(), image_id);
            row.copies = copies.get(&key).cloned().unwrap_or_default();
        }
    }
}
