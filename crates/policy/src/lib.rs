//! Decides who may do what: rules in, grants and permits out.
