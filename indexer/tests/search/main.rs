//! The index as its users see it.

mod access;
mod find;
mod german;
mod house;
mod life;
mod marks;
mod neighbours;
mod pages;
mod typing;
