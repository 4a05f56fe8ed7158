package org.countersign

import org.countersign.ffi.QrMatrix

/** What the library can do without a vault. */
public object Countersign {
    /** The version of the native library, as in `0.1.0`. */
    public val version: String by lazy { org.countersign.ffi.version() }

    /** A text as a QR code. */
    public fun qrCode(text: String): QrMatrix = org.countersign.ffi.qrCode(text)
}
