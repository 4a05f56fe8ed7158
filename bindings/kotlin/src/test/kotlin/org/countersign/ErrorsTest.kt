package org.countersign

import org.countersign.ffi.ApiException
import org.countersign.ffi.BackupSink
import org.countersign.ffi.FileKey
import org.countersign.ffi.KeyUse
import org.countersign.ffi.KeyWrapper
import org.countersign.ffi.NewKeys
import org.countersign.ffi.PortException
import org.countersign.testing.RFC_SECRET
import org.countersign.testing.SoftKeystore
import org.countersign.testing.Story
import org.countersign.testing.draft
import org.countersign.testing.inFolder
import org.countersign.testing.password
import org.countersign.testing.platform
import org.countersign.testing.refuses
import org.countersign.testing.suspending
import org.countersign.testing.withStory
import org.countersign.testing.withVault
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer
import java.nio.file.Files

class ErrorsTest {
    private val wrong = "wrong horse battery".toByteArray()

    @Test
    fun `a wrong password says how many tries are left`() =
        suspending {
            withVault { authenticator ->
                authenticator.lock()
                val failure = refuses<ApiException.WrongPassword>("wrong-password") { authenticator.unlock(wrong) }
                assertEquals(4u, failure.remaining)
                assertFalse("horse" in failure.toString())
            }
        }

    @Test
    fun `locked and shut are told apart`() =
        suspending {
            withVault { authenticator ->
                authenticator.lock()
                refuses<ApiException.Locked>("locked") { authenticator.accounts.codes() }
                val (accounts, scanner, import) =
                    Triple(authenticator.accounts, authenticator.scanner(), authenticator.transfer.beginImport())
                repeat(2) { authenticator.close() }
                refuses<ApiException.Locked>("shut") { authenticator.accounts.codes() }
                refuses<ApiException.Locked>("shut") { accounts.code("0".repeat(32)) }
                refuses<ApiException.Locked>("shut") { authenticator.unlock(password()) }
                refuses<ApiException.Locked>("shut") { authenticator.unlockWithDevice() }
                refuses<ApiException.Locked>("shut") { authenticator.approvals.requests() }
                refuses<ApiException.Locked>("shut") { authenticator.transfer.lastImport() }
                refuses<ApiException.Locked>("shut") { authenticator.scanner() }
                refuses<ApiException.Locked>("shut") { authenticator.lock() }
                assertFalse(authenticator.isUnlocked)
                listOf(scanner, import).forEach { it.close() }
                refuses<ApiException.Locked>("shut") { scanner.reset() }
                refuses<ApiException.Locked>("shut") { import.missingParts() }
            }
        }

    @Test
    fun `what this app doesn't give is not supported`() =
        suspending {
            withVault { authenticator ->
                refuses<ApiException.NotSupported>("no-port") { authenticator.addDeviceUnlock() }
            }
        }

    @Test
    fun `input that can't be used is named`() =
        suspending {
            withVault { authenticator ->
                refuses<ApiException.InvalidInput>("not-an-id") { authenticator.accounts.get("x") }
                refuses<ApiException.InvalidInput>("not-found") { authenticator.accounts.get("0".repeat(32)) }
                refuses<ApiException.InvalidInput>("secret-unreadable") { draft("x", secret = "1!") }
                refuses<ApiException.InvalidInput>("text-too-long") { Countersign.qrCode("x".repeat(3_000)) }
            }
        }

    @Test
    fun `what is there already is there`() =
        suspending {
            inFolder { folder ->
                Authenticator.create("$folder/vault", password(), platform()).authenticator.use {
                    val id = it.accounts.add(draft("one"))
                    val failure = refuses<ApiException.AlreadyThere>("account-exists") { it.accounts.add(draft("one")) }
                    assertEquals(id, failure.id)
                    it.accounts.add(draft("one"), evenIfThere = true)
                }
                refuses<ApiException.AlreadyThere>("file-exists") {
                    Authenticator.create("$folder/vault", password(), platform())
                }
            }
        }

    @Test
    fun `a backup comes back, and a damaged one is damaged`() =
        suspending {
            inFolder { folder ->
                val backup =
                    Authenticator.create("$folder/vault", password(), platform()).authenticator.use {
                        it.accounts.add(draft("kept"))
                        it.backupBytes()
                    }
                val key = FileKey.Password(secretOf(password()))
                Authenticator
                    .restore(
                        "$folder/new",
                        ByteBuffer.wrap(backup),
                        key,
                        password(),
                        platform(),
                    ).authenticator
                    .use {
                        assertEquals(listOf("kept"), it.accounts.list().map { account -> account.profile.name })
                    }
                backup[backup.size - 1] = (backup.last() + 1).toByte()
                refuses<ApiException.Damaged>("backup-damaged") {
                    Authenticator.restore("$folder/other", ByteBuffer.wrap(backup), key, password(), platform())
                }
            }
        }

    @Test
    fun `a place that doesn't keep a backup is storage's, and no vault is none`() =
        suspending {
            withVault { authenticator ->
                refuses<ApiException.Storage>("backup-not-kept") { authenticator.backupTo(Forgetful()) }
            }
            inFolder { folder ->
                refuses<ApiException.InvalidInput>("no-vault") { Authenticator.open("$folder/vault", platform()) }
                Files.write(folder.resolve("text"), "no vault".toByteArray())
                refuses<ApiException.InvalidInput>("not-a-vault") { Authenticator.open("$folder/text", platform()) }
            }
        }

    @Test
    fun `a keystore may lose its key, be refused, or fail`() =
        suspending {
            val keystore = Failing(SoftKeystore())
            withVault(platform { copy(keyWrapper = keystore) }) { authenticator ->
                authenticator.addDeviceUnlock()
                authenticator.lock()
                keystore.failure = PortException.KeyGone()
                refuses<ApiException.KeysGone>("device-key-gone") { authenticator.unlockWithDevice() }
                keystore.failure = PortException.NotConfirmed()
                refuses<ApiException.Cancelled>("not-confirmed") { authenticator.unlockWithDevice() }
                keystore.failure = PortException.Failed()
                refuses<ApiException.Internal>("platform-failed") { authenticator.unlockWithDevice() }
                keystore.failure = null
                authenticator.unlockWithDevice()
            }
        }

    @Test
    fun `a server that is gone can't be reached, and an invitation that is none is refused`() =
        suspending {
            withStory { story ->
                refuses<ApiException.Rejected>("message-malformed") {
                    story.approvals.previewInvitation("countersign://enroll?x")
                }
                story.page.go("/sign-up").send("/sign-up", "name" to "ada")
                val invitation = story.scan(story.page.code)
                story.server.close()
                val failure =
                    refuses<ApiException.Network>("unreachable") {
                        story.approvals.enroll(invitation, Story.DEVICE, NewKeys.SOFTWARE, Story.typed())
                    }
                assertTrue(failure.retryable)
            }
        }

    @Test
    fun `no failure shows a secret`() =
        suspending {
            withVault { authenticator ->
                val failures =
                    listOf<suspend () -> Unit>(
                        { authenticator.readText("otpauth://totp/x?secret=$RFC_SECRET!".toByteArray()) },
                        { authenticator.unlockWithRecoveryCode("ABCD-EFGH".toByteArray()) },
                        { authenticator.accounts.reveal("0".repeat(32), wrong) },
                        { draft("x", secret = "$RFC_SECRET!") },
                    ).map { runCatching { it() }.exceptionOrNull() as ApiException }
                val said = failures.joinToString { "$it ${it.message} ${it.stackTraceToString()}" }
                assertFalse(listOf(RFC_SECRET, "ABCD", "horse").any { it in said }, said)
            }
        }

    private class Forgetful : BackupSink {
        override fun write(
            name: String,
            bytes: ByteArray,
        ) = Unit

        override fun read(name: String) = ByteArray(10)

        override fun list() = emptyList<String>()

        override fun remove(name: String) = Unit
    }

    private class Failing(
        private val inner: KeyWrapper,
    ) : KeyWrapper {
        @Volatile
        var failure: PortException? = null

        override suspend fun wrap(
            keyUse: KeyUse,
            key: ByteArray,
        ) = inner.wrap(keyUse, key)

        override suspend fun unwrap(
            keyUse: KeyUse,
            wrapped: ByteArray,
        ) = failure?.let { throw it } ?: inner.unwrap(keyUse, wrapped)
    }
}
