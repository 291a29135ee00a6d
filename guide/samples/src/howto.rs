//! Samples of the pages that answer one question each.

mod authorise;
mod count;
mod rates;
mod upload;

pub(crate) use rates::add as add_rates;
pub(crate) use upload::add as add_upload;
