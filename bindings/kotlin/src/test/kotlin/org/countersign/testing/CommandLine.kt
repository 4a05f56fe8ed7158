package org.countersign.testing

import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.TimeUnit
import kotlin.concurrent.thread

/** The `countersign` command line that cargo built. */
object CommandLine {
    /** Where it is: the system property `countersign.cli`. */
    val path: Path by lazy {
        val property = checkNotNull(System.getProperty("countersign.cli")) { "countersign.cli is not set" }
        Path.of(property).also { check(Files.isExecutable(it)) { "$it is not there: cargo build --release" } }
    }

    /** Runs it over a vault, whose password lies in a file beside it, and gives what it says. */
    fun run(
        vault: Path,
        vararg arguments: String,
        input: String = "",
    ): String {
        val passwordFile = vault.resolveSibling("password")
        Files.write(passwordFile, password())
        val fixed = listOf(path.toString(), "--vault", vault.toString(), "--password-file", passwordFile.toString())
        val process = ProcessBuilder(fixed + arguments).redirectErrorStream(true).start()
        var said = ""
        val reader = thread { said = process.inputStream.reader().readText() }
        process.outputStream.use { it.write(input.toByteArray()) }
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) process.destroyForcibly()
        reader.join()
        check(process.waitFor() == 0) { "it failed: $said" }
        return said
    }

    private const val PATIENCE_SECONDS = 60L
}
