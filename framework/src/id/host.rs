//! Which machine this is.

/// The standard library has no call for it; what is not Linux tells its shells.
pub(crate) fn hostname() -> String {
    let known = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let known = known.or_else(|| std::env::var("HOSTNAME").ok());
    let known = known.or_else(|| std::env::var("COMPUTERNAME").ok());
    let known = known.as_deref().map(str::trim);
    known
        .filter(|name| !name.is_empty())
        .unwrap_or("unknown")
        .to_owned()
}
