//! Pages: lines, tables and notices laid out on A4, and written as PDF/A-2a and PDF/UA-1. Forms and reports are made
//! with it.

pub(crate) mod draw;
pub(crate) mod flow;
pub(crate) mod letters;
pub(crate) mod set;
