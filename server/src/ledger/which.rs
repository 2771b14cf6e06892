//! The two logs by where they lie.

/// Which of the two logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// What changed: chained, signed, published with its records.
    Changes,
    /// Who looked: chained, signed, published without its records.
    Looks,
}

impl Which {
    /// The table of its records; that of its head is called like it, with `_head` behind.
    #[must_use]
    pub const fn table(self) -> &'static str {
        match self {
            Self::Changes => "audit",
            Self::Looks => "access",
        }
    }

    /// The folder in the store of what is published of it.
    #[must_use]
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Changes => "log",
            Self::Looks => "log/access",
        }
    }
}
