package org.countersign

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class LibraryTest {
    @Test
    fun `the library says its version`() {
        assertEquals("0.1.0", Countersign.version)
    }
}
