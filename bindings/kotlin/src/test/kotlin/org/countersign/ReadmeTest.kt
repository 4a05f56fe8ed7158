package org.countersign

import org.countersign.testing.inFolder
import org.countersign.testing.password
import org.countersign.testing.platform
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import java.io.ByteArrayOutputStream
import java.io.PrintStream
import java.nio.file.Files
import java.nio.file.Path

class ReadmeTest {
    @Test
    fun `the example of the README is the one that is compiled here`() {
        val source = Files.readString(Path.of("src/test/kotlin/org/countersign/ReadmeExample.kt"))
        val example = source.substringAfter("// --- example\n").substringBefore("// --- end of the example")
        val readme = Files.readString(Path.of("README.md")).substringAfter("```kotlin\n").substringBefore("```")
        assertEquals(example, readme)
    }

    @Test
    fun `the example works`() =
        inFolder { folder ->
            val said = ByteArrayOutputStream()
            val before = System.out
            System.setOut(PrintStream(said, true))
            try {
                example("$folder/vault", password(), platform())
            } finally {
                System.setOut(before)
            }
            val expected =
                listOf("Write this down, it is shown once: 41 characters", "Example: 6 digits", "4 tries left")
            assertEquals(expected, said.toString().lines().filter(String::isNotEmpty))
        }
}
