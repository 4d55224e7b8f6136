//! The words that every other crate speaks: principals, effects, resources, outcomes, replies.
