//! What holds a worker, laid on before it reads the first byte of a document.
//!
//! Three fences, so that one may fail: limits of the kernel on what a process may use, Landlock
//! on files and network, and a list of the few system calls that reading needs. ADR 0004 says why.

use std::collections::BTreeMap;
use std::fmt;

use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _,
    RulesetStatus, Scope, path_beneath_rules,
};
use rlimit::Resource;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

use super::wire::Header;

/// A worker gives way to requests by this much.
const NICENESS: i32 = 15;
/// After the signal that a time limit sends, so many seconds until the process is killed.
const CPU_GRACE_SECONDS: u64 = 2;

/// One of the things that hold a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layer {
    /// Limits on memory, time, files, processes and core dumps.
    Limits,
    /// Landlock: no file, no network, no signal to others, all of it enforced by this kernel.
    Landlock,
    /// Landlock as far as this kernel knows it, not all of it.
    LandlockInPart,
    /// Every system call but those on the list is refused.
    SystemCalls,
    /// Lower priority than the server, and first to go when memory runs out.
    GivesWay,
}

/// A set of [`Layer`]s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Layers(u8);

impl Layers {
    /// No layer.
    pub const NONE: Self = Self(0);
    /// Every layer that a worker puts on, where the kernel knows all of Landlock.
    pub const ALL: Self = Self(0b1_1011);

    const EACH: [Layer; 5] = [
        Layer::Limits,
        Layer::Landlock,
        Layer::LandlockInPart,
        Layer::SystemCalls,
        Layer::GivesWay,
    ];

    const fn bit(layer: Layer) -> u8 {
        match layer {
            Layer::Limits => 1,
            Layer::Landlock => 2,
            Layer::LandlockInPart => 4,
            Layer::SystemCalls => 8,
            Layer::GivesWay => 16,
        }
    }

    /// This set and that layer.
    #[must_use]
    pub const fn with(self, layer: Layer) -> Self {
        Self(self.0 | Self::bit(layer))
    }

    /// Whether that layer is in the set.
    pub const fn has(self, layer: Layer) -> bool {
        self.0 & Self::bit(layer) != 0
    }

    /// The layers of the set.
    pub fn iter(self) -> impl Iterator<Item = Layer> {
        Self::EACH.into_iter().filter(move |layer| self.has(*layer))
    }

    /// Whether a document may be read behind these: what it can use is bounded, and at least one
    /// fence keeps it from files and network.
    pub const fn suffice(self) -> bool {
        self.has(Layer::Limits) && (self.has(Layer::SystemCalls) || self.has(Layer::Landlock))
    }

    pub(super) const fn bits(self) -> u8 {
        self.0
    }

    pub(super) const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b1_1111)
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// What is laid on before the reading thread starts; these hold for the threads to come.
pub(super) fn before_thread(header: &Header, wanted: Layers) -> Layers {
    let mut held = Layers::NONE;
    if wanted.has(Layer::GivesWay) && give_way() {
        held = held.with(Layer::GivesWay);
    }
    if wanted.has(Layer::Landlock) {
        match landlock() {
            Some(RulesetStatus::FullyEnforced) => held = held.with(Layer::Landlock),
            Some(RulesetStatus::PartiallyEnforced) => held = held.with(Layer::LandlockInPart),
            Some(RulesetStatus::NotEnforced) | None => {}
        }
    }
    // Last: without new descriptors Landlock could not be set up.
    if wanted.has(Layer::Limits) && limits(header).is_ok() {
        held = held.with(Layer::Limits);
    }
    held
}

/// What is laid on by the reading thread, when no further thread will start.
pub(super) fn in_thread(wanted: Layers, held: Layers) -> Layers {
    let mut held = held;
    if wanted.has(Layer::Limits) && Resource::NPROC.set(0, 0).is_err() {
        held = Layers(held.0 & !Layers::bit(Layer::Limits));
    }
    if wanted.has(Layer::SystemCalls)
        && system_calls().is_ok_and(|filter| seccompiler::apply_filter_all_threads(&filter).is_ok())
    {
        held = held.with(Layer::SystemCalls);
    }
    held
}

fn give_way() -> bool {
    // When memory runs out the kernel should take a worker and not the database beside it. A
    // container may forbid to say so; the limit on memory holds all the same.
    let _may_fail = std::fs::write("/proc/self/oom_score_adj", "1000").is_ok();
    rustix::process::nice(NICENESS).is_ok()
}

fn limits(header: &Header) -> std::io::Result<()> {
    let cpu = u64::from(header.cpu_seconds);
    Resource::AS.set(header.memory_bytes, header.memory_bytes)?;
    Resource::CPU.set(cpu, cpu + CPU_GRACE_SECONDS)?;
    Resource::FSIZE.set(0, 0)?;
    Resource::CORE.set(0, 0)?;
    Resource::NOFILE.set(0, 0)
}

fn landlock() -> Option<RulesetStatus> {
    // No rule follows: what is handled is forbidden.
    let known = ABI::V6;
    let rules = Ruleset::default()
        .handle_access(AccessFs::from_all(known))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(known)))
        .and_then(|rules| rules.scope(Scope::from_all(known)))
        .and_then(Ruleset::create);
    let status = rules.and_then(landlock::RulesetCreated::restrict_self);
    status.ok().map(|status| status.ruleset)
}

/// What holds a program that is not ours: it may read its own libraries and data, and nothing else.
#[derive(Debug)]
pub(super) struct Cage<'a> {
    pub(super) memory_bytes: u64,
    pub(super) cpu_seconds: u64,
    /// What may be run, or loaded by what runs.
    pub(super) run: &'a [&'a Path],
    /// What may be read.
    pub(super) read: &'a [&'a Path],
}

/// Descriptors that a program may have open: its libraries come one after the other.
const PROGRAM_FILES_MAX: u64 = 32;

/// Lays on what holds for the program that this process is about to become.
pub(super) fn before_program(cage: &Cage<'_>) -> Layers {
    let mut held = Layers::NONE;
    if give_way() {
        held = held.with(Layer::GivesWay);
    }
    match cage_files(cage) {
        Some(RulesetStatus::FullyEnforced) => held = held.with(Layer::Landlock),
        Some(RulesetStatus::PartiallyEnforced) => held = held.with(Layer::LandlockInPart),
        Some(RulesetStatus::NotEnforced) | None => {}
    }
    if cage_limits(cage).is_ok() {
        held = held.with(Layer::Limits);
    }
    if program_calls().is_ok_and(|filter| seccompiler::apply_filter(&filter).is_ok()) {
        held = held.with(Layer::SystemCalls);
    }
    held
}

fn cage_limits(cage: &Cage<'_>) -> std::io::Result<()> {
    Resource::AS.set(cage.memory_bytes, cage.memory_bytes)?;
    Resource::CPU.set(cage.cpu_seconds, cage.cpu_seconds + CPU_GRACE_SECONDS)?;
    Resource::FSIZE.set(0, 0)?;
    Resource::CORE.set(0, 0)?;
    Resource::NPROC.set(0, 0)?;
    Resource::NOFILE.set(PROGRAM_FILES_MAX, PROGRAM_FILES_MAX)
}

fn cage_files(cage: &Cage<'_>) -> Option<RulesetStatus> {
    let known = ABI::V6;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let rules = Ruleset::default()
        .handle_access(AccessFs::from_all(known))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(known)))
        .and_then(|rules| rules.scope(Scope::from_all(known)))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules(cage.read, read)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(cage.run, read | AccessFs::Execute)));
    let status = rules.and_then(landlock::RulesetCreated::restrict_self);
    status.ok().map(|status| status.ruleset)
}

/// What the loader and a program that computes need beside [`ALLOWED`]: to read files that Landlock
/// leaves them, and to become the program. No socket, no process, no thread.
const PROGRAM_ALLOWED: [i64; 25] = [
    libc::SYS_execve,
    libc::SYS_openat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_lseek,
    libc::SYS_pread64,
    libc::SYS_readv,
    libc::SYS_fcntl,
    libc::SYS_ioctl,
    libc::SYS_dup,
    libc::SYS_getcwd,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_uname,
    libc::SYS_mmap,
];

/// The calls that only this machine's kind has; glibc still makes some of them.
#[cfg(target_arch = "x86_64")]
const PROGRAM_ALLOWED_HERE: [i64; 6] = [
    libc::SYS_arch_prctl,
    libc::SYS_access,
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_readlink,
    libc::SYS_lstat,
];
#[cfg(not(target_arch = "x86_64"))]
const PROGRAM_ALLOWED_HERE: [i64; 0] = [];

fn program_calls() -> Result<BpfProgram, seccompiler::BackendError> {
    let own = ALLOWED.into_iter().chain(PROGRAM_ALLOWED);
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = own
        .chain(PROGRAM_ALLOWED_HERE)
        .map(|call| (call, Vec::new()))
        .collect();
    // The loader maps code from files; memory that was written never becomes code.
    rules.insert(libc::SYS_mprotect, no_code()?);
    rules.insert(libc::SYS_tgkill, to_myself()?);
    // Limits may be asked for; whoever is root could raise them as well.
    let asks = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    rules.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![asks])?]);
    compile(rules)
}

/// The system calls of memory, threads that wait, pipes that are open, and the end.
const ALLOWED: [i64; 24] = [
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_sigaltstack,
    libc::SYS_fstat,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// All else is answered with "not permitted", so that a library that tries goes on without.
fn system_calls() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.into_iter().map(|call| (call, Vec::new())).collect();
    rules.insert(libc::SYS_mmap, no_code()?);
    rules.insert(libc::SYS_mprotect, no_code()?);
    rules.insert(libc::SYS_tgkill, to_myself()?);
    compile(rules)
}

/// Memory never becomes code.
fn no_code() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    let condition = SeccompCondition::new(
        2,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::MaskedEq(executable),
        0,
    )?;
    Ok(vec![SeccompRule::new(vec![condition])?])
}

/// An abort sends a signal, but to nobody else.
fn to_myself() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let myself = SeccompCondition::new(
        0,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::Eq,
        u64::from(std::process::id()),
    )?;
    Ok(vec![SeccompRule::new(vec![myself])?])
}

fn compile(
    rules: BTreeMap<i64, Vec<SeccompRule>>,
) -> Result<BpfProgram, seccompiler::BackendError> {
    let not_permitted = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    SeccompFilter::new(
        rules,
        not_permitted,
        SeccompAction::Allow,
        std::env::consts::ARCH.try_into()?,
    )?
    .try_into()
}
