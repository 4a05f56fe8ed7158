package org.countersign

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.delay
import kotlinx.coroutines.supervisorScope
import kotlinx.coroutines.withTimeout
import org.countersign.ffi.ApiException
import org.countersign.ffi.BackupSink
import org.countersign.ffi.Clock
import org.countersign.ffi.Confirmation
import org.countersign.ffi.Counter
import org.countersign.ffi.DeviceKey
import org.countersign.ffi.DeviceSigner
import org.countersign.ffi.HttpClient
import org.countersign.ffi.HttpRequest
import org.countersign.ffi.HttpResponse
import org.countersign.ffi.KeyAttestation
import org.countersign.ffi.KeyPurpose
import org.countersign.ffi.KeyUse
import org.countersign.ffi.KeyWrapper
import org.countersign.ffi.NewKeys
import org.countersign.ffi.SignPrompt
import org.countersign.jvm.JavaHttpClient
import org.countersign.testing.JcaSigner
import org.countersign.testing.SoftKeystore
import org.countersign.testing.Story
import org.countersign.testing.draft
import org.countersign.testing.inFolder
import org.countersign.testing.password
import org.countersign.testing.platform
import org.countersign.testing.refuses
import org.countersign.testing.suspending
import org.countersign.testing.until
import org.countersign.testing.withStory
import org.countersign.testing.withVault
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.CopyOnWriteArrayList
import java.util.concurrent.CountDownLatch
import java.util.concurrent.atomic.AtomicInteger

/** What the app gives throws, calls back in, or never returns: it costs its own operation alone. */
class PortsTest {
    @Test
    fun `what a port throws costs its operation, and is told to the app alone`() =
        suspending {
            val port = Port()
            inFolder { folder ->
                val thrown = CopyOnWriteArrayList<Throwable>()
                val made =
                    Authenticator.create("$folder/vault", password(), port.platform(), portFailed = {
                        thrown +=
                            it
                    })
                made.authenticator.use { authenticator ->
                    authenticator.addDeviceUnlock()
                    authenticator.lock()
                    authenticator.unlock(password())
                    port.acted.clear()
                    port.only = "none"
                    port.act = { throw StackOverflowError("a secret") }
                    val calls =
                        listOf<Pair<String, suspend () -> Unit>>(
                            "unwrap" to { authenticator.unlockWithDevice() },
                            "sink" to { authenticator.backupTo(port) },
                            "clock" to { authenticator.accounts.codes() },
                        )
                    for ((name, call) in calls) {
                        port.only = name
                        val failure = refuses<ApiException.Internal>("platform-failed") { call() }
                        assertTrue("secret" !in failure.stackTraceToString())
                    }
                    // Counted again with the next change; a listener's failure fails nothing.
                    port.only = "read"
                    authenticator.lock()
                    refuses<ApiException.Internal>("platform-failed") { authenticator.unlock(password()) }
                    port.only = "progress"
                    authenticator.unlock(password())
                    authenticator.transfer.beginImport().use { import ->
                        import.addFile(ByteBuffer.wrap(LINK.toByteArray()))
                        import
                            .preview {
                                _,
                                _,
                                ->
                                port.acts("progress")
                            }.use { it.apply { _, _ -> port.acts("progress") } }
                    }
                    assertEquals(1, authenticator.accounts.codes().size)
                    assertTrue(thrown.all { it is StackOverflowError } && thrown.size >= 6, "$thrown")
                    assertEquals(setOf("unwrap", "sink", "clock", "read", "progress"), port.acted.toSet())
                }
            }
        }

    @Test
    fun `a signer and a network that throw cost the approval that they were for`() =
        suspending {
            val port = Port()
            withStory({ copy(http = port, deviceSigner = port) }) { story ->
                story.enroll(NewKeys.PLATFORM)
                val request = story.asked()
                port.act = { throw NoClassDefFoundError("a secret") }
                port.only = "sign"
                refuses<ApiException.Internal>("platform-failed") { story.approvals.deny(request) }
                port.only = "send"
                refuses<ApiException.Network>("connection-failed") { story.approvals.poll(story.enrollment) }
                port.only = "make"
                refuses<ApiException.Internal>("platform-failed") {
                    story.approvals.rotateKeys(story.enrollment, NewKeys.PLATFORM, Story.typed())
                }
                port.act = {}
                assertEquals(Confirmation.Denied, story.approvals.deny(request).confirmation)
            }
        }

    @Test
    fun `a port may call back in`() =
        suspending {
            val port = Port()
            withStory({ copy(http = port, deviceSigner = port, keyWrapper = port, counter = port) }) { story ->
                val authenticator = story.authenticator
                authenticator.accounts.add(draft("one"))
                port.act = { if (authenticator.isUnlocked) authenticator.accounts.list() }
                story.enroll(NewKeys.PLATFORM)
                assertEquals(Confirmation.Denied, story.approvals.deny(story.asked()).confirmation)
                authenticator.addDeviceUnlock()
                authenticator.lock()
                authenticator.unlockWithDevice()
                authenticator.backupTo(port)
                authenticator.transfer.beginImport().use { import ->
                    import.addFile(ByteBuffer.wrap(LINK.toByteArray()))
                    import.preview().use { it.apply { _, _ -> port.acts("progress") } }
                }
                val expected =
                    setOf("send", "make", "sign", "attest", "wrap", "unwrap", "read", "raise", "sink", "progress")
                assertEquals(expected, port.acted - "delete")
                assertEquals(1, port.deepest.get(), "none is called again from within itself")
            }
        }

    @Test
    fun `a port that never returns holds its own operation, until the lock`() =
        suspending {
            val port = Port()
            withStory({ copy(http = port, deviceSigner = port, keyWrapper = port) }) { story ->
                val authenticator = story.authenticator
                story.enroll(NewKeys.PLATFORM)
                val request = story.asked()
                val calls =
                    mapOf<String, suspend () -> Unit>(
                        "send" to { story.approvals.poll(story.enrollment) },
                        "sign" to { story.approvals.deny(request) },
                        "make" to { story.approvals.rotateKeys(story.enrollment, NewKeys.PLATFORM, Story.typed()) },
                        "wrap" to { authenticator.addDeviceUnlock() },
                    )
                for ((name, call) in calls) {
                    port.only = name
                    port.hangs = true
                    port.acted.clear()
                    supervisorScope {
                        val hung = async { call() }
                        until { name in port.acted }
                        authenticator.accounts.list()
                        assertEquals(1, story.approvals.requests().size)
                        assertTrue(hung.isActive, name)
                        authenticator.lock()
                        withTimeout(10_000) { refuses<ApiException.Locked>("locked") { hung.await() } }
                    }
                    port.hangs = false
                    authenticator.unlock(password())
                }
                assertEquals(0, story.approvals.history().size)
            }
        }

    @Test
    fun `a sink that never returns holds its own backup`() =
        suspending {
            withVault { authenticator ->
                val (entered, released) = CountDownLatch(1) to CountDownLatch(1)
                val port = Port()
                port.act = {
                    entered.countDown()
                    released.await()
                }
                val backup = CoroutineScope(Dispatchers.IO).async { runCatching { authenticator.backupTo(port) } }
                until { entered.count == 0L }
                authenticator.accounts.add(draft("meanwhile"))
                authenticator.lock()
                authenticator.unlock(password())
                delay(100)
                assertTrue(backup.isActive)
                released.countDown()
                assertTrue(backup.await().exceptionOrNull() is ApiException.Locked)
            }
        }

    /** Every port in one. What it does first is the test's, for all or for one of its functions. */
    private class Port :
        HttpClient,
        KeyWrapper,
        DeviceSigner,
        BackupSink,
        Clock,
        Counter {
        private val http = JavaHttpClient(allowLoopbackHttp = true)
        private val keystore = SoftKeystore()
        private val signer = JcaSigner()
        private val files = ConcurrentHashMap<String, ByteArray>()

        @Volatile
        private var highest = 0uL

        @Volatile
        var act: () -> Unit = {}

        @Volatile
        var only: String? = null

        @Volatile
        var hangs = false
        val acted: MutableSet<String> = ConcurrentHashMap.newKeySet()

        fun platform() =
            platform { copy(http = this@Port, keyWrapper = this@Port, clock = this@Port, counter = this@Port) }

        private val depth = ThreadLocal.withInitial { 0 }
        val deepest = AtomicInteger()

        fun acts(name: String) {
            if (only != null && only != name) return
            acted += name
            depth.set(depth.get() + 1)
            deepest.accumulateAndGet(depth.get(), ::maxOf)
            try {
                act()
            } finally {
                depth.set(depth.get() - 1)
            }
        }

        private suspend fun waits(name: String) {
            acts(name)
            if (hangs && only == name) awaitCancellation()
        }

        override suspend fun send(request: HttpRequest): HttpResponse {
            waits("send")
            return http.send(request)
        }

        override suspend fun wrap(
            keyUse: KeyUse,
            key: ByteArray,
        ): ByteArray {
            waits("wrap")
            return keystore.wrap(keyUse, key)
        }

        override suspend fun unwrap(
            keyUse: KeyUse,
            wrapped: ByteArray,
        ): ByteArray {
            waits("unwrap")
            return keystore.unwrap(keyUse, wrapped)
        }

        override suspend fun make(
            purpose: KeyPurpose,
            challenge: ByteArray?,
        ): DeviceKey {
            waits("make")
            return signer.make(purpose, challenge)
        }

        override suspend fun sign(
            handle: ByteArray,
            message: ByteArray,
            prompt: SignPrompt?,
        ): ByteArray {
            waits("sign")
            return signer.sign(handle, message, prompt)
        }

        override suspend fun delete(handle: ByteArray) {
            waits("delete")
            signer.delete(handle)
        }

        override suspend fun attest(handle: ByteArray): KeyAttestation? {
            waits("attest")
            return null
        }

        override fun write(
            name: String,
            bytes: ByteArray,
        ) {
            acts("sink")
            files[name] = bytes
        }

        override fun read(name: String) = files.getValue(name)

        override fun list() = files.keys.toList()

        override fun remove(name: String) {
            files.remove(name)
        }

        override fun nowMs(): Long {
            acts("clock")
            return System.currentTimeMillis()
        }

        override fun read(): ULong {
            acts("read")
            return highest
        }

        override fun raise(value: ULong) {
            acts("raise")
            highest = value
        }
    }

    private companion object {
        const val LINK = "otpauth://totp/Bank:ada?secret=JBSWY3DPEHPK3PXP&issuer=Bank"
    }
}
