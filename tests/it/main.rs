//! Papierlos through the front door, as one test binary.

mod accounts;
mod at_rest;
mod attacks;
mod bypass;
mod check;
mod coverage;
mod database;
mod describing;
mod documents;
mod faults;
mod file_plan;
mod harness;
mod import;
mod permissions;
mod prove;
mod records;
mod rights;
mod search;
mod serve;
mod tidy;
mod webhooks;
