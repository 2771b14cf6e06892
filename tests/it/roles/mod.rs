//! What roles reach, and how they are given.

mod reach;
