//! Restarting actors that panic.
//!
//! actix's own `Supervisor` restarts an actor that stops, not one that panics, and a registry
//! service that panicked leaves a dead address behind. This is the small rest: [`supervise`] runs
//! an actor, and when a panic ends it makes a new one, hands its address to whoever publishes it,
//! and goes on, at most [`MAX_RESTARTS`] times in [`WINDOW`].

use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::{Context as TaskContext, Poll},
    time::{Duration, Instant},
};

use actix::{Actor, Addr, AsyncContext, Context};

/// An actor that panics more often than this within [`WINDOW`] stays down: its input makes it
/// panic, and restarting again would only burn the worker's time.
const MAX_RESTARTS: u32 = 8;
const WINDOW: Duration = Duration::from_secs(10);

/// Runs the actor that `make` builds; `publish` is told its address now and after every restart.
///
/// Ends when the actor stops by itself. Must be called on a thread with a local task set.
pub(crate) fn supervise<A, M, P>(name: &'static str, make: M, publish: P)
where
    A: Actor<Context = Context<A>>,
    M: Fn() -> A + 'static,
    P: Fn(Addr<A>) + 'static,
{
    let first = run(&make, &publish);
    actix::spawn(async move {
        let mut life = first;
        let mut restarts = 0;
        let mut since = Instant::now();
        while let Err(panic) = life.await {
            if since.elapsed() > WINDOW {
                restarts = 0;
                since = Instant::now();
            }
            restarts += 1;
            if restarts > MAX_RESTARTS {
                tracing::error!(actor = name, panic, "panicked too often, not restarted");
                return;
            }
            tracing::error!(actor = name, panic, "panicked, restarting");
            life = run(&make, &publish);
        }
    });
}

fn run<A>(
    make: &impl Fn() -> A,
    publish: &impl Fn(Addr<A>),
) -> Pin<Box<dyn Future<Output = Result<(), String>>>>
where
    A: Actor<Context = Context<A>>,
{
    let context = Context::new();
    let address = context.address();
    let life = context.into_future(make());
    publish(address);
    Box::pin(catching(life))
}

/// The output of `future`, or the text of the panic that ended it.
pub(crate) async fn catching<F: Future>(future: F) -> Result<F::Output, String> {
    let mut future = pin!(future);
    std::future::poll_fn(|cx| poll_catching(future.as_mut(), cx)).await
}

/// One poll of `future` in which a panic is an error. After an error the future must be dropped.
pub(crate) fn poll_catching<F: Future + ?Sized>(
    future: Pin<&mut F>,
    cx: &mut TaskContext<'_>,
) -> Poll<Result<F::Output, String>> {
    match catch(|| future.poll(cx)) {
        Ok(Poll::Pending) => Poll::Pending,
        Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

/// The result of `call`, or the text of its panic.
///
/// `AssertUnwindSafe`: whatever the closure borrows that a panic could leave half-changed is
/// dropped by the caller, not used again.
pub(crate) fn catch<R>(call: impl FnOnce() -> R) -> Result<R, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| text(payload.as_ref()))
}

fn text(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic without a text".to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::{cell::RefCell, rc::Rc};

    use actix::{Handler, Message};

    use super::*;

    struct Fragile;

    impl Actor for Fragile {
        type Context = Context<Self>;
    }

    #[derive(Message)]
    #[rtype(result = "u8")]
    struct Ask(bool);

    impl Handler<Ask> for Fragile {
        type Result = u8;

        fn handle(&mut self, Ask(well): Ask, _: &mut Self::Context) -> u8 {
            assert!(well, "asked to fail");
            7
        }
    }

    #[actix::test]
    async fn an_actor_that_panics_is_replaced_and_its_address_published() {
        let published: Rc<RefCell<Vec<Addr<Fragile>>>> = Rc::default();
        let seen = Rc::clone(&published);
        supervise(
            "fragile",
            || Fragile,
            move |addr| seen.borrow_mut().push(addr),
        );

        let first = published.borrow()[0].clone();
        assert!(first.send(Ask(false)).await.is_err());
        while published.borrow().len() < 2 {
            tokio::task::yield_now().await;
        }
        let second = published.borrow()[1].clone();
        assert_eq!(second.send(Ask(true)).await.unwrap(), 7);
    }

    #[actix::test]
    async fn an_actor_that_never_stops_panicking_is_given_up() {
        let published: Rc<RefCell<Vec<Addr<Fragile>>>> = Rc::default();
        let seen = Rc::clone(&published);
        supervise(
            "fragile",
            || Fragile,
            move |addr| seen.borrow_mut().push(addr),
        );

        let lives = MAX_RESTARTS as usize + 1;
        for life in 0..lives {
            while published.borrow().len() <= life {
                tokio::task::yield_now().await;
            }
            let addr = published.borrow()[life].clone();
            assert!(addr.send(Ask(false)).await.is_err());
        }
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(published.borrow().len(), lives);
    }
}
