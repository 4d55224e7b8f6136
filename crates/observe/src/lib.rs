//! Turns trees of controls into references, folded text and diffs.
