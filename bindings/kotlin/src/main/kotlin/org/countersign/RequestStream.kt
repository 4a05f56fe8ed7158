package org.countersign

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.channels.SendChannel
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull
import org.countersign.ffi.ApiException
import org.countersign.ffi.PendingRequest
import org.countersign.ffi.Poller
import org.countersign.ffi.Approvals as FfiApprovals

private const val LONGEST_WAIT_MS = 60_000L
private const val SHORTEST_WAIT_MS = 5L

/** Asks servers while somebody looks, in the order and at the pace of the library's poller. */
internal class RequestStream(
    private val approvals: Approvals,
    private val handle: Handle<FfiApprovals>,
    private val calls: Calls,
    private val changes: Changes,
    private val now: () -> Long,
) {
    private val poller: Poller by lazy { handle.use { it.poller() } }
    private val collectors = mutableSetOf<Changes.Subscription>()

    fun flow(): Flow<List<PendingRequest>> =
        channelFlow {
            val subscription = changes.subscribe()
            try {
                synchronized(collectors) { collectors += subscription }
                calls.blocking { poller.shown() }
                while (true) {
                    askWhoIsDue(subscription)
                    val wait = tellWhatWaits(channel)
                    withTimeoutOrNull(wait) { subscription.take() }
                }
            } catch (_: ApiException.Locked) {
                channel.close()
            } finally {
                changes.unsubscribe(subscription)
                val last = synchronized(collectors) { collectors.remove(subscription) && collectors.isEmpty() }
                if (last && !handle.isClosed) poller.hidden()
            }
        }.distinctUntilChanged()

    suspend fun pull() {
        calls.blocking { poller.pull() }
        nudge()
    }

    suspend fun woken(enrollment: String) {
        calls.blocking { poller.wake(enrollment) }
        nudge()
    }

    private fun nudge() = synchronized(collectors) { collectors.forEach { it.nudge() } }

    /** Gives what waits to whoever looks, and back for how long that is good. */
    private suspend fun tellWhatWaits(channel: SendChannel<List<PendingRequest>>): Long {
        val waiting = approvals.requests()
        channel.send(waiting)
        val next = listOfNotNull(poller.nextDueMs(), waiting.minOfOrNull { it.endsMs }).minOrNull()
        return next?.minus(now())?.coerceIn(SHORTEST_WAIT_MS, LONGEST_WAIT_MS) ?: LONGEST_WAIT_MS
    }

    private suspend fun CoroutineScope.askWhoIsDue(subscription: Changes.Subscription) {
        for (enrollment in calls.blocking { poller.take() }) {
            launch { ask(enrollment, subscription) }
        }
    }

    private suspend fun ask(
        enrollment: String,
        subscription: Changes.Subscription,
    ) {
        var cameBack = false
        try {
            approvals.poll(enrollment)
            cameBack = true
        } catch (failure: ApiException) {
            // What a server says against us has come back too; the enrolment shows it.
            cameBack = failure is ApiException.Rejected
        } finally {
            // Also when it was cancelled: nobody would be asked for it again.
            if (!handle.isClosed) poller.done(enrollment, cameBack)
            subscription.nudge()
        }
    }
}
