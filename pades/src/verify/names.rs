//! Constraints of names (RFC 5280, 4.2.1.10): which names an issuer may give. What is not understood of them
//! speaks against the chain.

use crate::asn1::{Malformed, SEQUENCE, SET, Value, inner};

use super::certificate::text;

/// Trees that one issuer names.
const TREES_MAX: usize = 256;
/// Names that one certificate has.
const NAMES_MAX: usize = 256;
/// A part of a name that is compared is not longer, in bytes.
const PART_BYTES_MAX: usize = 190;

const MAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const DIRECTORY: u8 = 0xa4;
const MAIL_IN_SUBJECT: &str = "1.2.840.113549.1.9.1";

/// A name of a certificate, or the root of a tree of them: of which kind, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    tag: u8,
    content: Vec<u8>,
}

/// Which names an issuer may give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NameConstraints {
    permitted: Vec<Name>,
    excluded: Vec<Name>,
}

/// The sets of a name of a directory, each sorted: which part, and its text as it is compared.
type Sets = Vec<Vec<(String, String)>>;

impl NameConstraints {
    /// Reads the extension.
    pub(super) fn read(content: &[u8]) -> Result<Self, Malformed> {
        let mut parts = Value::whole(content)?.within(SEQUENCE)?;
        let permitted = parts.maybe(inner(0))?;
        let excluded = parts.maybe(inner(1))?;
        parts.end()?;
        let trees = |value: Option<Value<'_>>| -> Result<Vec<Name>, Malformed> {
            let Some(value) = value else {
                return Ok(Vec::new());
            };
            let all = value.reader().all(TREES_MAX)?;
            all.iter().map(tree).collect()
        };
        Ok(Self {
            permitted: trees(permitted)?,
            excluded: trees(excluded)?,
        })
    }

    /// Whether a certificate with this subject and these other names is one that may be issued. What cannot be
    /// compared may not.
    pub(super) fn allow(&self, subject: &[u8], others: &[Name]) -> bool {
        let names = match names(subject, others) {
            Ok(names) => names,
            Err(Malformed) => return false,
        };
        names.iter().all(|name| self.allows(name) == Ok(true))
    }

    fn allows(&self, name: &Name) -> Result<bool, Malformed> {
        for tree in self.excluded.iter().filter(|tree| tree.tag == name.tag) {
            if lies_in(name, tree)? {
                return Ok(false);
            }
        }
        let mut named = false;
        for tree in self.permitted.iter().filter(|tree| tree.tag == name.tag) {
            if lies_in(name, tree)? {
                return Ok(true);
            }
            named = true;
        }
        // A kind of which no tree is named is free.
        Ok(!named)
    }
}

/// One tree. Depths other than the usual ones are not in use, and not understood.
fn tree(value: &Value<'_>) -> Result<Name, Malformed> {
    let mut parts = value.within(SEQUENCE)?;
    let base = parts.next()?;
    parts.end()?;
    Ok(Name {
        tag: base.tag,
        content: base.content.to_vec(),
    })
}

/// The names in the extension for other names of the subject.
pub(super) fn alternatives(content: &[u8]) -> Result<Vec<Name>, Malformed> {
    let all = Value::whole(content)?.within(SEQUENCE)?.all(NAMES_MAX)?;
    let name = |value: &Value<'_>| Name {
        tag: value.tag,
        content: value.content.to_vec(),
    };
    Ok(all.iter().map(name).collect())
}

/// All names of a certificate; an address of mail in its subject is one too.
fn names(subject: &[u8], others: &[Name]) -> Result<Vec<Name>, Malformed> {
    let mut all = others.to_vec();
    let sets = sets(subject)?;
    for (kind, text) in sets.iter().flatten() {
        if kind == MAIL_IN_SUBJECT {
            all.push(Name {
                tag: MAIL,
                content: text.clone().into_bytes(),
            });
        }
    }
    if !sets.is_empty() {
        all.push(Name {
            tag: DIRECTORY,
            content: subject.to_vec(),
        });
    }
    Ok(all)
}

fn lies_in(name: &Name, tree: &Name) -> Result<bool, Malformed> {
    match name.tag {
        DIRECTORY => {
            let (name, tree) = (sets(&name.content)?, sets(&tree.content)?);
            Ok(name.starts_with(&tree))
        }
        DNS => Ok(host_lies_in(&ascii(&name.content)?, &ascii(&tree.content)?)),
        MAIL => mail_lies_in(&ascii(&name.content)?, &ascii(&tree.content)?),
        // Addresses of other kinds are not compared.
        _ => Err(Malformed),
    }
}

fn ascii(content: &[u8]) -> Result<String, Malformed> {
    let is_plain = |byte: &u8| byte.is_ascii_graphic();
    if !content.iter().all(is_plain) {
        return Err(Malformed);
    }
    let text = std::str::from_utf8(content).map_err(|_source| Malformed)?;
    Ok(text.to_ascii_lowercase())
}

/// A host, and those below it.
fn host_lies_in(host: &str, tree: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    if tree.is_empty() || host == tree {
        return true;
    }
    let below = host.strip_suffix(tree);
    below.is_some_and(|rest| tree.starts_with('.') || rest.ends_with('.'))
}

/// One address, those of one host, or those of all hosts below one.
fn mail_lies_in(address: &str, tree: &str) -> Result<bool, Malformed> {
    let (_, host) = address.rsplit_once('@').ok_or(Malformed)?;
    Ok(if tree.contains('@') {
        address == tree
    } else if tree.starts_with('.') {
        host.ends_with(tree)
    } else {
        host == tree
    })
}

/// Whether two names of a directory are one, however they are written (RFC 5280, 7.1).
pub(super) fn same(one: &[u8], other: &[u8]) -> bool {
    one == other || sets(one).is_ok_and(|one| sets(other).is_ok_and(|other| one == other))
}

/// A name of a directory as it is compared: without regard to case and to how many spaces there are.
fn sets(raw: &[u8]) -> Result<Sets, Malformed> {
    let mut found = Vec::new();
    for set in Value::whole(raw)?.within(SEQUENCE)?.all(64)? {
        let mut pairs = Vec::new();
        for pair in set.within(SET)?.all(8)? {
            let mut inside = pair.within(SEQUENCE)?;
            let kind = inside.next()?.oid()?;
            let value = inside.next()?;
            if value.content.len() > PART_BYTES_MAX {
                return Err(Malformed);
            }
            let words: Vec<String> = text(&value)
                .split_whitespace()
                .map(str::to_lowercase)
                .collect();
            pairs.push((kind, words.join(" ")));
        }
        pairs.sort();
        found.push(pairs);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut all = vec![tag];
        let length = content.len();
        if length >= 128 {
            all.push(0x82);
            all.extend(u16::try_from(length).unwrap().to_be_bytes());
        } else {
            all.push(u8::try_from(length).unwrap());
        }
        all.extend_from_slice(content);
        all
    }

    /// A name of a directory: C, O, CN, E by one letter each.
    fn directory(parts: &[(&str, &str)]) -> Vec<u8> {
        let sets = parts.iter().map(|(kind, text)| {
            let oid: &[u8] = match *kind {
                "C" => &[0x55, 4, 6],
                "O" => &[0x55, 4, 10],
                "E" => &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1],
                _ => &[0x55, 4, 3],
            };
            let pair = [value(0x06, oid), value(0x0c, text.as_bytes())].concat();
            value(SET, &value(SEQUENCE, &pair))
        });
        value(SEQUENCE, &sets.collect::<Vec<_>>().concat())
    }

    fn constraints(permitted: &[(u8, &[u8])], excluded: &[(u8, &[u8])]) -> NameConstraints {
        let trees = |tag: u8, all: &[(u8, &[u8])]| {
            let each = all.iter();
            let each = each.map(|(tag, content)| value(SEQUENCE, &value(*tag, content)));
            let each = each.collect::<Vec<_>>().concat();
            if all.is_empty() {
                Vec::new()
            } else {
                value(tag, &each)
            }
        };
        let both = [trees(0xa0, permitted), trees(0xa1, excluded)].concat();
        NameConstraints::read(&value(SEQUENCE, &both)).expect("constraints")
    }

    fn name(tag: u8, content: &[u8]) -> Name {
        Name {
            tag,
            content: content.to_vec(),
        }
    }

    #[test]
    fn a_subject_lies_below_its_tree() {
        let town = directory(&[("C", "DE"), ("O", "Stadt Musterstadt")]);
        let seal = directory(&[("C", "DE"), ("O", "stadt  MUSTERSTADT"), ("CN", "Siegel")]);
        let other = directory(&[("C", "DE"), ("O", "Stadt Musterstadt 2"), ("CN", "Siegel")]);
        let permitted = constraints(&[(DIRECTORY, &town)], &[]);
        assert!(permitted.allow(&seal, &[]) && permitted.allow(&town, &[]));
        assert!(!permitted.allow(&other, &[]));
        let excluded = constraints(&[], &[(DIRECTORY, &town)]);
        assert!(!excluded.allow(&seal, &[]));
        assert!(excluded.allow(&other, &[]));
        // Another name of the same kind is not free either.
        assert!(!excluded.allow(&other, &[name(DIRECTORY, &seal)]));
    }

    #[test]
    fn a_kind_of_which_no_tree_is_named_is_free() {
        let seal = directory(&[("CN", "Siegel")]);
        let narrow = constraints(&[(DNS, b"example.org")], &[]);
        assert!(narrow.allow(&seal, &[]));
        assert!(narrow.allow(&seal, &[name(MAIL, b"a@example.com")]));
    }

    #[test]
    fn hosts_and_addresses_are_compared_by_their_parts() {
        let seal = directory(&[("CN", "Siegel")]);
        let check = |tag: u8, tree: &str, asked: &str, lies: bool| {
            let permitted = constraints(&[(tag, tree.as_bytes())], &[]);
            let excluded = constraints(&[], &[(tag, tree.as_bytes())]);
            let names = [name(tag, asked.as_bytes())];
            assert_eq!(permitted.allow(&seal, &names), lies, "{tree} {asked}");
            assert_eq!(excluded.allow(&seal, &names), !lies, "{tree} {asked}");
        };
        check(DNS, "example.org", "example.org", true);
        check(DNS, "example.org", "WWW.Example.org", true);
        check(DNS, "example.org", "badexample.org", false);
        check(DNS, "example.org", "example.org.evil", false);
        check(DNS, ".example.org", "www.example.org", true);
        check(DNS, "", "anything", true);
        check(MAIL, "example.org", "a@example.org", true);
        check(MAIL, "example.org", "a@www.example.org", false);
        check(MAIL, ".example.org", "a@www.example.org", true);
        check(MAIL, "a@example.org", "a@example.org", true);
        check(MAIL, "a@example.org", "b@example.org", false);
    }

    #[test]
    fn an_address_in_the_subject_counts() {
        let one = directory(&[("CN", "Siegel"), ("E", "a@example.com")]);
        assert!(!constraints(&[(MAIL, b"example.org")], &[]).allow(&one, &[]));
        assert!(!constraints(&[], &[(MAIL, b"example.com")]).allow(&one, &[]));
        assert!(constraints(&[(MAIL, b"example.com")], &[]).allow(&one, &[]));
    }

    #[test]
    fn what_is_not_understood_is_not_allowed() {
        let seal = directory(&[("CN", "Siegel")]);
        // An address of the network, where a tree of them is named.
        let network = constraints(&[(0x87, &[10, 0, 0, 0, 255, 0, 0, 0])], &[]);
        assert!(network.allow(&seal, &[]));
        assert!(!network.allow(&seal, &[name(0x87, &[10, 0, 0, 1])]));
        let mail = constraints(&[], &[(MAIL, b"example.org")]);
        assert!(!mail.allow(&seal, &[name(MAIL, b"no address")]));
        assert!(!mail.allow(b"\x30\x05", &[]));
        let long = directory(&[("CN", &"x".repeat(PART_BYTES_MAX + 1))]);
        assert!(!mail.allow(&long, &[]));
        // A tree with a depth.
        let deep = value(SEQUENCE, &[value(DNS, b"a"), value(0x80, &[1])].concat());
        let read = NameConstraints::read(&value(SEQUENCE, &value(0xa0, &deep)));
        assert_eq!(read, Err(Malformed));
    }
}
