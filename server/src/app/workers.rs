//! The threads that answer requests, and how many connections each of them takes.

use std::num::NonZero;

use crate::config::Config;

/// How many there are: as many as the settings say, or one for each core.
pub(super) fn workers(config: &Config) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, NonZero::get);
    config.server.workers.unwrap_or_else(cores)
}

/// How many connections one of them takes: the setting counts those of all, actix those of each.
pub(super) fn connections_of_one(all: usize, workers: usize) -> usize {
    all.checked_div(workers).unwrap_or(all).max(1)
}

#[cfg(test)]
mod tests {
    use super::connections_of_one;

    #[test]
    fn all_workers_together_take_no_more_than_the_setting_says() {
        for (all, workers, of_one) in [
            (4096, 1, 4096),
            (4096, 4, 1024),
            (100, 3, 33),
            (16, 256, 1),
            (16, 0, 16),
        ] {
            assert_eq!(connections_of_one(all, workers), of_one, "{all} {workers}");
        }
    }
}
