package org.countersign

import org.countersign.ffi.ApiException
import org.countersign.testing.draft
import org.countersign.testing.password
import org.countersign.testing.suspending
import org.countersign.testing.withVault
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.util.concurrent.ConcurrentLinkedQueue
import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread

class LockTest {
    @Test
    fun `a lock, and the end, during 80,000 calls gives answers or Locked`() =
        suspending {
            withVault { authenticator ->
                val id = authenticator.accounts.add(draft("one"))
                val (answers, locked) = AtomicInteger() to AtomicInteger()
                val others = ConcurrentLinkedQueue<Throwable>()
                val threads =
                    List(THREADS) {
                        thread {
                            repeat(CALLS) { call ->
                                val outcome = runCatching { authenticator.calls(call, id) }
                                when (val failure = outcome.exceptionOrNull()) {
                                    null -> answers.incrementAndGet()
                                    is ApiException.Locked -> locked.incrementAndGet()
                                    else -> others += failure
                                }
                            }
                        }
                    }
                while (answers.get() < 1_000) Thread.onSpinWait()
                authenticator.lock()
                while (locked.get() < 1_000) Thread.onSpinWait()
                authenticator.unlock(password())
                val before = answers.get()
                while (answers.get() < before + 1_000 && threads.any { it.isAlive }) Thread.onSpinWait()
                authenticator.close()
                threads.forEach(Thread::join)
                assertEquals(emptyList<Throwable>(), others.toList())
                assertEquals(THREADS * CALLS, answers.get() + locked.get())
                assertTrue(answers.get() >= 1_000 && locked.get() >= 1_000)
            }
        }

    private fun Authenticator.calls(
        call: Int,
        id: String,
    ) = when (call % 4) {
        0 -> assertEquals(1, accounts.codes().size)
        1 -> assertEquals(id, accounts.get(id).id)
        2 -> assertEquals(1, accounts.list().size)
        else -> assertEquals(1, accounts.codesOf(listOf(id)).size)
    }

    private companion object {
        const val THREADS = 8
        const val CALLS = 10_000
    }
}
