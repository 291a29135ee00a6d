//! A to-do list that people share: create, read, update and delete over acks, with errors for each field.

mod dist;
mod events;
mod guest;
mod list;

use std::sync::Mutex;

use dist::Dist;
use example_page::{Ending, Page};
use roomcast::{BuildError, Hub, Rate};

const PAGE: Page = Page {
    name: "todo",
    about: "A to-do list that people share.\n\n\
            DIST  the folder of the built page: that of this example unless given",
    files: &[],
};

#[actix_web::main]
async fn main() -> Ending {
    let dist = Dist::read();
    example_page::run_with(PAGE, hub, move |config, _| dist.routes(config)).await
}

fn hub() -> Result<Hub, BuildError> {
    Hub::builder()
        .namespace::<guest::Guest>("/")
        .state(Mutex::new(list::List::default()))
        .max_http_buffer_size(16 * 1024)
        .max_connections(10_000)
        .event_rate(Rate::per_second(20))
        .build()
}

#[cfg(test)]
mod tests {
    /// `ROOMCAST_CONTRACT_RENEW=1 cargo test -p todo` writes it.
    #[test]
    fn the_contract_of_the_page_is_current() {
        let contract = super::hub().expect("a hub").contract();
        contract.assert_current("web/src/contract.ts");
    }
}
