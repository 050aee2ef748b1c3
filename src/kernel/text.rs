//! Numbers in the kernel's text files: blank-separated, read from bytes without allocating.

/// Reads one number after the other from a line. Each call takes a whole blank-separated field; a field that is not
/// wholly a number of the wanted width is `None`, and so is the end of the line.
pub(crate) struct Numbers<'a> {
    rest: &'a [u8],
}

impl<'a> Numbers<'a> {
    /// Starts at the line's beginning.
    pub(crate) const fn new(line: &'a [u8]) -> Self {
        Self { rest: line }
    }

    /// The next field.
    pub(crate) fn field(&mut self) -> Option<&'a [u8]> {
        let start = self.rest.iter().position(|b| *b != b' ' && *b != b'\t')?;
        let rest = &self.rest[start..];
        let end = rest.iter().position(|b| *b == b' ' || *b == b'\t').unwrap_or(rest.len());
        self.rest = &rest[end..];
        Some(&rest[..end])
    }

    /// The next field as an unsigned decimal number.
    pub(crate) fn unsigned<T: TryFrom<u64>>(&mut self) -> Option<T> {
        T::try_from(decimal(self.field()?)?).ok()
    }

    /// The next field as a signed decimal number.
    pub(crate) fn signed<T: TryFrom<i64>>(&mut self) -> Option<T> {
        let field = self.field()?;
        let value = match field.strip_prefix(b"-") {
            Some(digits) => 0i64.checked_sub_unsigned(decimal(digits)?)?,
            None => i64::try_from(decimal(field)?).ok()?,
        };
        T::try_from(value).ok()
    }

    /// The next field as an octal number.
    pub(crate) fn octal(&mut self) -> Option<u32> {
        radix::<8>(self.field()?).and_then(|n| u32::try_from(n).ok())
    }

    /// The next field as a hexadecimal number, with or without `0x`.
    pub(crate) fn hex(&mut self) -> Option<u64> {
        let field = self.field()?;
        radix::<16>(field.strip_prefix(b"0x").unwrap_or(field))
    }
}

/// A whole field as an unsigned decimal number; `None` when empty, signed, too large or followed by anything.
pub(crate) fn decimal(field: &[u8]) -> Option<u64> {
    radix::<10>(field)
}

fn radix<const R: u32>(field: &[u8]) -> Option<u64> {
    if field.is_empty() {
        return None;
    }
    let mut value = 0u64;
    for byte in field {
        let digit = char::from(*byte).to_digit(R)?;
        value = value.checked_mul(u64::from(R))?.checked_add(u64::from(digit))?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_fields_only() {
        let mut n = Numbers::new(b"  12 -7 0640 0x1f  9x 18446744073709551616 ");
        assert_eq!(n.unsigned::<u32>(), Some(12));
        assert_eq!(n.signed::<i32>(), Some(-7));
        assert_eq!(n.octal(), Some(0o640));
        assert_eq!(n.hex(), Some(0x1f));
        assert_eq!(n.unsigned::<u64>(), None, "trailing letters");
        assert_eq!(n.unsigned::<u64>(), None, "one more than u64 holds");
        assert_eq!(n.field(), None);
    }

    #[test]
    fn extremes() {
        assert_eq!(Numbers::new(b"-2147483648").signed::<i32>(), Some(i32::MIN));
        assert_eq!(Numbers::new(b"-9223372036854775808").signed::<i64>(), Some(i64::MIN));
        assert_eq!(Numbers::new(b"--1").signed::<i64>(), None);
        assert_eq!(Numbers::new(b"+1").unsigned::<u64>(), None);
    }
}
