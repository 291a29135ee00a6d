//! Many clients of a Socket.IO server at once, and how long it takes to answer them.

mod client;
mod options;
mod packet;
mod report;
mod target;

use std::error::Error;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use actix_web::rt;
use options::{Options, Wanted};
use report::Tally;
use tokio::time::{Instant, sleep_until};

#[actix_web::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Wanted::Run(mut options) = Options::parse(std::env::args().skip(1))? else {
        println!("{}", options::HELP);
        return Ok(ExitCode::SUCCESS);
    };
    #[cfg(unix)]
    example_page::allow_all_descriptors();
    if options.url.is_empty() {
        options.url = target::start()?;
        println!("no --url: a server of our own, which answers with what it gets");
    }
    println!(
        "{} clients for {:?}, {} events a second each, to {}",
        options.clients, options.time, options.rate, options.url
    );
    let tally = load(Rc::new(options)).await;
    print!("{tally}");
    Ok(match tally.is_clean() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Clients come evenly, `ramp` a second, and all stay until the same moment: the time counts from the last one.
async fn load(options: Rc<Options>) -> Tally {
    let start = Instant::now();
    let comes = |n: u32| start + Duration::from_secs(1) * n / options.ramp;
    let end = comes(options.clients) + options.time;
    let mut clients = Vec::new();
    for n in 0..options.clients {
        sleep_until(comes(n)).await;
        clients.push(rt::spawn(client::run(options.clone(), n, end)));
    }
    let mut tally = Tally::default();
    for client in clients {
        match client.await {
            Ok(one) => tally.add(one),
            // It has panicked, which is told already.
            Err(_) => tally.failed += 1,
        }
    }
    tally
}
