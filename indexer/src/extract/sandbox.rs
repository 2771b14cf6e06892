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
pub(super) const CPU_GRACE_SECONDS: u64 = 2;

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

    /// Whether a program that is not ours may read a document behind these. It must open its libraries
    /// and its data, and so its list of system calls alone would leave it every file that the server
    /// reads, keys among them. Reading files is what every Landlock refuses: one in part is enough.
    pub const fn suffice_for_program(self) -> bool {
        self.has(Layer::Limits)
            && self.has(Layer::SystemCalls)
            && (self.has(Layer::Landlock) || self.has(Layer::LandlockInPart))
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

pub(super) fn give_way() -> bool {
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
    // The second list lets no further one be laid on.
    let mut lists = [no_signals(), program_calls()].into_iter();
    if lists.all(|list| list.is_ok_and(|filter| seccompiler::apply_filter(&filter).is_ok())) {
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
pub(super) const PROGRAM_ALLOWED: [i64; 23] = [
    libc::SYS_execve,
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
];

/// The calls that only this machine's kind has; glibc still makes some of them.
#[cfg(target_arch = "x86_64")]
const PROGRAM_ALLOWED_HERE: [i64; 5] = [
    libc::SYS_arch_prctl,
    libc::SYS_access,
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
    // Older kinds of Landlock let a file be cut that may not be written.
    rules.insert(libc::SYS_openat, only_to_read(2)?);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_open, only_to_read(1)?);
    rules.insert(libc::SYS_mmap, code_or_written()?);
    // What was mapped to be written is never made code, and what was made writable neither.
    rules.insert(libc::SYS_mprotect, no_code()?);
    rules.insert(libc::SYS_tgkill, to_myself()?);
    // Limits may be asked for; whoever is root could raise them as well.
    let asks = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    rules.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![asks])?]);
    compile(rules)
}

/// The system calls of memory, threads that wait, pipes that are open, and the end.
pub(super) const ALLOWED: [i64; 24] = [
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
pub(super) fn no_code() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    let condition = SeccompCondition::new(
        2,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::MaskedEq(executable),
        0,
    )?;
    Ok(vec![SeccompRule::new(vec![condition])?])
}

/// The loader maps the code of libraries from their files, to be read and run, and their data to be
/// written: never both at once.
pub(super) fn code_or_written() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    let both = executable | u64::from(libc::PROT_WRITE.unsigned_abs());
    let code = SeccompCondition::new(
        2,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::MaskedEq(both),
        executable,
    )?;
    let mut rules = no_code()?;
    rules.push(SeccompRule::new(vec![code])?);
    Ok(rules)
}

/// A file is opened to be read, neither made nor cut; its flags are this argument.
fn only_to_read(flags: u8) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let more = (libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC).unsigned_abs();
    let condition = SeccompCondition::new(
        flags,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::MaskedEq(u64::from(more)),
        0,
    )?;
    Ok(vec![SeccompRule::new(vec![condition])?])
}

/// An abort sends a signal, but to nobody else.
pub(super) fn to_myself() -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let myself = SeccompCondition::new(
        0,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::Eq,
        u64::from(std::process::id()),
    )?;
    Ok(vec![SeccompRule::new(vec![myself])?])
}

/// Commands of `fcntl`: whom the kernel tells by a signal that there is something to read, and by which signal.
const SIGNALS_OF_FILES: [u64; 3] = [8, 10, 15];
/// The same as `ioctl`.
const SIGNALS_OF_SOCKETS: [u64; 2] = [0x8901, 0x8902];

/// No other process of this account gets a signal by way of a file: Landlock looks at that since its sixth kind
/// only, and any signal may be named. All else is left to the list that follows.
pub(super) fn no_signals() -> Result<BpfProgram, seccompiler::BackendError> {
    let one_of = |commands: &[u64]| -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
        let rule = |command: &u64| {
            let is = SeccompCondition::new(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, *command)?;
            SeccompRule::new(vec![is])
        };
        commands.iter().map(rule).collect()
    };
    let rules: BTreeMap<i64, Vec<SeccompRule>> = [
        (libc::SYS_fcntl, one_of(&SIGNALS_OF_FILES)?),
        (libc::SYS_ioctl, one_of(&SIGNALS_OF_SOCKETS)?),
    ]
    .into_iter()
    .collect();
    SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::EPERM.unsigned_abs()),
        std::env::consts::ARCH.try_into()?,
    )?
    .try_into()
}

pub(super) fn compile(
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_opens_files_needs_landlock_and_a_worker_of_ours_does_not() {
        let check = |layers: &[Layer], (worker, program): (bool, bool)| {
            let held = layers.iter().fold(Layers::NONE, |all, one| all.with(*one));
            assert_eq!(held.suffice(), worker, "{held:?}");
            assert_eq!(held.suffice_for_program(), program, "{held:?}");
        };
        use Layer::{GivesWay, Landlock, LandlockInPart, Limits, SystemCalls};
        check(&[], (false, false));
        check(&[Limits, SystemCalls, Landlock], (true, true));
        check(&[Limits, SystemCalls, LandlockInPart], (true, true));
        check(&[Limits, SystemCalls, GivesWay], (true, false));
        check(&[Limits, Landlock], (true, false));
        check(&[Limits, LandlockInPart], (false, false));
        check(&[SystemCalls, Landlock], (false, false));
    }

    /// What the kernel would do with a call: the filter, run as the kernel runs it.
    fn answer(filter: &BpfProgram, call: i64, arguments: [u64; 6]) -> u32 {
        let mut data = Vec::new();
        data.extend(u32::try_from(call).expect("a call").to_ne_bytes());
        // The architecture is asked for first; the filter itself says which one it expects.
        let expected = filter.get(1).expect("a comparison").k;
        data.extend(expected.to_ne_bytes());
        data.extend([0; 8]);
        data.extend(arguments.into_iter().flat_map(u64::to_ne_bytes));
        let (mut at, mut value) = (0_usize, 0_u32);
        loop {
            let step = filter.get(at).expect("a filter ends with an answer");
            at += 1;
            let jump = |met: bool| usize::from(if met { step.jt } else { step.jf });
            match step.code {
                0x20 => {
                    let from = usize::try_from(step.k).expect("a place");
                    let word = data.get(from..from + 4).expect("within the data");
                    value = u32::from_ne_bytes(word.try_into().expect("four bytes"));
                }
                0x54 => value &= step.k,
                0x05 => at += usize::try_from(step.k).expect("a way"),
                0x15 => at += jump(value == step.k),
                0x25 => at += jump(value > step.k),
                0x35 => at += jump(value >= step.k),
                0x06 => return step.k,
                other => panic!("an instruction that no filter of ours has: {other:#x}"),
            }
        }
    }

    #[test]
    fn a_program_writes_no_file_and_never_maps_what_it_writes_to_run() {
        let filter = program_calls().expect("a filter");
        let allowed = |call: i64, protection: i32| {
            let protection = u64::from(protection.unsigned_abs());
            answer(&filter, call, [0, 4096, protection, 0, 0, 0]) == libc::SECCOMP_RET_ALLOW
        };
        let (read, write, run) = (libc::PROT_READ, libc::PROT_WRITE, libc::PROT_EXEC);
        for fine in [libc::PROT_NONE, read, read | run, run, read | write, write] {
            assert!(allowed(libc::SYS_mmap, fine), "{fine}");
        }
        for both in [write | run, read | write | run] {
            assert!(!allowed(libc::SYS_mmap, both), "{both}");
        }
        assert!(allowed(libc::SYS_mprotect, read | write));
        assert!(!allowed(libc::SYS_mprotect, read | run));
        assert!(!allowed(libc::SYS_socket, 0));
        // The third argument of this one is how a file is opened.
        assert!(allowed(libc::SYS_openat, libc::O_RDONLY | libc::O_CLOEXEC));
        for more in [libc::O_WRONLY, libc::O_RDWR, libc::O_TRUNC, libc::O_CREAT] {
            assert!(!allowed(libc::SYS_openat, more), "{more}");
        }
        // Nobody is sent a signal by way of a file.
        let quiet = no_signals().expect("a filter");
        for (call, command, fine) in [
            (libc::SYS_fcntl, 8, false),
            (libc::SYS_fcntl, 10, false),
            (libc::SYS_fcntl, 15, false),
            (libc::SYS_fcntl, 3, true),
            (libc::SYS_ioctl, 0x8902, false),
            (libc::SYS_ioctl, 0x5401, true),
        ] {
            let answered = answer(&quiet, call, [0, command, 0, 0, 0, 0]);
            assert_eq!(
                answered == libc::SECCOMP_RET_ALLOW,
                fine,
                "{call} {command}"
            );
        }
        // Our own worker maps no code at all.
        let own = system_calls().expect("a filter");
        let protection = u64::from((read | run).unsigned_abs());
        let mapped = answer(&own, libc::SYS_mmap, [0, 4096, protection, 0, 0, 0]);
        assert_ne!(mapped, libc::SECCOMP_RET_ALLOW);
    }
}
