package org.countersign

/** What the library says of itself. */
public object Countersign {
    /** The version of the native library, as in `0.1.0`. */
    public val version: String by lazy { org.countersign.ffi.version() }
}
