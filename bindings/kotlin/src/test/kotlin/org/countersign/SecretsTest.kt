package org.countersign

import org.countersign.ffi.ApiException
import org.countersign.ffi.KeyUse
import org.countersign.testing.RFC_SECRET
import org.countersign.testing.SoftKeystore
import org.countersign.testing.draft
import org.countersign.testing.password
import org.countersign.testing.platform
import org.countersign.testing.refuses
import org.countersign.testing.suspending
import org.countersign.testing.withVault
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class SecretsTest {
    @Test
    fun `revealing takes the password or the per-use key, each time`() =
        suspending {
            val keystore = SoftKeystore()
            withVault(platform { copy(keyWrapper = keystore) }) { authenticator ->
                val id = authenticator.accounts.add(draft("one"))
                val revealed = authenticator.accounts.reveal(id, password())
                assertEquals(RFC_SECRET, revealed.secret)
                assertEquals("Revealed(..)", revealed.toString())
                assertEquals("AccountCode(..)", authenticator.accounts.code(id).toString())
                refuses<ApiException.WrongPassword>("wrong-approval-password") {
                    authenticator.accounts.reveal(id, "wrong horse battery".toByteArray())
                }
                refuses<ApiException.InvalidInput>("no-such-slot") { authenticator.accounts.revealWithDevice(id) }
                authenticator.addPerUseKey(password())
                repeat(2) { assertEquals(RFC_SECRET, authenticator.accounts.revealWithDevice(id).secret) }
                assertEquals(listOf(KeyUse.PER_USE, KeyUse.PER_USE), keystore.asked)
            }
        }

    @Test
    fun `a caller's password is read and left alone`() =
        suspending {
            withVault { authenticator ->
                val typed = password()
                authenticator.lock()
                authenticator.unlock(typed)
                assertArrayEquals(password(), typed)
            }
        }

    @Test
    fun `what the library borrowed is wiped`() {
        var lent: java.nio.ByteBuffer? = null
        withDirect(byteArrayOf(1, 2, 3)) { lent = it }
        val left = ByteArray(3).also { checkNotNull(lent).duplicate().get(it) }
        assertArrayEquals(ByteArray(3), left)
    }

    @Test
    fun `passwords change, and the old one opens no more`() =
        suspending {
            withVault { authenticator ->
                val new = "another horse battery".toByteArray()
                authenticator.changePassword(password(), new)
                authenticator.lock()
                refuses<ApiException.WrongPassword>("wrong-password") { authenticator.unlock(password()) }
                authenticator.unlock(new)
                val code = authenticator.newRecoveryCode()
                val groups = code.show().split("-")
                authenticator.confirmRecoveryCode(code, 2, groups[1].toByteArray())
                authenticator.lock()
                authenticator.unlockWithRecoveryCode(code.show().toByteArray())
                authenticator.changePassword(null, password())
                authenticator.rotate(password())
                authenticator.lock()
                authenticator.unlock(password())
            }
        }
}
