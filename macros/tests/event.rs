//! What the `Event` derive makes of a struct.

use roomcast::event::{Args, SlowConsumer};
use roomcast::prelude::*;

#[derive(Deserialize, Event)]
#[event(name = "chat message", ack = Receipt)]
#[expect(dead_code, reason = "only its impl is looked at")]
struct Say {
    room: String,
    text: String,
}

struct Receipt;

#[derive(Event)]
struct HTTPError;

#[derive(Event)]
struct Empty();

#[derive(Event)]
#[expect(dead_code, reason = "only its impl is looked at")]
struct Nick(String);

#[derive(Event)]
#[event(slow_consumer = "drop_oldest")]
#[expect(dead_code, reason = "only its impl is looked at")]
struct Moved(u8, u8, u8);

#[derive(Serialize, Event)]
#[serde(transparent)]
struct Topic {
    text: String,
}

#[derive(Serialize, Event)]
#[event(slow_consumer = "latest", key = from)]
struct Typing<'a, T>
where
    T: Serialize,
{
    from: &'a str,
    draft: T,
}

#[derive(Event)]
#[event(slow_consumer = "latest", key = 0)]
#[expect(
    dead_code,
    reason = "the second field is there to be left out of the key"
)]
struct Cursor(u64, u32);

#[test]
fn the_name_is_the_given_one_or_that_of_the_type() {
    assert_eq!(Say::NAME, "chat message");
    assert_eq!(HTTPError::NAME, "http_error");
    assert_eq!(Typing::<u8>::NAME, "typing");
}

#[test]
fn the_form_of_the_struct_is_the_form_of_the_arguments() {
    assert!(matches!(Say::ARGS, Args::One));
    assert!(matches!(Nick::ARGS, Args::One));
    assert!(matches!(Topic::ARGS, Args::One));
    assert!(matches!(Moved::ARGS, Args::Many(3)));
    assert!(matches!(HTTPError::ARGS, Args::None));
    assert!(matches!(Empty::ARGS, Args::None));
}

#[test]
fn the_ack_is_the_given_type_or_nothing() {
    fn acked_with<E: Event<Ack = A>, A>() {}
    acked_with::<Say, Receipt>();
    acked_with::<Typing<'_, u8>, ()>();
}

#[test]
fn the_policy_is_the_given_one_or_that_of_the_hub() {
    assert!(Say::SLOW_CONSUMER.is_none());
    assert!(matches!(
        Moved::SLOW_CONSUMER,
        Some(SlowConsumer::DropOldest)
    ));
    assert!(matches!(Cursor::SLOW_CONSUMER, Some(SlowConsumer::Latest)));
}

#[test]
fn the_key_is_that_of_the_field_alone() {
    let typing = |from, draft| Typing { from, draft }.key();
    assert!(typing("ada", 1).is_some());
    assert_eq!(typing("ada", 1), typing("ada", 2));
    assert_ne!(typing("ada", 1), typing("bob", 1));

    assert_eq!(Cursor(7, 1).key(), Cursor(7, 2).key());
    assert_ne!(Cursor(7, 1).key(), Cursor(8, 1).key());
    assert_eq!(
        Topic {
            text: String::new()
        }
        .key(),
        None
    );
}

#[test]
fn an_event_is_a_message() {
    fn is_message<M: roomcast::__private::Message>() {}
    is_message::<Say>();
    is_message::<Typing<'_, u8>>();
}

#[test]
fn a_tuple_answers_with_an_argument_for_each_element() {
    #[derive(Event)]
    #[event(ack = (u8, String))]
    struct Both;
    #[derive(Event)]
    #[event(ack = ())]
    struct Nothing;
    #[derive(Event)]
    #[event(ack = Vec<u8>)]
    struct Single;
    assert_eq!(Both::ACK_ARGS, Args::Many(2));
    assert_eq!(Nothing::ACK_ARGS, Args::None);
    assert_eq!(Single::ACK_ARGS, Args::One);
}
