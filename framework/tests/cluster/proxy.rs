//! Between a node and Redis: lets everything through, or swallows what Redis answers on some
//! connections or to a command, or cuts all of them, or does something before a command.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
};

/// A kind of connection, by what goes over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// On which entries are added.
    Writer,
    /// On which they are read.
    Reader,
    /// On which the nodes are counted.
    Requests,
    /// On which the messages of `pub_sub` come. Muted, it does not tell either that Redis has closed it.
    Subscriber,
}

const KINDS: [(Kind, &[u8]); 4] = [
    (Kind::Writer, b"XADD"),
    (Kind::Reader, b"XREAD"),
    (Kind::Requests, b"PUBSUB"),
    (Kind::Subscriber, b"PSUBSCRIBE"),
];

/// What is done before Redis gets the last of so many commands with these bytes.
struct Ambush {
    command: Vec<u8>,
    left: usize,
    act: Pin<Box<dyn Future<Output = ()> + Send>>,
}

pub(crate) struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    muted: Mutex<Vec<Kind>>,
    /// Of the first connection over which it goes the answer is lost.
    fatal: Mutex<Option<&'static [u8]>>,
    ambush: Mutex<Option<Ambush>>,
    /// So many connections were made.
    accepted: AtomicUsize,
    /// So many answers went to writers.
    written: AtomicUsize,
    /// So often something was asked of which the answer does not arrive.
    ignored: AtomicUsize,
    cut: watch::Sender<bool>,
}

impl Proxy {
    /// Runs as long as the test's runtime.
    pub(crate) async fn before(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<State>::default();
        let proxy = Self {
            port,
            state: Arc::clone(&state),
        };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                state.accepted.fetch_add(1, Ordering::Relaxed);
                if !*state.cut.borrow() {
                    tokio::spawn(pass(Arc::clone(&state), client, server));
                }
            }
        });
        proxy
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// What Redis answers on connections of this kind does not arrive.
    pub(crate) fn mute(&self, kind: Kind) {
        self.state.muted.lock().unwrap().push(kind);
    }

    /// Redis gets the command with these bytes that is so many ahead, the next one being 1, only once
    /// this was done.
    pub(crate) fn before_command(
        &self,
        command: impl Into<Vec<u8>>,
        ahead: usize,
        act: impl Future<Output = ()> + Send + 'static,
    ) {
        *self.state.ambush.lock().unwrap() = Some(Ambush {
            command: command.into(),
            left: ahead,
            act: Box::pin(act),
        });
    }

    /// Redis does the next command with these bytes, but the connection breaks before it answers.
    pub(crate) fn break_at(&self, command: &'static [u8]) {
        *self.state.fatal.lock().unwrap() = Some(command);
    }

    /// Whether that has happened.
    pub(crate) fn is_broken(&self) -> bool {
        self.state.fatal.lock().unwrap().is_none()
    }

    /// All connections are closed, and no new ones accepted.
    pub(crate) fn cut(&self) {
        self.state.cut.send_replace(true);
    }

    /// All is well again, but what was swallowed is lost.
    pub(crate) fn heal(&self) {
        self.state.muted.lock().unwrap().clear();
        self.state.cut.send_replace(false);
    }

    /// How often something was asked on a connection that is [muted](Self::mute).
    pub(crate) fn ignored(&self) -> usize {
        self.state.ignored.load(Ordering::Relaxed)
    }

    /// How many connections have been made so far.
    pub(crate) fn accepted(&self) -> usize {
        self.state.accepted.load(Ordering::Relaxed)
    }

    /// How often Redis has answered a writer, who got it.
    pub(crate) fn written(&self) -> usize {
        self.state.written.load(Ordering::Relaxed)
    }
}

impl State {
    fn is_muted(&self, kind: Option<Kind>) -> bool {
        kind.is_some_and(|kind| self.muted.lock().unwrap().contains(&kind))
    }
}

async fn pass(state: Arc<State>, client: TcpStream, server: u16) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await else {
        return;
    };
    for stream in [&client, &server] {
        stream.set_nodelay(true).unwrap();
    }
    let ((from_client, to_client), (from_server, to_server)) =
        (client.into_split(), server.into_split());
    let (kind, breaks) = (Mutex::new(None), AtomicBool::new(false));
    let mut cut = state.cut.subscribe();
    tokio::select! {
        () = ask(&state, &kind, &breaks, from_client, to_server) => {}
        () = answer(&state, &kind, &breaks, from_server, to_client) => {}
        _ = cut.wait_for(|cut| *cut) => {}
    }
}

async fn ask(
    state: &State,
    kind: &Mutex<Option<Kind>>,
    breaks: &AtomicBool,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let text = &buffer[..read];
        let has = |command: &[u8]| text.windows(command.len()).any(|part| part == command);
        for (found, command) in KINDS {
            if has(command) {
                *kind.lock().unwrap() = Some(found);
            }
        }
        let is_muted = state.is_muted(*kind.lock().unwrap());
        state.ignored.fetch_add(is_muted.into(), Ordering::Relaxed);
        if state.fatal.lock().unwrap().take_if(|it| has(it)).is_some() {
            breaks.store(true, Ordering::Relaxed);
        }
        let is_next = |it: &mut Ambush| {
            it.left -= usize::from(has(&it.command));
            it.left == 0
        };
        let ambush = state.ambush.lock().unwrap().take_if(is_next);
        if let Some(ambush) = ambush {
            ambush.act.await;
        }
        if to.write_all(text).await.is_err() {
            return;
        }
    }
}

async fn answer(
    state: &State,
    kind: &Mutex<Option<Kind>>,
    breaks: &AtomicBool,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        if breaks.load(Ordering::Relaxed) {
            return;
        }
        let kind = *kind.lock().unwrap();
        if state.is_muted(kind) {
            continue;
        }
        if to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
        if kind == Some(Kind::Writer) {
            state.written.fetch_add(1, Ordering::Relaxed);
        }
    }
    let kind = *kind.lock().unwrap();
    if kind == Some(Kind::Subscriber) && state.is_muted(kind) {
        std::future::pending::<()>().await;
    }
}
