//! Samples of "Upload a file".

use std::{
    fs::{self, File},
    io::{self, Write},
    path::PathBuf,
};

use actix_web::web;
use roomcast::{HubBuilder, prelude::*};

// ANCHOR: events
const LARGEST: u64 = 100 << 20; // bytes

/// Answered with how much is there: nothing, in the beginning.
#[derive(Deserialize, Event)]
#[event(name = "upload", ack = u64)]
struct Begin {
    size: u64,
}

/// Where it belongs, and its bytes; answered with how much is there now.
#[derive(Serialize, Deserialize, Event)]
#[event(ack = u64)]
struct Chunk(u64, Binary);
// ANCHOR_END: events

// ANCHOR: upload
/// The folder for files that are under way.
pub(crate) struct Incoming(pub(crate) PathBuf);

struct Upload {
    file: File,
    path: PathBuf,
    size: u64,
    written: u64,
}

impl Upload {
    /// Never under a name that the client chose.
    fn begin(path: PathBuf, size: u64) -> io::Result<Self> {
        Ok(Self {
            file: File::create(&path)?,
            path,
            size,
            written: 0,
        })
    }

    fn write(mut self, bytes: &[u8]) -> io::Result<Self> {
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(self)
    }
}

/// Broken off, whyever: the client has gone, or the disk is full.
impl Drop for Upload {
    fn drop(&mut self) {
        if self.written < self.size {
            let _ = fs::remove_file(&self.path);
        }
    }
}
// ANCHOR_END: upload

// ANCHOR: session
#[derive(EventHandlers)]
#[handles(Begin, Chunk)]
struct Files {
    begun: u32,
    upload: Option<Upload>,
}

impl Session for Files {
    type Auth = ();

    async fn connect(_: (), _: &Socket) -> Result<Self, Refusal> {
        Ok(Self {
            begun: 0,
            upload: None,
        })
    }
}

impl Handle<Begin> for Files {
    async fn handle(&mut self, Begin { size }: Begin, socket: &Socket) -> Result<u64, Rejection> {
        if size > LARGEST {
            return Err(Rejection::new("too large").with_data(&LARGEST));
        }
        self.upload = None;
        self.begun += 1;
        let Incoming(folder) = socket.state();
        let path = folder.join(format!("{}-{}", socket.id(), self.begun));
        let upload = web::block(move || Upload::begin(path, size)).await;
        self.upload = Some(upload.map_err(failed)?.map_err(failed)?);
        Ok(0)
    }
}
// ANCHOR_END: session

// ANCHOR: chunk
impl Handle<Chunk> for Files {
    async fn handle(&mut self, Chunk(at, bytes): Chunk, _: &Socket) -> Result<u64, Rejection> {
        let there = self.upload.as_ref().map(|upload| upload.written);
        let there = there.ok_or("there is no upload")?;
        // Otherwise it was sent again, since the answer was lost.
        let Some(upload) = self.upload.take_if(|_| at == there) else {
            return Ok(there);
        };
        if bytes.len() as u64 > upload.size - there {
            return Err(Rejection::new("longer than it was said to be"));
        }
        // Files block, and a worker must not.
        let upload = web::block(move || upload.write(&bytes)).await;
        let upload = upload.map_err(failed)?.map_err(failed)?;
        Ok(self.upload.insert(upload).written)
    }
}

fn failed(error: impl std::error::Error) -> Rejection {
    eprintln!("upload: {error}");
    Rejection::new("the server could not keep it")
}
// ANCHOR_END: chunk

pub(crate) fn add(to: HubBuilder) -> HubBuilder {
    to.namespace::<Files>("/files")
        .state(Incoming(std::env::temp_dir()))
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use roomcast::testing::{TestClient, TestServer};
    use serde_json::json;

    use super::*;

    async fn begin(client: &TestClient, size: u64) -> String {
        let begin = [json!({ "size": size })];
        client
            .emit_raw_with_ack("upload", &begin)
            .await
            .json()
            .to_owned()
    }

    fn first_of(client: &TestClient) -> PathBuf {
        std::env::temp_dir().join(format!("{}-1", client.id()))
    }

    #[actix_web::test]
    async fn a_file_comes_in_parts_and_none_twice() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(add(Hub::builder()).build()?);
        let client = TestClient::builder(&server).namespace("/files");
        let client = client.connect().await?;
        assert_eq!(begin(&client, 5).await, "[0]");
        let path = first_of(&client);
        for (at, bytes, there) in [(0, "hel", 3), (0, "hel", 3), (3, "lo", 5)] {
            let part = Chunk(at, Binary::from(bytes.as_bytes()));
            assert_eq!(client.emit_with_ack(&part).await, there);
        }
        assert_eq!(fs::read_to_string(&path)?, "hello");
        fs::remove_file(path)?;
        Ok(())
    }

    #[actix_web::test]
    async fn what_is_too_large_or_broken_off_is_not_kept() -> Result<(), Box<dyn Error>> {
        let server = TestServer::start(add(Hub::builder()).build()?);
        let client = TestClient::builder(&server).namespace("/files");
        let client = client.connect().await?;
        assert!(begin(&client, LARGEST + 1).await.contains("too large"));
        assert_eq!(begin(&client, 5).await, "[0]");
        let path = first_of(&client);
        assert!(path.exists());
        client.disconnect().await;
        server.stop().await;
        assert!(!path.exists());
        Ok(())
    }
}
