//! What roles reach, and how they are given.

mod functions;
mod giving;
mod reach;
