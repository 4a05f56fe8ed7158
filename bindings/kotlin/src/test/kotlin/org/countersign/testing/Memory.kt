package org.countersign.testing

import java.nio.file.Files
import java.nio.file.Path

/** The memory that this process holds, Java's and the library's, in bytes. Linux only. */
fun residentMemory(): Long {
    val line = Files.readAllLines(Path.of("/proc/self/status")).single { it.startsWith("VmRSS:") }
    val (kilobytes, unit) = line.removePrefix("VmRSS:").trim().split(" ")
    check(unit == "kB") { "an unknown unit: $unit" }
    return kilobytes.toLong() * 1024
}
