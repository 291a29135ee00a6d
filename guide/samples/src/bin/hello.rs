//! The server of the chapter "Getting started".

fn main() -> Result<(), Box<dyn std::error::Error>> {
    guide_samples::hello()
}
