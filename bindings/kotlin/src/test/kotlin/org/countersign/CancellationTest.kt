package org.countersign

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Deferred
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.supervisorScope
import kotlinx.coroutines.withTimeout
import org.countersign.ffi.ApiException
import org.countersign.ffi.Confirmation
import org.countersign.ffi.DeviceSigner
import org.countersign.ffi.HttpClient
import org.countersign.ffi.HttpRequest
import org.countersign.ffi.NewKeys
import org.countersign.ffi.PersonCheck
import org.countersign.ffi.SignPrompt
import org.countersign.ffi.VerificationMethod
import org.countersign.jvm.JavaHttpClient
import org.countersign.testing.JcaSigner
import org.countersign.testing.inFolder
import org.countersign.testing.password
import org.countersign.testing.platform
import org.countersign.testing.refuses
import org.countersign.testing.suspending
import org.countersign.testing.until
import org.countersign.testing.withStory
import org.countersign.testing.withVault
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer
import java.nio.file.Files

class CancellationTest {
    @Test
    fun `a password's key is not derived once nobody waits for it`() =
        suspending {
            inFolder { folder ->
                Authenticator.create("$folder/vault", password(), platform()).authenticator.close()
                val one = Dispatchers.IO.limitedParallelism(1)
                Authenticator.open("$folder/vault", platform(), one).use { authenticator ->
                    val holder = async(one) { Thread.sleep(300) }
                    ends { async { authenticator.unlock(password()) }.also { delay(20) } }
                    holder.await()
                    delay(100)
                    assertFalse(authenticator.isUnlocked)
                    refuses<ApiException.Locked>("locked") { authenticator.accounts.list() }
                    authenticator.unlock(password())
                }
            }
        }

    @Test
    fun `an unlock that is cancelled midway leaves the vault locked`() =
        suspending {
            inFolder { folder ->
                // As much work as a phone does.
                Authenticator.create("$folder/vault", password()).authenticator.close()
                Authenticator.open("$folder/vault").use { authenticator ->
                    ends { async { authenticator.unlock(password()) }.also { delay(50) } }
                    assertFalse(authenticator.isUnlocked)
                }
            }
        }

    @Test
    fun `a vault that nobody waits for any more is closed`() =
        suspending {
            inFolder { folder ->
                val (vault, journal) = folder.resolve("vault") to folder.resolve("vault-wal")
                ends { async { Authenticator.create("$vault", password()) }.also { delay(100) } }
                assertTrue(Files.exists(vault) && Files.notExists(journal), "made, and closed")
                Authenticator.open("$vault").use {
                    it.unlock(password())
                    assertTrue(Files.exists(journal), "as one that is open has")
                }
            }
        }

    @Test
    fun `an import that is cancelled midway adds nothing and can be done again`() =
        suspending {
            withVault { authenticator ->
                val links =
                    (1..LINKS).joinToString("\n") {
                        "otpauth://totp/Site%20$it:ada?secret=GEZDGNBVGY3TQOJQ${"%08d".format(
                            it,
                        ).base32()}&issuer=Site%20$it"
                    }
                authenticator.transfer.beginImport().use { import ->
                    import.addFile(ByteBuffer.wrap(links.toByteArray()))
                    import.preview().use { preview ->
                        assertEquals(LINKS.toULong(), preview.chosen)
                        val begun = CompletableDeferred<Unit>()
                        ends {
                            async {
                                preview.apply { done, total ->
                                    if (done <
                                        total
                                    ) {
                                        begun.complete(Unit)
                                    }
                                }
                            }.also { begun.await() }
                        }
                        assertEquals(0, authenticator.accounts.list().size)
                        val imported = preview.apply()
                        assertEquals(LINKS, imported.added.size)
                    }
                }
                assertEquals(LINKS.toULong(), authenticator.transfer.undo().removed)
            }
        }

    @Test
    fun `an approval that is cancelled before it is signed leaves no trace`() =
        suspending {
            val signer = Hesitant(JcaSigner())
            withStory({ copy(deviceSigner = signer) }) { story ->
                story.enroll(NewKeys.PLATFORM)
                val request = story.asked()
                signer.hesitates = true
                ends {
                    async {
                        story.approvals.approve(
                            request,
                            story.page.digits,
                            FINGER,
                        )
                    }.also { until { signer.asked } }
                }
                until { signer.left }
                assertEquals(0, story.approvals.history().size)
                assertFalse(
                    story.approvals
                        .enrollments()
                        .single()
                        .unconfirmed,
                )
                signer.hesitates = false
                val entry = story.approvals.approve(request, story.page.digits, FINGER)
                assertEquals(Confirmation.Approved, entry.confirmation)
            }
        }

    @Test
    fun `a request on the network is cancelled, and the answer that it held is sent later`() =
        suspending {
            val network = Stalling(JavaHttpClient(allowLoopbackHttp = true))
            withStory({ copy(http = network) }) { story ->
                story.enroll(NewKeys.SOFTWARE)
                network.stalls = true
                ends { async { story.approvals.poll(story.enrollment) }.also { until { network.stalled == 1 } } }
                network.stalls = false
                val request = story.asked()
                network.stalls = true
                ends { async { story.approvals.deny(request) }.also { until { network.stalled == 2 } } }
                assertEquals(
                    Confirmation.Unconfirmed,
                    story.approvals
                        .history()
                        .single()
                        .confirmation,
                )
                network.stalls = false
                assertEquals(
                    Confirmation.Denied,
                    story.approvals
                        .poll(story.enrollment)
                        .confirmed
                        .single()
                        .confirmation,
                )
            }
        }

    /** Fails unless what was begun ends soon once it is cancelled, as cancelled. */
    private suspend fun ends(begin: suspend CoroutineScope.() -> Deferred<*>) =
        supervisorScope {
            val call = begin()
            call.cancel()
            val failure = withTimeout(10_000) { runCatching { call.await() }.exceptionOrNull() }
            assertTrue(failure is CancellationException, "$failure")
            call.join()
        }

    private fun String.base32() = map { 'A' + it.digitToInt() }.joinToString("")

    private class Hesitant(
        private val inner: JcaSigner,
    ) : DeviceSigner by inner {
        @Volatile
        var hesitates = false

        @Volatile
        var asked = false

        @Volatile
        var left = false

        override suspend fun sign(
            handle: ByteArray,
            message: ByteArray,
            prompt: SignPrompt?,
        ): ByteArray {
            if (prompt == null || !hesitates) return inner.sign(handle, message, prompt)
            asked = true
            try {
                awaitCancellation()
            } finally {
                left = true
            }
        }
    }

    private class Stalling(
        private val inner: HttpClient,
    ) : HttpClient {
        @Volatile
        var stalls = false

        @Volatile
        var stalled = 0

        override suspend fun send(request: HttpRequest) =
            if (stalls) {
                stalled += 1
                awaitCancellation()
            } else {
                inner.send(request)
            }
    }

    private companion object {
        const val LINKS = 20_000
        val FINGER = PersonCheck.Platform(listOf(VerificationMethod.FINGERPRINT))
    }
}
