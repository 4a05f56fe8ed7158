package org.countersign

import org.countersign.ffi.ApiException
import java.util.concurrent.atomic.AtomicBoolean

/** Something of the library that may be closed at any time, from any thread: whoever comes later is told `Locked`. */
internal class Handle<T : AutoCloseable>(
    private val inner: T,
) {
    private val closed = AtomicBoolean()

    inline fun <R> use(block: (T) -> R): R {
        if (isClosed) throw shut()
        return try {
            block(inner)
        } catch (failure: IllegalStateException) {
            // What a generated object says after its end. A coroutine's cancellation has the same type.
            throw if (isClosed && failure !is java.util.concurrent.CancellationException) shut() else failure
        }
    }

    val isClosed: Boolean get() = closed.get()

    /** Closes it once, after [first]; calls that are under way end by themselves. */
    fun close(first: (T) -> Unit = {}) {
        if (closed.compareAndSet(false, true)) {
            first(inner)
            inner.close()
        }
    }
}

internal fun shut(): ApiException = ApiException.Locked("shut")
