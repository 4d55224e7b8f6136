//! The ledger: a hash-chained, keyed record of every decision and outcome.
