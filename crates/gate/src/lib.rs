//! The one door: every call is admitted, planned, decided, recorded and applied here.
