//! Rows rendered on all cores, and handed on in their order. Rendering 90,000 objects takes as long as collecting them.

use std::io;
use std::num::NonZero;

/// Calls `render` for shares of `share` rows, several at a time, and `each` with the results in the rows' order. A share
/// should be worth a thread, and what it renders small enough to be kept until it is written.
pub(super) fn in_order<R: Send, T: Send>(
    rows: &mut [R],
    share: usize,
    render: impl Fn(&mut [R]) -> T + Sync,
    mut each: impl FnMut(T) -> io::Result<()>,
) -> io::Result<()> {
    if rows.len() <= share {
        return each(render(rows));
    }
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get).min(8);
    for round in rows.chunks_mut(share * cores) {
        let render = &render;
        let results = std::thread::scope(|scope| {
            let mut shares = round.chunks_mut(share);
            let first = shares.next();
            let others: Vec<_> = shares.map(|share| scope.spawn(move || render(share))).collect();
            let mut results: Vec<T> = first.map(render).into_iter().collect();
            for other in others {
                // A panic in a share is the same panic here.
                results.push(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            results
        });
        results.into_iter().try_for_each(&mut each)?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SHARE: usize = 16;

    #[test]
    fn order_is_kept() {
        for count in [0, 1, SHARE, SHARE + 1, SHARE * 20 + 7] {
            let mut rows: Vec<usize> = (0..count).collect();
            let mut seen = Vec::new();
            in_order(
                &mut rows,
                SHARE,
                |share| share.to_vec(),
                |share| {
                    seen.extend(share);
                    Ok(())
                },
            )
            .unwrap();
            assert_eq!(seen, rows);
        }
    }

    #[test]
    fn an_error_ends_it() {
        let mut rows = vec![0u8; SHARE * 40];
        let mut calls = 0;
        let result = in_order(
            &mut rows,
            SHARE,
            |_| (),
            |()| {
                calls += 1;
                Err(io::ErrorKind::BrokenPipe.into())
            },
        );
        assert_eq!((result.unwrap_err().kind(), calls), (io::ErrorKind::BrokenPipe, 1));
    }
}
