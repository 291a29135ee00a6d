//! Restarting actors that panic.
//!
//! actix's own `Supervisor` restarts an actor that stops, not one that panics, and a registry
//! service that panicked leaves a dead address behind. This is the small rest: [`supervise`] runs
//! an actor, and when a panic ends it makes a new one after a [rest](Backoff), hands its address to
//! whoever publishes it, and goes on.

mod backoff;

use std::{
    any::Any,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    task::{Context as TaskContext, Poll},
};

use actix::{Actor, Addr, AsyncContext, Context};
use tokio::time::sleep;

pub(crate) use backoff::Backoff;

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
        let mut backoff = Backoff::new();
        let mut life = first;
        while let Err(panic) = life.await {
            let rest = backoff.failed();
            tracing::error!(actor = name, panic, ?rest, "panicked, restarting");
            sleep(rest).await;
            backoff.begin();
            life = catch(|| run(&make, &publish))
                .unwrap_or_else(|panic| Box::pin(std::future::ready(Err(panic))));
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
    #![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

    use std::{cell::RefCell, rc::Rc, time::Duration};

    use actix::{Handler, Message};
    use tokio::time::{Instant, timeout};

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

    type Published = Rc<RefCell<Vec<Addr<Fragile>>>>;

    /// The addresses that it has had; `told` gets their number each time that there is one more.
    fn supervised(told: impl Fn(usize) + 'static) -> Published {
        let published = Published::default();
        let seen = Rc::clone(&published);
        supervise(
            "fragile",
            || Fragile,
            move |addr| {
                seen.borrow_mut().push(addr);
                told(seen.borrow().len());
            },
        );
        published
    }

    async fn until_published(published: &Published, count: usize) {
        let told = async {
            while published.borrow().len() < count {
                sleep(Duration::from_millis(1)).await;
            }
        };
        let told = timeout(Duration::from_secs(60), told).await;
        told.expect("its address is published");
    }

    #[actix::test]
    async fn an_actor_that_panics_is_replaced_and_its_address_published() {
        let published = supervised(|_| {});

        let first = published.borrow()[0].clone();
        assert!(first.send(Ask(false)).await.is_err());
        until_published(&published, 2).await;
        let second = published.borrow()[1].clone();
        assert_eq!(second.send(Ask(true)).await.unwrap(), 7);
    }

    #[actix::test]
    async fn who_is_told_its_address_may_panic() {
        tokio::time::pause();
        let published = supervised(|count| assert_ne!(count, 2, "told a second time"));
        let first = published.borrow()[0].clone();
        assert!(first.send(Ask(false)).await.is_err());
        until_published(&published, 3).await;
        let third = published.borrow()[2].clone();
        assert_eq!(third.send(Ask(true)).await.unwrap(), 7);
    }

    #[actix::test]
    async fn an_actor_that_never_stops_panicking_rests_ever_longer() {
        tokio::time::pause();
        let published = supervised(|_| {});

        let mut last = Duration::ZERO;
        for life in 0..10 {
            let asked = Instant::now();
            let addr = published.borrow()[life].clone();
            assert!(addr.send(Ask(false)).await.is_err());
            until_published(&published, life + 2).await;
            assert!(asked.elapsed() > last, "{:?}", asked.elapsed());
            last = asked.elapsed();
        }
        let last = published.borrow()[10].clone();
        assert_eq!(last.send(Ask(true)).await.unwrap(), 7);
    }
}
