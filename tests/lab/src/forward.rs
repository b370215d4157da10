//! Lets a browser outside reach a listener inside: TCP outside ↔ a Unix socket in the lab's folder ↔ TCP inside.
//!
//! The inside asks by putting `<port>.sock` into the folder's `forward/`; the outside listens on 127.0.0.1 at the same port,
//! so that URLs and the Host header are the same on both sides.

use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinHandle;

/// Inside: offers `127.0.0.1:port` to the outside.
pub fn offer(workdir: &Path, port: u16) -> Result<()> {
    let folder = workdir.join("forward");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{port}.sock"));
    let listener = UnixListener::bind(&path).with_context(|| path.display().to_string())?;
    tokio::spawn(async move {
        while let Ok((mut outer, _)) = listener.accept().await {
            tokio::spawn(async move {
                if let Ok(mut inner) = TcpStream::connect(("127.0.0.1", port)).await {
                    let _ = copy_bidirectional(&mut outer, &mut inner).await;
                }
            });
        }
    });
    Ok(())
}

/// Outside: serves each port that the inside offers, until aborted.
pub fn follow(workdir: PathBuf) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut served: BTreeMap<PathBuf, ServedPort> = BTreeMap::new();
        loop {
            for socket in std::fs::read_dir(workdir.join("forward")).into_iter().flatten().flatten() {
                if let Entry::Vacant(slot) = served.entry(socket.path()) {
                    let port = ServedPort::start(slot.key()).await;
                    slot.insert(port);
                }
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
}

/// A listener that ends with its owner.
struct ServedPort(Option<JoinHandle<()>>);

impl ServedPort {
    async fn start(path: &Path) -> Self {
        let port = path.file_stem().and_then(|s| s.to_str()).and_then(|s| s.parse::<u16>().ok());
        let Some(port) = port else { return Self(None) };
        match TcpListener::bind(("127.0.0.1", port)).await {
            Ok(listener) => Self(Some(tokio::spawn(serve(listener, path.to_owned())))),
            Err(error) => {
                tracing::warn!("127.0.0.1:{port} is not reachable from outside the lab: {error}");
                Self(None)
            }
        }
    }
}

impl Drop for ServedPort {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

async fn serve(listener: TcpListener, path: PathBuf) {
    while let Ok((mut outer, _)) = listener.accept().await {
        let path = path.clone();
        tokio::spawn(async move {
            if let Ok(mut inner) = UnixStream::connect(&path).await {
                let _ = copy_bidirectional(&mut outer, &mut inner).await;
            }
        });
    }
}
