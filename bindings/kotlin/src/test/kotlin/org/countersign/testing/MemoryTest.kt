package org.countersign.testing

import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer

class MemoryTest {
    @Test
    fun `what is allocated outside of Java's heap is seen`() {
        val before = residentMemory()
        // Fresh memory counts once it is written.
        val held = ByteBuffer.allocateDirect(SIZE)
        for (index in 0 until SIZE step PAGE) held.put(index, 1)
        val grown = residentMemory() - before
        assertTrue(grown in SIZE * 9L / 10..SIZE * 2L, "grown by $grown bytes")
        assertTrue(held.get(0) == 1.toByte())
    }

    private companion object {
        const val SIZE = 64 shl 20
        const val PAGE = 4096
    }
}
