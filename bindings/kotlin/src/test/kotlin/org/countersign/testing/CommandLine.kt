package org.countersign.testing

import java.nio.file.Files
import java.nio.file.Path

/** The `countersign` command line that cargo built. */
object CommandLine {
    /** Where it is: the system property `countersign.cli`. */
    val path: Path by lazy {
        val property = checkNotNull(System.getProperty("countersign.cli")) { "countersign.cli is not set" }
        Path.of(property).also { check(Files.isExecutable(it)) { "$it is not there: cargo build --release" } }
    }
}
