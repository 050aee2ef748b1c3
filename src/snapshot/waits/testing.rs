//! Made-up waits for tests of what is pure.
