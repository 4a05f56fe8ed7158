package org.countersign

import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeout
import org.countersign.ffi.AccountCode
import org.countersign.ffi.ApiException
import org.countersign.ffi.Change
import org.countersign.ffi.Clock
import org.countersign.ffi.NewKeys
import org.countersign.ffi.PendingRequest
import org.countersign.testing.Story
import org.countersign.testing.draft
import org.countersign.testing.password
import org.countersign.testing.platform
import org.countersign.testing.refuses
import org.countersign.testing.soon
import org.countersign.testing.suspending
import org.countersign.testing.until
import org.countersign.testing.withStory
import org.countersign.testing.withVault
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.atomic.AtomicInteger

class StreamsTest {
    @Test
    fun `codes tick at the end of each window`() =
        suspending {
            withVault { authenticator ->
                authenticator.accounts.add(draft("fast", period = 1))
                val seen = mutableListOf<Pair<Long, AccountCode>>()
                withTimeout(10_000) {
                    authenticator.accounts.codeStream().take(4).collect {
                        seen +=
                            System.currentTimeMillis() to it.single()
                    }
                }
                for ((one, next) in seen.zipWithNext()) {
                    assertEquals(one.second.untilMs, next.second.fromMs, "no window is left out")
                    val late = next.first - checkNotNull(next.second.fromMs)
                    assertTrue(late in 0..500, "$late ms late")
                }
            }
        }

    @Test
    fun `codes come anew when an account does, and end at the lock`() =
        suspending {
            withVault { authenticator ->
                val seen = CopyOnWriteArrayList<Int>()
                val stream =
                    async {
                        authenticator.accounts
                            .codeStream()
                            .onEach { seen += it.size }
                            .toList()
                    }
                until { seen.size == 1 }
                val id = authenticator.accounts.add(draft("new"))
                until { seen.size == 2 }
                authenticator.accounts.trash(id)
                until { seen.size == 3 }
                authenticator.lock()
                withTimeout(5_000) { stream.await() }
                assertEquals(listOf(0, 1, 0), seen)
                assertEquals(0, withTimeout(5_000) { authenticator.accounts.codeStream().toList() }.size)
            }
        }

    @Test
    fun `nothing runs once nobody collects`() =
        suspending {
            val calls = AtomicInteger()
            val clock =
                object : Clock {
                    override fun nowMs(): Long = System.currentTimeMillis().also { calls.incrementAndGet() }
                }
            withVault(platform { copy(clock = clock) }) { authenticator ->
                authenticator.accounts.add(draft("fast", period = 1))
                val collector = launch { authenticator.accounts.codeStream().collect {} }
                val before = calls.get()
                until { calls.get() > before + 3 }
                collector.cancelAndJoin()
                val after = calls.get()
                delay(2_500)
                assertEquals(after, calls.get())
            }
        }

    @Test
    fun `changes are told, each kind once, until it is closed`() =
        suspending {
            withVault { authenticator ->
                val seen = CopyOnWriteArrayList<Set<Change>>()
                val stream = async { authenticator.changes.collect { seen += it } }
                delay(100)
                authenticator.accounts.add(draft("one"))
                until { seen.any { Change.ACCOUNTS in it } }
                authenticator.setSettings(authenticator.settings().copy(trashDays = 7u))
                until { seen.any { Change.SETTINGS in it } }
                authenticator.lock()
                until { seen.any { Change.LOCK in it } }
                authenticator.close()
                withTimeout(5_000) {
                    stream.await()
                    assertEquals(0, authenticator.changes.toList().size)
                    assertEquals(
                        0,
                        authenticator.accounts
                            .codeStream()
                            .toList()
                            .size,
                    )
                    assertEquals(
                        0,
                        authenticator.approvals
                            .requestStream()
                            .toList()
                            .size,
                    )
                }
                refuses<ApiException.Locked>("shut") { authenticator.settings() }
            }
        }

    @Test
    fun `requests come and go while somebody looks`() =
        suspending {
            withStory { story ->
                story.enroll(NewKeys.SOFTWARE)
                val seen = CopyOnWriteArrayList<List<PendingRequest>>()
                val stream = async { story.approvals.requestStream().collect { seen += it } }
                until { seen.size == 1 }
                story.page.signIn(story.name)
                story.approvals.pull()
                until { seen.lastOrNull()?.size == 1 }
                story.approvals.approve(seen.last().single(), story.page.digits, Story.typed())
                until { seen.last().isEmpty() }
                story.page.signIn(story.name)
                // Nobody asks for it: the stream's own pace does.
                until { seen.last().size == 1 }
                story.authenticator.lock()
                story.authenticator.closeInbox()
                withTimeout(10_000) { stream.await() }
                story.authenticator.unlock(password())
                assertEquals(
                    1,
                    story.approvals
                        .requestStream()
                        .soon { it.isNotEmpty() }
                        .size,
                )
            }
        }
}
