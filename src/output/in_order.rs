//! Rows rendered on all cores, and handed on in their order. Rendering 90,000 objects takes as long as collecting them.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError, mpsc};

/// Calls `render` for shares of `share` rows, several at a time, and `each` with the results in the rows' order. A share
/// should be worth a turn of a thread, and what it renders small enough to be kept until it is written.
///
/// `render` gets an earlier result to overwrite where there is one: fresh memory for every share would cost more than
/// what is written into it.
pub(super) fn in_order<R: Send, T: Default + Send>(
    rows: &mut [R],
    share: usize,
    render: impl Fn(&mut [R], &mut T) + Sync,
    mut each: impl FnMut(&mut T) -> io::Result<()>,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    if rows.len() <= share {
        let mut result = T::default();
        render(rows, &mut result);
        return each(&mut result);
    }
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get).min(8);
    // A lock is poisoned only by a panic, which ends this function anyway.
    let shares = Mutex::new(rows.chunks_mut(share).enumerate());
    let recycled = Mutex::new(Vec::<T>::new());
    let (shares, recycled, render) = (&shares, &recycled, &render);
    let (send, results) = mpsc::sync_channel(2 * cores);
    // The receiving end moves in, so that an early return lets the threads go.
    std::thread::scope(move |scope| {
        for send in std::iter::repeat_n(send, cores) {
            scope.spawn(move || {
                loop {
                    let claimed = shares.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((number, rows)) = claimed else { return };
                    let mut result = recycled.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
                    render(rows, &mut result);
                    if send.send((number, result)).is_err() {
                        return;
                    }
                }
            });
        }
        let (mut early, mut next) = (BTreeMap::new(), 0);
        for (number, result) in results {
            early.insert(number, result);
            while let Some(mut result) = early.remove(&next) {
                each(&mut result)?;
                recycled.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                next += 1;
            }
        }
        Ok(())
    })
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
