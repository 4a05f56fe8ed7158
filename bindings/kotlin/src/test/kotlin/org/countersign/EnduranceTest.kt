package org.countersign

import org.countersign.testing.draft
import org.countersign.testing.inFolder
import org.countersign.testing.password
import org.countersign.testing.platform
import org.countersign.testing.residentMemory
import org.countersign.testing.suspending
import org.countersign.testing.withVault
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class EnduranceTest {
    @Test
    fun `10,000 authenticators opened and closed leave no memory behind`() =
        suspending {
            inFolder { folder ->
                Authenticator.create("$folder/vault", password(), platform()).authenticator.close()
                val grown =
                    growth(10) {
                        repeat(1_000) {
                            Authenticator.open("$folder/vault", platform()).use { it.scanner().close() }
                        }
                    }
                assertTrue(grown < BOUND, "grown by ${grown shr 10} KiB")
            }
        }

    @Test
    fun `100,000 calls in a row take no more memory and no more time`() =
        suspending {
            withVault { authenticator ->
                val id = authenticator.accounts.add(draft("one"))
                val times = mutableListOf<Long>()
                val grown =
                    growth(10) {
                        val start = System.nanoTime()
                        repeat(10_000) { authenticator.accounts.codesOf(listOf(id)) }
                        times += System.nanoTime() - start
                    }
                // The first tenth is before Java has compiled anything; the second is what the last is held against.
                val ratio = times.last().toDouble() / times[2]
                assertTrue(grown < BOUND, "grown by ${grown shr 10} KiB")
                assertTrue(ratio < 2, "$ratio times as slow at the end: $times")
            }
        }

    /** By how much memory has grown since the third tenth, by when Java has what it needs to run this. */
    private inline fun growth(
        tenths: Int,
        work: () -> Unit,
    ): Long {
        var before = 0L
        repeat(tenths) { tenth ->
            work()
            if (tenth == 2) {
                fillHeap()
                before = residentMemory()
            }
        }
        return residentMemory() - before
    }

    /** Touches nearly all memory that Java may use for itself, which from then on grows no more. */
    private fun fillHeap() {
        System.gc()
        val runtime = Runtime.getRuntime()
        val free = runtime.maxMemory() - (runtime.totalMemory() - runtime.freeMemory())
        // In pieces that Java's collector doesn't treat as large.
        val held = List((free * 7 / 10 / PIECE).toInt()) { ByteArray(PIECE) }
        check(held.all { it[0] == 0.toByte() })
    }

    private companion object {
        const val PIECE = 100_000
        const val BOUND = 32L shl 20
    }
}
