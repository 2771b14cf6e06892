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
mod inspections;
mod paperless;
mod permissions;
mod prove;
mod records;
mod rights;
mod roles;
mod search;
mod serve;
mod sign_in;
mod tidy;
mod types;
mod webhooks;
