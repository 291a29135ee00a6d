//! Connections that do nothing.

use super::setup;
use crate::Result;
use crate::crowd::Crowd;
use crate::options::Options;
use crate::report::Report;
use crate::usage::per;

pub(super) fn run(options: &Options, crowd: &mut Crowd, report: &mut Report) -> Result {
    let count = options.connections;
    let memory = options.processes.memory()?;
    let before = options.processes.now(crowd.clock())?;
    setup::connect(crowd, count, |who| options.node(who))?;
    let opened = options.processes.now(crowd.clock())?;
    setup::settle(crowd, options.settle)?;
    let settled = options.processes.now(crowd.clock())?;
    setup::settle(crowd, options.seconds)?;
    let after = options.processes.now(crowd.clock())?;
    let grown = options.processes.memory()?.saturating_sub(memory);

    let operations = count as u64;
    before.report(&opened, report, operations, "handshake");
    report.put("handshakes_per_s", count as f64 / before.seconds(&opened));
    report.put("pss_bytes_per_conn", per(grown as f64, operations));
    report.put("idle_cpu_pct", settled.share(&after));
    report.put("pings", crowd.pings);
    Ok(())
}
