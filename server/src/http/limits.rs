//! Who may ask how often.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use uuid::Uuid;

use super::language::text;
use super::problem::{Kind, Problem};

/// After how many checks the clients that have long gone are forgotten.
const SWEEP_EVERY_CHECKS: u32 = 4096;

/// How many tokens that are none are recorded of one address in a minute. Whoever knocks must not
/// be able to fill the log.
const FORGED_PER_MINUTE: u32 = 10;

/// How many requests a client may send: `per_second` on average, twice as many in a burst.
/// Zero means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// By one address, signed in or not.
    pub address_per_second: u32,
    /// By one person, token or device.
    pub principal_per_second: u32,
    /// Attempts to sign in by one address.
    pub sign_in_per_minute: u32,
}

/// The limits in force, for the whole process.
pub struct RateLimits<C: Clock = DefaultClock> {
    addresses: Option<Limiter<IpAddr, C>>,
    principals: Option<Limiter<Uuid, C>>,
    sign_ins: Option<Limiter<IpAddr, C>>,
    forged: Option<Limiter<IpAddr, C>>,
}

struct Limiter<K: Hash + Eq + Clone, C: Clock> {
    clock: C,
    checks: AtomicU32,
    inner: RateLimiter<K, DashMapStateStore<K>, C, NoOpMiddleware<C::Instant>>,
}

impl RateLimits {
    /// The limits by the clock of the machine.
    pub fn new(rates: Rates) -> Self {
        Self::with_clock(rates, &DefaultClock::default())
    }
}

impl<C: Clock + Clone> RateLimits<C> {
    /// The limits by another clock.
    pub fn with_clock(rates: Rates, clock: &C) -> Self {
        Self {
            addresses: Limiter::new(per_second(rates.address_per_second), clock),
            principals: Limiter::new(per_second(rates.principal_per_second), clock),
            sign_ins: Limiter::new(per_minute(rates.sign_in_per_minute), clock),
            forged: Limiter::new(per_minute(FORGED_PER_MINUTE), clock),
        }
    }

    /// Counts a request of this address. The edge does this for every request.
    ///
    /// # Errors
    /// 429 with `Retry-After`.
    pub fn address(&self, address: IpAddr) -> Result<(), Problem> {
        check(self.addresses.as_ref(), network_of(address))
    }

    /// Counts a request of this person, token or device. Sign-in calls it once it knows who asks.
    ///
    /// # Errors
    /// 429 with `Retry-After`.
    pub fn principal(&self, principal: Uuid) -> Result<(), Problem> {
        check(self.principals.as_ref(), principal)
    }

    /// Whether one more token that is none, from this address, is worth a record.
    pub fn records_forged(&self, address: IpAddr) -> bool {
        check(self.forged.as_ref(), network_of(address)).is_ok()
    }

    /// Counts an attempt to sign in, before the password is looked at. Attempts at one name are
    /// counted in the database, by those who know people.
    ///
    /// # Errors
    /// 429 with `Retry-After`.
    pub fn sign_in(&self, address: IpAddr) -> Result<(), Problem> {
        self.sign_in_within(address).map_err(wait_for)
    }

    /// The same, for whoever says it in another way.
    ///
    /// # Errors
    /// In how many seconds the next try makes sense.
    pub fn sign_in_within(&self, address: IpAddr) -> Result<(), u64> {
        within(self.sign_ins.as_ref(), network_of(address))
    }
}

impl<K: Hash + Eq + Clone, C: Clock + Clone> Limiter<K, C> {
    fn new(quota: Option<Quota>, clock: &C) -> Option<Self> {
        let quota = quota?;
        let inner = RateLimiter::dashmap_with_clock(quota, clock.clone());
        Some(Self {
            clock: clock.clone(),
            checks: AtomicU32::new(0),
            inner,
        })
    }
}

fn check<K: Hash + Eq + Clone, C: Clock>(
    limiter: Option<&Limiter<K, C>>,
    key: K,
) -> Result<(), Problem> {
    within(limiter, key).map_err(wait_for)
}

/// Counts one more; says in how many seconds the next makes sense where there were too many.
fn within<K: Hash + Eq + Clone, C: Clock>(
    limiter: Option<&Limiter<K, C>>,
    key: K,
) -> Result<(), u64> {
    let Some(limiter) = limiter else {
        return Ok(());
    };
    if limiter.checks.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY_CHECKS == SWEEP_EVERY_CHECKS - 1
    {
        limiter.inner.retain_recent();
    }
    limiter.inner.check_key(&key).map_err(|until| {
        let wait = until.wait_time_from(limiter.clock.now());
        wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
    })
}

/// 429: the next try makes sense in so many seconds.
pub(crate) fn wait_for(seconds: u64) -> Problem {
    let shown = seconds.max(1);
    let detail = match shown {
        1 => text("Bitte warten Sie eine Sekunde.", "Please wait a second."),
        _ => text(
            format!("Bitte warten Sie {shown} Sekunden."),
            format!("Please wait {shown} seconds."),
        ),
    };
    Problem::new(Kind::TooManyRequests)
        .detail(detail)
        .retry_after_seconds(seconds)
}

fn per_second(rate: u32) -> Option<Quota> {
    let rate = NonZeroU32::new(rate)?;
    Some(
        Quota::per_second(rate).allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(1))),
    )
}

fn per_minute(rate: u32) -> Option<Quota> {
    let rate = NonZeroU32::new(rate)?;
    Quota::with_period(Duration::from_secs(60) / rate.get()).map(|quota| quota.allow_burst(rate))
}

/// One household or office has a whole /64: counting single IPv6 addresses would count nothing.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

impl<C: Clock> std::fmt::Debug for RateLimits<C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RateLimits").finish_non_exhaustive()
    }
}
