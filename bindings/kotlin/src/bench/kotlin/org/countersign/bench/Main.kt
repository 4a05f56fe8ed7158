package org.countersign.bench

import kotlinx.coroutines.runBlocking
import org.countersign.Authenticator
import org.countersign.ffi.Clock
import org.countersign.ffi.Platform
import org.countersign.testing.CommandLine
import org.countersign.testing.equalAccounts
import org.countersign.testing.equalCodes
import org.countersign.testing.inFolder
import org.countersign.testing.password
import org.countersign.testing.residentMemory
import java.nio.ByteBuffer
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicLong

private const val ACCOUNTS = 1_000
private const val IMPORTED = 5_000

/** Prints what the bars of the bindings are held against: medians, measured in one run, both sides taking turns. */
fun main() =
    runBlocking {
        inFolder { folder ->
            quickCalls(folder)
            againstTheCommandLine(folder)
            endurance(folder)
        }
    }

private suspend fun quickCalls(folder: Path) {
    val clock = Moved()
    val made = Authenticator.create("$folder/quick", password(), Platform(clock = clock, leastPasswordWork = true))
    made.authenticator.use { authenticator ->
        authenticator.import(links(ACCOUNTS))
        val accounts = authenticator.accounts
        val screen = accounts.codes().take(20).map { it.id }
        repeat(300) {
            clock.next()
            accounts.codes()
            accounts.codesOf(screen)
            accounts.list()
            equalAccounts(ACCOUNTS.toUInt())
            equalCodes(ACCOUNTS.toUInt())
        }
        val taken = List(7) { mutableListOf<Long>() }
        repeat(300) {
            clock.next()
            taken[0] += nanos { accounts.codes() }
            taken[1] += nanos { accounts.codes() }
            taken[2] += nanos { equalCodes(ACCOUNTS.toUInt()) }
            clock.next()
            taken[3] += nanos { accounts.codesOf(screen) }
            taken[4] += nanos { accounts.codesOf(screen) }
            taken[5] += nanos { accounts.list() }
            taken[6] += nanos { equalAccounts(ACCOUNTS.toUInt()) }
        }
        val (first, within, equalCodes, screenFirst, screenWithin) = taken.map { it.median() }
        say("codes of 1,000 accounts, first time", first, "bar 2 ms")
        say("codes of 1,000 accounts, within the window", within, "bar 1 ms")
        say("1,000 equal records", equalCodes, "what crossing alone takes")
        say("codes of the 20 on the screen, first time", screenFirst, "bar 0.1 ms")
        say("codes of the 20 on the screen, within the window", screenWithin, "bar 0.1 ms")
        val (list, equal) = taken[5].median() to taken[6].median()
        say("list of 1,000 accounts", list, "%.2f of the next, bar 1.2".format(list.toDouble() / equal))
        say("1,000 equal records", equal, "what crossing alone takes")
    }
}

/** The same vault and the same file, here and in the command line, whose start and end are part of what it takes. */
private suspend fun againstTheCommandLine(folder: Path) {
    val vault = folder.resolve("vault")
    CommandLine.run(vault, "init")
    val file = folder.resolve("links.txt").also { Files.write(it, links(IMPORTED)) }
    val empty = Files.readAllBytes(vault)
    val taken = List(4) { mutableListOf<Long>() }
    repeat(7) { turn ->
        val (here, there) = folder.resolve("here-$turn") to folder.resolve("there-$turn")
        listOf(here, there).forEach { Files.write(it, empty) }
        Authenticator.open("$here").use { authenticator ->
            taken[0] += nanos { authenticator.unlock(password()) }
            taken[1] += nanos { authenticator.import(Files.readAllBytes(file)) }
        }
        val unlocked = nanos { CommandLine.run(there, "list") }
        taken[2] += unlocked
        taken[3] += nanos { CommandLine.run(there, "import", "$file") } - unlocked
    }
    val (unlock, import, rustUnlock, rustImport) = taken.map { it.median() }
    say("unlock", unlock, "%.2f of the command line's, bar 1.3".format(unlock.toDouble() / rustUnlock))
    say(
        "import of 5,000 accounts",
        import,
        "%.2f of the command line's, bar 1.3".format(import.toDouble() / rustImport),
    )
}

private suspend fun endurance(folder: Path) {
    val made = Authenticator.create("$folder/long", password(), Platform(leastPasswordWork = true))
    made.authenticator.use { authenticator ->
        authenticator.import(links(1))
        val ids = authenticator.accounts.list().map { it.id }
        repeat(20_000) { authenticator.accounts.codesOf(ids) }
        val (before, tenths) = residentMemory() to mutableListOf<Long>()
        repeat(10) { tenths += nanos { repeat(10_000) { authenticator.accounts.codesOf(ids) } } }
        val grown = (residentMemory() - before) shr 10
        say("10,000 calls, the first of 100,000", tenths.first(), "%.1f µs each".format(tenths.first() / 1e7))
        say(
            "10,000 calls, the last of 100,000",
            tenths.last(),
            "%.2f of the first".format(tenths.last().toDouble() / tenths.first()),
        )
        println("memory grown meanwhile, Java's heap included: $grown KiB")
    }
}

private suspend fun Authenticator.import(file: ByteArray) =
    transfer.beginImport().use { import ->
        import.addFile(ByteBuffer.allocateDirect(file.size).put(file).flip())
        import.preview().use { it.apply() }
    }

private fun links(count: Int) =
    (1..count)
        .joinToString("\n") {
            val own = "%08d".format(it).map { digit -> 'A' + digit.digitToInt() }.joinToString("")
            "otpauth://totp/Service%20$it:person$it@example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBV$own&issuer=Service%20$it"
        }.toByteArray()

private inline fun nanos(block: () -> Unit): Long {
    val start = System.nanoTime()
    block()
    return System.nanoTime() - start
}

private fun List<Long>.median() = sorted()[size / 2]

private fun say(
    what: String,
    nanos: Long,
    beside: String,
) = println("%-50s %10.3f ms   %s".format(what, nanos / 1e6, beside))

/** A clock that stands still until it is moved on, by a window of codes. */
private class Moved : Clock {
    private val now = AtomicLong(1_800_000_000_000)

    fun next() {
        now.addAndGet(30_000)
    }

    override fun nowMs() = now.get()
}
