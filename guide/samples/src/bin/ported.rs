//! The server of the chapter "Coming from Socket.IO".

fn main() -> Result<(), Box<dyn std::error::Error>> {
    guide_samples::ported()
}
