package org.countersign

import org.countersign.ffi.SecretInput
import java.nio.ByteBuffer

/**
 * A secret that a person typed, in memory that the library wipes: for what takes a `SecretInput`, as `FileKey` and
 * `PersonCheck` do. [bytes] stay as they are; whoever has typed them wipes them. Texts are UTF-8.
 */
public fun secretOf(bytes: ByteArray): SecretInput = withDirect(bytes) { SecretInput(it) }

/** Does something with a secret, which is wiped afterwards. */
internal inline fun <T> withSecret(
    bytes: ByteArray,
    block: (SecretInput) -> T,
): T {
    val secret = secretOf(bytes)
    try {
        return block(secret)
    } finally {
        secret.wipe()
        secret.close()
    }
}

/** Lends bytes to the library, which reads direct buffers alone, from their first byte on. */
internal inline fun <T> withDirect(
    bytes: ByteArray,
    block: (ByteBuffer) -> T,
): T {
    // A buffer of no bytes has no address.
    val buffer = ByteBuffer.allocateDirect(maxOf(bytes.size, 1))
    buffer.put(bytes).flip()
    try {
        return block(buffer.slice())
    } finally {
        buffer.clear()
        while (buffer.hasRemaining()) buffer.put(0)
    }
}

/** What the library can borrow of a buffer: what is left of it, without a copy where it is direct. */
internal fun ByteBuffer.borrowed(): ByteBuffer {
    if (isDirect) return slice()
    return ByteBuffer.allocateDirect(remaining()).put(duplicate()).flip()
}
