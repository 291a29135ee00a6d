#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use super::{
    Answer, Collector, Relay,
    collector::{EARLY_ANSWERS, MAX_ANSWERS_BYTES},
};
use crate::id::SocketId;

fn answer() -> Answer {
    Answer {
        socket: SocketId::random().ok(),
        args: "1".into(),
        attachments: Vec::new(),
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_when_every_worker_has_counted_and_every_receiver_answered_or_gone() {
    let collector = Collector::new(2);
    collector.counted(1);
    collector.answer(answer());
    let wait = tokio::spawn(collector.answers().within(Duration::from_secs(3600)));
    tokio::task::yield_now().await;
    assert!(!wait.is_finished(), "the second worker has not counted");
    collector.counted(2);
    collector.answer(answer());
    collector.gone();
    let gathered = wait.await.unwrap();
    assert_eq!((gathered.answers.len(), gathered.complete), (2, true));
}

#[tokio::test(start_paused = true)]
async fn at_the_timeout_it_gives_what_came_and_closes() {
    let collector = Collector::new(1);
    collector.counted(2);
    collector.answer(answer());
    let gathered = collector.answers().within(Duration::from_secs(1)).await;
    assert_eq!((gathered.answers.len(), gathered.complete), (1, false));
    assert_eq!(gathered.unanswered, 1);
    assert!(collector.closed());
}

/// Counts what it is told.
struct Told(Arc<Mutex<Vec<usize>>>);

impl Relay for Told {
    fn counted(&self, receivers: usize) {
        self.0.lock().unwrap().push(receivers);
    }

    fn answer(&self, _: Answer) {}
}

#[test]
fn workers_that_count_at_the_same_time_are_told_of_once() {
    for _ in 0..2_000 {
        let told = Arc::<Mutex<Vec<usize>>>::default();
        let until = Instant::now() + Duration::from_secs(3600);
        let collector = Collector::relaying(2, Told(Arc::clone(&told)), until);
        std::thread::scope(|threads| {
            threads.spawn(|| collector.counted(1));
            threads.spawn(|| collector.counted(2));
        });
        assert_eq!(*told.lock().unwrap(), [3]);
    }
}

#[test]
fn other_nodes_give_no_more_answers_than_they_have_clients() {
    let collector = Collector::new(0);
    collector.counted(3);
    let taken = (0..5_000).filter(|_| collector.answer_from_afar(answer()));
    assert_eq!(taken.count(), 3 + EARLY_ANSWERS);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_together_is_left_out_and_told() {
    let large = Bytes::from(vec![0; MAX_ANSWERS_BYTES / 2]);
    let answer = || Answer {
        attachments: vec![large.clone()],
        ..answer()
    };
    let collector = Collector::new(1);
    collector.counted(3);
    (0..3).for_each(|_| collector.answer(answer()));
    let gathered = collector.answers().within(Duration::from_secs(1)).await;
    assert_eq!((gathered.answers.len(), gathered.complete), (1, false));
}

#[tokio::test(start_paused = true)]
async fn nobody_to_answer_is_complete_at_once() {
    let collector = Collector::new(1);
    collector.counted(0);
    assert!(
        collector
            .answers()
            .within(Duration::from_secs(1))
            .await
            .complete
    );
}
