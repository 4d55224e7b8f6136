//! An in-memory Windows desktop with faults, for tests.
