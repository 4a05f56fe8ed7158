//! Every code stands in the documentation.
