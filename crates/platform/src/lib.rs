//! The ports through which tools reach a machine.
