//! Codes that were made are read: sizes, levels, turned, padded, inverted, several; and hostile pictures.
