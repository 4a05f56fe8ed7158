package org.countersign

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.flow.flow
import kotlinx.coroutines.withTimeoutOrNull
import org.countersign.ffi.AccountCode
import org.countersign.ffi.ApiException

// A clock that was set, or a phone that slept, is noticed after this long.
private const val LONGEST_WAIT_MS = 60_000L
private const val SHORTEST_WAIT_MS = 5L

/** Codes as they change: now, at the end of each window, and when accounts change; until the vault is locked. */
internal fun codeStream(
    changes: Changes,
    now: () -> Long,
    codes: () -> List<AccountCode>,
): Flow<List<AccountCode>> =
    flow {
        val subscription = changes.subscribe()
        try {
            while (true) {
                val current = codes()
                emit(current)
                val end = current.mapNotNull { it.untilMs }.minOrNull()
                val wait = end?.minus(now())?.coerceIn(SHORTEST_WAIT_MS, LONGEST_WAIT_MS) ?: LONGEST_WAIT_MS
                withTimeoutOrNull(wait) { subscription.take() }
            }
        } catch (_: ApiException.Locked) {
            // There is nothing to show any more, which is no failure.
        } finally {
            changes.unsubscribe(subscription)
        }
    }.distinctUntilChanged()
