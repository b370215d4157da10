//! Kinds of fact: what each one says, and the class of incident that it opens.

mod class;
mod fact;

pub use class::{CLASSES, Class, class_of};
pub use fact::{Evidence, Fact};
