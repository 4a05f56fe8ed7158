package org.countersign

import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.isActive
import org.countersign.ffi.BackupSink
import org.countersign.ffi.Clock
import org.countersign.ffi.Counter
import org.countersign.ffi.DeviceSigner
import org.countersign.ffi.HttpClient
import org.countersign.ffi.HttpException
import org.countersign.ffi.HttpRequest
import org.countersign.ffi.KeyPurpose
import org.countersign.ffi.KeyUse
import org.countersign.ffi.KeyWrapper
import org.countersign.ffi.Platform
import org.countersign.ffi.PortException
import org.countersign.ffi.Progress
import org.countersign.ffi.SignPrompt

/*
 * What the app gives, made safe: whatever it throws, errors of the virtual machine among them, becomes the failure that the
 * library knows. Otherwise a stack trace would cross as text, or a call never end. What was thrown goes to `tell`.
 */

internal typealias Tell = (Throwable) -> Unit

internal fun Platform.guarded(tell: Tell): Platform =
    copy(
        http = http?.let { GuardedHttp(it, tell) },
        keyWrapper = keyWrapper?.let { GuardedWrapper(it, tell) },
        deviceSigner = deviceSigner?.let { GuardedSigner(it, tell) },
        clock = clock?.let { GuardedClock(it, tell) },
        counter = counter?.let { GuardedCounter(it, tell) },
    )

@Suppress("TooGenericExceptionCaught")
private inline fun <T> guard(
    noinline tell: Tell,
    block: () -> T,
): T =
    try {
        block()
    } catch (declared: PortException) {
        throw declared
    } catch (thrown: Throwable) {
        report(tell, thrown)
        throw PortException.Failed()
    }

@Suppress("TooGenericExceptionCaught")
private suspend inline fun <T> guardAsync(
    noinline tell: Tell,
    failed: () -> Exception,
    block: () -> T,
): T =
    try {
        block()
    } catch (declared: PortException) {
        throw declared
    } catch (declared: HttpException) {
        throw declared
    } catch (thrown: Throwable) {
        // The library has cancelled it, and waits for nothing.
        if (!currentCoroutineContext().isActive) throw thrown
        report(tell, thrown)
        throw failed()
    }

@Suppress("TooGenericExceptionCaught")
private fun report(
    tell: Tell,
    thrown: Throwable,
) {
    try {
        tell(thrown)
    } catch (_: Throwable) {
        // There is nobody left to tell.
    }
}

private class GuardedHttp(
    private val inner: HttpClient,
    private val tell: Tell,
) : HttpClient {
    override suspend fun send(request: HttpRequest) =
        guardAsync(tell, { HttpException.Failed() }) { inner.send(request) }
}

private class GuardedWrapper(
    private val inner: KeyWrapper,
    private val tell: Tell,
) : KeyWrapper {
    override suspend fun wrap(
        keyUse: KeyUse,
        key: ByteArray,
    ) = guardAsync(tell, { PortException.Failed() }) { inner.wrap(keyUse, key) }

    override suspend fun unwrap(
        keyUse: KeyUse,
        wrapped: ByteArray,
    ) = guardAsync(tell, { PortException.Failed() }) { inner.unwrap(keyUse, wrapped) }
}

private class GuardedSigner(
    private val inner: DeviceSigner,
    private val tell: Tell,
) : DeviceSigner {
    override suspend fun make(
        purpose: KeyPurpose,
        challenge: ByteArray?,
    ) = guardAsync(tell, { PortException.Failed() }) { inner.make(purpose, challenge) }

    override suspend fun sign(
        handle: ByteArray,
        message: ByteArray,
        prompt: SignPrompt?,
    ) = guardAsync(tell, { PortException.Failed() }) { inner.sign(handle, message, prompt) }

    override suspend fun delete(handle: ByteArray) =
        guardAsync(tell, { PortException.Failed() }) { inner.delete(handle) }

    override suspend fun attest(handle: ByteArray) =
        guardAsync(tell, { PortException.Failed() }) { inner.attest(handle) }
}

private class GuardedClock(
    private val inner: Clock,
    private val tell: Tell,
) : Clock {
    override fun nowMs() = guard(tell) { inner.nowMs() }
}

private class GuardedCounter(
    private val inner: Counter,
    private val tell: Tell,
) : Counter {
    override fun read() = guard(tell) { inner.read() }

    override fun raise(value: ULong) = guard(tell) { inner.raise(value) }
}

internal class GuardedSink(
    private val inner: BackupSink,
    private val tell: Tell,
) : BackupSink {
    override fun write(
        name: String,
        bytes: ByteArray,
    ) = guard(tell) { inner.write(name, bytes) }

    override fun read(name: String) = guard(tell) { inner.read(name) }

    override fun list() = guard(tell) { inner.list() }

    override fun remove(name: String) = guard(tell) { inner.remove(name) }
}

/** Hears how far a long call is: so many of so many are done. */
public typealias ProgressListener = (done: ULong, total: ULong) -> Unit

internal class GuardedProgress(
    private val inner: ProgressListener,
    private val tell: Tell,
) : Progress {
    override fun report(
        done: ULong,
        total: ULong,
    ) = guard(tell) { inner(done, total) }
}
