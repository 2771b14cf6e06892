//! What holds an office program. It is large, makes threads, writes files and code of its own: more is left to
//! it than to any other program here, and what is left is written down.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _,
    RulesetStatus, Scope, path_beneath_rules,
};
use rlimit::Resource;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule,
};

use crate::extract::sandbox::{
    ALLOWED, CPU_GRACE_SECONDS, Layer, Layers, PROGRAM_ALLOWED, code_or_written, compile, give_way,
    no_signals, to_myself,
};

/// Descriptors that it may have open: libraries, fonts, and the parts of a document.
const FILES_MAX: u64 = 256;

/// What an office program may use.
#[derive(Debug)]
pub(super) struct Cage<'a> {
    pub(super) memory_bytes: u64,
    pub(super) cpu_seconds: u64,
    /// The longest file that it may write.
    pub(super) file_bytes: u64,
    /// What may be run, or loaded by what runs.
    pub(super) run: &'a [&'a Path],
    /// What may be read.
    pub(super) read: &'a [&'a Path],
    /// The one folder in which it may do as it likes.
    pub(super) write: &'a Path,
}

/// Lays on what holds for the office program that this process is about to become.
pub(super) fn before_office(cage: &Cage<'_>) -> Layers {
    let mut held = Layers::NONE;
    if give_way() {
        held = held.with(Layer::GivesWay);
    }
    match files(cage) {
        Some(RulesetStatus::FullyEnforced) => held = held.with(Layer::Landlock),
        Some(RulesetStatus::PartiallyEnforced) => held = held.with(Layer::LandlockInPart),
        Some(RulesetStatus::NotEnforced) | None => {}
    }
    if limits(cage).is_ok() {
        held = held.with(Layer::Limits);
    }
    if calls().is_ok() {
        held = held.with(Layer::SystemCalls);
    }
    held
}

/// Processes are not counted: the kernel counts those of the account together, threads among them. It may make
/// threads, as many as have a stack in its memory, and no process.
fn limits(cage: &Cage<'_>) -> io::Result<()> {
    Resource::AS.set(cage.memory_bytes, cage.memory_bytes)?;
    Resource::CPU.set(cage.cpu_seconds, cage.cpu_seconds + CPU_GRACE_SECONDS)?;
    Resource::FSIZE.set(cage.file_bytes, cage.file_bytes)?;
    Resource::CORE.set(0, 0)?;
    Resource::NOFILE.set(FILES_MAX, FILES_MAX)
}

fn files(cage: &Cage<'_>) -> Option<RulesetStatus> {
    let known = ABI::V6;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    // A socket too: it waits at one of its own for others of its kind, and ends without.
    let write = AccessFs::from_all(known)
        & !AccessFs::Execute
        & !AccessFs::MakeChar
        & !AccessFs::MakeBlock
        & !AccessFs::MakeFifo
        & !AccessFs::MakeSym
        & !AccessFs::IoctlDev;
    let rules = Ruleset::default()
        .handle_access(AccessFs::from_all(known))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(known)))
        .and_then(|rules| rules.scope(Scope::from_all(known)))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules(cage.read, read)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(cage.run, read | AccessFs::Execute)))
        .and_then(|rules| rules.add_rules(path_beneath_rules([cage.write], write)));
    let status = rules.and_then(landlock::RulesetCreated::restrict_self);
    status.ok().map(|status| status.ruleset)
}

/// Beside [`ALLOWED`] and [`PROGRAM_ALLOWED`]: to write, where Landlock lets it; to wait for its own threads;
/// to listen at a socket of its own, at which nobody calls: to connect is not on the list.
const OFFICE_ALLOWED: [i64; 28] = [
    libc::SYS_openat,
    libc::SYS_pwrite64,
    libc::SYS_ftruncate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_umask,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_fadvise64,
    libc::SYS_pipe2,
    libc::SYS_eventfd2,
    libc::SYS_ppoll,
    libc::SYS_sysinfo,
    libc::SYS_getppid,
    libc::SYS_gettimeofday,
    libc::SYS_clock_getres,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_shutdown,
    // Answered as a kernel does that does not know it: then threads are made in the way that can be looked at.
    libc::SYS_clone3,
];

/// The calls that only this machine's kind has; glibc still makes them.
#[cfg(target_arch = "x86_64")]
const OFFICE_ALLOWED_HERE: [i64; 11] = [
    libc::SYS_arch_prctl,
    libc::SYS_stat,
    libc::SYS_readlink,
    libc::SYS_lstat,
    libc::SYS_open,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_chmod,
    libc::SYS_poll,
];
#[cfg(not(target_arch = "x86_64"))]
const OFFICE_ALLOWED_HERE: [i64; 0] = [];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Several lists hold at once, and of two answers the one that refuses counts.
fn calls() -> Result<(), CallsError> {
    seccompiler::apply_filter(&unknown()?)?;
    seccompiler::apply_filter(&pretended()?)?;
    seccompiler::apply_filter(&no_signals()?)?;
    Ok(seccompiler::apply_filter(&office_calls()?)?)
}

/// A list that cannot be made or laid on; which of both is nobody's concern.
struct CallsError;

impl From<BackendError> for CallsError {
    fn from(_: BackendError) -> Self {
        Self
    }
}

impl From<seccompiler::Error> for CallsError {
    fn from(_: seccompiler::Error) -> Self {
        Self
    }
}

/// One call that this kernel does not know; what it is asked for lies in memory, where no list can look.
fn unknown() -> Result<BpfProgram, BackendError> {
    let rules: Rules = [(libc::SYS_clone3, Vec::new())].into_iter().collect();
    SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS.unsigned_abs()),
        std::env::consts::ARCH.try_into()?,
    )?
    .try_into()
}

/// Calls that are answered as if they had worked. Landlock does not look at them: by their path the rights of
/// every file of this account could be changed.
fn pretended() -> Result<BpfProgram, BackendError> {
    let mut rules: Rules = [(libc::SYS_fchmodat, Vec::new())].into_iter().collect();
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_chmod, Vec::new());
    SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(0),
        std::env::consts::ARCH.try_into()?,
    )?
    .try_into()
}

fn office_calls() -> Result<BpfProgram, BackendError> {
    let own = ALLOWED.into_iter().chain(PROGRAM_ALLOWED);
    let own = own.chain(OFFICE_ALLOWED).chain(OFFICE_ALLOWED_HERE);
    let mut rules: Rules = own.map(|call| (call, Vec::new())).collect();
    // Threads, and no processes.
    rules.insert(
        libc::SYS_clone,
        masked(0, libc::CLONE_THREAD, libc::CLONE_THREAD)?,
    );
    // Only of the kind that stays on this machine.
    rules.insert(libc::SYS_socket, masked(0, -1, libc::AF_UNIX)?);
    // Whether a place may be written to is answered with no: it asks so of /tmp alone, and takes the folder
    // that it was given.
    rules.insert(libc::SYS_faccessat, masked(2, libc::W_OK, 0)?);
    rules.insert(libc::SYS_faccessat2, masked(2, libc::W_OK, 0)?);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_access, masked(1, libc::W_OK, 0)?);
    rules.insert(libc::SYS_mmap, code_or_written()?);
    // It writes code of its own by which its parts call each other, and ends without.
    rules.insert(libc::SYS_mprotect, Vec::new());
    rules.insert(libc::SYS_tgkill, to_myself()?);
    let asks = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    rules.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![asks])?]);
    compile(rules)
}

/// Calls of which that argument has just these of those bits.
fn masked(argument: u8, bits: i32, set: i32) -> Result<Vec<SeccompRule>, BackendError> {
    // As the kernel sees a number of 32 bits, whatever its sign.
    let plain = |number: i32| u64::from(u32::from_ne_bytes(number.to_ne_bytes()));
    let condition = SeccompCondition::new(
        argument,
        SeccompCmpArgLen::Dword,
        SeccompCmpOp::MaskedEq(plain(bits)),
        plain(set),
    )?;
    Ok(vec![SeccompRule::new(vec![condition])?])
}
