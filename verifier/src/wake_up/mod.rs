//! Wake-ups.
