//! Which witnesses must have cosigned a checkpoint: the lines `witness`, `group` and `quorum` of a
//! policy (C2SP tlog-policy).

use std::collections::BTreeSet;
use std::fmt;

use super::cosignature::WitnessKey;
use super::note::{NoteError, split_note};

/// The name of a quorum that asks for nobody.
const NONE: &str = "none";
/// What the group of a quorum is called that this program makes.
const GROUP: &str = "witnesses";

/// A witness of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// What the policy calls it.
    pub name: String,
    /// Its key.
    pub key: WitnessKey,
    /// Where it is asked, if the policy says so.
    pub url: Option<String>,
}

impl Witness {
    /// A witness that is called as its key is.
    pub fn of(key: WitnessKey) -> Self {
        Self {
            name: key.name().to_owned(),
            key,
            url: None,
        }
    }
}

/// Members of which so many must have cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    name: String,
    threshold: usize,
    members: Vec<String>,
}

/// The witnesses of a policy, and which of them must have cosigned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Quorum {
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    /// A witness or a group; nothing for `none`.
    wanted: Option<String>,
}

/// Who has cosigned a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigners<'p> {
    /// Each witness with the newest time of its cosignatures, in seconds since 1970.
    pub times: Vec<(&'p Witness, u64)>,
    /// Whether they are as many as the policy asks for.
    pub are_enough: bool,
}

impl Quorum {
    /// So many of these witnesses, whose names differ; 0 asks for nobody.
    pub fn of(witnesses: Vec<Witness>, count: usize) -> Self {
        let wanted = match (witnesses.as_slice(), count) {
            ([], _) | (_, 0) => None,
            ([only], _) => Some(only.name.clone()),
            (_, _) => Some(GROUP.to_owned()),
        };
        let members = witnesses.iter().map(|one| one.name.clone());
        let groups = match wanted.as_deref() {
            Some(GROUP) if witnesses.len() > 1 => vec![Group {
                name: GROUP.to_owned(),
                threshold: count.min(witnesses.len()),
                members: members.collect(),
            }],
            Some(_) | None => Vec::new(),
        };
        Self {
            witnesses,
            groups,
            wanted,
        }
    }

    /// Whether a witness may be called so in a quorum made by [`Quorum::of`].
    pub fn is_free(name: &str) -> bool {
        name != NONE && name != GROUP
    }

    /// The witnesses, in the order of the policy.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether it asks for anybody.
    pub fn asks(&self) -> bool {
        self.wanted.is_some()
    }

    /// Who of them has cosigned a note. A wrong cosignature in the name of one is an error; those of
    /// others are ignored.
    pub fn cosigners(&self, note: &[u8]) -> Result<Cosigners<'_>, NoteError> {
        let (text, signatures) = split_note(note)?;
        let mut times: Vec<(&Witness, u64)> = Vec::new();
        for line in signatures {
            let (name, id, signature) = line?;
            let mut witnesses = self.witnesses.iter();
            let Some(witness) = witnesses.find(|one| one.key.is_named(name, id)) else {
                continue;
            };
            let seconds =
                witness
                    .key
                    .time_of(text, &signature)
                    .ok_or_else(|| NoteError::BadSignature {
                        key: format!("{name}+{}", hex::encode(id)),
                    })?;
            match times
                .iter_mut()
                .find(|(known, _)| known.name == witness.name)
            {
                Some((_, newest)) => *newest = seconds.max(*newest),
                None => times.push((witness, seconds)),
            }
        }
        let are_enough = self.is_met(times.iter().map(|(witness, _)| witness.name.as_str()));
        Ok(Cosigners { times, are_enough })
    }

    /// Groups name only what stands before them: once along the list is enough.
    fn is_met<'a>(&'a self, cosigned: impl Iterator<Item = &'a str>) -> bool {
        let mut names: BTreeSet<&str> = cosigned.collect();
        for group in &self.groups {
            let members = group.members.iter();
            let found = members.filter(|name| names.contains(name.as_str()));
            if found.count() >= group.threshold {
                names.insert(&group.name);
            }
        }
        let wanted = self.wanted.as_deref();
        wanted.is_none_or(|wanted| names.contains(wanted))
    }

    fn is_defined(&self, name: &str) -> bool {
        self.witnesses.iter().any(|one| one.name == name)
            || self.groups.iter().any(|one| one.name == name)
    }
}

impl fmt::Display for Quorum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Witness { name, key, url } in &self.witnesses {
            write!(f, "witness {name} {key}")?;
            match url {
                Some(url) => writeln!(f, " {url}")?,
                None => writeln!(f)?,
            }
        }
        for group in &self.groups {
            write!(f, "group {} ", group.name)?;
            match group.threshold {
                all if all == group.members.len() => f.write_str("all")?,
                1 => f.write_str("any")?,
                some => write!(f, "{some}")?,
            }
            writeln!(f, " {}", group.members.join(" "))?;
        }
        writeln!(f, "quorum {}", self.wanted.as_deref().unwrap_or(NONE))
    }
}

/// Reads the lines of a policy that speak of witnesses.
#[derive(Debug, Default)]
pub(super) struct Reader {
    read: Quorum,
    /// Each name is a member once, so that a witness counts in one way only.
    members: BTreeSet<String>,
    is_told: bool,
}

impl Reader {
    /// Takes a line; nothing where it is none, or names what was not defined before.
    pub(super) fn line(&mut self, words: &[&str]) -> Option<()> {
        match words {
            ["witness", name, key, rest @ ..] if rest.len() <= 1 => {
                self.witness(name, key, rest.first().map(|url| (*url).to_owned()))
            }
            ["group", name, threshold, members @ ..] if !members.is_empty() => {
                self.group(name, threshold, members)
            }
            ["quorum", name] if !self.is_told => {
                let is_known = *name == NONE || self.read.is_defined(name);
                self.read.wanted = (*name != NONE).then(|| (*name).to_owned());
                self.is_told = true;
                is_known.then_some(())
            }
            _ => None,
        }
    }

    fn is_new(&self, name: &str) -> bool {
        name != NONE && !self.read.is_defined(name)
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<String>) -> Option<()> {
        let key: WitnessKey = key.parse().ok()?;
        let mut known = self.read.witnesses.iter();
        if !self.is_new(name) || known.any(|one| one.key.is_key_of(&key)) {
            return None;
        }
        let name = name.to_owned();
        self.read.witnesses.push(Witness { name, key, url });
        Some(())
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Option<()> {
        let threshold = match threshold {
            "any" => 1,
            "all" => members.len(),
            number => number
                .parse::<usize>()
                .ok()
                .filter(|count| count.to_string() == number)?,
        };
        if !self.is_new(name) || !(1..=members.len()).contains(&threshold) {
            return None;
        }
        for member in members {
            let is_new = self.members.insert((*member).to_owned());
            if !is_new || !self.read.is_defined(member) {
                return None;
            }
        }
        self.read.groups.push(Group {
            name: name.to_owned(),
            threshold,
            members: members.iter().map(|one| (*one).to_owned()).collect(),
        });
        Some(())
    }

    /// What was read; nothing where no line said how many are wanted.
    pub(super) fn finish(self) -> Option<Quorum> {
        self.is_told.then_some(self.read)
    }
}
