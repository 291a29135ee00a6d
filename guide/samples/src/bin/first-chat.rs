//! The server of the chapter "Your first chat".

fn main() -> Result<(), Box<dyn std::error::Error>> {
    guide_samples::first_chat()
}
