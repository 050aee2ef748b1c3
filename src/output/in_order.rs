//! Rows rendered on all cores, and handed on in their order. Rendering 90,000 objects takes as long as collecting them.

use std::io;
use std::num::NonZero;

/// Calls `render` for shares of `share` rows, several at a time, and `each` with the results in the rows' order. A share
/// should be worth a thread, and what it renders small enough to be kept until it is written.
///
/// `render` gets an earlier result to overwrite where there is one: fresh memory for every share would cost more than
/// what is written into it.
pub(super) fn in_order<R: Send, T: Default + Send>(
    rows: &mut [R],
    share: usize,
    render: impl Fn(&mut [R], &mut T) + Sync,
    mut each: impl FnMut(&mut T) -> io::Result<()>,
) -> io::Result<()> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get).min(8);
    let mut results: Vec<T> = Vec::new();
    for round in rows.chunks_mut(share * cores) {
        let shares = round.len().div_ceil(share);
        results.resize_with(results.len().max(shares), T::default);
        std::thread::scope(|scope| {
            let mut work = round.chunks_mut(share).zip(&mut results);
            let first = work.next();
            for (rows, result) in work {
                let render = &render;
                scope.spawn(move || render(rows, result));
            }
            if let Some((rows, result)) = first {
                render(rows, result);
            }
        });
        results[..shares].iter_mut().try_for_each(&mut each)?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SHARE: usize = 16;

    fn copy(rows: &mut [usize], result: &mut Vec<usize>) {
        result.clear();
        result.extend_from_slice(rows);
    }

    #[test]
    fn order_is_kept() {
        for count in [0, 1, SHARE, SHARE + 1, SHARE * 20 + 7] {
            let mut rows: Vec<usize> = (0..count).collect();
            let mut seen = Vec::new();
            let each = |share: &mut Vec<usize>| {
                seen.append(share);
                Ok(())
            };
            in_order(&mut rows, SHARE, copy, each).unwrap();
            assert_eq!(seen, rows);
        }
    }

    #[test]
    fn an_error_ends_it() {
        let mut rows = vec![0; SHARE * 40];
        let mut calls = 0;
        let each = |_: &mut Vec<usize>| {
            calls += 1;
            Err(io::ErrorKind::BrokenPipe.into())
        };
        let result = in_order(&mut rows, SHARE, copy, each);
        assert_eq!((result.unwrap_err().kind(), calls), (io::ErrorKind::BrokenPipe, 1));
    }
}
