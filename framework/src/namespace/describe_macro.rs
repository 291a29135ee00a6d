//! What `#[derive(EventHandlers)]` writes into its impl without knowing the features of roomcast.

/// `EventHandlers::describe`: each event, and its ack, as far as the types can tell.
#[cfg(feature = "codegen")]
#[doc(hidden)]
#[macro_export]
macro_rules! __describe {
    (handles [$($handled:ty),*] $(emits [$($emitted:ty),*] broadcasts [$($broadcast:ty),*])?) => {
        // Names of the application's types are looked up here, too: none of these may hide one.
        #[allow(unused_imports, unused_mut)]
        fn describe() -> ::core::option::Option<$crate::contract::SessionContract> {
            use $crate::__private::Event as __Event;
            use $crate::__private::described::{
                AuthProbe as __Auth, AuthViaNothing as _, AuthViaSession as _, AuthViaTypes as _,
            };
            use $crate::contract::{
                EventContract as __Contract, Probe as __Probe, RejectedProbe as __Rejected,
                RejectedViaEvent as _, RejectedViaNothing as _, RejectedViaTypes as _,
                SessionContract as __Session, ViaNothing as _, ViaTypes as _,
            };

            let mut session = __Session {
                auth: (&&__Auth::<Self>::new()).auth(),
                handles: ::std::vec![$(__Contract::received::<$handled>(
                    (&__Probe::<$handled>::new()).look(),
                    (&__Probe::<<$handled as __Event>::Ack>::new()).look(),
                    (&&__Rejected::<$handled>::new()).rejected(),
                )),*],
                emits: ::core::option::Option::None,
                broadcasts: ::std::vec![],
            };
            $(
                session.emits = ::core::option::Option::Some(::std::vec![$(__Contract::emitted::<$emitted>(
                    (&__Probe::<$emitted>::new()).look(),
                    (&__Probe::<<$emitted as __Event>::Ack>::new()).look(),
                )),*]);
                session.broadcasts = ::std::vec![$(__Contract::broadcast::<$broadcast>(
                    (&__Probe::<$broadcast>::new()).look(),
                    (&__Probe::<<$broadcast as __Event>::Ack>::new()).look(),
                )),*];
            )?
            ::core::option::Option::Some(session)
        }
    };
}

/// Nothing, without the feature.
#[cfg(not(feature = "codegen"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __describe {
    ($($ignored:tt)*) => {};
}
