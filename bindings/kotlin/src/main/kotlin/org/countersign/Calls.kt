package org.countersign

import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull
import org.countersign.ffi.ApiException
import org.countersign.ffi.Operation

/** How calls reach the library: off the caller's thread, and ended early when their coroutine is cancelled. */
internal class Calls(
    private val dispatcher: CoroutineDispatcher,
) {
    /** Something that blocks. A cancelled one is waited for: it ends where the library can end it. */
    suspend fun <T> blocking(block: (Operation) -> T): T =
        coroutineScope {
            val operation = Operation()
            // Unconfined: the call may hold the only thread that there is.
            val watch =
                launch(Dispatchers.Unconfined) {
                    try {
                        awaitCancellation()
                    } finally {
                        operation.cancel()
                    }
                }
            try {
                withContext(dispatcher) {
                    MainThread.refuse()
                    block(operation)
                }
            } catch (failure: ApiException) {
                // What a cancelled coroutine ends with is its cancellation.
                currentCoroutineContext().ensureActive()
                throw failure
            } finally {
                watch.cancel()
            }
        }

    /** As [blocking], for what makes something that has to be closed where nobody gets it any more. */
    suspend fun <T : Any> making(
        discard: (T) -> Unit,
        block: (Operation) -> T,
    ): T {
        var made: T? = null
        try {
            return blocking { operation -> block(operation).also { made = it } }
        } catch (cancelled: CancellationException) {
            made?.let(discard)
            throw cancelled
        }
    }

    /**
     * Something that waits for a person or a network. When it is cancelled the library ends it in its own way, with what
     * has to be cleaned up; where that hangs on something foreign, it is given up after a while.
     */
    suspend fun <T> waiting(block: suspend (Operation) -> T): T {
        currentCoroutineContext().ensureActive()
        val operation = Operation()
        val call =
            CoroutineScope(dispatcher).async {
                MainThread.refuse()
                block(operation)
            }
        try {
            return call.await()
        } catch (cancelled: CancellationException) {
            operation.cancel()
            withContext(NonCancellable) { withTimeoutOrNull(CLEANING_UP_MS) { call.join() } }
            call.cancel()
            throw cancelled
        }
    }

    private companion object {
        const val CLEANING_UP_MS = 3_000L
    }
}
