//! Workflows as data: a definition says which steps there are, who takes them, by when, and what must be
//! true; the engine is a function of definition, instance, command, clock and calendar to events.
//!
//! Nothing here reads a clock, a file, a database or the network. An instance is what its events made of it:
//! [`engine::apply`] needs no definition, so that it can be built again from the log alone.

pub mod calendar;
pub mod definition;
pub mod draw;
pub mod engine;
pub mod expr;
pub mod instance;
mod moment;
pub mod shipped;
pub mod simulate;
pub mod tell;
