//! Dates as `Date.prototype.toJSON` writes them.

/// Further from 1970 there is no valid date in JavaScript (ECMA-262, time values).
const MAX_MS: u64 = 8_640_000_000_000_000;

const DAY_MS: i64 = 86_400_000;

/// `None` for a date that is invalid, which in JSON is null.
pub(crate) fn iso(ms: i64) -> Option<String> {
    if ms.unsigned_abs() > MAX_MS {
        return None;
    }
    let (year, month, day) = civil(ms.div_euclid(DAY_MS));
    let time = ms.rem_euclid(DAY_MS);
    let (hour, minute) = (time / 3_600_000, time / 60_000 % 60);
    let (second, ms) = (time / 1000 % 60, time % 1000);
    // Years of more than four digits have a sign and six digits.
    let year = match year {
        0..=9999 => format!("{year:04}"),
        _ => format!("{year:+07}"),
    };
    Some(format!(
        "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z"
    ))
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
///
/// Years begin in March here, so that the leap day is the last; the calendar repeats after an era
/// of 400 years.
fn civil(days: i64) -> (i64, i64, i64) {
    const ERA: i64 = 146_097;
    /// From 0000-03-01 to 1970-01-01.
    const TO_1970: i64 = 719_468;
    let days = days + TO_1970;
    let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let leap_days = day / 1460 - day / 36_524 + day / (ERA - 1);
    let year = (day - leap_days) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // From March the months are 31, 30, 31, 30, 31 days long, again and again: 153 for five.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = match month {
        0..=9 => (month + 3, 0),
        _ => (month - 9, 1),
    };
    (year + 400 * era + next, month, day)
}

/// The milliseconds since 1970 of a MessagePack timestamp of 32, 64 or 96 bits; what is less is cut
/// off, as `Date` does.
#[cfg(feature = "msgpack")]
pub(crate) fn timestamp(bytes: &[u8]) -> Option<i64> {
    let (seconds, nanoseconds) = match bytes {
        [a, b, c, d] => (i64::from(u32::from_be_bytes([*a, *b, *c, *d])), 0),
        [n0, n1, n2, n3, seconds @ ..] if bytes.len() == 12 => {
            let seconds = i64::from_be_bytes(seconds.try_into().ok()?);
            (seconds, i64::from(u32::from_be_bytes([*n0, *n1, *n2, *n3])))
        }
        _ => {
            let both = u64::from_be_bytes(bytes.try_into().ok()?);
            ((both & 0x3_ffff_ffff) as i64, (both >> 34) as i64)
        }
    };
    Some(
        seconds
            .saturating_mul(1000)
            .saturating_add(nanoseconds / 1_000_000),
    )
}

#[cfg(test)]
mod tests {
    use super::iso;

    #[test]
    fn dates_are_written_as_javascript_does() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_800_000, "2000-03-01T00:00:00.000Z"),
            (4_107_456_000_000, "2100-02-28T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (-62_167_219_200_000, "0000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001, "-000001-12-31T23:59:59.999Z"),
            (8_640_000_000_000_000, "+275760-09-13T00:00:00.000Z"),
            (-8_640_000_000_000_000, "-271821-04-20T00:00:00.000Z"),
        ] {
            assert_eq!(iso(ms).as_deref(), Some(text));
        }
        for invalid in [8_640_000_000_000_001, i64::MIN, i64::MAX] {
            assert_eq!(iso(invalid), None);
        }
    }
}
