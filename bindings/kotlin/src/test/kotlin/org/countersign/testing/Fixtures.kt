package org.countersign.testing

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.countersign.Authenticator
import org.countersign.ffi.AccountDraft
import org.countersign.ffi.ApiException
import org.countersign.ffi.Clock
import org.countersign.ffi.ManualAccount
import org.countersign.ffi.OtpAlgorithm
import org.countersign.ffi.OtpKind
import org.countersign.ffi.Platform
import org.countersign.ffi.Profile
import org.countersign.secretOf
import java.nio.file.Files
import java.nio.file.Path
import java.util.concurrent.atomic.AtomicLong

/** The password of every vault in these tests. */
fun password() = "correct horse battery".toByteArray()

/** The vector's secret of RFC 4226 and, for SHA-1, of RFC 6238. */
const val RFC_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

/** The least work for passwords, and whatever a test gives. */
fun platform(change: Platform.() -> Platform = { this }) = Platform(leastPasswordWork = true).change()

/** A folder for one test's files, removed afterwards. */
inline fun <T> inFolder(block: (Path) -> T): T {
    val folder = Files.createTempDirectory("countersign-test-")
    try {
        return block(folder)
    } finally {
        folder.toFile().deleteRecursively()
    }
}

/** A new vault, unlocked, in a folder of its own; closed and removed afterwards. */
suspend fun <T> withVault(
    platform: Platform = platform(),
    block: suspend (Authenticator) -> T,
): T =
    inFolder { folder ->
        Authenticator.create("$folder/vault", password(), platform).authenticator.use { block(it) }
    }

/** An account that was typed by hand. */
fun draft(
    name: String,
    kind: OtpKind = OtpKind.TOTP,
    digits: Int = 6,
    period: Int = 30,
    counter: ULong = 0uL,
    algorithm: OtpAlgorithm = OtpAlgorithm.SHA1,
    secret: String = RFC_SECRET,
): AccountDraft {
    val profile = Profile(issuer = "Example", name = name)
    val account = ManualAccount(profile, kind, algorithm, digits.toUByte(), period.toUInt(), counter)
    return AccountDraft.byHand(account, secretOf(secret.toByteArray()), null)
}

/** A clock that a test sets. */
class SetClock(
    now: Long,
) : Clock {
    val now = AtomicLong(now)

    override fun nowMs() = now.get()
}

/** The exact cause of a failure. */
val ApiException.exactly: String
    get() =
        when (this) {
            is ApiException.WrongPassword -> code
            is ApiException.Locked -> code
            is ApiException.NotSupported -> code
            is ApiException.InvalidInput -> code
            is ApiException.AlreadyThere -> code
            is ApiException.Damaged -> code
            is ApiException.Storage -> code
            is ApiException.KeysGone -> code
            is ApiException.Rejected -> code
            is ApiException.Network -> code
            is ApiException.Cancelled -> code
            is ApiException.Internal -> code
        }

/** Fails unless [block] fails with this variant and this exact cause; gives the failure. */
inline fun <reified E : ApiException> refuses(
    code: String,
    block: () -> Unit,
): E {
    val failure = runCatching(block).exceptionOrNull()
    if (failure !is E || failure.exactly != code) {
        throw AssertionError("expected ${E::class.java.simpleName} ($code), not $failure", failure)
    }
    return failure
}

/** A test that suspends, within a minute or so. */
fun suspending(block: suspend CoroutineScope.() -> Unit) = runBlocking { withTimeout(120_000, block) }

/** Waits until it is so, at most twenty seconds. */
suspend fun until(fits: () -> Boolean) = withTimeout(20_000) { while (!fits()) delay(10) }
